"""``function(...) external {java: ...}``: no foreign code runs here.

A short list of harmless Java functions is provided by replacements; anything else gives null with
a warning (DMN 1.5, 10.3.2.13.3 leaves the supported languages open).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from ..limits import Environment
from ..values.function import Closure, Parameter

_SIGNATURE = re.compile(r"\s*([A-Za-z]\w*)\s*\(([^()]*)\)\s*", re.ASCII)
_INTEGERS = {"byte": 7, "short": 15, "int": 31, "long": 63}
_BOXES = {
    "java.lang.Integer": "int",
    "java.lang.Long": "long",
    "java.lang.Short": "short",
    "java.lang.Byte": "byte",
    "java.lang.Double": "double",
    "java.lang.Float": "double",
}
_MATH: dict[str, Callable[..., float]] = {
    "abs": abs,
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "atan2": math.atan2,
    "cbrt": math.cbrt,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "hypot": math.hypot,
    "log": math.log,
    "log10": math.log10,
    "max": max,
    "min": min,
    "pow": math.pow,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "toDegrees": math.degrees,
    "toRadians": math.radians,
}


def _number(value: Any, kind: str) -> Any:
    """A FEEL number as Java's ``kind``; ValueError when it does not fit."""
    if not isinstance(value, Decimal):
        raise ValueError("a number is needed")
    if kind in ("double", "float"):
        return float(value)
    bits = _INTEGERS.get(kind)
    whole = int(value) if value.adjusted() < 30 else None
    if bits is None or whole is None or not -(2**bits) <= whole < 2**bits:
        raise ValueError("out of range")
    return whole


def _feel(value: float) -> Decimal | None:
    number = Decimal(repr(value))
    return number if number.is_finite() else None


def _math(name: str, kinds: Sequence[str], arguments: Sequence[Any]) -> Any:
    return _feel(_MATH[name](*(_number(a, k) for a, k in zip(arguments, kinds, strict=True))))


def _value_of(owner: str, kinds: Sequence[str], arguments: Sequence[Any]) -> Any:
    (value,), (kind,) = arguments, kinds
    if owner == "java.lang.String":
        if kind != "char" or not isinstance(value, str) or len(value) != 1:
            raise ValueError("one character is needed")
        return value
    if kind in ("String", "java.lang.String"):
        if not isinstance(value, str):
            raise ValueError("a string is needed")
        value = Decimal(value)
    return _feel(_number(value, _BOXES[owner]))


def _format(arguments: Sequence[Any]) -> str:
    """``String.format`` with ``%s``, ``%d`` and ``%%`` only."""
    template, *values = arguments
    rest = iter(values)

    def one(match: re.Match[str]) -> str:
        if match.group() == "%%":
            return "%"
        value = next(rest, None)
        if value is None or match.group() not in ("%s", "%d"):
            raise ValueError("unsupported format")
        return str(value)

    return re.sub(r"%.?", one, template)


def _known(owner: str, name: str, kinds: Sequence[str]) -> Callable[[Sequence[Any]], Any] | None:
    numeric = all(kind in _INTEGERS or kind in ("double", "float") for kind in kinds)
    if owner == "java.lang.Math" and name in _MATH and numeric:
        return lambda arguments: _math(name, kinds, arguments)
    if name == "valueOf" and len(kinds) == 1 and (owner in _BOXES or owner == "java.lang.String"):
        return lambda arguments: _value_of(owner, kinds, arguments)
    if owner == "java.lang.String" and name == "format":
        return _format
    return None


def external(parameters: Sequence[Parameter], where: Any, env: Environment) -> Closure | None:
    """The replacement of an external function, or None with a warning."""
    java = where.get("java") if isinstance(where, dict) else None
    match = None
    if isinstance(java, dict):
        match = _SIGNATURE.fullmatch(str(java.get("method signature", "")))
    body = None
    if match is not None and isinstance(java, dict):
        kinds = [kind.strip() for kind in match.group(2).split(",") if kind.strip()]
        body = _known(str(java.get("class", "")), match.group(1), kinds)
    if body is None:
        env.warn("不支持这个外部函数", "this external function is not supported")
        return None
    known = body

    def apply(arguments: Sequence[Any], inner: Environment) -> Any:
        try:
            return known(arguments)
        except (ValueError, TypeError, ArithmeticError):
            inner.warn("外部函数的参数不符", "the arguments of the external function do not fit")
            return None

    return Closure("external", parameters, apply)
