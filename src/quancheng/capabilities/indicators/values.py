"""What an indicator says: a value, its parts and where the rows behind it are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from quancheng.core.text import Text
from quancheng.kernel import clock

UP, DOWN = "up", "down"


class BadIndicator(ValueError):
    """An indicator function answered something that is no value."""


@dataclass(frozen=True, slots=True)
class Value:
    """指标值; ``value`` None: there is nothing to count yet."""

    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    evidence: str = ""
    as_of: datetime = field(default_factory=clock.now)
    note: Text | None = None


_KEYS = {"value", "numerator", "denominator", "evidence", "as_of", "note"}


def value_of(answer: Any, unit: str = "") -> Value:
    """Read what a function returned: a number, None, a :class:`Value` or a mapping with its fields.

    A mapping without ``value`` but with both parts is their share, in per cent when the unit is %.
    Raises BadIndicator for anything else; a share of nothing has no value.
    """
    if isinstance(answer, Value):
        return answer
    if answer is None or _is_number(answer):
        return Value(None if answer is None else float(answer))
    if not isinstance(answer, Mapping) or not answer.keys() <= _KEYS:
        raise BadIndicator(f"an indicator returns a number, None or {sorted(_KEYS)}: {answer!r}"[:280])
    facts = dict(answer)
    numbers = {name: facts.get(name) for name in ("value", "numerator", "denominator")}
    if any(number is not None and not _is_number(number) for number in numbers.values()):
        raise BadIndicator(f"not finite numbers: {numbers!r}"[:280])
    value, above, below = (None if n is None else float(n) for n in numbers.values())
    if "value" not in facts:
        if above is None or below is None:
            raise BadIndicator("value, or numerator and denominator")
        value = None if below == 0 else above / below * (100 if unit == "%" else 1)
    note = facts.get("note")
    return Value(
        value=value,
        numerator=above,
        denominator=below,
        evidence=str(facts.get("evidence", ""))[:300],
        as_of=facts.get("as_of") or clock.now(),
        note=None if note is None else Text.of(note),
    )


def _is_number(answer: Any) -> bool:
    return isinstance(answer, int | float) and not isinstance(answer, bool) and isfinite(answer)
