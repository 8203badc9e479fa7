"""衔接: every station is a SensorThings thing, every accepted reading goes on into the observation store.

Readings are handed on by the row number of ``RecentReading``: rows above the kept position are appended,
then the position moves. A crash in between appends them again, and the store drops what it has
(``unique=True``), so each is there exactly once. Exercises stay here.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations import queries as kept
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.sensorthings import actions as sta
from quancheng.capabilities.sensorthings.values import StreamRow, ThingRow
from quancheng.capabilities.things.models import BridgePosition, Datastream, Kind, RecentReading, Station
from quancheng.capabilities.things.models import Quality as Judged
from quancheng.capabilities.things.places import places_changed
from quancheng.capabilities.things.properties import PROPERTIES, label_of
from quancheng.core.telemetry.reading import Quality
from quancheng.kernel.actions import Call

READINGS = "readings"
ROUND = 20_000
PUBLIC = frozenset(
    {Kind.RAIN, Kind.RIVER, Kind.RESERVOIR, Kind.SPRING, Kind.PONDING, Kind.WEATHER, Kind.AIR, Kind.NOISE, Kind.MANHOLE,
     Kind.STREETLIGHT, Kind.POLE, Kind.SATELLITE}
)  # fmt: skip
"""Kinds whose readings anyone may see; the same as the rule for stations in module.toml."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_UCUM = "http://unitsofmeasure.org/ucum.html"


def micros(moment: datetime) -> int:
    """Microseconds since the epoch."""
    return (moment - _EPOCH) // _MICRO


def moment(at: int) -> datetime:
    """The moment of microseconds since the epoch."""
    return _EPOCH + at * _MICRO


def key_of(code: str) -> str:
    """The key of a station among the things of SensorThings."""
    return f"things:{code}"


# -- things and streams -----------------------------------------------------------------------
def enrol_stations(call: Call, stations: Sequence[Station]) -> int:
    """Make or renew the things and streams of stations, inside the caller's action; how many streams are new.

    Few statements whatever the number; at most 5,000 stations.
    """
    streams: dict[int, list[Datastream]] = {}
    for row in Datastream.objects.filter(station__in=stations).order_by("pk"):
        streams.setdefault(row.station_id, []).append(row)
    enrolling = _Enrolling(call)
    rows = [enrolling.thing(station, streams.get(station.pk, [])) for station in stations]
    made = sta.upsert_things(call, rows=rows)
    numbered, changed = [], []
    for station in stations:
        thing = made["things"][key_of(station.code)]
        if station.thing != thing:
            station.thing = thing
            changed.append(station)
        for row in streams.get(station.pk, []):
            number = made["streams"][_stream_key(station, row)]
            if row.number != number:
                row.number = number
                numbered.append(row)
    Datastream.objects.bulk_update(numbered, ["number"], batch_size=500)
    Station.objects.bulk_update(changed, ["thing"], batch_size=500)
    if numbered:
        places_changed(call.at)
    return len(numbered)


def _stream_key(station: Station, row: Datastream) -> str:
    return f"{key_of(station.code)}:{row.prop}"


class _Enrolling:
    """Rows of one call for SensorThings; properties and sensors are made once each."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._properties: dict[str, int] = {}
        self._sensors: dict[tuple[str, str], int] = {}

    def thing(self, station: Station, streams: Sequence[Datastream]) -> ThingRow:
        """A station with its streams."""
        facts = {
            "code": station.code, "kind": station.kind, "name_en": station.en, "region": station.region,
            "department": station.department, "protocol": station.protocol, "maker": station.maker,
            "model": station.model, "simulated": station.simulated,
        }  # fmt: skip
        return ThingRow(
            key=key_of(station.code), name=station.zh, description=f"{Kind(station.kind).name} {station.en}",
            properties=facts, lon=station.lon, lat=station.lat, location_name=station.zh, public=station.kind in PUBLIC,
            streams=tuple(self._stream(station, row) for row in streams),
        )  # fmt: skip

    def _stream(self, station: Station, row: Datastream) -> StreamRow:
        text = label_of(row.prop)
        facts = {
            "property": row.prop, "station": station.code, "kind": station.kind, "region": station.region,
            "department": station.department, "simulated": station.simulated,
        }  # fmt: skip
        return StreamRow(
            key=_stream_key(station, row), name=f"{station.zh} {text.zh}", description=f"{station.en}: {text.en}",
            unit_name=row.unit or "-", unit_symbol=row.unit, unit_definition=_UCUM,
            observed_property=self._property(row.prop), sensor=self._sensor(station.kind, station.model),
            properties=facts, public=station.kind in PUBLIC,
        )  # fmt: skip

    def _property(self, prop: str) -> int:
        if prop not in self._properties:
            text = label_of(prop)
            self._properties[prop] = sta.upsert_observed_property(
                self._call, key=key_of(prop), name=text.zh, definition=f"urn:quancheng:property:{prop}",
                description=text.en, properties={"name_en": text.en, "property": prop},
            )  # fmt: skip
        return self._properties[prop]

    def _sensor(self, kind: str, model: str) -> int:
        if (kind, model) not in self._sensors:
            name = f"{kind} {model}".strip()
            self._sensors[kind, model] = sta.upsert_sensor(
                self._call, key=f"things:{kind}:{model}", name=name, description=name, metadata=""
            )
        return self._sensors[kind, model]


def withdraw(call: Call, things: Sequence[int]) -> int:
    """Remove things with their streams and observations: an import was taken back. How many."""
    return sta.delete_entities(call, kind="Thing", ids=list(things)) if things else 0


# -- readings ---------------------------------------------------------------------------------
@contextmanager
def alone() -> Iterator[bool]:
    """True while nobody else on this machine hands readings on; False when somebody does."""
    folder = Path(settings.HOME) / "things"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "bridge.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def waiting(position: int) -> list[tuple[Any, ...]]:
    """The next readings of the real city after a position: row, station, stream, number, time, value …"""
    rows = RecentReading.objects.filter(pk__gt=position, exercise="").order_by("pk")
    return list(
        rows.values_list(
            "pk", "datastream__station_id", "datastream_id", "datastream__number", "time", "value", "quality",
            "datastream__station__simulated",
        )[:ROUND]
    )  # fmt: skip


def position() -> int:
    """Up to which row readings were handed on."""
    found = BridgePosition.objects.filter(name=READINGS).values_list("position", flat=True).first()
    return int(found or 0)


def hand_on(rows: Iterable[tuple[Any, ...]], numbers: dict[int, int]) -> int:
    """Append readings to the observation store; ``numbers``: stream numbers by datastream. How many rows."""
    kept_rows = [row for row in rows if numbers.get(row[2])]
    if not kept_rows:
        return 0
    batch = Batch.numbers(
        np.array([numbers[row[2]] for row in kept_rows], np.int64),
        np.array([micros(row[4]) for row in kept_rows], np.int64),
        np.array([float(row[5]) for row in kept_rows], np.float64),
        np.array([_flags(row[6], row[7]) for row in kept_rows], np.uint16),
    )
    store.append(batch, unique=True)
    return len(kept_rows)


def _flags(judged: str, simulated: bool) -> int:
    late = Quality.LATE if judged == Judged.LATE else 0
    return int(late) | (int(Quality.SIMULATED) if simulated else 0)


def newest(numbers: Sequence[int]) -> dict[int, datetime]:
    """When each SensorThings stream last spoke, as the observation store knows."""
    return {number: moment(row.time) for number, row in kept.latest(list(numbers)).items()} if numbers else {}


def newest_values(numbers: Sequence[int]) -> dict[int, tuple[datetime, float]]:
    """Newest numeric value of SensorThings streams."""
    rows = kept.latest(list(numbers)) if numbers else {}
    return {
        number: (moment(row.time), float(row.result))
        for number, row in rows.items()
        if isinstance(row.result, int | float) and not isinstance(row.result, bool)
    }


def label(prop: str) -> str:
    """The Chinese name of a property, for files."""
    return PROPERTIES[prop].text.zh if prop in PROPERTIES else prop
