"""一户一档: people at homes by every source, households, contradictions between sources. Pure.

A person lives where the golden record says; every other address a source gives is kept beside it and shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from quancheng.core.linkage import Kinship, Resident, forms, households
from quancheng.core.text import Text

RELATIONS = {
    "head": Text("户主", "head"),
    "spouse": Text("配偶", "spouse"),
    "child": Text("子女", "child"),
    "parent": Text("父母", "parent"),
    "other": Text("其他", "other"),
}
"""GB/T 4761 in the grouping of the platform's registration."""


def place_of(address: str | None) -> str:
    """The compared form of an address; empty when there is none."""
    return (forms.ADDRESS.make(address) or "") if address else ""


@dataclass(frozen=True, slots=True)
class Person:
    """A golden person: fields that households need, and each source's address."""

    id: str
    name: str
    address: str
    birth: str = ""
    register: str = ""
    relation: str = ""
    alive: bool = True
    said: tuple[tuple[str, str], ...] = ()
    """(source, address) of every member record."""


@dataclass(frozen=True, slots=True)
class Lives:
    """A person at a place, by which sources; ``chosen`` when the golden record says so."""

    person: str
    sources: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Dwelling:
    """What is known of a place: who lives there, in which households, what does not fit."""

    place: str
    lives: tuple[Lives, ...]
    households: tuple[dict[str, Any], ...]
    contradictions: tuple[dict[str, Any], ...]

    @property
    def residents(self) -> int:
        """People the golden records put here."""
        return sum(1 for one in self.lives if one.chosen)


def dwellings(people: Iterable[Person]) -> dict[str, Dwelling]:
    """Every place that a source names, with its people (一户一档)."""
    known = {one.id: one for one in people}
    lives = _lives(known.values())
    dossiers: dict[str, list[dict[str, Any]]] = {}
    residents = [
        Resident(
            one.id, place_of(one.address) or None, one.birth, one.relation == "head", one.register or None
        )
        for one in known.values()
        if one.alive
    ]
    for made in households(residents, _kinships(known.values())):
        if made.dwelling:
            dossiers.setdefault(made.dwelling, []).append(
                {
                    "head": made.head,
                    "because": made.because.text.to_dict(),
                    "members": [
                        {"person": one, "relation": _relation(known[one]).to_dict()} for one in made.members
                    ],
                    "others": list(made.co_residents),
                    "elsewhere": list(made.kin_elsewhere),
                    "heads": list(made.heads),
                    "text": made.text.to_dict(),
                }
            )
    return {
        place: Dwelling(
            place, tuple(here), tuple(dossiers.get(place, ())),
            tuple(_contradictions(here, known, dossiers.get(place, []))),
        )
        for place, here in lives.items()
    }  # fmt: skip


def _relation(one: Person) -> Text:
    return RELATIONS.get(one.relation, Text("关系不详", "relation unknown"))


def _lives(people: Iterable[Person]) -> dict[str, list[Lives]]:
    found: dict[str, list[Lives]] = {}
    for one in people:
        mine = place_of(one.address)
        by: dict[str, list[str]] = {mine: []} if mine else {}
        for source, address in one.said:
            if place := place_of(address):
                by.setdefault(place, []).append(source)
        for place, sources in by.items():
            chosen = place == mine and one.alive
            found.setdefault(place, []).append(Lives(one.id, tuple(sorted(set(sources))), chosen))
    return found


def _kinships(people: Iterable[Person]) -> list[Kinship]:
    """Members of one register are kin of its head."""
    of: dict[str, list[Person]] = {}
    for one in people:
        if one.register and one.alive:
            of.setdefault(one.register, []).append(one)
    ties = []
    for members in of.values():
        head = next((one for one in members if one.relation == "head"), None)
        if head is not None:
            ties += [Kinship(head.id, one.id, _relation(one)) for one in members if one is not head]
    return ties


def _contradictions(
    lives: list[Lives], people: Mapping[str, Person], dossiers: list[dict[str, Any]]
) -> Iterable[dict[str, Any]]:
    for one in lives:
        who = people[one.person]
        if not who.alive:
            yield _said(
                one,
                Text(
                    f"{who.name}已去世，仍有来源登记在此", f"{who.name} has died and is still registered here"
                ),
            )
        elif not one.chosen:
            yield _said(
                one,
                Text(
                    f"{who.name}另有住址：{who.address or '未知'}",
                    f"{who.name} lives elsewhere: {who.address or '?'}",
                ),
            )
    for made in dossiers:
        if len(made["heads"]) > 1:
            names = "、".join(people[one].name for one in made["heads"])
            yield {
                "kind": "heads",
                "text": Text(f"一户有多名户主：{names}", f"More than one head: {names}").to_dict(),
                "sources": [],
            }
        if not made["heads"]:
            name = people[made["head"]].name
            yield {
                "kind": "nohead",
                "text": Text(
                    f"没有登记户主，以最年长者{name}代表",
                    f"No registered head; the oldest, {name}, stands in",
                ).to_dict(),
                "sources": [],
            }


def _said(one: Lives, text: Text) -> dict[str, Any]:
    return {"kind": "elsewhere", "person": one.person, "text": text.to_dict(), "sources": list(one.sources)}
