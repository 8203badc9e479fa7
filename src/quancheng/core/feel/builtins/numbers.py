"""Functions on numbers."""

from __future__ import annotations

import decimal
from decimal import Decimal

from ..limits import Environment
from ..values.duration import DaysTimeDuration, YearsMonthsDuration
from ..values.number import CONTEXT
from .registry import builtin

MIN_SCALE, MAX_SCALE = -6111, 6176
# Quantising to a large scale needs room for digits that are zero.
_ROOMY = decimal.Context(prec=13_000, Emin=-20_000, Emax=20_000)


def rounded(value: Decimal, scale: Decimal, mode: str) -> Decimal | None:
    """``value`` with ``scale`` digits after the point; None when the scale is out of range."""
    places = int(scale)
    if not MIN_SCALE <= places <= MAX_SCALE:
        return None
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= places:
        return value
    return value.quantize(Decimal(1).scaleb(-places, _ROOMY), rounding=mode, context=_ROOMY)


def _declare(name: str, mode: str, signature: str) -> None:
    @builtin(name, signature)
    def _round(env: Environment, n: Decimal, scale: Decimal | None = None) -> Decimal | None:
        return rounded(n, Decimal(0) if scale is None else scale, mode)


_declare("decimal", decimal.ROUND_HALF_EVEN, "n: number, scale: number")
_declare("floor", decimal.ROUND_FLOOR, "n: number, scale?: number")
_declare("ceiling", decimal.ROUND_CEILING, "n: number, scale?: number")
_declare("round up", decimal.ROUND_UP, "n: number, scale?: number")
_declare("round down", decimal.ROUND_DOWN, "n: number, scale?: number")
_declare("round half up", decimal.ROUND_HALF_UP, "n: number, scale?: number")
_declare("round half down", decimal.ROUND_HALF_DOWN, "n: number, scale?: number")


@builtin("abs", "n: number/days/months")
def _abs(
    env: Environment, n: Decimal | DaysTimeDuration | YearsMonthsDuration
) -> Decimal | DaysTimeDuration | YearsMonthsDuration:
    if isinstance(n, Decimal):
        return CONTEXT.abs(n)
    return (
        DaysTimeDuration(abs(n.nanos))
        if isinstance(n, DaysTimeDuration)
        else YearsMonthsDuration(abs(n.months))
    )


@builtin("modulo", "dividend: number, divisor: number")
def _modulo(env: Environment, dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """``dividend - divisor * floor(dividend / divisor)``: the sign of the divisor."""
    if not divisor or abs(dividend.adjusted() - divisor.adjusted()) > 6_000:
        return None
    rest = _ROOMY.remainder(dividend, divisor)
    if rest and (rest < 0) != (divisor < 0):
        rest += divisor
    return CONTEXT.plus(rest)


@builtin("sqrt", "number: number")
def _sqrt(env: Environment, number: Decimal) -> Decimal | None:
    return None if number < 0 else CONTEXT.sqrt(number)


@builtin("log", "number: number")
def _log(env: Environment, number: Decimal) -> Decimal | None:
    return None if number <= 0 else CONTEXT.ln(number)


@builtin("exp", "number: number")
def _exp(env: Environment, number: Decimal) -> Decimal:
    return CONTEXT.exp(number)


def _is_odd(number: Decimal) -> bool | None:
    """Whole numbers only."""
    if number != number.to_integral_value():
        return None
    return number.adjusted() < 40 and int(number) % 2 == 1


@builtin("odd", "number: number")
def _odd(env: Environment, number: Decimal) -> bool | None:
    return _is_odd(number)


@builtin("even", "number: number")
def _even(env: Environment, number: Decimal) -> bool | None:
    odd = _is_odd(number)
    return None if odd is None else not odd
