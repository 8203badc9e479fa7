"""参照实现: the same rules over rows in plain Python, slowly and plainly; what the engine says is held against it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from quancheng.core.identity import IdentityNumberError, is_uscc, parse_resident_id
from quancheng.core.quality.language.evaluate import evaluate
from quancheng.core.quality.model import (
    Allowed,
    Checksum,
    Complete,
    Consistent,
    Fault,
    Format,
    Range,
    Reference,
    RowCount,
    Rule,
    RuleSet,
    Scheme,
    Scope,
    Timely,
    Unique,
    Updated,
)
from quancheng.core.quality.outcome import Failure, Findings, Outcome
from quancheng.core.quality.plain import day_of, is_missing, number_of
from quancheng.core.quality.plan import age_of, updated_outcome

__all__ = ["evaluate_rows"]

Row = Mapping[str, object]


def evaluate_rows(
    rules: RuleSet,
    rows: Sequence[Row],
    *,
    tables: Mapping[str, Sequence[Row]] | None = None,
    as_of: datetime | None = None,
    updated_at: datetime | None = None,
) -> tuple[Findings, Mapping[str, tuple[Failure, ...]]]:
    """Findings and all failing rows by rule id (逐行检查).

    For small tables, such as a form's ledger of a few hundred rows, and as the oracle of ``Plan``. The
    rules are taken as fitting the rows: a column that is not there raises ``KeyError``.
    """
    run = _Run(rules, rows, tables or {}, as_of, age_of(rules, as_of, updated_at))
    outcomes, failures = [], {}
    for rule in rules.rules:
        outcome, failing = run.judge(rule)
        outcomes.append(outcome)
        failures[rule.id] = tuple(failing)
    return Findings(rules.table, len(rows), tuple(outcomes)), failures


class _Run:
    __slots__ = ("age", "as_of", "rows", "rules", "tables", "tokens")

    def __init__(
        self,
        rules: RuleSet,
        rows: Sequence[Row],
        tables: Mapping[str, Sequence[Row]],
        as_of: datetime | None,
        age: timedelta | None,
    ) -> None:
        self.age = age
        self.rules, self.rows, self.tables, self.as_of = rules, rows, tables, as_of
        self.tokens = rules.missing

    @property
    def today(self) -> date | None:
        return self.as_of.date() if self.as_of else None

    def judge(self, rule: Rule) -> tuple[Outcome, list[Failure]]:
        check = rule.check
        if isinstance(check, RowCount):
            count = len(self.rows)
            wrong = count < (check.least or 0) or (check.most is not None and count > check.most)
            return Outcome(rule, 1, int(wrong), measured=count), []
        if isinstance(check, Updated):
            return updated_outcome(rule, check, self.age), []
        applicable = [row for row in self.rows if self.speaks(rule, row)]
        faults, groups = self.faults(rule, applicable)
        failing = [
            self.failure(rule, row, fault) for row, fault in zip(applicable, faults, strict=True) if fault
        ]
        if isinstance(check, Timely) and check.scope is Scope.NEWEST:
            fresh = len(applicable) - len(failing)
            return Outcome(rule, 1, int(not fresh), measured=fresh), []
        return Outcome(rule, len(applicable), len(failing), groups), failing

    def failure(self, rule: Rule, row: Row, fault: Fault) -> Failure:
        key = {name: row[name] for name in self.rules.key}
        return Failure(key, {name: row[name] for name in rule.columns}, str(fault))

    def speaks(self, rule: Rule, row: Row) -> bool:
        if rule.when is not None and evaluate(rule.when, row, self.tokens, self.today) is not True:
            return False
        if isinstance(rule.check, Complete):
            return True
        if isinstance(rule.check, Consistent):
            return evaluate(rule.check.node, row, self.tokens, self.today) is not None
        return not any(is_missing(row[name], self.tokens) for name in rule.columns)

    def faults(self, rule: Rule, rows: Sequence[Row]) -> tuple[list[Fault | None], int]:
        check = rule.check
        if isinstance(check, Unique):
            keys = [tuple(row[name] for name in check.columns) for row in rows]
            seen = Counter(keys)
            faults = [Fault.DUPLICATE if seen[key] > 1 else None for key in keys]
            return faults, sum(1 for count in seen.values() if count > 1)
        if isinstance(check, Reference):
            parents = {tuple(row[name] for name in check.target) for row in self.tables[check.table]}
            keys = [tuple(row[name] for name in check.columns) for row in rows]
            return [None if key in parents else Fault.NO_PARENT for key in keys], 0
        return [self.fault(rule, row) for row in rows], 0

    def fault(self, rule: Rule, row: Row) -> Fault | None:
        check = rule.check
        if isinstance(check, Complete):
            return Fault.MISSING if is_missing(row[check.column], self.tokens) else None
        if isinstance(check, Consistent):
            holds = evaluate(check.node, row, self.tokens, self.today)
            return Fault.INCONSISTENT if holds is False else None
        value = row[rule.columns[0]]
        if isinstance(check, Format):
            return None if re.fullmatch(check.pattern, str(value)) else Fault.FORMAT
        if isinstance(check, Allowed):
            return None if value in check.values else Fault.NOT_ALLOWED
        if isinstance(check, Checksum):
            return _checksum(check.scheme, str(value), self.today)
        if isinstance(check, Range):
            return _range(check, value)
        if isinstance(check, Timely) and self.as_of is not None:
            return _timely(check, value, self.as_of)
        raise TypeError(f"not judged by row: {rule.kind}")


def _range(check: Range, value: object) -> Fault | None:
    least, most = check.least, check.most
    seen: float | date | int | None
    if check.length:
        seen = len(str(value))
    elif isinstance(least if least is not None else most, date):
        seen = day_of(value)
    else:
        seen = value if isinstance(value, int) else number_of(value)
    if seen is None:
        return Fault.UNREADABLE
    if least is not None and seen < _same(least, seen):  # type: ignore[operator]
        return Fault.BELOW
    return Fault.ABOVE if most is not None and seen > _same(most, seen) else None  # type: ignore[operator]


def _same(bound: Decimal | date, seen: object) -> object:
    if isinstance(bound, Decimal):
        return float(bound) if isinstance(seen, float) else bound
    return bound


def _timely(check: Timely, value: object, as_of: datetime) -> Fault | None:
    oldest, latest = as_of - check.within, as_of + check.ahead
    if isinstance(value, datetime):
        if value.tzinfo is None:
            oldest, latest = oldest.replace(tzinfo=None), latest.replace(tzinfo=None)
        return Fault.STALE if value < oldest else Fault.FUTURE if value > latest else None
    day = day_of(value)
    if day is None:
        return Fault.UNREADABLE
    return Fault.STALE if day < oldest.date() else Fault.FUTURE if day > latest.date() else None


def _checksum(scheme: Scheme, text: str, today: date | None) -> Fault | None:
    if scheme is Scheme.RESIDENT_ID:
        return _resident(text, today)
    if scheme is Scheme.USCC:
        if not re.fullmatch("[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", text):
            return Fault.CHARACTERS
        return None if is_uscc(text) else Fault.CHECK_DIGIT
    if not re.fullmatch("[0-9]{12,19}", text):
        return Fault.CHARACTERS
    digits = [int(digit) for digit in reversed(text)]
    total = sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return Fault.CHECK_DIGIT if total % 10 else None


def _resident(text: str, today: date | None) -> Fault | None:
    if not re.fullmatch("[0-9]{17}[0-9X]", text):
        return Fault.CHARACTERS
    try:
        parse_resident_id(text, on=today)
    except IdentityNumberError as error:
        return Fault(str(error.reason))
    return None
