"""登记: other modules keep their things, properties, sensors and streams here, by their own keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from quancheng.capabilities.sensorthings import places, versions
from quancheng.capabilities.sensorthings.models import (
    Entity,
    HistoricalLocation,
    HistoricalPlace,
    Location,
    ObservedProperty,
    Sensor,
    Stream,
    Thing,
    ThingLocation,
)
from quancheng.capabilities.sensorthings.values import GEOJSON, MEASUREMENT
from quancheng.core.sensorthings.times import micros
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput

E = TypeVar("E", bound=Entity)


def _keep(call: Call, model: type[E], key: str, **columns: Any) -> tuple[E, bool]:
    """The row of a key with these columns, and whether anything was written."""
    row: E | None = model.objects.filter(key=key).first()
    if row is None:
        made = model(key=key, **columns)
        made.save()
        versions.keep(call, made, versions.CREATE)
        return made, True
    changed = [name for name, value in columns.items() if getattr(row, name) != value]
    if changed:
        for name in changed:
            setattr(row, name, columns[name])
        row.save(update_fields=[name.removesuffix("_id") for name in changed])
        versions.keep(call, row, versions.UPDATE)
    return row, bool(changed)


@action("sensorthings.thing.upsert")
def upsert_thing(
    call: Call,
    *,
    key: str,
    name: str,
    description: str,
    properties: Mapping[str, Any],
    lon: float | None = None,
    lat: float | None = None,
    location_name: str = "",
    public: bool = True,
) -> int:
    """登记或更新物: the id of the thing of ``key``; a new place (degrees) becomes its location from now.

    Raises Forbidden, NotSignedIn; InvalidInput for a place outside the earth.
    """
    access.require(call.actor, "write", Thing)
    thing, changed = _keep(
        call, Thing, key, name=name, description=description, properties=dict(properties), public=public
    )
    if lon is not None and lat is not None and not places.same_place(thing, lon, lat):
        _move(call, thing, lon, lat, location_name or name)
        changed = True
    audit.note(key=key, changed=changed)
    return int(thing.pk)


def _move(call: Call, thing: Thing, lon: float, lat: float, name: str) -> None:
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise InvalidInput(Text("经纬度超出范围。", "Longitude or latitude out of range."))
    place = Location(
        name=name, encoding_type=GEOJSON, geometry=places.point(lon, lat), public=thing.public, properties={}
    )
    places.bound(place)
    place.save()
    places.feature_of(call, place)
    versions.keep(call, place, versions.CREATE)
    ThingLocation.objects.filter(thing=thing).delete()
    ThingLocation.objects.create(thing=thing, location=place)
    was = HistoricalLocation.objects.create(thing=thing, time=micros(call.at), public=thing.public)
    HistoricalPlace.objects.create(historical=was, location=place)
    versions.keep(call, was, versions.CREATE)
    versions.keep(call, thing, versions.UPDATE)


@action("sensorthings.observed_property.upsert")
def upsert_observed_property(
    call: Call,
    *,
    key: str,
    name: str,
    definition: str,
    description: str = "",
    properties: Mapping[str, Any] | None = None,
) -> int:
    """登记或更新观测要素; its id. Raises Forbidden, NotSignedIn."""
    access.require(call.actor, "write", ObservedProperty)
    row, changed = _keep(
        call,
        ObservedProperty,
        key,
        name=name,
        definition=definition,
        description=description,
        properties=dict(properties or {}),
    )
    audit.note(key=key, changed=changed)
    return int(row.pk)


@action("sensorthings.sensor.upsert")
def upsert_sensor(
    call: Call,
    *,
    key: str,
    name: str,
    description: str = "",
    encoding_type: str = "text/html",
    metadata: Any = "",
    properties: Mapping[str, Any] | None = None,
) -> int:
    """登记或更新传感器; its id. Raises Forbidden, NotSignedIn."""
    access.require(call.actor, "write", Sensor)
    row, changed = _keep(
        call,
        Sensor,
        key,
        name=name,
        description=description,
        encoding_type=encoding_type,
        metadata=metadata,
        properties=dict(properties or {}),
    )
    audit.note(key=key, changed=changed)
    return int(row.pk)


@action("sensorthings.stream.upsert")
def upsert_stream(
    call: Call,
    *,
    key: str,
    thing: int,
    name: str,
    description: str,
    unit_name: str,
    unit_symbol: str,
    unit_definition: str,
    observed_property: int,
    sensor: int,
    observation_type: str = MEASUREMENT,
    properties: Mapping[str, Any] | None = None,
    public: bool = True,
) -> int:
    """登记或更新数据流 (a Datastream); its id. ``thing``, ``observed_property`` and ``sensor`` are ids.

    Raises Forbidden, NotSignedIn; InvalidInput when one of the three does not exist.
    """
    access.require(call.actor, "write", Stream)
    _exist(
        thing=(Thing, thing), observed_property=(ObservedProperty, observed_property), sensor=(Sensor, sensor)
    )
    row, changed = _keep(
        call,
        Stream,
        key,
        thing_id=thing,
        name=name,
        description=description,
        unit={"name": unit_name, "symbol": unit_symbol, "definition": unit_definition},
        observed_property_id=observed_property,
        sensor_id=sensor,
        observation_type=observation_type,
        properties=dict(properties or {}),
        public=public,
    )
    audit.note(key=key, changed=changed)
    return int(row.pk)


def _exist(**wanted: tuple[type[Entity], int]) -> None:
    missing = [name for name, (model, pk) in wanted.items() if not model.objects.filter(pk=pk).exists()]
    if missing:
        raise InvalidInput(
            Text(f"所指对象不存在：{'、'.join(missing)}。", f"No such {', '.join(missing)}."),
            fields={name: Text("不存在", "does not exist") for name in missing},
        )
