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
    verb: str
    """alert, upgrade, update or downgrade: what the message is to the one before."""
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
        headline(facts.level, facts.verb),
        _fill(kind["description"], _values(facts)),
        instruction(facts.level),
    )


def verb_for(level: int, before: int | None) -> str:
    """What a message of ``level`` is to one of level ``before`` (None: there is none); 1 is the worst."""
    if before is None:
        return "alert"
    return "upgrade" if level < before else "downgrade" if level > before else "update"


def headline(level: int, verb: str) -> Text:
    """Headline of a message."""
    table = _table()
    said = {"colour": Text.of(table["colour"][str(level)]), "verb": Text.of(table["verb"][verb])}
    return _fill(table["rainstorm"]["headline"], said)


def plain_words(level: int, verb: str, districts: Sequence[Text]) -> Words:
    """Text to begin with when a person drafts without a crossing."""
    told = _fill(_table()["rainstorm"]["plain"], {"districts": _listed(districts)})
    return Words(headline(level, verb), told, instruction(level))


def instruction(level: int) -> Text:
    """What to do at a level."""
    return Text.of(_table()["instruction"][str(level)])


def impact(level: int) -> Text:
    """What happens at a level, in one plain sentence."""
    return Text.of(_table()["impact"][str(level)])


def colour_name(level: int) -> Text:
    """The colour's word."""
    return Text.of(_table()["colour"][str(level)])


def cancel_words(level: int) -> Words:
    """Text of a cancellation."""
    told = Text.of(_table()["rainstorm"]["cancel"])
    return Words(headline(level, "cancel"), told, told)


def _values(facts: Facts) -> dict[str, Text]:
    same = {"hours": str(facts.hours), "amount": facts.amount, "threshold": facts.threshold}
    plain = {name: Text(value, value) for name, value in same.items()}
    return plain | {"place": facts.place, "districts": _listed(facts.districts)}


def _listed(names: Sequence[Text]) -> Text:
    return Text("、".join(each.zh for each in names), ", ".join(each.en for each in names))


def _fill(template: Mapping[str, str], values: Mapping[str, Text]) -> Text:
    return Text(
        template["zh"].format_map({name: value.zh for name, value in values.items()}),
        template["en"].format_map({name: value.en for name, value in values.items()}),
    )
