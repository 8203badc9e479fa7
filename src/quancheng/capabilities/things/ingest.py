"""接收: one batch of frames into tables, store, ledger, alarms and events. Called by the action."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import connection

from quancheng.capabilities.things import judging, raising
from quancheng.capabilities.things.evaluation import touched_streams
from quancheng.capabilities.things.models import (
    AlarmRule,
    Datastream,
    DeadLetter,
    IngestBatch,
    Latest,
    Quality,
    RecentReading,
    Station,
    Status,
)
from quancheng.capabilities.things.observations import keep
from quancheng.capabilities.things.values import (
    ACCEPTED,
    DUPLICATE,
    REJECTED,
    IngestReport,
    Observation,
    Outcome,
    ReceivedFrame,
    Tally,
)
from quancheng.capabilities.things.window_cache import cache
from quancheng.core.telemetry import sl651
from quancheng.kernel import clock, events

HEX_LIMIT = 16_000
_ADVISORY_LOCK = 0x5C651
Key = tuple[int, datetime]


@dataclass(slots=True)
class _Wanted:
    """A reading that passed, waiting to be compared with what is there."""

    frame: int
    station: Station
    prop: str
    time: datetime
    value: Decimal
    received_at: datetime


@dataclass(slots=True)
class Batch:
    """The work on one call, step by step."""

    channel: str
    exercise: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    tally: Tally = field(default_factory=Tally)
    dead: list[DeadLetter] = field(default_factory=list)
    outcomes: list[Outcome | None] = field(default_factory=list)
    wanted: list[_Wanted] = field(default_factory=list)
    heard: dict[int, Station] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)
    refused_only: dict[int, str] = field(default_factory=dict)
    frames: list[judging.Read] = field(default_factory=list)


def ingest(frames: Sequence[ReceivedFrame], channel: str, exercise: str) -> IngestReport:
    """Everything of one batch, inside the caller's transaction."""
    _wait_for_other_writers()
    rules = list(AlarmRule.objects.filter(active=True))
    cache.catch_up(frozenset(rule.prop for rule in rules))
    batch = Batch(channel, exercise)
    _judge(batch, frames)
    streams = _streams(batch)
    new, corrected, observations = _compare(batch, streams)
    received_at = max((frame.received_at for frame in frames), default=clock.now())
    row = _write(batch, new, corrected, observations, received_at)
    watched = {rule.prop for rule in rules}
    rows = [*new, *corrected]
    cache.absorb(row, exercise, rows, {o.stream for o in observations if o.prop in watched})
    alarms = raising.raise_hits(
        rules, touched_streams(observations), exercise, run=batch.run, detected_at=received_at
    )
    report = _report(batch, tuple(alarm.pk for alarm in alarms))
    if observations:
        events.emit("things.observations.ingested", batch.run, _summary(batch, report, observations))
    return report


def _wait_for_other_writers() -> None:
    """SQLite writers already queue; on PostgreSQL batches do, so that ids follow commits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


# -- judging ----------------------------------------------------------------------------------
def _judge(batch: Batch, frames: Sequence[ReceivedFrame]) -> None:
    batch.frames = [judging.read(received) for received in frames]
    known = judging.stations_by_address({read.address for read in batch.frames if read.address})
    for index, read in enumerate(batch.frames):
        batch.outcomes.append(_judge_one(batch, index, read, known.get(read.address)))


def _judge_one(batch: Batch, index: int, read: judging.Read, station: Station | None) -> Outcome | None:
    """The outcome if it is known already; None when it hangs on the readings."""
    received_at = read.received.received_at
    refusal = read.refusal
    if refusal is None and read.frame is not None:
        refusal = judging.judge(read.frame, received_at, station)
    if refusal is not None or read.frame is None or station is None:
        refusal = refusal or judging.Refusal("noise")
        batch.tally.rejected[refusal.reason] += 1
        _bury(batch, read, refusal)
        return Outcome(REJECTED, refusal.reason)
    batch.heard[station.pk] = station
    kept = 0
    for prop, at, value, doubt in judging.readings(read.frame, station.kind):
        if doubt is not None:
            batch.tally.refused[doubt.reason] += 1
            batch.refused_only.setdefault(index, doubt.reason)
            _bury(batch, read, doubt)
        elif value is not None:
            kept += 1
            batch.wanted.append(_Wanted(index, station, prop, at, value, received_at))
            if judging.is_late(at, received_at):
                batch.late.add(index)
    if kept:
        batch.refused_only.pop(index, None)
        return None
    if index in batch.refused_only:
        reason = batch.refused_only[index]
        batch.tally.rejected[reason] += 1
        return Outcome(REJECTED, reason, _answer(read.frame))
    batch.tally.accepted += 1
    return Outcome(ACCEPTED, "", _answer(read.frame))


def _answer(frame: sl651.Frame | None) -> sl651.Frame | None:
    """The frame to acknowledge: well-formed, of a known station and wanting an answer."""
    return frame if frame is not None and frame.wants_answer else None


def _bury(batch: Batch, read: judging.Read, refusal: judging.Refusal) -> None:
    text = judging.reason_text(refusal.reason)
    batch.dead.append(
        DeadLetter(
            received_at=read.received.received_at,
            channel=batch.channel,
            exercise=batch.exercise,
            reason=refusal.reason,
            zh=text.zh[:300],
            en=text.en[:300],
            detail=refusal.detail[:200],
            raw_hex=read.raw().hex().upper()[:HEX_LIMIT],
            address=read.address,
            run=batch.run,
        )
    )


# -- comparing --------------------------------------------------------------------------------
def _streams(batch: Batch) -> dict[tuple[int, str], Datastream]:
    """The stream of every wanted reading, made where a station sends an element for the first time."""
    stations = {wanted.station.pk: wanted.station for wanted in batch.wanted}
    found = {
        (stream.station_id, stream.prop): stream
        for stream in Datastream.objects.filter(station__in=list(stations))
    }
    missing = {(w.station.pk, w.prop) for w in batch.wanted} - found.keys()
    made = Datastream.objects.bulk_create(
        [Datastream.of(stations[station], prop) for station, prop in sorted(missing)]
    )
    return found | {(stream.station_id, stream.prop): stream for stream in made}


def _compare(
    batch: Batch, streams: dict[tuple[int, str], Datastream]
) -> tuple[list[RecentReading], list[RecentReading], list[Observation]]:
    """New readings and corrected ones; the same again is a duplicate and changes nothing."""
    before = _existing(batch, streams)
    seen = {key: value for key, (_, value) in before.items()}
    made: dict[Key, tuple[RecentReading, Observation]] = {}
    fresh: set[int] = set()
    for wanted in batch.wanted:
        stream = streams[wanted.station.pk, wanted.prop]
        key = (stream.pk, wanted.time)
        if seen.get(key) == wanted.value:
            continue
        known = key in seen
        seen[key] = wanted.value
        fresh.add(wanted.frame)
        batch.tally.corrected += known
        late = judging.is_late(wanted.time, wanted.received_at)
        quality = Quality.CORRECTED if known else Quality.LATE if late else Quality.GOOD
        made[key] = (
            RecentReading(
                datastream=stream, exercise=batch.exercise, time=wanted.time, value=wanted.value, quality=quality
            ),
            Observation(
                stream.pk, wanted.station.code, wanted.station.region, wanted.station.kind, wanted.prop,
                wanted.time, wanted.value, quality.value, wanted.received_at,
            ),
        )  # fmt: skip
    _settle(batch, fresh)
    stale = [before[key][0] for key in made if key in before]
    if stale:
        RecentReading.objects.filter(pk__in=stale).delete()
    new = [reading for key, (reading, _) in made.items() if key not in before]
    corrected = [reading for key, (reading, _) in made.items() if key in before]
    return new, corrected, [observation for _, observation in made.values()]


def _existing(batch: Batch, streams: dict[tuple[int, str], Datastream]) -> dict[Key, tuple[int, Decimal]]:
    rows = RecentReading.objects.filter(
        exercise=batch.exercise,
        datastream__in={streams[w.station.pk, w.prop].pk for w in batch.wanted},
        time__in={w.time for w in batch.wanted},
    )
    if not batch.wanted:
        return {}
    found = rows.values_list("datastream_id", "time", "pk", "value")
    return {(stream, at): (pk, value) for stream, at, pk, value in found}


def _settle(batch: Batch, fresh: set[int]) -> None:
    """Give the frames that hung on their readings their outcome."""
    for index in {wanted.frame for wanted in batch.wanted}:
        answer = _answer(batch.frames[index].frame)
        if index in fresh:
            batch.tally.accepted += 1
            batch.tally.late += index in batch.late
            batch.outcomes[index] = Outcome(ACCEPTED, "late" if index in batch.late else "", answer)
        else:
            batch.tally.duplicate += 1
            batch.outcomes[index] = Outcome(DUPLICATE, "", answer)


# -- writing ----------------------------------------------------------------------------------
def _write(
    batch: Batch,
    new: list[RecentReading],
    corrected: list[RecentReading],
    observations: list[Observation],
    received_at: datetime,
) -> IngestBatch:
    tally = batch.tally
    tally.readings = len(observations)
    if observations:
        RecentReading.objects.bulk_create([*new, *corrected], batch_size=2000)
        _latest(batch.exercise, [*new, *corrected])
        keep(observations, exercise=batch.exercise, run=batch.run)
    if batch.dead:
        DeadLetter.objects.bulk_create(batch.dead, batch_size=500)
    if batch.heard and not batch.exercise:
        _heard(batch.heard, received_at)
    return IngestBatch.objects.create(
        run=batch.run,
        channel=batch.channel,
        exercise=batch.exercise,
        received_at=received_at,
        received=len(batch.frames),
        accepted=tally.accepted,
        duplicate=tally.duplicate,
        rejected=sum(tally.rejected.values()),
        reasons=dict(tally.rejected),
        late=tally.late,
        readings=tally.readings,
        corrected=tally.corrected,
        refused=dict(tally.refused),
    )


def _latest(exercise: str, readings: Iterable[RecentReading]) -> None:
    newest: dict[int, RecentReading] = {}
    for reading in readings:
        before = newest.get(reading.datastream_id)
        if before is None or reading.time > before.time:
            newest[reading.datastream_id] = reading
    known = dict(
        Latest.objects.filter(exercise=exercise, datastream__in=list(newest)).values_list(
            "datastream_id", "time"
        )
    )
    rows = [
        Latest(
            datastream_id=stream,
            exercise=exercise,
            time=reading.time,
            value=reading.value,
            quality=reading.quality,
        )
        for stream, reading in newest.items()
        if stream not in known or reading.time >= known[stream]
    ]
    if rows:
        Latest.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["datastream", "exercise"],
            update_fields=["time", "value", "quality"],
        )


def _heard(heard: dict[int, Station], received_at: datetime) -> None:
    """Stations that spoke are alive; faulty ones stay so until a person says otherwise."""
    Station.objects.filter(pk__in=list(heard)).update(last_seen=received_at)
    woken = [one for one in heard.values() if one.status in {Status.PLANNED, Status.SILENT}]
    if woken:
        Station.objects.filter(pk__in=[one.pk for one in woken]).update(
            status=Status.ONLINE, changed_at=received_at
        )
        for station in woken:
            raising.tell_status(station, Status.ONLINE)


def _report(batch: Batch, alarms: tuple[int, ...]) -> IngestReport:
    tally = batch.tally
    return IngestReport(
        run=batch.run,
        received=len(batch.frames),
        accepted=tally.accepted,
        duplicate=tally.duplicate,
        rejected=dict(tally.rejected),
        late=tally.late,
        readings=tally.readings,
        corrected=tally.corrected,
        refused=dict(tally.refused),
        alarms=alarms,
        outcomes=tuple(outcome for outcome in batch.outcomes if outcome is not None),
    )


def _summary(batch: Batch, report: IngestReport, observations: list[Observation]) -> dict[str, object]:
    figures = report.to_dict()
    figures.pop("alarms")
    return {
        **figures,
        "channel": batch.channel,
        "exercise": batch.exercise,
        "stations": sorted({seen.station for seen in observations}),
        "from": min(seen.time for seen in observations).astimezone(clock.LOCAL).isoformat(),
        "to": max(seen.time for seen in observations).astimezone(clock.LOCAL).isoformat(),
        "properties": dict(Counter(seen.prop for seen in observations)),
    }
