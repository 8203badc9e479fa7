"""版本比较: what changed between two versions of an entry, and what that means to its users.

Every change is **breaking** (a user's program or right may fail), **additive** (more than before,
nothing lost) or **wording** (for readers). The strongest one numbers the next version, as semantic
versioning does (semver.org 2.0.0, 6 to 8). In doubt a change is breaking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from quancheng.core.catalogue.paths import KEYED, SETS, Path, label_of, leaves
from quancheng.core.catalogue.terms import Impact, Level, Openness, ShareType, Term, UpdateCycle
from quancheng.core.catalogue.values import Resource
from quancheng.core.text import Text

__all__ = ["Change", "ChangeKind", "changes", "impact_of"]

_BOOKKEEPING = frozenset({"version", "modified"})


class ChangeKind(Enum):
    """What happened at a place (变更方式)."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One change (一处变更); ``before`` and ``after`` are JSON values, ``None`` where there was nothing."""

    path: Path
    kind: ChangeKind
    impact: Impact
    before: Any
    after: Any

    @property
    def text(self) -> Text:
        """The change in a sentence (变更说明)."""
        label = label_of(self.path if len(self.path) != 2 else self.path[:1])
        zh, en = label.zh, label.en
        if len(self.path) == 2:
            zh, en = f"{zh}“{self.path[1]}”", f"{en} “{self.path[1]}”"
        words = {
            ChangeKind.ADDED: ("新增", "added"),
            ChangeKind.REMOVED: ("删除", "removed"),
            ChangeKind.CHANGED: ("变更", "changed"),
        }[self.kind]
        return Text(f"{self.impact.label.zh}：{zh}{words[0]}。", f"{self.impact.label.en}: {en} {words[1]}.")


def changes(before: Resource, after: Resource) -> tuple[Change, ...]:
    """All changes from one version to another, the strongest first (版本差异).

    ``version`` and ``modified`` are bookkeeping and not compared. An item or distribution that came
    or went is one change with path ``("items", field)``. An item that names no share type, openness
    or level is compared as what it follows, the resource.
    """
    old, new = leaves(before), leaves(after)
    found: list[Change] = []
    for name in KEYED:
        found += _members(name, old, new)
    for path in old.keys() | new.keys():
        if path[0] in _BOOKKEEPING or (path[0] in KEYED and len(path) == 1):
            continue
        if path in old and path in new and old[path] != new[path]:
            impact = _impact(path, old, new)
            if impact is not None:
                found.append(Change(path, ChangeKind.CHANGED, impact, old[path], new[path]))
    return tuple(sorted(found, key=lambda change: (-change.impact.rank, change.path)))


def impact_of(found: Iterable[Change]) -> Impact | None:
    """The strongest impact, ``None`` if nothing changed (总体影响)."""
    return max((change.impact for change in found), key=lambda impact: impact.rank, default=None)


def _members(name: str, old: dict[Path, Any], new: dict[Path, Any]) -> list[Change]:
    before, after = old[(name,)], new[(name,)]
    found = [
        Change((name, key), ChangeKind.REMOVED, Impact.BREAKING, key, None)
        for key in before
        if key not in after
    ]
    found += [
        Change((name, key), ChangeKind.ADDED, Impact.ADDITIVE, None, key)
        for key in after
        if key not in before
    ]
    stayed = [key for key in before if key in after]
    if stayed != [key for key in after if key in before]:
        found.append(Change((name,), ChangeKind.CHANGED, Impact.WORDING, before, after))
    return found


def _impact(path: Path, old: dict[Path, Any], new: dict[Path, Any]) -> Impact | None:
    name = path[-1]
    before, after = old[path], new[path]
    if name in _ORDERED:
        # An item's None follows the resource, so a spelled-out equal value is no change at all.
        before = old[(name,)] if before is None else before
        after = new[(name,)] if after is None else after
        return _ordered(_ORDERED[name], before, after)
    if path[0] in SETS and path[0] in _USED_SETS:
        return Impact.BREAKING if set(before) - set(after) else _gained(before, after)
    if path[0] in KEYED:
        return _MEMBER_IMPACTS.get(name, _breaking)(before, after)
    return _IMPACTS.get(name, _wording)(before, after)


def _ordered(vocabulary: type[Term], before: str, after: str) -> Impact | None:
    one, other = vocabulary(before).rank, vocabulary(after).rank
    if one == other:
        return None
    return Impact.BREAKING if other > one else Impact.ADDITIVE


def _gained(before: list[str], after: list[str]) -> Impact:
    return Impact.ADDITIVE if set(after) - set(before) else Impact.WORDING


def _breaking(before: Any, after: Any) -> Impact:
    return Impact.BREAKING


def _wording(before: Any, after: Any) -> Impact:
    return Impact.WORDING


def _provider(before: Any, after: Any) -> Impact:
    return Impact.WORDING if before["code"] == after["code"] else Impact.BREAKING


def _length(before: int | None, after: int | None) -> Impact:
    """Longer values may not fit where users put them; shorter ones do."""
    grows = after is None or (before is not None and after > before)
    return Impact.BREAKING if grows else Impact.ADDITIVE


def _personal(before: bool, after: bool) -> Impact:
    return Impact.BREAKING if after else Impact.ADDITIVE


_ORDERED: dict[str, type[Term]] = {
    "share": ShareType,
    "openness": Openness,
    "level": Level,
    "cycle": UpdateCycle,
}
_USED_SETS = frozenset({"formats", "share_modes"})
_Judge = Callable[[Any, Any], Impact]
_IMPACTS: dict[str, _Judge] = {
    "code": _breaking,
    "provider": _provider,
    "share_condition": _breaking,
    "open_condition": _breaking,
}
_MEMBER_IMPACTS: dict[str, _Judge] = {
    "name": _wording,
    "note": _wording,
    "length": _length,
    "personal": _personal,
    "size": _wording,
    "sha256": _wording,
    "modified": _wording,
}
