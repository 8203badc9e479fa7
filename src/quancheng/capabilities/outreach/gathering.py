"""事实: what themes may look at, read from the registers a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.core import feel
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor

BATCH = 1_000


def persons(after: int, size: int = BATCH) -> list[tuple[Any, dict[str, Any]]]:
    """The next living people by key, each with facts: three questions for a batch, not one a person."""
    system = Actor.system("outreach")
    found = list(
        people.search_people(system, {})
        .filter(pk__gt=after, alive=True)
        .order_by("pk")
        .prefetch_related("licences__type")[:size]
    )
    children = _children(system, {one.household_id for one in found if one.household_id})
    return [(one, person_facts(one, children.get(one.household_id or 0, ()))) for one in found]


def person_facts(one: Any, children: Any) -> dict[str, Any]:
    """Facts of one person under the names conditions use."""
    today = clock.today()
    licences = [row for row in one.licences.all() if row.good]
    parent = one.relation in {"head", "spouse"}
    return {
        "birth_date": _date(one.birth_date),
        "age": Decimal(people.age_of(one.birth_date, today)),
        "sex": "female" if one.sex == "2" else "male",
        "district": one.district_code,
        "licence_types": [row.type.code for row in licences],
        "next_expiry": _date(min((row.valid_to for row in licences if row.valid_to), default=None)),
        "children": [_date(birth) for birth in children] if parent else [],
    }


def firms(after: int, size: int = BATCH) -> list[tuple[Any, dict[str, Any]]]:
    """The next active firms by key, each with facts; told is who leads them."""
    found = (
        people.search_firms(Actor.system("outreach"), {})
        .filter(pk__gt=after, active=True)
        .select_related("legal_person")
        .order_by("pk")[:size]
    )
    return [
        (
            one,
            {
                "established": _date(one.established),
                "industry": one.industry,
                "kind": one.kind,
                "district": one.region_code[:6],
                "number": one.uscc,
            },
        )
        for one in found
    ]


def _children(system: Actor, households: set[int]) -> Mapping[int, list[date]]:
    """Births in the last seven years in these households."""
    if not households:
        return {}
    since = people.years_before(clock.today(), 7)
    rows = (
        people.search_people(system, {})
        .filter(household_id__in=households, relation="child", birth_date__gt=since)
        .values_list("household_id", "birth_date")
    )
    found: dict[int, list[date]] = defaultdict(list)
    for household, birth in rows:
        found[household].append(birth)
    return found


def _date(day: date | None) -> feel.Date | None:
    return feel.Date(day.year, day.month, day.day) if day else None
