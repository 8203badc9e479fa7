"""版本: each change of an entity leaves a row, so that the past can be read (``$asOf``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quancheng.capabilities.sensorthings.models import Entity, HistoricalLocation, Stream, Version
from quancheng.core.sensorthings.times import micros
from quancheng.kernel.actions import Call

_PLAIN_SKIP = frozenset({"id", "west", "south", "east", "north"})
CREATE, UPDATE, DELETE = "create", "update", "delete"


def kind_of(row: Entity | HistoricalLocation) -> str:
    """The kind a row is versioned under: its table's name."""
    return str(row._meta.object_name)


def snapshot(
    row: Entity | HistoricalLocation, links: Mapping[str, list[int]] | None = None
) -> dict[str, Any]:
    """Columns of a row by attribute name and ids of what it links to (``links`` when they are known)."""
    data = {
        one.attname: getattr(row, one.attname)
        for one in row._meta.concrete_fields
        if one.name not in _PLAIN_SKIP
    }
    if links is not None:
        return {**data, **links}
    for one in row._meta.many_to_many:
        data[one.name] = sorted(getattr(row, one.name).values_list("pk", flat=True))
    if isinstance(row, Stream) and row.multi:
        rows = row.streamproperty_set.order_by("position")
        data["observed_properties"] = list(rows.values_list("observed_property_id", flat=True))
    return data


def keep(call: Call, row: Entity | HistoricalLocation, deed: str) -> None:
    """End the row's present version now and begin the next (a deletion begins none)."""
    now = micros(call.at)
    kind = kind_of(row)
    if deed != CREATE:
        Version.objects.filter(kind=kind, entity=row.pk, until=None).update(until=now)
    Version.objects.create(
        kind=kind,
        entity=row.pk,
        since=now,
        until=now if deed == DELETE else None,
        deed=deed,
        who=str(call.actor)[:200],
        data=snapshot(row),
    )


def keep_many(
    call: Call, rows: Sequence[tuple[Entity | HistoricalLocation, Mapping[str, list[int]]]], deed: str
) -> None:
    """:func:`keep` for rows of one kind whose links are known; ``deed`` is CREATE or UPDATE."""
    if not rows:
        return
    now, kind, who = micros(call.at), kind_of(rows[0][0]), str(call.actor)[:200]
    if deed != CREATE:
        pks = [row.pk for row, _ in rows]
        Version.objects.filter(kind=kind, entity__in=pks, until=None).update(until=now)
    Version.objects.bulk_create(
        [
            Version(kind=kind, entity=row.pk, since=now, deed=deed, who=who, data=snapshot(row, links))
            for row, links in rows
        ],
        batch_size=500,
    )
