"""黄金记录: one record from many sources, each value with where it comes from, why, and what it beat.

Rules are data: for each field an order of strategies, each narrowing what the one before left open.
Nothing is lost: losing values are listed, the members stay, so a merge can be taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from quancheng.core.linkage.errors import LinkageError, LinkageReason, bad_setting
from quancheng.core.text import Text

__all__ = [
    "Chosen",
    "FieldRule",
    "GoldenRecord",
    "SourceRecord",
    "SourceValue",
    "Strategy",
    "Unmerged",
    "build_golden",
    "unmerge",
]


class Strategy(StrEnum):
    """How a value is preferred (存活规则)."""

    MOST_TRUSTED = "MOST_TRUSTED"
    NEWEST = "NEWEST"
    MOST_COMPLETE = "MOST_COMPLETE"
    MAJORITY = "MAJORITY"

    @property
    def text(self) -> Text:
        """Label, also the reason given."""
        return {
            Strategy.MOST_TRUSTED: Text("来源最权威", "the most trusted source"),
            Strategy.NEWEST: Text("最近更新", "the newest"),
            Strategy.MOST_COMPLETE: Text("内容最完整", "the most complete"),
            Strategy.MAJORITY: Text("多数来源一致", "most sources agree"),
        }[self]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What one source says of one thing (来源记录). ``record``: its id, unique over all sources."""

    source: str
    record: str
    updated: date | None
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Which value of a field survives (字段规则).

    ``trust``: sources from most to least trusted; a source not in it comes last, together with others
    not in it.
    """

    field: str
    strategies: tuple[Strategy, ...]
    trust: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.strategies or (Strategy.MOST_TRUSTED in self.strategies and not self.trust):
            raise bad_setting(
                self.field,
                f"字段“{self.field}”需要存活规则；按权威来源取值时还需列出来源顺序。",
                f"Field “{self.field}” needs a strategy, and trust needs an order of sources.",
            )


@dataclass(frozen=True, slots=True)
class SourceValue:
    """A value and where it comes from (取值来源)."""

    value: str
    source: str
    record: str
    updated: date | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value of a field (选定值): ``because`` the strategy that decided (``None``: nobody disagreed).

    ``agreeing``: others with the same value. ``losers``: other values; not empty means a conflict.
    """

    field: str
    best: SourceValue
    because: Strategy | None
    agreeing: tuple[SourceValue, ...]
    losers: tuple[SourceValue, ...]
    text: Text

    @property
    def value(self) -> str:
        """The value itself."""
        return self.best.value


@dataclass(frozen=True, slots=True)
class GoldenRecord:
    """黄金记录: fields with a value, in the order of the rules; ``members`` are kept whole for unmerging."""

    fields: tuple[Chosen, ...]
    members: tuple[SourceRecord, ...]

    @property
    def values(self) -> dict[str, str]:
        """Plain values."""
        return {one.field: one.value for one in self.fields}

    @property
    def conflicts(self) -> tuple[Chosen, ...]:
        """Fields in which sources disagree (冲突字段)."""
        return tuple(one for one in self.fields if one.losers)


@dataclass(frozen=True, slots=True)
class Unmerged:
    """A merge taken back (撤销合并): both records, and the pairs that must never be joined again."""

    kept: GoldenRecord
    taken: GoldenRecord
    different: tuple[tuple[str, str], ...]


def build_golden(members: Iterable[SourceRecord], rules: Iterable[FieldRule]) -> GoldenRecord:
    """Build a golden record (生成黄金记录). The order of ``members`` does not matter.

    Raises ``LinkageError`` (MEMBER) for no member or one record twice.
    """
    ordered = tuple(sorted(members, key=lambda one: one.record))
    if not ordered or len({one.record for one in ordered}) < len(ordered):
        raise LinkageError(
            LinkageReason.MEMBER,
            ordered[0].record if ordered else "members",
            Text("黄金记录至少要有一条成员，且成员不得重复。", "A golden record needs members, each once."),
        )
    fields = [_choose(rule, _values(rule.field, ordered)) for rule in rules]
    return GoldenRecord(tuple(one for one in fields if one is not None), ordered)


def unmerge(golden: GoldenRecord, records: Iterable[str], rules: Iterable[FieldRule]) -> Unmerged:
    """Take records out again (撤销合并). ``records`` must be some, not all, of the members."""
    wanted, rules = set(records), tuple(rules)
    known = {one.record for one in golden.members}
    if not wanted or not wanted < known:
        raise LinkageError(
            LinkageReason.MEMBER,
            ", ".join(sorted(wanted - known)) or "records",
            Text("只能拆出该对象的部分成员。", "Take out some, not all, of its members."),
        )
    taken = [one for one in golden.members if one.record in wanted]
    kept = [one for one in golden.members if one.record not in wanted]
    apart = tuple(sorted((min(a.record, b.record), max(a.record, b.record)) for a in kept for b in taken))
    return Unmerged(build_golden(kept, rules), build_golden(taken, rules), apart)


def _values(field: str, members: tuple[SourceRecord, ...]) -> list[SourceValue]:
    found = []
    for one in members:
        value = (one.values.get(field) or "").strip()
        if value:
            found.append(SourceValue(value, one.source, one.record, one.updated))
    return found


def _choose(rule: FieldRule, values: list[SourceValue]) -> Chosen | None:
    if not values:
        return None
    left, because = values, None
    for strategy in rule.strategies:
        if len({one.value for one in left}) == 1:
            break
        fewer = _best(left, _MEASURES[strategy](rule, values))
        if len({one.value for one in fewer}) < len({one.value for one in left}):
            because = strategy
        left = fewer
    # a tie that no rule settles: the smallest value, so that a re-run gives the same; of those who agree the
    # most trusted speaks
    rank = {source: place for place, source in enumerate(rule.trust)}
    best = min(
        left, key=lambda one: (one.value, rank.get(one.source, len(rank)), -_day(one), one.source, one.record)
    )
    agreeing = tuple(one for one in values if one.value == best.value and one is not best)
    losers = tuple(one for one in values if one.value != best.value)
    return Chosen(rule.field, best, because, agreeing, losers, _why(best, because, len(losers)))


def _best(values: list[SourceValue], measure: Callable[[SourceValue], float]) -> list[SourceValue]:
    top = max(map(measure, values))
    return [one for one in values if measure(one) == top]


def _day(value: SourceValue) -> float:
    return value.updated.toordinal() if value.updated else 0.0


def _trust(rule: FieldRule, values: list[SourceValue]) -> Callable[[SourceValue], float]:
    rank = {source: -place for place, source in enumerate(rule.trust)}
    return lambda one: float(rank.get(one.source, -len(rank)))


def _majority(rule: FieldRule, values: list[SourceValue]) -> Callable[[SourceValue], float]:
    # a source counts once, however often it repeats itself
    votes = Counter(value for value, _ in {(one.value, one.source) for one in values})
    return lambda one: float(votes[one.value])


_MEASURES: Mapping[Strategy, Callable[[FieldRule, list[SourceValue]], Callable[[SourceValue], float]]] = {
    Strategy.MOST_TRUSTED: _trust,
    Strategy.NEWEST: lambda rule, values: _day,
    Strategy.MOST_COMPLETE: lambda rule, values: lambda one: float(len(one.value)),
    Strategy.MAJORITY: _majority,
}


def _why(best: SourceValue, because: Strategy | None, losers: int) -> Text:
    if not losers:
        return Text(f"取自{best.source}，各来源无分歧。", f"From {best.source}; no source disagrees.")
    reason = (
        because.text
        if because
        else Text("规则未能区分，按固定次序取值", "no rule decides, a fixed order does")
    )
    return Text(
        f"取自{best.source}：{reason.zh}；另有{losers}个来源值不同。",
        f"From {best.source}: {reason.en}; {losers} other values differ.",
    )
