"""画像: named facts about a person or firm, each with its source, rule and freshness; tags with their working.

Facts of modules above come through a room they may have: ``profile_facts.py`` with
``facts(kind: str, key: str, purpose: str) -> Iterable[Mapping]`` of ``{name, zh, en, value, source_zh, source_en,
updated}``; this module asks for them by name and imports nobody.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from quancheng.capabilities.masters import tagging
from quancheng.capabilities.masters.models import Golden, Home, Source
from quancheng.capabilities.masters.purposes import Purpose
from quancheng.capabilities.masters.recipe import FieldSpec, Recipe, recipe
from quancheng.core.identity import mask, mask_name, mask_phone, mask_resident_id
from quancheng.core.text import Text
from quancheng.kernel import clock, registry, rulebook

KINDS = {"population": "person", "legal": "firm"}


@dataclass(frozen=True, slots=True)
class Fact:
    """一项事实: ``source`` said it on ``updated`` and it stands because of ``why``; ``rivals`` say otherwise."""

    name: str
    text: Text
    value: str
    source: Text
    organ: str
    updated: date | None
    why: Text
    agreeing: tuple[Text, ...] = ()
    rivals: tuple[tuple[str, Text, str], ...] = ()
    masked: bool = False

    @property
    def days(self) -> int | None:
        """How old it is."""
        return (clock.today() - self.updated).days if self.updated else None


def facts(golden: Golden, purpose: Purpose | None) -> tuple[Fact, ...]:
    """The record's fields that may be seen; ``purpose`` ``None``: the person themselves, everything."""
    made = recipe(golden.master.code)
    known = {one.code: one for one in Source.objects.filter(master=golden.master)}
    found = []
    for spec in made.fields:
        if golden.values.get(spec.name) and (purpose is None or purpose.shows(spec.name)):
            found.append(_fact(golden, spec, known))
    return tuple(found)


def _fact(golden: Golden, spec: FieldSpec, known: Mapping[str, Source]) -> Fact:
    origin = golden.origins.get(spec.name, {})
    source = known.get(origin.get("source", ""))
    return Fact(
        spec.name,
        spec.text,
        shown(spec, golden.values[spec.name]),
        source.text if source else Text("来源不详", "unknown source"),
        source.organ if source else "",
        _day(origin.get("updated")),
        _why(origin, known),
        tuple(known[one].text for one in origin.get("agreeing", ()) if one in known),
        tuple(
            (shown(spec, one["value"]), known[one["source"]].text, one["updated"] or "")
            for one in origin.get("losers", ())
            if one["source"] in known
        ),
    )


def _why(origin: Mapping[str, Any], known: Mapping[str, Source]) -> Text:
    """The reason with the sources' names instead of their codes."""
    said = Text.of(origin.get("text", {"zh": "", "en": ""}))
    source = known.get(origin.get("source", ""))
    if source is None:
        return said
    return Text(said.zh.replace(source.code, source.zh, 1), said.en.replace(source.code, source.en, 1))


def shown(spec: FieldSpec, value: str) -> str:
    """A value in words."""
    return spec.choices.get(value, value)


def hidden(spec: FieldSpec, value: str) -> str:
    """A value for lists that nobody has stated a purpose for."""
    if spec.level <= 1:
        return value
    match spec.kind:
        case "id":
            return mask_resident_id(value)
        case "phone":
            return mask_phone(value)
        case "name":
            return mask_name(value)
        case _:
            return mask(value, 0, 0)


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def tags(golden: Golden) -> tuple[tagging.Tag, ...]:
    """标签 of a record today."""
    today = clock.today()
    extra = {
        "low": rulebook.find("masters.low_income").number(),
        "penalties": related(golden, "credit").filter(values__category="行政处罚").count()
        if golden.key
        else 0,
    }
    return tagging.tags(golden.master.code, tagging.facts_of(golden.values, today, extra), today)


def related(golden: Golden, master: str) -> Any:
    """Active records of another master that speak of this one."""
    found = Golden.objects.filter(master__code=master, state=Golden.State.ACTIVE, about=golden.key)
    return found.select_related("master").order_by("number") if golden.key else found.none()


def home_of(golden: Golden) -> Home | None:
    """Where a person lives by the golden record."""
    found = golden.residences.filter(chosen=True).select_related("home").first()
    return found.home if found else None


def offered(golden: Golden, purpose: str) -> Iterator[Fact]:
    """Facts that modules above offer about this person or firm."""
    kind = KINDS.get(golden.master.code)
    if kind is None or not golden.key:
        return
    for module in registry.modules():
        name = f"{module.dotted}.profile_facts"
        if importlib.util.find_spec(name) is None:
            continue
        for one in importlib.import_module(name).facts(kind, golden.key, purpose):
            yield Fact(
                one["name"], Text(one["zh"], one["en"]), str(one["value"]),
                Text(one["source_zh"], one["source_en"]), module.manifest.lead, one.get("updated"),
                Text(f"由“{one['source_zh']}”提供", f"Given by {one['source_en']}"),
            )  # fmt: skip


def label_of(golden: Golden, made: Recipe) -> str:
    """A record's name where nobody has stated a purpose."""
    spec = made.field(made.label)
    return hidden(spec, golden.label) if made.personal and spec else golden.label
