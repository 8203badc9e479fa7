"""读取: what departments hold about a person, through the queries of the modules that hold it.

A reader takes a person and gives ``{field: value in words}``; a field nothing is known of is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from quancheng.capabilities.masters import queries as masters
from quancheng.capabilities.payment import queries as payment
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust import queries as trust
from quancheng.capabilities.vault.models import Item
from quancheng.core.identity import mask_name, mask_phone, mask_resident_id
from quancheng.kernel.actor import Actor, ActorKind

Reader = Callable[[Actor], Mapping[str, str]]
_LATEST = 5
_STARS = "******"


def facts(person_id: int, items: Iterable[Item]) -> dict[str, str | None]:
    """The value of each item by its code, None where nothing is held. Each source is read once."""
    actor = Actor(ActorKind.SYSTEM, "system:vault", person_id=person_id, module="vault")
    read: dict[str, Mapping[str, str]] = {}
    found: dict[str, str | None] = {}
    for one in items:
        reader = one.source.reader
        if reader not in read:
            read[reader] = READERS[reader](actor)
        found[one.code] = read[reader].get(one.field) or None
    return found


def hidden(kind: str, value: str) -> str:
    """A value as the page shows it until the person asks to see it."""
    match kind:
        case Item.Mask.ID:
            return mask_resident_id(value)
        case Item.Mask.PHONE:
            return mask_phone(value)
        case Item.Mask.NAME:
            return mask_name(value)
        case Item.Mask.ALL:
            return _STARS  # not even its length
    return value


def _population(actor: Actor) -> Mapping[str, str]:
    mine = people.me(actor)
    if mine is None:
        return {}
    members = people.household_members(actor).count()
    return {
        "name": mine.name, "id_number": mine.id_number, "birth_date": mine.birth_date.isoformat(),
        "address": mine.address, "phone": mine.phone, "household_size": str(members),
    }  # fmt: skip


def _base(actor: Actor) -> Mapping[str, str]:
    golden = masters.mine(actor)
    return {name: str(value) for name, value in golden.values.items() if value} if golden else {}


def _licences(actor: Actor) -> Mapping[str, str]:
    good = [one for one in trust.wallet(actor).order_by("number") if one.good]
    return {"valid": "；".join(f"{one.type.text.zh} {one.number}" for one in good)}


def _payments(actor: Actor) -> Mapping[str, str]:
    rows = payment.mine(actor, {"size": str(_LATEST)})
    return {"latest": "；".join(f"{one.number} {one.text.zh} {one.amount} 元" for one in rows)}


READERS: Mapping[str, Reader] = {
    "population": _population,
    "base": _base,
    "licences": _licences,
    "payments": _payments,
}
