"""Reads of SensorThings entities by other modules, always from what the asker may see."""

from __future__ import annotations

from django.db.models import Max, Q, QuerySet

from quancheng.capabilities.sensorthings.models import ObservedProperty, Stream, Thing, Version
from quancheng.capabilities.sensorthings.values import StreamFact
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound


def streams_of(
    actor: Actor, *, thing_key: str | None = None, property: str | None = None
) -> QuerySet[Stream]:
    """Streams the actor may see; of one thing, of one observed property (by its key or name)."""
    found = access.visible(actor, Stream)
    if thing_key is not None:
        found = found.filter(thing__key=thing_key)
    if property is not None:
        by_key = found.filter(observed_property__key=property)
        found = by_key if by_key.exists() else found.filter(observed_property__name=property)
    return found


def stream_ids(actor: Actor, *, thing_key: str | None = None, property: str | None = None) -> list[int]:
    """Ids of the streams the actor may see, ascending; of one thing, of one observed property."""
    found = streams_of(actor, thing_key=thing_key, property=property)
    return list(found.order_by("id").values_list("id", flat=True))


def label(property: ObservedProperty | None, language: str) -> str:
    """What people call an observed property: its name, or in English ``name_en`` of its properties if it has one."""
    if property is None:
        return ""
    english = (property.properties or {}).get("name_en") if language.startswith("en") else None
    return str(english or property.name)


def owned(module: str) -> QuerySet[Stream]:
    """Streams a module made (keys ``<module>:…``), for that module itself; found by the index of keys."""
    return Stream.objects.filter(key__gte=f"{module}:", key__lt=f"{module};")


def last_change() -> int:
    """A number that grows with every change of an entity; the same number: nothing changed that is committed.

    Two changes committed out of order may show one number: who must not miss any looks again now and then.
    """
    return Version.objects.aggregate(last=Max("pk"))["last"] or 0


def visible_streams(actor: Actor) -> QuerySet[Stream]:
    """All streams the actor may see."""
    return access.visible(actor, Stream)


def stream(id: int) -> StreamFact:
    """A stream by its number, for the platform's own use; raises NotFound."""
    return _fact(_one(Stream.objects.filter(pk=id), str(id)))


def stream_by_key(key: str) -> StreamFact:
    """A stream by its owner's key, for the platform's own use; raises NotFound."""
    return _fact(_one(Stream.objects.filter(key=key), key))


def thing_id(key: str) -> int:
    """The number of the thing of a key; raises NotFound."""
    found = Thing.objects.filter(key=key).values_list("id", flat=True).first()
    if found is None:
        raise NotFound(Text(f"没有物 {key}。", f"There is no thing {key}."))
    return int(found)


def _one(rows: QuerySet[Stream], name: str) -> Stream:
    found = rows.select_related("thing", "observed_property").first()
    if found is None:
        raise NotFound(Text(f"没有数据流 {name}。", f"There is no stream {name}."))
    return found


def _fact(row: Stream) -> StreamFact:
    prop = row.observed_property
    unit = row.unit if isinstance(row.unit, dict) else {}
    return StreamFact(
        id=row.pk,
        key=row.key or "",
        thing=row.thing_id,
        thing_key=row.thing.key or "",
        name=row.name,
        property=prop.name if prop else "",
        unit=unit.get("symbol") or "",
        public=row.public,
        properties=row.properties or {},
    )


def search(actor: Actor, *, text: str = "", property: str = "", region: str = "") -> QuerySet[Stream]:
    """Streams the actor may see by words of their or their thing's name, property name, region code."""
    found = access.visible(actor, Stream).select_related("thing", "observed_property")
    if text:
        found = found.filter(Q(name__icontains=text) | Q(thing__name__icontains=text))
    if property:
        found = found.filter(
            Q(observed_property__name=property) | Q(observed_properties__name=property)
        ).distinct()
    if region:
        found = found.filter(thing__properties__region__startswith=region)
    return found


def counts(actor: Actor) -> dict[str, int]:
    """How many things and streams the actor may see."""
    return {"things": access.visible(actor, Thing).count(), "streams": access.visible(actor, Stream).count()}
