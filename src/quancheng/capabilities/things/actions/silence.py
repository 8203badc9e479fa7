"""静默检测: stations and streams that should have spoken and did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from quancheng.capabilities.things import bridge, raising
from quancheng.capabilities.things.intervals import Intervals
from quancheng.capabilities.things.models import Datastream, Latest, Station, Status
from quancheng.capabilities.things.properties import MAIN
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action

CHUNK = 5000
_AWAKE = (Status.PLANNED, Status.INSTALLED, Status.SILENT)


@action("things.mark_silent", idempotent=False)
def mark_silent(call: Call, *, minutes: int) -> int:
    """静默检测: online stations not heard for so long become silent; returns how many."""
    access.require(call.actor, "prune", Station)
    limit = call.at - timedelta(minutes=minutes)
    quiet = Station.objects.filter(status=Status.ONLINE, last_seen__lt=limit, address__isnull=False)
    number = _set_status(call, list(quiet.filter(protocol="SL651")), Status.SILENT)
    audit.note(silent=number)
    return number


@dataclass(frozen=True, slots=True)
class _Heard:
    """A stream with when it last spoke."""

    pk: int
    station: int
    main: bool
    newest: datetime
    silent_since: datetime | None
    limit: timedelta


@action("things.watch_streams", idempotent=False)
def watch_streams(call: Call, *, after: int = 0) -> dict[str, int]:
    """逐流静默检测: by the expected interval of each stream; a station is as silent as its main stream.

    The next ``CHUNK`` streams after a row number, so that a million streams are many short transactions;
    ``last`` is where to go on, 0 at the end. Stations heard through the observation store wake up here.
    Streams never heard are not judged.
    """
    access.require(call.actor, "prune", Station)
    last, heard = _streams(call.at, after)
    quiet = [one for one in heard if call.at - one.newest > one.limit]
    loud = [one for one in heard if call.at - one.newest <= one.limit]
    done = {"silent_streams": _note_silence(quiet, loud)}
    _seen(heard)
    online = Station.objects.filter(status=Status.ONLINE, pk__in={one.station for one in quiet if one.main})
    done["silent"] = _set_status(call, list(online), Status.SILENT)
    asleep = Station.objects.filter(status__in=_AWAKE, pk__in={one.station for one in loud if one.main})
    done["woken"] = _set_status(call, list(asleep), Status.ONLINE)
    audit.note(**done)
    return done | {"last": last}


def _streams(at: datetime, after: int) -> tuple[int, list[_Heard]]:
    """Streams that ever spoke among the next ``CHUNK``, and where these end (0 = no more)."""
    intervals = Intervals.on(at)
    rows = Datastream.objects.filter(pk__gt=after).exclude(station__status=Status.RETIRED).order_by("pk")
    chunk = list(
        rows.values_list(
            "pk", "station_id", "station__kind", "prop", "number", "silent_since", "interval_minutes"
        )[:CHUNK]
    )
    keys = [row[0] for row in chunk]
    newest = dict(Latest.objects.filter(exercise="", datastream__in=keys).values_list("datastream", "time"))
    elsewhere = bridge.newest([row[4] for row in chunk if row[4] and row[0] not in newest])
    heard = []
    for pk, station, kind, prop, number, since, own in chunk:
        moment = newest.get(pk) or elsewhere.get(number)
        if moment is not None:
            limit = timedelta(minutes=intervals.silent_after(kind, own))
            heard.append(_Heard(pk, station, MAIN[kind] == prop, moment, since, limit))
    return (keys[-1] if len(chunk) == CHUNK else 0), heard


def _note_silence(quiet: list[_Heard], loud: list[_Heard]) -> int:
    rows = [Datastream(pk=one.pk, silent_since=one.newest) for one in quiet if one.silent_since is None]
    Datastream.objects.bulk_update(rows, ["silent_since"], batch_size=500)
    again = [one.pk for one in loud if one.silent_since is not None]
    Datastream.objects.filter(pk__in=again).update(silent_since=None)
    return len(rows)


def _seen(chunk: list[_Heard]) -> None:
    """Devices that speak past the SL 651 gateway: when each was last heard."""
    newest: dict[int, datetime] = {}
    for one in chunk:
        newest[one.station] = max(one.newest, newest.get(one.station, one.newest))
    rows = Station.objects.filter(pk__in=list(newest)).exclude(protocol="SL651").only("pk", "last_seen")
    late = [one for one in rows if one.last_seen is None or one.last_seen < newest[one.pk]]
    for one in late:
        one.last_seen = newest[one.pk]
    Station.objects.bulk_update(late, ["last_seen"], batch_size=500)


def _set_status(call: Call, stations: list[Station], status: Status) -> int:
    for station in stations:
        raising.tell_status(station, status)
    Station.objects.filter(pk__in=[one.pk for one in stations]).update(status=status, changed_at=call.at)
    return len(stations)
