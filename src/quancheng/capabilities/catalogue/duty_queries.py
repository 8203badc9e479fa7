"""权责比对: the duty list of organs against what is catalogued, and the rate that comes of it."""

from __future__ import annotations

from django.db.models import QuerySet

from quancheng.capabilities.catalogue.models import Duty, Entry
from quancheng.core.catalogue import (
    Comparison,
    DutyItem,
    Rate,
    Resource,
    catalogue_rate,
    compare,
    read_resource,
)
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor


def duties(actor: Actor, organ: str = "") -> QuerySet[Duty]:
    """Duties the actor may see, of one organ or of all."""
    found: QuerySet[Duty] = access.visible(actor, Duty).select_related("organ")
    return found.filter(organ__code=organ) if organ else found


def organs(actor: Actor) -> list[tuple[str, Text]]:
    """Organs with a duty list the actor may see: code and name."""
    found = duties(actor).order_by("organ__order", "organ__code")
    named = found.values_list("organ__code", "organ__zh", "organ__en")
    return [(code, Text(zh, en)) for code, zh, en in dict.fromkeys(named)]


def comparison(actor: Actor, organ: str) -> Comparison:
    """What an organ's duties should yield and what of it is catalogued, by what the actor may see."""
    rows = access.visible(actor, Entry).filter(organ__code=organ, live=True)
    return compare([_item(one) for one in duties(actor, organ).order_by("code")], _resources(rows))


def rate(organ: str | None = None) -> Rate:
    """编目率 of an organ or of the city, with the duties behind it. Trusted: figures of all organs."""
    found = Duty.objects.select_related("organ").order_by("code")
    rows = Entry.objects.filter(live=True)
    if organ:
        found, rows = found.filter(organ__code=organ), rows.filter(organ__code=organ)
    return catalogue_rate(compare([_item(one) for one in found], _resources(rows)), organ or "")


def _resources(rows: QuerySet[Entry]) -> list[Resource]:
    return [read_resource(one) for one in rows.order_by("code").values_list("published", flat=True)]


def _item(one: Duty) -> DutyItem:
    return DutyItem(one.code, Text(one.name, one.name), one.organ.code, one.yields_data, one.basis)
