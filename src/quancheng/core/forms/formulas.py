"""规则表达式: the FEEL of a form, which fields it looks at, and its values.

The only place of this package that knows ``core.feel``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as part
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from quancheng.core import feel
from quancheng.core.forms.errors import FormError
from quancheng.core.forms.model import Field, FormDefinition, Kind

__all__ = [
    "OUTSIDE",
    "Environment",
    "compiled",
    "dependencies",
    "environment",
    "from_feel",
    "names_in",
    "to_feel",
]

OUTSIDE = frozenset({"form", "applicant", "today", "parameters"})
"""Names a rule may use besides the fields."""
_FORM = re.compile(r"\bform\s*\.\s*([A-Za-z][A-Za-z0-9_]*)")
_BARE = re.compile(r"(?<![.\w\"])form\b(?!\s*:)")


@dataclass(frozen=True, slots=True)
class Environment:
    """What rules may look at besides the answers (规则环境); the clock is given, never read."""

    today: date | None = None
    now: datetime | None = None
    applicant: Mapping[str, Any] = part(default_factory=dict)
    parameters: Mapping[str, Any] = part(default_factory=dict)


@lru_cache(maxsize=256)
def _known(definition: FormDefinition) -> tuple[str, ...]:
    return tuple(sorted({one.key for one in definition.walk()} | OUTSIDE))


@lru_cache(maxsize=4096)
def _parse(text: str, names: tuple[str, ...]) -> feel.Expression:
    return feel.parse(text, names=names)


def compiled(definition: FormDefinition, text: str, place: str) -> feel.Expression:
    """The expression, parsed once. Raises FormError with what is wrong."""
    try:
        return _parse(text, _known(definition))
    except (feel.FeelSyntaxError, feel.FeelLimitError) as wrong:
        raise FormError(place, wrong.text) from wrong


@lru_cache(maxsize=4096)
def _names(text: str, known: tuple[str, ...]) -> frozenset[str]:
    """Free names of an expression; a field called like a built-in function counts when it is no call."""
    found = set(_parse(text, known).names)
    for name in known:
        if name in found or not re.search(rf"(?<![.\w\"]){re.escape(name)}\b(?!\s*[(:])", text):
            continue
        if not _parse(name, (name,)).names:
            found.add(name)
    return frozenset(found)


def names_in(definition: FormDefinition, text: str, place: str) -> frozenset[str]:
    """Names an expression looks up. Raises FormError on bad syntax."""
    compiled(definition, text, place)
    return _names(text, _known(definition))


def dependencies(definition: FormDefinition, text: str, at: str, place: str) -> dict[str, str | None]:
    """Names used by an expression → the path of the field meant, or None for what is unknown.

    ``at`` is the path of the field the rule stands on: inside a group its neighbours come first.
    Names of the environment are left out.
    """
    found: dict[str, str | None] = {}
    for name in names_in(definition, text, place):
        if name == "form":
            for key in _FORM.findall(text):
                found[f"form.{key}"] = key if key in definition.by_path else None
            if len(_FORM.findall(text)) < len(_BARE.findall(text)):
                found["form"] = None
            continue
        path = resolve(definition, name, at)
        if path is not None or name not in OUTSIDE:
            found[name] = path
    return found


def resolve(definition: FormDefinition, name: str, at: str) -> str | None:
    """The path of the field a name means at a place: neighbours first, then outwards."""
    parts = at.split(".")[:-1]
    while True:
        path = ".".join([*parts, name])
        if path in definition.by_path:
            return path
        if not parts:
            return None
        parts.pop()


def environment(env: Environment) -> feel.Environment:
    """The same for FEEL, with the bounds of a form."""
    limits = feel.Limits(max_length=2_000, max_depth=60, max_steps=50_000, max_items=5_000)
    return feel.Environment(now=env.now, limits=limits)


def form_names(text: str) -> list[str]:
    """Fields named as ``form.x``."""
    return _FORM.findall(text)


def outside(env: Environment, name: str) -> Any:
    """The value of a name of the environment."""
    if name == "today":
        return feel_date(env.today.isoformat()) if env.today else None
    value = env.applicant if name == "applicant" else env.parameters
    return feel.from_json(_plain(value))


def to_feel(field: Field, value: Any) -> Any:
    """A JSON answer as a FEEL value of the field's kind."""
    if value in (None, ""):
        return None
    if field.kind is Kind.DATE:
        return feel_date(str(value))
    if field.kind is Kind.AGREE:
        return value is True
    return feel.from_json(_plain(value))


def from_feel(field: Field, value: Any) -> Any:
    """A computed FEEL value as the JSON answer of a field; None when it does not fit."""
    if value is None:
        return None
    if field.kind is Kind.NUMBER:
        if isinstance(value, bool) or not isinstance(value, Decimal | int) or not Decimal(value).is_finite():
            return None
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() and abs(number) < 10**15 else float(number)
    found = feel.to_json(value)
    if field.kind is Kind.AGREE:
        return found if isinstance(found, bool) else None
    if field.kind is Kind.MULTI:
        return [str(one) for one in found] if isinstance(found, list) else None
    if isinstance(found, list | dict):
        return None
    return "" if found is None else str(found)


def feel_date(text: str) -> Any:
    """An ISO day as a FEEL date; None when it is none."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    return _parse(f'date("{text}")', ()).evaluate({})


def _plain(value: Any) -> Any:
    """JSON of mappings and tuples, days as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
