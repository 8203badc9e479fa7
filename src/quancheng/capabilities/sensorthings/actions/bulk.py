"""成批登记: a registry of thousands of things with their streams, in few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quancheng.capabilities.sensorthings import facts, places, versions
from quancheng.capabilities.sensorthings.models import (
    Entity,
    FeatureOfInterest,
    HistoricalLocation,
    HistoricalPlace,
    Location,
    ObservedProperty,
    Sensor,
    Stream,
    Thing,
    ThingLocation,
)
from quancheng.capabilities.sensorthings.values import GEOJSON, StreamRow, ThingRow
from quancheng.core.sensorthings.times import micros
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput

MOST = 5_000
"""Things of one call: one transaction, during which SQLite has no other writer."""
_PART = 500
_NO_COLUMNS: dict[str, list[int]] = {"observed_properties": []}


@action("sensorthings.things.upsert")
def upsert_things(call: Call, *, rows: Sequence[ThingRow]) -> dict[str, dict[str, int]]:
    """成批登记或更新物和数据流: ``{"things": {key: id}, "streams": {key: id}}``.

    Like ``upsert_thing`` and ``upsert_stream`` for each row: what is unchanged writes nothing, a new place
    becomes the location from now on, each change leaves a version. One audit entry for all. All or nothing.
    Raises Forbidden, NotSignedIn; InvalidInput for a key given twice, more than ``MOST`` rows, a place
    outside the earth, a property or sensor that does not exist.
    """
    access.require(call.actor, "write", Thing)
    _check(rows)
    changed = 0
    things, streams = {}, {}
    for begin in range(0, len(rows), _PART):
        part = _Part(call, rows[begin : begin + _PART])
        things.update(part.things())
        streams.update(part.streams())
        changed += part.changed
    facts.forget()
    audit.note(things=len(things), streams=len(streams), changed=changed)
    return {"things": things, "streams": streams}


def _check(rows: Sequence[ThingRow]) -> None:
    if len(rows) > MOST:
        raise InvalidInput(Text(f"一次最多{MOST}个物。", f"At most {MOST} things at once."))
    streams = [one for row in rows for one in row.streams]
    for keys in ([row.key for row in rows], [one.key for one in streams]):
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InvalidInput(Text(f"外部键重复：{twice}。", f"A key is given twice: {twice}."))
    for row in rows:
        if not (_within(row.lon, 180) and _within(row.lat, 90)):
            raise InvalidInput(
                Text(f"{row.key} 的经纬度超出范围。", f"Longitude or latitude of {row.key} out of range.")
            )
    _exist(ObservedProperty, {one.observed_property for one in streams})
    _exist(Sensor, {one.sensor for one in streams})


def _within(value: float | None, limit: int) -> bool:
    return value is None or -limit <= value <= limit


def _exist(model: type[Entity], pks: set[int]) -> None:
    missing = pks - set(model.objects.filter(pk__in=pks).values_list("pk", flat=True))
    if missing:
        shown = f"{model._meta.object_name}({min(missing)})"
        raise InvalidInput(Text(f"所指对象不存在：{shown}。", f"No such {shown}."))


@dataclass
class _Part:
    """Some rows of one call."""

    call: Call
    rows: Sequence[ThingRow]
    changed: int = 0
    _things: dict[str, Thing] = field(default_factory=dict)

    def things(self) -> dict[str, int]:
        wanted = {row.key: _thing_columns(row) for row in self.rows}
        made, edited, self._things = _sort(Thing, wanted)
        Thing.objects.bulk_create(made)
        here = self._places([one.pk for one in self._things.values()])
        moved = [row for row in self.rows if self._moves(row, here)]
        links = {pk: {"locations": sorted(some)} for pk, some in here.items()}
        none: dict[str, list[int]] = {"locations": []}
        versions.keep_many(self.call, [(one, none) for one in made], versions.CREATE)
        self._edit(Thing, edited, [(one, links.get(one.pk, none)) for one in edited])
        self._move(moved)
        self.changed += len({row.key for row in moved} | {str(one.key) for one in [*made, *edited]})
        return {key: int(one.pk) for key, one in self._things.items()}

    def streams(self) -> dict[str, int]:
        wanted = {
            one.key: _stream_columns(one, self._things[row.key].pk)
            for row in self.rows
            for one in row.streams
        }
        made, edited, kept = _sort(Stream, wanted)
        Stream.objects.bulk_create(made)
        versions.keep_many(self.call, [(one, _NO_COLUMNS) for one in made], versions.CREATE)
        self._edit(Stream, edited, [(one, _NO_COLUMNS) for one in edited])
        self.changed += len(made) + len(edited)
        return {key: int(one.pk) for key, one in kept.items()}

    def _edit(self, model: type[Entity], rows: list[Any], linked: Sequence[tuple[Any, Any]]) -> None:
        if rows:
            names = _COLUMNS[model]
            model.objects.bulk_update(rows, names, batch_size=100)
            versions.keep_many(self.call, linked, versions.UPDATE)

    # -- places ---------------------------------------------------------------------------
    def _places(self, things: Iterable[int]) -> dict[int, dict[int, tuple[Any, ...]]]:
        """Where things are: thing → location → bounds."""
        rows = ThingLocation.objects.filter(thing__in=list(things)).values_list(
            "thing_id",
            "location_id",
            "location__west",
            "location__east",
            "location__south",
            "location__north",
        )
        found: dict[int, dict[int, tuple[Any, ...]]] = {}
        for thing, location, *box in rows:
            found.setdefault(thing, {})[location] = tuple(box)
        return found

    def _moves(self, row: ThingRow, here: Mapping[int, Mapping[int, tuple[Any, ...]]]) -> bool:
        if row.lon is None or row.lat is None:
            return False
        box = (row.lon, row.lon, row.lat, row.lat)
        return box not in here.get(self._things[row.key].pk, {}).values()

    def _move(self, rows: Sequence[ThingRow]) -> None:
        if not rows:
            return
        features = [_placed(FeatureOfInterest, row) for row in rows]
        FeatureOfInterest.objects.bulk_create(features)
        locations = [_placed(Location, row) for row in rows]
        for location, feature in zip(locations, features, strict=True):
            location.feature = feature
        Location.objects.bulk_create(locations)
        things = [self._things[row.key] for row in rows]
        ThingLocation.objects.filter(thing__in=[one.pk for one in things]).delete()
        pairs = list(zip(things, locations, strict=True))
        ThingLocation.objects.bulk_create([ThingLocation(thing=one, location=two) for one, two in pairs])
        now = micros(self.call.at)
        past = [HistoricalLocation(thing=one, time=now, public=one.public) for one in things]
        HistoricalLocation.objects.bulk_create(past)
        HistoricalPlace.objects.bulk_create(
            [HistoricalPlace(historical=one, location=two) for one, two in zip(past, locations, strict=True)]
        )
        at = [{"locations": [one.pk]} for one in locations]
        versions.keep_many(self.call, [(one, {}) for one in features], versions.CREATE)
        versions.keep_many(self.call, [(one, {}) for one in locations], versions.CREATE)
        versions.keep_many(self.call, list(zip(past, at, strict=True)), versions.CREATE)
        versions.keep_many(self.call, list(zip(things, at, strict=True)), versions.UPDATE)


_COLUMNS: dict[type[Entity], list[str]] = {
    Thing: ["name", "description", "properties", "public"],
    Stream: ["thing", "name", "description", "unit", "observed_property", "sensor", "observation_type",
             "properties", "public"],
}  # fmt: skip


def _sort(
    model: type[Any], wanted: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Rows to be made, rows that changed, and all rows by key."""
    kept: dict[str, Any] = {one.key: one for one in model.objects.filter(key__in=list(wanted))}
    made, edited = [], []
    for key, columns in wanted.items():
        row = kept.get(key)
        if row is None:
            kept[key] = row = model(key=key, **columns)
            made.append(row)
        elif any(getattr(row, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(row, name, value)
            edited.append(row)
    return made, edited, kept


def _thing_columns(row: ThingRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description,
        "properties": dict(row.properties),
        "public": row.public,
    }


def _stream_columns(row: StreamRow, thing: int) -> dict[str, Any]:
    return {
        "thing_id": thing,
        "name": row.name,
        "description": row.description,
        "unit": {"name": row.unit_name, "symbol": row.unit_symbol, "definition": row.unit_definition},
        "observed_property_id": row.observed_property,
        "sensor_id": row.sensor,
        "observation_type": row.observation_type,
        "properties": dict(row.properties),
        "public": row.public,
    }


def _placed(model: type[Any], row: ThingRow) -> Any:
    """A location or feature at the row's point, with its bounds."""
    assert row.lon is not None and row.lat is not None
    return model(
        name=row.location_name or row.name,
        encoding_type=GEOJSON,
        geometry=places.point(row.lon, row.lat),
        public=row.public,
        properties={},
        west=row.lon,
        east=row.lon,
        south=row.lat,
        north=row.lat,
    )
