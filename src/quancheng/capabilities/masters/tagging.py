"""标签: dated FEEL rules over the facts of a record, with the working shown. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from quancheng.core import feel
from quancheng.core.text import Text

FILE = Path(__file__).parent / "resources" / "tags.toml"


@dataclass(frozen=True, slots=True)
class TagRule:
    """标签规则: ``when`` is FEEL; ``valid_to`` is the first day without effect."""

    code: str
    text: Text
    master: str
    when: str
    authority: str
    citation: str
    valid_from: date
    valid_to: date | None
    simulated: bool

    def holds_on(self, day: date) -> bool:
        """Whether the rule is in force."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag somebody has, the rule behind it, and its working line by line."""

    rule: TagRule
    working: tuple[str, ...]


@cache
def rules() -> tuple[TagRule, ...]:
    """Every rule of the release; raises FeelSyntaxError for one that cannot be read."""
    said = tomllib.loads(FILE.read_text("utf-8"))["tag"]
    made = tuple(
        TagRule(
            one["code"], Text(one["zh"], one["en"]), one["master"], one["when"], one["authority"],
            one["citation"], one["valid_from"], one.get("valid_to"), bool(one.get("simulated")),
        )
        for one in said
    )  # fmt: skip
    for one in made:
        feel.parse(one.when)
    return made


def tags(master: str, facts: Mapping[str, Any], on: date) -> tuple[Tag, ...]:
    """Tags that hold. A fact that is unknown makes a rule unknown, and unknown is no tag."""
    found = []
    for one in rules():
        if one.master != master or not one.holds_on(on):
            continue
        expression = feel.parse(one.when)
        scope = {name: facts.get(name) for name in expression.names}
        if expression.evaluate(scope) is True:
            found.append(Tag(one, tuple(feel.explain(expression, scope).lines())))
    return tuple(found)


def facts_of(values: Mapping[str, str], on: date, extra: Mapping[str, Any]) -> dict[str, Any]:
    """What rules may ask of: the record's values, age or years from dates, figures as numbers."""
    made: dict[str, Any] = dict(values)
    for name, date_field in (("age", "birth"), ("years", "established")):
        made[name] = _years(values.get(date_field), on)
    for name in ("income", "employees"):
        made[name] = _number(values.get(name))
    return {**made, **extra}


def _years(said: str | None, on: date) -> int | None:
    try:
        day = date.fromisoformat(said) if said else None
    except ValueError:
        return None
    return None if day is None else on.year - day.year - ((on.month, on.day) < (day.month, day.day))


def _number(said: str | None) -> float | None:
    try:
        return float(said) if said else None
    except ValueError:
        return None
