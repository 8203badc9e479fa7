"""写实体: entities made with what is inside them, linked, changed, deleted. Only inside an action.

One :class:`Work` is one action: rows are written as they come, versions and observations at its end,
so that nothing is half-written when something is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.sensorthings import bodies, facts, observing, places, recording, undoing, versions
from quancheng.capabilities.sensorthings import models as m
from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.messages import bad
from quancheng.capabilities.sensorthings.tables import OBSERVATION, STREAMS, TABLES
from quancheng.capabilities.sensorthings.values import COMPLEX
from quancheng.core.sensorthings.model import BY_NAME, EntityType, Navigation
from quancheng.core.sensorthings.times import micros
from quancheng.kernel import access
from quancheng.kernel.actions import Call

Given = Mapping[str, Any]
"""Links that come from outside the body: relation → id, or list of ids."""
COLUMN = {"Thing": "thing_id", "Sensor": "sensor_id", "ObservedProperty": "observed_property_id"}


@dataclass
class Work:
    """What one action writes."""

    call: Call
    made: dict[tuple[str, int], Any] = field(default_factory=dict)
    changed: dict[tuple[str, int], Any] = field(default_factory=dict)
    pending: list[tuple[Mapping[str, Any], str, int, int | None]] = field(default_factory=list)
    """Observations inside entities: body, relation, stream, feature."""

    # -- making ---------------------------------------------------------------------------
    def insert(self, type: EntityType, body: Any, given: Given, depth: int = 0) -> Any:
        """Make an entity with everything inside it; its row. Raises Refused, Forbidden."""
        if depth > LIMITS.depth:
            raise bad(f"嵌套超过{LIMITS.depth}层。", f"Nested deeper than {LIMITS.depth} levels.")
        table = TABLES[type.name]
        access.require(self.call.actor, "write", table.model)
        values = bodies.columns(type, body, whole=True)
        for link in type.navigations:
            if not link.many:
                values[COLUMN[link.name]] = self._one(type, link, body, given, depth)
        row: Any = table.model(**values, **table.where)
        if isinstance(row, m.Placed):
            places.bound(row)
        if type.name == "MultiDatastream":
            row.observation_type = COMPLEX
        row.save()
        self.made[(type.name, row.pk)] = row
        self._inside(type, row, body, given, depth)
        return row

    def _one(self, type: EntityType, link: Navigation, body: Given, given: Given, depth: int) -> int:
        if link.name in given:
            return int(given[link.name])
        if body.get(link.name) is None:
            raise bad(f"{type.name} 缺少 {link.name}。", f"{type.name} lacks {link.name}.")
        return self.reference(BY_NAME[link.target], body[link.name], depth)

    def reference(self, type: EntityType, value: Any, depth: int = 0, given: Given | None = None) -> int:
        """The id of an entity linked to (other fields beside its id are ignored) or made now."""
        if not isinstance(value, dict):
            raise bad(f"{type.name} 应为对象。", f"{type.name} must be an object.")
        if "@iot.id" not in value:
            return int(self.insert(type, value, given or {}, depth + 1).pk)
        pk = recording.entity_id(value["@iot.id"])
        table = TABLES[type.name]
        if not access.visible(self.call.actor, table.model).filter(pk=pk, **table.where).exists():
            raise bad(f"没有{type.plural}({pk})。", f"There is no {type.plural}({pk}).")
        return pk

    def _inside(self, type: EntityType, row: Any, body: Given, given: Given, depth: int) -> None:
        """Everything a new entity is related to in numbers."""
        lists = {link.name: _items(body, link.name) for link in type.navigations if link.many}
        match type.name:
            case "Thing":
                ids = self._ids("Location", lists["Locations"], depth) + list(given.get("Locations", ()))
                if ids:
                    self.move(row, ids)
            case "Location":
                things = self._ids("Thing", lists["Things"], depth) + list(given.get("Things", ()))
                for pk in things:
                    self.move(m.Thing.objects.get(pk=pk), [row.pk])
                for pk in given.get("HistoricalLocations", ()):
                    m.HistoricalPlace.objects.get_or_create(historical_id=pk, location=row)
            case "HistoricalLocation":
                ids = self._ids("Location", lists["Locations"], depth) + list(given.get("Locations", ()))
                self._was(row, ids)
            case "MultiDatastream":
                ids = self._ids("ObservedProperty", lists["ObservedProperties"], depth)
                self.set_columns(row, ids or list(given.get("ObservedProperties", ())))
        for name, items in lists.items():
            self._children(type, row, name, items, depth)

    def _ids(self, target: str, items: Sequence[Any], depth: int) -> list[int]:
        return [self.reference(BY_NAME[target], one, depth) for one in items]

    def _children(self, type: EntityType, row: Any, name: str, items: Sequence[Any], depth: int) -> None:
        """Entities that belong to a new one: its streams, its history, its observations."""
        target = BY_NAME[type.links[name].target]
        if name in ("Locations", "Things", "ObservedProperties"):
            return
        for item in items:
            if target.name == OBSERVATION:
                self._observation(type, row, item)
            elif isinstance(item, dict) and "@iot.id" in item:
                self.relink(target, recording.entity_id(item["@iot.id"]), type, row.pk)
            elif name == "HistoricalLocations" and type.name == "Location":
                self.insert(target, item, {"Locations": [row.pk]}, depth + 1)
            elif name == "MultiDatastreams" and type.name == "ObservedProperty":
                self.insert(target, item, {"ObservedProperties": [row.pk]}, depth + 1)
            else:
                self.insert(target, item, {type.name: row.pk}, depth + 1)

    def _observation(self, type: EntityType, row: Any, item: Any) -> None:
        if not isinstance(item, dict):
            raise bad("观测应为对象。", "An observation must be an object.")
        if type.name in STREAMS:
            self.pending.append((item, type.name, row.pk, None))
            return
        target = recording.stream_of(item)
        if target is None:
            raise bad("观测须指明已有的数据流。", "An observation names an existing stream.")
        self.pending.append((item, *target, row.pk))

    def relink(self, target: EntityType, pk: int, type: EntityType, owner: int) -> None:
        """Give an existing stream (or historical location) another owner."""
        table = TABLES[target.name]
        found = (
            access.visible(self.call.actor, table.model, verb="write").filter(pk=pk, **table.where).first()
        )
        if found is None or type.name not in COLUMN or not hasattr(found, COLUMN[type.name]):
            raise bad(f"没有{target.plural}({pk})可链接。", f"There is no {target.plural}({pk}) to link.")
        setattr(found, COLUMN[type.name], owner)
        found.save()
        self.changed[(target.name, pk)] = found

    # -- places ---------------------------------------------------------------------------
    def move(self, thing: Any, locations: Sequence[int]) -> None:
        """A thing is now at these locations; the move becomes a historical location."""
        self._at(thing, locations)
        now = micros(self.call.at)
        was = m.HistoricalLocation.objects.create(thing=thing, time=now, public=thing.public)
        for pk in dict.fromkeys(locations):
            m.HistoricalPlace.objects.create(historical=was, location_id=pk)
        self.made[("HistoricalLocation", was.pk)] = was

    def leave(self, thing: Any) -> None:
        """A thing is nowhere now; there is no historical location without a place."""
        self._at(thing, ())

    def _at(self, thing: Any, locations: Sequence[int]) -> None:
        m.ThingLocation.objects.filter(thing=thing).delete()
        for pk in dict.fromkeys(locations):
            m.ThingLocation.objects.create(thing=thing, location_id=pk)
        if ("Thing", thing.pk) not in self.made:
            self.changed[("Thing", thing.pk)] = thing

    def _was(self, row: Any, locations: Sequence[int]) -> None:
        """A historical location made by hand: the latest one also says where the thing is now."""
        if not locations:
            raise bad("HistoricalLocation 缺少 Locations。", "HistoricalLocation lacks Locations.")
        for pk in dict.fromkeys(locations):
            m.HistoricalPlace.objects.create(historical=row, location_id=pk)
        others = m.HistoricalLocation.objects.filter(thing=row.thing_id, time__gt=row.time)
        if not others.exists():
            self._at(m.Thing.objects.get(pk=row.thing_id), locations)

    def set_columns(self, row: Any, properties: Sequence[int]) -> None:
        """The observed properties of a MultiDatastream, one a column."""
        if not properties:
            raise bad(
                "MultiDatastream 缺少 ObservedProperties。", "MultiDatastream lacks ObservedProperties."
            )
        if len(properties) != len(row.unit) or len(row.unit) != len(row.data_types):
            raise bad(
                "ObservedProperties、unitOfMeasurements、multiObservationDataTypes 的个数须相同。",
                "ObservedProperties, unitOfMeasurements and multiObservationDataTypes must be equally many.",
            )
        m.StreamProperty.objects.filter(stream=row).delete()
        for place, pk in enumerate(properties):
            m.StreamProperty.objects.create(stream=row, observed_property_id=pk, position=place)

    # -- the end --------------------------------------------------------------------------
    def finish(self) -> list[int]:
        """Write versions, then the observations; ids of those. The last thing an action does."""
        for row in self.made.values():
            versions.keep(self.call, row, versions.CREATE)
        for key, row in self.changed.items():
            if key not in self.made:
                versions.keep(self.call, row, versions.UPDATE)
        facts.forget()
        if not self.pending:
            return []
        rows = []
        for body, relation, stream, feature in self.pending:
            fact = recording.known_stream(relation, stream)
            one = recording.draft(body, stream, micros(self.call.at))
            recording.check_result(fact, one.result)
            given = body.get("FeatureOfInterest") if feature is None else {"@iot.id": feature}
            rows.append(recording.observation(one, self.observe(stream, given)))
        made = [int(one) for one in store.append(Batch.of(rows)).id]
        undoing.appended(made)
        return made

    # -- features -------------------------------------------------------------------------
    def observe(self, stream: int, given: Any) -> int:
        """The feature of an observation of a stream, made when it is new; the stream's area widens."""
        row = m.Stream.objects.select_for_update().get(pk=stream)
        if given is None:
            place = places.place_of(row.thing_id)
            if place is None:
                raise bad(
                    "物没有地点，观测须指明 FeatureOfInterest。",
                    "The thing has no location: the observation must name a FeatureOfInterest.",
                )
            pk = places.feature_of(self.call, place)
        else:
            before = set(self.made)
            pk = self.reference(BY_NAME["FeatureOfInterest"], given)
            for key in set(self.made) - before:
                versions.keep(self.call, self.made[key], versions.CREATE)
        _, new = m.StreamFeature.objects.get_or_create(stream=row, feature_id=pk)
        if new and places.widen(row, m.FeatureOfInterest.objects.get(pk=pk)):
            row.save(update_fields=["area"])
        if new:
            facts.forget()
        return pk


def _items(body: Given, name: str) -> list[Any]:
    found = body.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise bad(f"{name} 应为列表。", f"{name} must be a list.")
    return found


def observations_of(feature: int, reader: Any) -> list[int]:
    """Ids of all observations of a feature."""
    within = observing.scope(reader, (BY_NAME["FeatureOfInterest"], feature))
    page = observing.find(reader, within, limit=10**9)
    return [row.id for row in page.rows if row.feature == feature]
