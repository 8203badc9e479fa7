"""Hit policies (命中策略, DMN 1.5, 8.2.8 and 8.2.9): from the rules that matched to one result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from quancheng.core import feel
from quancheng.core.text import Text

from ..values.kinds import equal
from .document import Aggregation, HitPolicy
from .run import Run

__all__ = ["Row", "aggregate", "choose", "is_list"]

#: The outputs of one matching rule, in the order of the columns.
Row = tuple[Any, ...]

_OVERLAP = Text("多条规则同时命中，而命中策略要求唯一", "several rules match but the hit policy is UNIQUE")
_DIFFER = Text("命中的规则结论不一致", "the matching rules do not agree")
_MULTIPLE = Text("多个结论列不能汇总", "several output columns can't be aggregated")
_LISTS: Final = {HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER, HitPolicy.COLLECT}
_FUNCTIONS: Final = {
    each: feel.parse(f"{each.value.lower()}(outputs)", names=("outputs",))
    for each in (Aggregation.SUM, Aggregation.MIN, Aggregation.MAX)
}


def is_list(policy: HitPolicy, aggregation: Aggregation) -> bool:
    """Whether the result is a list of what the rules conclude."""
    return policy in _LISTS and aggregation is Aggregation.NONE


def choose(
    policy: HitPolicy, rows: Sequence[Row], priorities: Sequence[Sequence[Any]], run: Run, where: str
) -> list[int] | None:
    """Which of the matching rows count, in order; None and a warning when the policy is broken.

    ``priorities`` are the output values of each column, the most important first.
    """
    return _POLICIES[policy](rows, priorities, run, where)


def _all(rows: Sequence[Row], _priorities: object, _run: Run, _where: str) -> list[int]:
    return list(range(len(rows)))


def _first(_rows: Sequence[Row], _priorities: object, _run: Run, _where: str) -> list[int]:
    return [0]


def _unique(rows: Sequence[Row], _priorities: object, run: Run, where: str) -> list[int] | None:
    if len(rows) > 1:
        run.warn(where, _OVERLAP)
        return None
    return [0]


def _any(rows: Sequence[Row], _priorities: object, run: Run, where: str) -> list[int] | None:
    first = rows[0]
    for row in rows[1:]:
        if any(equal(a, b) is not True for a, b in zip(first, row, strict=True)):
            run.warn(where, _DIFFER)
            return None
    return [0]


def _by_priority(rows: Sequence[Row], priorities: Sequence[Sequence[Any]]) -> list[int]:
    def rank(index: int) -> tuple[int, ...]:
        return tuple(_rank(value, values) for value, values in zip(rows[index], priorities, strict=True))

    return sorted(range(len(rows)), key=rank)


def _rank(value: Any, values: Sequence[Any]) -> int:
    return next((n for n, each in enumerate(values) if equal(value, each) is True), len(values))


def _priority(rows: Sequence[Row], priorities: Sequence[Sequence[Any]], _run: Run, _where: str) -> list[int]:
    return _by_priority(rows, priorities)[:1]


def _output_order(
    rows: Sequence[Row], priorities: Sequence[Sequence[Any]], _run: Run, _where: str
) -> list[int]:
    return _by_priority(rows, priorities)


_POLICIES: Final[dict[HitPolicy, Callable[..., list[int] | None]]] = {
    HitPolicy.UNIQUE: _unique,
    HitPolicy.ANY: _any,
    HitPolicy.PRIORITY: _priority,
    HitPolicy.FIRST: _first,
    HitPolicy.RULE_ORDER: _all,
    HitPolicy.OUTPUT_ORDER: _output_order,
    HitPolicy.COLLECT: _all,
}


def aggregate(aggregation: Aggregation, rows: Sequence[Row], run: Run, where: str) -> Any:
    """What a collect table with an operator makes of its hits."""
    if aggregation is Aggregation.COUNT:
        return Decimal(len(rows))
    if any(len(row) != 1 for row in rows):
        run.warn(where, _MULTIPLE)
        return None
    return _FUNCTIONS[aggregation].evaluate({"outputs": [row[0] for row in rows]}, run.env)
