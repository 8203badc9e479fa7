"""预警用语: headline, text and guidance of a warning from its facts, in both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from quancheng.core.text import Text

FILE = Path(__file__).resolve().parent / "resources" / "wording.toml"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rainstorm warning is about."""

    level: int
    msg_type: str
    place: Text
    hours: int
    amount: str
    threshold: str
    districts: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Words:
    """The text of a warning."""

    headline: Text
    description: Text
    instruction: Text


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def event_name(event_type: str) -> Text:
    """Name of the hazard."""
    return Text.of(_table()[event_type]["event"])


def words(facts: Facts) -> Words:
    """Text of an alert or update from its facts."""
    kind = _table()["rainstorm"]
    return Words(
        headline(facts.level, facts.msg_type),
        _fill(kind["description"], _values(facts)),
        Text.of(_table()["instruction"][str(facts.level)]),
    )


def headline(level: int, msg_type: str) -> Text:
    """Headline of a message."""
    table = _table()
    colour, verb = table["colour"][str(level)], table["verb"][msg_type]
    return _fill(table["rainstorm"]["headline"], {"colour": Text.of(colour), "verb": Text.of(verb)})


def cancel_words(level: int) -> Words:
    """Text of a cancellation."""
    told = Text.of(_table()["rainstorm"]["cancel"])
    return Words(headline(level, "cancel"), told, told)


def _values(facts: Facts) -> dict[str, Text]:
    same = {"hours": str(facts.hours), "amount": facts.amount, "threshold": facts.threshold}
    names = Text("、".join(each.zh for each in facts.districts), ", ".join(each.en for each in facts.districts))
    plain = {name: Text(value, value) for name, value in same.items()}
    return plain | {"place": facts.place, "districts": names}


def _fill(template: Mapping[str, str], values: Mapping[str, Text]) -> Text:
    return Text(
        template["zh"].format_map({name: value.zh for name, value in values.items()}),
        template["en"].format_map({name: value.en for name, value in values.items()}),
    )
