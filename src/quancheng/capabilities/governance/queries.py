"""Reads of governance: live and frozen rates of what the asker may see, what moved them, whether the chain holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from quancheng.capabilities.governance import reading
from quancheng.capabilities.governance.models import FrozenRate, Month
from quancheng.core.catalogue import FrozenMonth, Rate, RateName, difference, total, verify_months
from quancheng.core.text import Text
from quancheng.kernel import access, clock, rulebook
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, NotSignedIn

OFFICER, BUREAU = "governance.officer", "governance.bureau"
NAMES = (RateName.CATALOGUE, RateName.COLLECTION, RateName.SHARING, RateName.REPAIR, RateName.DEMAND)
WITH_TARGET = frozenset(NAMES) - {RateName.DEMAND}


def require_desk(actor: Actor) -> Actor:
    """Raise unless the asker works with governance."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if actor.kind is not ActorKind.SYSTEM and not actor.role_ids & {OFFICER, BUREAU}:
        raise Forbidden()
    return actor


def organs(actor: Actor) -> list[Any]:
    """Departments whose rates the actor may see, in tree order: the rules of ``FrozenRate``, asked of live figures."""
    if actor.kind is ActorKind.SYSTEM:
        return reading.organs()
    own = {pk for one in actor.grants if one.role == OFFICER for pk in one.departments}
    regions = tuple(one.region_prefix for one in actor.grants if one.role == BUREAU and one.region_prefix)
    every = reading.organs()
    return [one for one in every if one.pk in own or (regions and one.region_code.startswith(regions))]


def this_month() -> str:
    """``2026-11`` of today."""
    return f"{clock.today():%Y-%m}"


def months(actor: Actor) -> list[Month]:
    """Frozen months, newest first."""
    return list(access.visible(actor, Month).order_by("-month"))


def rates(actor: Actor, month: str = "") -> list[Rate]:
    """Rates of each visible organ by itself: frozen ones of ``month``, live ones without. Raises NotFound, InvalidInput."""
    if not month:
        seen = {one.code for one in organs(actor)}
        return [one for one in reading.rates(this_month()) if one.organ in seen]
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise InvalidInput(fields={"month": Text("月份应为2026-11的形式", "A month is written 2026-11")})
    if not access.visible(actor, Month).filter(month=month).exists():
        raise NotFound(Text(f"{month}还没有冻结。", f"{month} is not frozen."))
    rows = access.visible(actor, FrozenRate).filter(month__month=month)
    return [one.value for one in rows.order_by("code", "name")]


def summed(
    found: Iterable[Rate], name: RateName, codes: Iterable[str] | None = None, organ: str = ""
) -> Rate:
    """One rate of several organs: ids count, percentages are never averaged."""
    wanted = None if codes is None else set(codes)
    return total(
        name, organ, [one for one in found if one.name is name and (wanted is None or one.organ in wanted)]
    )


def organ_rate(actor: Actor, name: str, organ: str, month: str = "") -> Rate:
    """One rate of an organ with what is below it, as far as visible; ``all``: all that is visible. Raises NotFound."""
    try:
        wanted = RateName(name)
    except ValueError as wrong:
        raise NotFound() from wrong
    if organ == "all":
        return summed(rates(actor, month), wanted)
    seen = organs(actor)
    top = next((one for one in seen if one.code == organ), None)
    if top is None:
        raise NotFound()
    below = [one.code for one in seen if one.path.startswith(top.path)]
    return summed(rates(actor, month), wanted, below, organ)


def moved(actor: Actor, name: str, organ: str, month: str) -> dict[str, tuple[str, ...]]:
    """What made the live rate another than the frozen one."""
    return difference(organ_rate(actor, name, organ, month), organ_rate(actor, name, organ))


def target(name: RateName) -> Fraction | None:
    """The plan's target in force today; None where the plan has none."""
    if name not in WITH_TARGET:
        return None
    value = rulebook.find(f"governance.target_{name.value}").value
    return Fraction(Decimal(str(value))) / 100


def citation(name: RateName) -> str:
    """Where the target stands."""
    return rulebook.find(f"governance.target_{name.value}").rule.citation if name in WITH_TARGET else ""


def broken() -> str:
    """The first frozen month that does not fit its digest or its predecessor; empty when all do. Trusted."""
    rows = list(Month.objects.order_by("month").prefetch_related("rates"))
    chain = [
        FrozenMonth(
            row.month,
            tuple(
                sorted((one.value for one in row.rates.all()), key=lambda rate: (rate.organ, rate.name.value))
            ),
            row.previous,
            row.digest,
        )
        for row in rows
    ]
    place = verify_months(chain)
    return "" if place is None else rows[place].month
