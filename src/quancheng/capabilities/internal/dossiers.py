"""档案: what a dossier says now, folded from its entries; writing entries. Called inside actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from quancheng.capabilities.internal import spec as specs
from quancheng.capabilities.internal.models import Dossier, DossierEntry, Item, Serial
from quancheng.capabilities.internal.retirement import (
    Category,
    Month,
    Retirement,
    Schedule,
    minimum_contribution,
    retirement,
)
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.db import serials

__all__ = [
    "Fact", "IdentityNumberError", "append", "contribution_needed", "day_in", "derived", "facts", "follow",
    "next_number", "planned", "retirement_day", "retirement_of", "value_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known under a key now, and where it comes from (档案事实)."""

    key: str
    value: Any
    valid_from: date
    source: Text
    at: Any

    def to_dict(self) -> dict[str, Any]:
        """As forms and papers keep it: the provenance of a prefilled value."""
        return {
            "value": self.value,
            "source": self.source.to_dict(),
            "as_of": self.valid_from.isoformat(),
        }


def facts(dossier: Dossier) -> dict[str, Fact]:
    """The last entry of each key; a fact that begins later than today is not yet true."""
    today, found = clock.today(), dict[str, Fact]()
    rows = DossierEntry.objects.filter(dossier=dossier, valid_from__lte=today).order_by("valid_from", "id")
    for row in rows:
        found[row.key] = Fact(row.key, row.value, row.valid_from, Text.of(row.source), row.at)
    return found


def planned(dossier: Dossier) -> list[DossierEntry]:
    """Entries that are written and begin on a later day."""
    return list(DossierEntry.objects.filter(dossier=dossier, valid_from__gt=clock.today()))


def value_of(dossier: Dossier, key: str) -> Any:
    """One fact's value, None when it is not known."""
    fact = facts(dossier).get(key)
    return fact.value if fact else None


def append(
    call: Call,
    dossier: Dossier,
    values: Mapping[str, Any],
    source: Text,
    *,
    on: date,
    item: Item | None = None,
) -> list[DossierEntry]:
    """记入档案: append entries, and follow with the columns lists are made from."""
    known = {row.key for row in specs.dossier_keys()}
    made: list[DossierEntry] = []
    for key, value in values.items():
        if key not in known:
            raise KeyError(key)
        if value in (None, ""):
            continue
        made.append(
            DossierEntry.objects.create(
                dossier=dossier,
                key=key,
                value=value,
                valid_from=on,
                source=source.to_dict(),
                item=item,
                at=call.at,
                by=str(call.actor)[:120],
            )
        )
    if on <= clock.today():
        follow(dossier, {row.key: row.value for row in made})
    return made


def follow(dossier: Dossier, changed: Mapping[str, Any]) -> None:
    """Columns that repeat a fact for the sake of lists; facts of a later day come with that day."""
    dossier.name = changed.get("name") or changed.get("enterprise") or dossier.name
    dossier.identity = changed.get("id_number") or changed.get("uscc") or dossier.identity
    dossier.status = changed.get("status", dossier.status)
    if dossier.kind == Dossier.Kind.STAFF:
        dossier.retires_on = retirement_day(dossier, changed)
    dossier.save()


def retirement_of(known: Mapping[str, Any]) -> Retirement | None:
    """The answer of the rules for facts of a dossier; None when a fact is missing."""
    birth, category = known.get("birth_date"), known.get("original_age")
    if not birth or category not in set(Category):
        return None
    table = rulebook.find(f"internal.retirement.{category}").table()
    return retirement(Month.of(date.fromisoformat(birth)), Schedule.of(table))


def retirement_day(dossier: Dossier, changed: Mapping[str, Any] | None = None) -> date | None:
    """The day the statutory age is reached: the birthday's day in the month of the rules."""
    known = {key: one.value for key, one in facts(dossier).items()} | dict(changed or {})
    answer = retirement_of(known)
    if answer is None:
        return None
    return day_in(answer.statutory, date.fromisoformat(known["birth_date"]).day)


def day_in(month: Month, day: int) -> date:
    """A day of a month, its last when the month is shorter."""
    following = month.plus(1)
    last = (date(following.year, following.month, 1) - date(month.year, month.month, 1)).days
    return date(month.year, month.month, min(day, last))


def contribution_needed(year: int) -> int:
    """Months of contribution the law asks of who retires in a year."""
    table = rulebook.find("internal.retirement.contribution").table()
    numbers = {key: int(str(table[key])) for key in ("base", "first_year", "step", "most")}
    return minimum_contribution(year, **numbers)


def derived(id_number: str, post_kind: str) -> dict[str, Any]:
    """Sex, birthday and the original age that follow from what was given; raises IdentityNumberError."""
    parsed = parse_resident_id(id_number, on=clock.today())
    sex = "1" if int(parsed.number[16]) % 2 else "2"
    original = Category.MALE if sex == "1" else Category.FEMALE_50
    if sex == "2" and post_kind in {"management", "technical"}:
        original = Category.FEMALE_55
    return {
        "sex": sex,
        "birth_date": date.fromisoformat(
            f"{parsed.number[6:10]}-{parsed.number[10:12]}-{parsed.number[12:14]}"
        ).isoformat(),
        "original_age": original.value,
    }


def next_number(series: str) -> int:
    """The next number of a series, without gaps: the row is locked until the deed is done."""
    return serials.next_number(Serial, series)
