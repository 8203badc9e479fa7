"""判断条件: each kind of rule as boolean expressions of the engine: which rows it speaks of, which fail and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import Any

from quancheng.core.quality.checksums import any_of, faults_of, sum_of
from quancheng.core.quality.errors import QualityError, Reason
from quancheng.core.quality.language.engine import Frame, build
from quancheng.core.quality.language.typing import Sort, check_truth
from quancheng.core.quality.model import (
    Allowed,
    Checksum,
    Complete,
    Consistent,
    Fault,
    Format,
    Range,
    Reference,
    Rule,
    RuleSet,
    Timely,
    Unique,
)
from quancheng.core.quality.patterns import whole
from quancheng.core.quality.reading import day_of, missing, number_of, text_of
from quancheng.core.text import Text

__all__ = ["Conditions", "check_rule", "conditions", "moments", "stage", "sum_name"]

_WORDS = frozenset({Sort.TEXT, Sort.INTEGER})
_KEYS = frozenset({Sort.TEXT, Sort.INTEGER, Sort.TRUTH, Sort.DATE, Sort.MOMENT, Sort.INSTANT, Sort.DECIMAL})
_MOMENTS = frozenset({Sort.TEXT, Sort.DATE, Sort.MOMENT, Sort.INSTANT})


def sum_name(rule: Rule) -> str:
    """Name of the staged column with a rule's sum of digits (校验和列名)."""
    return f"quality_sum_{rule.id}"


def stage(rules: RuleSet, table: Any, sorts: Mapping[str, Sort]) -> tuple[Any, dict[str, str]]:
    """The table with what several conditions need computed once (预计算); names of "missing" columns.

    Engines do not share work between the branches of a condition, but they do between columns.
    """
    used = {name for rule in rules.rules for name in rule.columns}
    used |= {name for rule in rules.rules if rule.when is not None for name in rule.when.columns()}
    texts = sorted(name for name in used if sorts.get(name) is Sort.TEXT)
    names = {name: f"quality_missing_{place}" for place, name in enumerate(texts)}
    columns = {staged: missing(table[name], Sort.TEXT, rules.missing) for name, staged in names.items()}
    for rule in rules.rules:
        if isinstance(rule.check, Checksum):
            text = text_of(table[rule.check.column], sorts[rule.check.column])
            columns[sum_name(rule)] = sum_of(rule.check.scheme, text)
    return (table.mutate(**columns) if columns else table), names


@dataclass(frozen=True, slots=True)
class Conditions:
    """Boolean expressions of one rule (判断条件); ``faults`` are asked of applicable rows only."""

    applicable: Any
    faults: tuple[tuple[Any, Fault], ...]

    @property
    def failed(self) -> Any:
        """Whether the row is spoken of and fails (是否不合格)."""
        return self.applicable & any_of([condition for condition, _ in self.faults]).fill_null(False)

    @property
    def reason(self) -> Any:
        """Code of the first fault, as text (原因代码)."""
        import ibis

        return ibis.cases(*((condition, str(fault)) for condition, fault in self.faults), else_=None)


def _type(place: str, zh: str, en: str) -> QualityError:
    return QualityError(Reason.TYPE, place, Text(f"{zh}。", f"{en}."))


def check_rule(rule: Rule, sorts: Mapping[str, Sort], as_of: datetime | None) -> None:
    """Whether the table can be asked this (规则与表是否相符).

    Raises ``QualityError`` with ``COLUMN``, ``TYPE`` or ``AS_OF``.
    """
    place, check = f"rules[{rule.id}]", rule.check
    for name in rule.columns:
        if name not in sorts:
            text = Text(f"表中没有“{name}”列。", f"The table has no column “{name}”.")
            raise QualityError(Reason.COLUMN, place, text)
    if rule.when is not None:
        check_truth(rule.when, sorts, f"{place}.when")
    if isinstance(check, Consistent):
        check_truth(check.node, sorts, f"{place}.expression")
    else:
        for name in rule.columns:
            _check_column(rule, sorts[name], place)
    dated = isinstance(check, Timely) or any(
        node.needs_today() for node in (rule.when, getattr(check, "node", None)) if node is not None
    )
    if dated and as_of is None:
        raise QualityError(
            Reason.AS_OF, place, Text("需要给出检查时点。", "The moment of the check has to be given.")
        )
    if isinstance(check, Timely) and as_of and sorts[check.column] is Sort.INSTANT and as_of.tzinfo is None:
        text = Text("该列带时区，检查时点也应带时区。", "The column has a zone, so the moment needs one too.")
        raise QualityError(Reason.AS_OF, place, text)


def _check_column(rule: Rule, sort: Sort, place: str) -> None:
    check = rule.check
    if isinstance(check, Range):
        wanted = _WORDS if check.length else _range_sorts(check)
    elif isinstance(check, Format | Checksum):
        wanted = _WORDS
    elif isinstance(check, Unique | Reference):
        wanted = _KEYS
    elif isinstance(check, Timely):
        wanted = _MOMENTS
    elif isinstance(check, Allowed):
        kinds = {str: Sort.TEXT, int: Sort.INTEGER, bool: Sort.TRUTH}
        wanted = frozenset({kinds[type(check.values[0])]})
    else:
        return
    if sort not in wanted:
        raise _type(
            place,
            f"该规则不能用于{sort.text.zh}列",
            f"the rule cannot be asked of a column that is {sort.text.en}",
        )


def _range_sorts(check: Range) -> frozenset[Sort]:
    if isinstance(check.least if check.least is not None else check.most, Decimal):
        return frozenset({Sort.TEXT, Sort.INTEGER, Sort.DECIMAL, Sort.FLOAT})
    return frozenset({Sort.TEXT, Sort.DATE, Sort.MOMENT})


def conditions(rule: Rule, frame: Frame, as_of: datetime | None) -> Conditions:
    """Conditions of a rule that judges by row or counts fresh rows (编译规则).

    Of ``Unique`` and ``Reference`` only ``applicable`` is told here: the rest needs other rows.
    """
    import ibis

    check = rule.check
    spoken = [] if rule.when is None else [build(rule.when, frame).fill_null(False)]
    if isinstance(check, Complete):
        applicable = reduce(and_, spoken) if spoken else ibis.literal(True)
        return Conditions(applicable, ((frame.missing(check.column), Fault.MISSING),))
    if isinstance(check, Consistent):
        holds = build(check.node, frame)
        # The engine must not read NOT x IS NOT NULL, which is NOT (x IS NOT NULL).
        known = ibis.coalesce(holds).notnull()
        return Conditions(reduce(and_, [*spoken, known]), ((~holds, Fault.INCONSISTENT),))
    present = [~frame.missing(name) for name in rule.columns]
    faults = _faults(rule, frame, as_of)
    return Conditions(reduce(and_, [*spoken, *present]), tuple(faults))


def _faults(rule: Rule, frame: Frame, as_of: datetime | None) -> list[tuple[Any, Fault]]:
    check = rule.check
    if isinstance(check, Unique | Reference):
        return []
    column, sort = frame.table[rule.columns[0]], frame.sorts[rule.columns[0]]
    if isinstance(check, Format):
        return [(~text_of(column, sort).re_search(whole(check.pattern)), Fault.FORMAT)]
    if isinstance(check, Allowed):
        return [(~column.isin(list(check.values)), Fault.NOT_ALLOWED)]
    if isinstance(check, Checksum):
        return faults_of(check.scheme, text_of(column, sort), frame.table[sum_name(rule)], frame.today)
    if isinstance(check, Range):
        return _range(check, column, sort)
    if isinstance(check, Timely) and as_of is not None:
        return _timely(check, column, sort, as_of)
    raise TypeError(f"not judged by row: {rule.kind}")


def _range(check: Range, column: Any, sort: Sort) -> list[tuple[Any, Fault]]:
    bounds = [bound for bound in (check.least, check.most) if bound is not None]
    whole_numbers = check.length or (
        sort is Sort.INTEGER and all(isinstance(bound, Decimal) and bound == int(bound) for bound in bounds)
    )
    if check.length:
        value = text_of(column, sort).length()
    elif isinstance(bounds[0], date):
        value = day_of(column, sort)
    else:
        value = column if whole_numbers else number_of(column, sort)
    found = [(value.isnull(), Fault.UNREADABLE)] if sort is Sort.TEXT and not check.length else []
    if check.least is not None:
        found.append((value < _bound(check.least, whole_numbers), Fault.BELOW))
    if check.most is not None:
        found.append((value > _bound(check.most, whole_numbers), Fault.ABOVE))
    return found


def _bound(bound: Decimal | date, whole_number: bool) -> Any:
    import ibis

    if isinstance(bound, date):
        return ibis.literal(bound, type="date")
    return int(bound) if whole_number else float(bound)


def moments(check: Timely, as_of: datetime) -> tuple[datetime, datetime]:
    """The oldest and the latest moment that pass (时效上下限)."""
    return as_of - check.within, as_of + check.ahead


def _timely(check: Timely, column: Any, sort: Sort, as_of: datetime) -> list[tuple[Any, Fault]]:
    import ibis

    oldest, latest = moments(check, as_of)
    if sort in {Sort.TEXT, Sort.DATE}:
        value = day_of(column, sort)
        first, last = (ibis.literal(each.date(), type="date") for each in (oldest, latest))
    else:
        value = column
        if sort is Sort.MOMENT:
            oldest, latest = oldest.replace(tzinfo=None), latest.replace(tzinfo=None)
        first, last = ibis.literal(oldest), ibis.literal(latest)
    found = [(value.isnull(), Fault.UNREADABLE)] if sort is Sort.TEXT else []
    return [*found, (value < first, Fault.STALE), (value > last, Fault.FUTURE)]
