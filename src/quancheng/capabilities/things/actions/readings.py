"""读数: values that do not come as SL 651 frames (gauges read by people, synthetic devices)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from quancheng.capabilities.things.models import Datastream, Latest, Quality, RecentReading, Station, Status
from quancheng.capabilities.things.properties import PROPERTIES, impossible
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput, NotFound, TooLarge

T = TypeVar("T")
LIMIT = 50_000
_OLDEST_HOURS = 48


@action("things.record_readings", idempotent=False)
def record_readings(call: Call, *, rows: Sequence[tuple[str, str, datetime, Decimal]]) -> int:
    """记录读数: (station code, property, time, value) of existing streams; all or none, known ones are left alone.

    Raises Forbidden, NotFound, TooLarge, InvalidInput (impossible value, in the future, older than two days).
    """
    access.require(call.actor, "ingest", Station)
    if len(rows) > LIMIT:
        raise TooLarge(Text(f"一次最多{LIMIT}条。", f"At most {LIMIT} at once."))
    streams = _streams({row[0] for row in rows})
    now = clock.now()
    wanted: dict[tuple[int, datetime], Decimal] = {}
    for code, prop, at, value in rows:
        stream = streams.get((code, prop))
        if stream is None:
            raise NotFound(Text(f"没有数据流 {code} {prop}。", f"There is no stream {code} {prop}."))
        _check(prop, at, value, now)
        wanted[stream, at] = value
    made = _new(wanted)
    RecentReading.objects.bulk_create(made, batch_size=2000)
    _latest(made)
    heard = {row[0] for row in rows}
    for chunk in _chunks(sorted(heard)):
        spoke = Station.objects.filter(code__in=chunk)
        spoke.update(last_seen=max(row[2] for row in rows))
        spoke.filter(status__in=[Status.PLANNED, Status.INSTALLED, Status.SILENT]).update(
            status=Status.ONLINE, changed_at=call.at
        )
    audit.note(readings=len(made), known=len(wanted) - len(made))
    return len(made)


def _streams(codes: set[str]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for chunk in _chunks(sorted(codes)):
        rows = Datastream.objects.filter(station__code__in=chunk).exclude(station__status=Status.RETIRED)
        found |= {(code, prop): pk for pk, code, prop in rows.values_list("pk", "station__code", "prop")}
    return found


def _check(prop: str, at: datetime, value: Decimal, now: datetime) -> None:
    if at.tzinfo is None or not -300 <= (now - at).total_seconds() <= _OLDEST_HOURS * 3600:
        raise InvalidInput(
            fields={"time": Text("应在两天以内，不能在将来", "Within two days, not in the future")}
        )
    if not value.is_finite() or (prop in PROPERTIES and impossible(prop, value)):
        raise InvalidInput(fields={"value": Text("数值不可能", "An impossible value")})


def _new(wanted: dict[tuple[int, datetime], Decimal]) -> list[RecentReading]:
    known: set[tuple[int, datetime]] = set()
    for chunk in _chunks(sorted({stream for stream, _ in wanted})):
        times = [at for _, at in wanted]
        rows = RecentReading.objects.filter(
            exercise="", datastream__in=chunk, time__gte=min(times), time__lte=max(times)
        )
        known |= set(rows.values_list("datastream_id", "time"))
    return [
        RecentReading(datastream_id=stream, time=at, value=value, quality=Quality.GOOD)
        for (stream, at), value in wanted.items()
        if (stream, at) not in known
    ]


def _latest(made: Iterable[RecentReading]) -> None:
    newest: dict[int, RecentReading] = {}
    for row in made:
        if row.datastream_id not in newest or row.time > newest[row.datastream_id].time:
            newest[row.datastream_id] = row
    for chunk in _chunks(sorted(newest)):
        rows = Latest.objects.filter(exercise="", datastream__in=chunk)
        before = dict(rows.values_list("datastream_id", "time"))
        Latest.objects.bulk_create(
            [
                Latest(
                    datastream_id=key, time=newest[key].time, value=newest[key].value, quality=Quality.GOOD
                )
                for key in chunk
                if key not in before or before[key] < newest[key].time
            ],
            update_conflicts=True,
            unique_fields=["datastream", "exercise"],
            update_fields=["time", "value", "quality"],
        )


def _chunks(rows: Sequence[T], size: int = 500) -> Iterable[Sequence[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
