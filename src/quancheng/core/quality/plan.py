"""检查计划: a rule set compiled against a table: one aggregate, and side queries only where rows meet rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from quancheng.core.quality.conditions import Conditions, check_rule, conditions, stage
from quancheng.core.quality.errors import QualityError, Reason
from quancheng.core.quality.language.engine import Frame
from quancheng.core.quality.language.typing import Sort
from quancheng.core.quality.model import (
    Fault,
    Reference,
    RowCount,
    Rule,
    RuleSet,
    Scope,
    Timely,
    Unique,
    Updated,
)
from quancheng.core.quality.outcome import Findings, Outcome
from quancheng.core.quality.reading import sorts_of
from quancheng.core.text import Text

__all__ = ["Plan", "compile_rules"]

_NUMBER = "quality_n"
MOST_FAILING = 100_000
"""Failing rows that may be asked for at once; more belong into a file."""


def compile_rules(
    rules: RuleSet,
    table: Any,
    *,
    tables: Mapping[str, Any] | None = None,
    as_of: datetime | None = None,
    updated_at: datetime | None = None,
) -> Plan:
    """Compile rules against an Ibis table (编译规则).

    ``tables``: tables that ``reference`` rules point to, by name. ``as_of``: moment of the check, in the
    city's own time; needed by ``timely`` and ``updated`` rules and by ``today``. ``updated_at``: when the
    table was last changed, needed by ``updated`` rules. Nothing is executed.

    Raises ``QualityError`` (``COLUMN``, ``TYPE``, ``TABLE``, ``AS_OF``) at the first rule that the table
    cannot be asked.
    """
    sorts = sorts_of(table.schema())
    for name in rules.key:
        if name not in sorts:
            text = Text(f"表中没有主键列“{name}”。", f"The table has no key column “{name}”.")
            raise QualityError(Reason.COLUMN, "key", text)
    parents = dict(tables or {})
    for rule in rules.rules:
        check_rule(rule, sorts, as_of)
        if isinstance(rule.check, Reference):
            _check_parent(rule, rule.check, sorts, parents)
    staged, names = stage(rules, table, sorts)
    frame = Frame(staged, sorts, rules.missing, as_of.date() if as_of else None, names)
    judged = [rule for rule in rules.rules if not isinstance(rule.check, RowCount | Updated)]
    compiled = {rule.id: conditions(rule, frame, as_of) for rule in judged}
    return Plan(rules, staged, compiled, parents, age_of(rules, as_of, updated_at))


def age_of(rules: RuleSet, as_of: datetime | None, updated_at: datetime | None) -> timedelta | None:
    """How long ago the table was changed (距上次更新), if a rule asks. Raises ``QualityError`` (``AS_OF``)."""
    asking = next((rule for rule in rules.rules if isinstance(rule.check, Updated)), None)
    if asking is None:
        return None
    if as_of is None or updated_at is None or (as_of.tzinfo is None) != (updated_at.tzinfo is None):
        text = Text(
            "需要给出检查时点和表的更新时间，且同为带时区或不带时区。",
            "The moments of the check and of the table's last change are needed, both with a zone or without.",
        )
        raise QualityError(Reason.AS_OF, f"rules[{asking.id}]", text)
    return as_of - updated_at


def _check_parent(
    rule: Rule, check: Reference, sorts: Mapping[str, Sort], parents: Mapping[str, Any]
) -> None:
    place = f"rules[{rule.id}]"
    if check.table not in parents:
        text = Text(
            f"没有给出被引用的表“{check.table}”。", f"The table referred to, “{check.table}”, is not given."
        )
        raise QualityError(Reason.TABLE, place, text)
    theirs = sorts_of(parents[check.table].schema())
    for name, target in zip(check.columns, check.target, strict=True):
        if target not in theirs:
            text = Text(f"“{check.table}”没有“{target}”列。", f"“{check.table}” has no column “{target}”.")
            raise QualityError(Reason.COLUMN, place, text)
        if sorts[name] is not theirs[target]:
            text = Text(
                f"“{name}”是{sorts[name].text.zh}，“{target}”是{theirs[target].text.zh}，无法比较。",
                f"“{name}” is {sorts[name].text.en}, “{target}” is {theirs[target].text.en}: not comparable.",
            )
            raise QualityError(Reason.TYPE, place, text)


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled rule set (检查计划); execute ``queries()``, hand the rows to ``read``."""

    rules: RuleSet
    table: Any
    compiled: Mapping[str, Conditions] = field(repr=False)
    parents: Mapping[str, Any] = field(repr=False)
    age: timedelta | None = None

    def queries(self) -> tuple[Any, ...]:
        """Ibis expressions of one row each (查询): the aggregate, then one per unique or reference rule."""
        return (self.main(), *(query for _, query in self.sides()))

    def main(self) -> Any:
        """The aggregate that counts everything a row can tell by itself (一次聚合)."""
        counts = {"rows": self.table.count()}
        for number, rule in enumerate(self.rules.rules):
            if rule.id not in self.compiled:
                continue
            found = self.compiled[rule.id]
            counts[f"a{number}"] = self.table.count(where=found.applicable)
            if found.faults:
                counts[f"f{number}"] = self.table.count(where=found.failed)
        return self.table.aggregate(**counts)

    def sides(self) -> Iterator[tuple[Rule, Any]]:
        """Side queries, with their rule (旁查询)."""
        for number, rule in enumerate(self.rules.rules):
            if isinstance(rule.check, Unique):
                repeated = self._repeated(rule, rule.check)
                yield (
                    rule,
                    repeated.aggregate(
                        **{f"f{number}": repeated[_NUMBER].sum().fill_null(0), f"g{number}": repeated.count()}
                    ),
                )
            elif isinstance(rule.check, Reference):
                orphans = self._orphans(rule, rule.check)
                yield rule, orphans.aggregate(**{f"f{number}": orphans.count()})

    def _spoken(self, rule: Rule) -> Any:
        return self.table.filter(self.compiled[rule.id].applicable)

    def _repeated(self, rule: Rule, check: Unique) -> Any:
        spoken = self._spoken(rule)
        counted = spoken.group_by(list(check.columns)).aggregate(**{_NUMBER: spoken.count()})
        return counted.filter(counted[_NUMBER] > 1)

    def _orphans(self, rule: Rule, check: Reference) -> Any:
        parent = self.parents[check.table]
        names = {f"quality_p{place}": parent[name] for place, name in enumerate(check.target)}
        keys = parent.select(**names).distinct()
        return self._spoken(rule).anti_join(keys, list(zip(check.columns, names, strict=True)))

    def read(self, rows: Iterable[Mapping[str, object]]) -> Findings:
        """Counts of executed queries, one mapping each in any order, as findings (读取结果).

        Raises ``QualityError`` with ``RESULT`` if a count is missing or not a number: a run that ended
        half-way is no result.
        """
        counts: dict[str, object] = {}
        for row in rows:
            counts.update(row)
        total = _count(counts, "rows")
        outcomes = [
            _outcome(number, rule, counts, total, self.age) for number, rule in enumerate(self.rules.rules)
        ]
        return Findings(self.rules.table, total, tuple(outcomes))

    def failing(self, rule: str, limit: int, offset: int = 0) -> Any:
        """Failing rows of a rule, an Ibis expression (不合格的行).

        Columns: ``key_<name>`` for the table's key, ``value_<name>`` for each column looked at,
        ``reason``, a ``Fault``. At most ``limit`` after ``offset`` ones, in the order of key and values, so that
        engines agree.

        Raises ``KeyError`` for an unknown rule, ``QualityError`` for one that judges no single rows
        (``KIND``) and a limit below 1 or above 100,000 (``LIMIT``).
        """
        found = self.rules.find(rule)
        if not found.by_row:
            text = Text("该规则不逐行判断。", "The rule does not judge single rows.")
            raise QualityError(Reason.KIND, f"rules[{rule}]", text)
        if not 0 < limit <= MOST_FAILING or offset < 0:
            text = Text(f"行数应为1至{MOST_FAILING}。", f"Ask for 1 to {MOST_FAILING} rows.")
            raise QualityError(Reason.LIMIT, "limit", text)
        rows, reason = self._failing_rows(found)
        columns = {f"key_{name}": rows[name] for name in self.rules.key}
        columns |= {f"value_{name}": rows[name] for name in found.columns}
        chosen = rows.select(**columns, reason=reason)
        return chosen.order_by([chosen[name] for name in columns]).limit(limit, offset=offset)

    def _failing_rows(self, rule: Rule) -> tuple[Any, Any]:
        import ibis

        if isinstance(rule.check, Unique):
            repeated = self._repeated(rule, rule.check)
            names = {f"quality_p{place}": repeated[name] for place, name in enumerate(rule.check.columns)}
            pairs = list(zip(rule.check.columns, names, strict=True))
            return self._spoken(rule).semi_join(repeated.select(**names), pairs), ibis.literal(
                str(Fault.DUPLICATE)
            )
        if isinstance(rule.check, Reference):
            return self._orphans(rule, rule.check), ibis.literal(str(Fault.NO_PARENT))
        found = self.compiled[rule.id]
        kept = self.table.mutate(quality_failed=found.failed, quality_reason=found.reason)
        rows = kept.filter(kept.quality_failed)
        return rows, rows.quality_reason


def updated_outcome(rule: Rule, check: Updated, age: timedelta | None) -> Outcome:
    """Outcome of a rule about the table's last change (更新及时性结果); ``measured`` in whole minutes."""
    late = age is None or age > check.within
    return Outcome(rule, 1, int(late), measured=None if age is None else max(0, age // timedelta(minutes=1)))


def _count(counts: Mapping[str, object], name: str) -> int:
    value = counts.get(name, "")
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value < 0:
        text = Text(f"结果缺少计数“{name}”。", f"The result has no count “{name}”.")
        raise QualityError(Reason.RESULT, name, text)
    return int(value)


def _outcome(
    number: int, rule: Rule, counts: Mapping[str, object], total: int, age: timedelta | None
) -> Outcome:
    check = rule.check
    if isinstance(check, Updated):
        return updated_outcome(rule, check, age)
    if isinstance(check, RowCount):
        wrong = (check.least is not None and total < check.least) or (
            check.most is not None and total > check.most
        )
        return Outcome(rule, 1, int(wrong), measured=total)
    applicable, failed = _count(counts, f"a{number}"), _count(counts, f"f{number}")
    if isinstance(check, Timely) and check.scope is Scope.NEWEST:
        return Outcome(rule, 1, int(applicable == failed), measured=applicable - failed)
    groups = _count(counts, f"g{number}") if isinstance(check, Unique) else 0
    return Outcome(rule, applicable, failed, groups)
