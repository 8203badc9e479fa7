"""改实体: PATCH, PUT and JSON Patch on one row (OGC 18-088 § 10.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.sensorthings import bodies, places
from quancheng.capabilities.sensorthings import models as m
from quancheng.capabilities.sensorthings.messages import bad
from quancheng.capabilities.sensorthings.recording import entity_id
from quancheng.capabilities.sensorthings.tables import TABLES
from quancheng.capabilities.sensorthings.writing import COLUMN, Work
from quancheng.core.sensorthings.model import BY_NAME, EntityType, Navigation


def change(work: Work, type: EntityType, row: Any, body: Mapping[str, Any], *, replace: bool) -> None:
    """Change a row and its links; ``replace`` (PUT): mandatory properties must be there, others become empty.

    Raises Refused 400 for anything that does not fit.
    """
    if not replace and isinstance(body, Mapping) and "encodingType" not in body and isinstance(row, m.Placed):
        body = {**body, "encodingType": row.encoding_type}
    values = bodies.columns(type, body, whole=replace)
    if replace:
        for one in type.properties:
            if not one.mandatory and not one.computed and one.name not in body:
                values[TABLES[type.name].columns[one.name]] = None
    if type.name == "MultiDatastream":
        values.pop("observation_type", None)
    for name, value in values.items():
        setattr(row, name, value)
    if isinstance(row, m.Placed):
        places.bound(row)
    _links(work, type, row, _linking(type, body) if replace else body)
    row.save()
    if isinstance(row, m.HistoricalLocation) and row.time is None:
        raise bad("time 不能为空。", "time must not be null.")
    work.changed[(type.name, row.pk)] = row


def _linking(type: EntityType, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a whole entity links: clients send related entities back as they hold them, without ids too."""
    found: dict[str, Any] = {}
    for link in type.navigations:
        value = body.get(link.name)
        if isinstance(value, dict) and "@iot.id" in value:
            found[link.name] = value
        elif isinstance(value, list):
            kept = [one for one in value if isinstance(one, dict) and "@iot.id" in one]
            if kept and len(kept) == len(value):
                found[link.name] = kept
    return found


def _links(work: Work, type: EntityType, row: Any, body: Mapping[str, Any]) -> None:
    for link in type.navigations:
        if link.name not in body:
            continue
        value = body[link.name]
        if link.many:
            ids = [_linked(work, link.target, one) for one in _list(link.name, value)]
            link_many(work, type, row, link, ids)
        else:
            setattr(row, COLUMN[link.name], _linked(work, link.target, value))
    if isinstance(row, m.Stream) and row.multi:
        count = m.StreamProperty.objects.filter(stream=row).count()
        if not len(row.unit) == len(row.data_types) == count:
            raise bad(
                "单位、类型与要素的个数须相同。", "Units, types and observed properties must be equally many."
            )


def link_many(work: Work, type: EntityType, row: Any, link: Navigation, ids: list[int]) -> None:
    """Give a row the related entities of a relation to many. Raises Refused 400."""
    match type.name, link.name:
        case "Thing", "Locations":
            if set(ids) != set(row.locations.values_list("pk", flat=True)):
                work.move(row, ids)
        case "Location", "Things":
            for pk in set(ids) - set(row.things.values_list("pk", flat=True)):
                work.move(m.Thing.objects.get(pk=pk), [row.pk])
        case "HistoricalLocation", "Locations":
            m.HistoricalPlace.objects.filter(historical=row).delete()
            for pk in ids:
                m.HistoricalPlace.objects.create(historical=row, location_id=pk)
        case "MultiDatastream", "ObservedProperties":
            work.set_columns(row, ids)
        case _, ("Datastreams" | "MultiDatastreams" | "HistoricalLocations"):
            for pk in ids:
                work.relink(BY_NAME[link.target], pk, type, row.pk)
        case _:
            raise bad(f"不能在此修改 {link.name}。", f"{link.name} cannot be changed here.")


def _linked(work: Work, target: str, value: Any) -> int:
    """Links only: an update makes no new entities (OGC 18-088 § 10.3.1)."""
    if not isinstance(value, dict) or "@iot.id" not in value:
        raise bad(
            f"修改时 {target} 只能以 @iot.id 链接。", f"An update links {target} by @iot.id and makes none."
        )
    entity_id(value["@iot.id"])
    return work.reference(BY_NAME[target], value)


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise bad(f"{name} 应为列表。", f"{name} must be a list.")
    return value
