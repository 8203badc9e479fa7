"""稳定编号: clusters keep their numbers from run to run; merges and splits are events; no number comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from quancheng.core.linkage.errors import LinkageError, LinkageReason
from quancheng.core.text import Text

__all__ = ["Change", "ChangeKind", "Numbers", "renumber"]


class ChangeKind(StrEnum):
    """What happened to a cluster (变化)."""

    CREATED = "CREATED"
    MERGED = "MERGED"
    SPLIT = "SPLIT"
    RETIRED = "RETIRED"

    @property
    def text(self) -> Text:
        """Label."""
        return {
            ChangeKind.CREATED: Text("新建", "created"),
            ChangeKind.MERGED: Text("合并", "merged"),
            ChangeKind.SPLIT: Text("拆分", "split"),
            ChangeKind.RETIRED: Text("注销", "retired"),
        }[self]


@dataclass(frozen=True, slots=True)
class Change:
    """An event (变更事件) of the cluster ``number``; ``others``: merged into it, or split off from it."""

    kind: ChangeKind
    number: int
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """State between runs (编号状态): the cluster of each record, the next free number, where old ones went.

    ``successors``: the number that took in a merged one; a retired number without successor is not in it.
    """

    of: Mapping[str, int] = field(default_factory=dict)
    next: int = 1
    successors: Mapping[int, int] = field(default_factory=dict)

    def current(self, number: int) -> int:
        """The number under which an old one lives on (现行编号)."""
        while number in self.successors:
            number = self.successors[number]
        return number


def renumber(state: Numbers, groups: Iterable[tuple[str, ...]]) -> tuple[Numbers, tuple[Change, ...]]:
    """Number clusters so that as few records as possible change theirs (编号延续).

    The pair of old and new cluster that share most records is settled first; equal shares go to the older
    number. Pure: the new state and the events come back. The same clusters again give no event. Raises
    ``LinkageError`` if a record is in two clusters.
    """
    clusters = sorted(tuple(sorted(set(group))) for group in groups)
    _check(clusters)
    shared: Counter[tuple[int, int]] = Counter()
    for place, group in enumerate(clusters):
        shared.update((state.of[record], place) for record in group if record in state.of)
    kept = _settle(shared)
    new: dict[str, int] = {}
    names, following = [], state.next
    for place, group in enumerate(clusters):
        number = kept.get(place)
        if number is None:
            number, following = following, following + 1
        names.append(number)
        new.update(dict.fromkeys(group, number))
    events, gone = _events(state, shared, names)
    return Numbers(new, following, {**state.successors, **gone}), events


def _check(clusters: list[tuple[str, ...]]) -> None:
    seen: set[str] = set()
    for group in clusters:
        for record in group:
            if record in seen:
                raise LinkageError(
                    LinkageReason.MEMBER,
                    record,
                    Text("同一记录不能属于两个簇。", "A record cannot be in two clusters."),
                )
            seen.add(record)


def _settle(shared: Counter[tuple[int, int]]) -> dict[int, int]:
    kept: dict[int, int] = {}
    used: set[int] = set()
    for (number, place), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if number not in used and place not in kept:
            kept[place] = number
            used.add(number)
    return kept


def _events(
    state: Numbers, shared: Counter[tuple[int, int]], names: list[int]
) -> tuple[tuple[Change, ...], dict[int, int]]:
    old_of: dict[int, set[int]] = {}
    parts: dict[int, list[int]] = {}
    best: dict[int, tuple[int, int]] = {}
    for (number, place), count in sorted(shared.items()):
        old_of.setdefault(place, set()).add(number)
        parts.setdefault(number, []).append(place)
        best[number] = max(best.get(number, (0, 0)), (count, -place))
    alive = set(names)
    before = set(state.of.values())
    events = [Change(ChangeKind.CREATED, name) for place, name in enumerate(names) if place not in old_of]
    gone: dict[int, int] = {}
    for number in sorted(before - alive):
        if number in best:
            gone[number] = names[-best[number][1]]
        else:
            events.append(Change(ChangeKind.RETIRED, number))
    for number, places in sorted(parts.items()):
        if len(places) > 1:
            off = tuple(sorted(names[place] for place in places if names[place] != number))
            events.append(Change(ChangeKind.SPLIT, number, off))
    for place, name in enumerate(names):
        others = tuple(sorted(old_of.get(place, set()) - {name}))
        if others and (name in before or len(others) > 1):
            events.append(Change(ChangeKind.MERGED, name, others))
    return tuple(events), gone
