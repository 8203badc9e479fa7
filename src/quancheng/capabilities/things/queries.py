"""Reads of things, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.utils.translation import get_language

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import observations
from quancheng.capabilities.things.districts import district_hours as district_hours
from quancheng.capabilities.things.models import (
    OPEN,
    Alarm,
    Datastream,
    DeadLetter,
    DeviceEvent,
    IngestBatch,
    Kind,
    Latest,
    Maintainer,
    RecentReading,
    RepairOrder,
    Station,
    Status,
)
from quancheng.capabilities.things.properties import MAIN, RAIN_5MIN, SLOT
from quancheng.capabilities.things.values import ArealRow, LatestRow, Point, WindowRow
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound

SERIES_LIMIT = timedelta(days=366)
_ORDINARY = [Status.ONLINE, Status.SILENT, Status.FAULTY]


# -- stations ---------------------------------------------------------------------------------
def stations(
    actor: Actor,
    *,
    kind: str = "",
    region: str = "",
    status: str = "",
    department: str = "",
    text: str = "",
    maintainer: str = "",
    due: str = "",
) -> QuerySet[Station]:
    """Stations and devices the actor may see, narrowed; ``due`` = "calibration" or "repair"."""
    found = access.visible(actor, Station)
    if kind:
        found = found.filter(kind=kind)
    if status:
        found = found.filter(status=status)
    if department:
        found = found.filter(department=department)
    if maintainer:
        found = found.filter(maintainer__code=maintainer)
    if due == "calibration":
        found = found.filter(calibration_due__lte=clock.today())
    elif due == "repair":
        found = found.filter(Exists(RepairOrder.objects.filter(station=OuterRef("pk"), state__in=OPEN)))
    if region:
        found = found.filter(people.in_region(region, "region"))
    if text.strip():
        words = text.strip()
        found = found.filter(
            Q(zh__icontains=words)
            | Q(en__icontains=words)
            | Q(code__icontains=words)
            | Q(address__icontains=words)
            | Q(serial__icontains=words)
        )
    return found


def station(actor: Actor, code: str) -> Station:
    """One station; NotFound when there is none or the actor may not see it."""
    found = access.visible(actor, Station).filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有站点 {code[:40]}。", f"There is no station {code[:40]}."))
    return found


def counts(actor: Actor, found: QuerySet[Station]) -> dict[str, int]:
    """How many stations of each state."""
    rows = found.order_by().values_list("status").annotate(number=Count("pk"))
    numbers = dict(rows)
    return {status: numbers.get(status, 0) for status in Status.values}


def stamp() -> tuple[int, datetime | None]:
    """What changes whenever a map of stations would: number of ledger rows and time of the last change."""
    newest = IngestBatch.objects.aggregate(newest=Max("pk"))["newest"] or 0
    changed = Station.objects.aggregate(changed=Max("changed_at"))["changed"]
    return newest, changed


def alarm_stamp() -> tuple[int, int]:
    """What changes whenever alarms do."""
    handled = Count("pk", filter=~Q(state=Alarm.State.RAISED)) + Count(
        "pk", filter=Q(state=Alarm.State.CLOSED)
    )
    row = Alarm.objects.aggregate(newest=Max("pk"), handled=handled)
    return row["newest"] or 0, row["handled"]


# -- values -----------------------------------------------------------------------------------
def latest(
    actor: Actor, *, kind: str = "", prop: str = "", exercise: str = "", codes: Iterable[str] | None = None
) -> list[LatestRow]:
    """Newest value of each stream, of the real city or of one exercise."""
    rows = Latest.objects.filter(exercise=exercise, datastream__station__in=stations(actor, kind=kind))
    if prop:
        rows = rows.filter(datastream__prop=prop)
    if codes is not None:
        rows = rows.filter(datastream__station__code__in=list(codes))
    found = rows.order_by("datastream__station__code", "datastream__prop").values_list(
        "datastream__station__code", "datastream__prop", "datastream__unit", "time", "value", "quality"
    )
    return [LatestRow(*row) for row in found]


def stations_geojson(actor: Actor, *, kind: str = "", exercise: str = "") -> dict[str, Any]:
    """Stations with their newest values and the level of their worst open alarm, for maps."""
    values: dict[str, dict[str, Any]] = {}
    for row in latest(actor, kind=kind, exercise=exercise):
        values.setdefault(row.code, {})[row.prop] = {
            "value": float(row.value), "unit": row.unit, "time": row.time.isoformat()
        }  # fmt: skip
    levels = _open_levels(actor, exercise)
    features = [
        _feature(found, values.get(found.code, {}), levels.get(found.pk))
        for found in stations(actor, kind=kind).order_by("code")
    ]
    return {"type": "FeatureCollection", "features": features}


def _open_levels(actor: Actor, exercise: str) -> dict[int, int]:
    rows = access.visible(actor, Alarm).filter(exercise=exercise).exclude(state=Alarm.State.CLOSED)
    return dict(rows.order_by().values_list("station").annotate(worst=Min("level")))


def _feature(found: Station, values: dict[str, Any], level: int | None) -> dict[str, Any]:
    main = values.get(MAIN[found.kind])
    label = Kind(found.kind).label
    return {
        "type": "Feature",
        "id": found.pk,
        "geometry": {"type": "Point", "coordinates": [found.lon, found.lat]},
        "properties": {
            "code": found.code, "name": found.text.pick(get_language() or "zh-hans"), "kind": found.kind,
            "kind_label": str(label), "status": found.status, "region": found.region,
            "value": main["value"] if main else None, "unit": main["unit"] if main else "",
            "time": main["time"] if main else None, "values": values, "level": level,
            "simulated": found.simulated, "url": found.get_absolute_url(),
        },
    }  # fmt: skip


def streams(found: Station, *, exercise: str = "") -> list[tuple[Datastream, Latest | None]]:
    """Streams of a visible station with their newest value."""
    rows = list(Datastream.objects.filter(station=found).order_by("prop"))
    values = {one.datastream_id: one for one in Latest.objects.filter(datastream__in=rows, exercise=exercise)}
    return [(row, values.get(row.pk)) for row in rows]


def recent(found: Station, prop: str, *, exercise: str = "") -> QuerySet[RecentReading]:
    """Readings of the last two days of a visible station."""
    return RecentReading.objects.filter(datastream__station=found, datastream__prop=prop, exercise=exercise)


def series(
    actor: Actor, code: str, prop: str, *, since: datetime, until: datetime, exercise: str = ""
) -> list[Point]:
    """Readings of a stream in time order, from the store and the recent rows; raises InvalidInput."""
    if not since < until or until - since > SERIES_LIMIT:
        raise InvalidInput(
            Text("时间范围应为正且不超过一年。", "A range must be positive and at most a year.")
        )
    found = station(actor, code)
    rows = recent(found, prop, exercise=exercise)
    points = {
        at: Point(at, value, quality)
        for at, value, quality in rows.filter(time__gte=since, time__lte=until).values_list(
            "time", "value", "quality"
        )
    }
    oldest = rows.aggregate(oldest=Min("time"))["oldest"]
    if oldest is None or since < oldest:
        for point in observations.history(code, prop, since=since, until=until, exercise=exercise):
            points.setdefault(point.time, point)
    return [points[at] for at in sorted(points)]


def window_sums(
    actor: Actor,
    *,
    at: datetime,
    exercise: str = "",
    prop: str = RAIN_5MIN,
    kind: str = "rain",
    minutes: Sequence[int] = (60, 180, 360, 720),
) -> dict[str, WindowRow]:
    """Sums of the windows that end at ``at``, by station code; one query."""
    wanted = {size: Q(time__gt=at - timedelta(minutes=size)) for size in minutes}
    rows = RecentReading.objects.filter(
        exercise=exercise,
        datastream__prop=prop,
        datastream__station__in=stations(actor, kind=kind),
        time__gt=at - timedelta(minutes=max(minutes)),
        time__lte=at,
    )
    figures: dict[str, Any] = {f"s{size}": Sum("value", filter=inside) for size, inside in wanted.items()}
    figures |= {f"n{size}": Count("pk", filter=inside) for size, inside in wanted.items()}
    found = (
        rows.order_by().values("datastream__station__code", "datastream__station__region").annotate(**figures)
    )
    slot = int(SLOT.total_seconds()) // 60
    return {
        row["datastream__station__code"]: WindowRow(
            row["datastream__station__code"],
            row["datastream__station__region"],
            {size: row[f"s{size}"] or Decimal(0) for size in minutes},
            {size: row[f"n{size}"] * slot / size for size in minutes},
        )
        for row in found
    }


def areal_mean(
    actor: Actor, *, since: datetime, until: datetime, exercise: str = "", prop: str = RAIN_5MIN
) -> dict[str, ArealRow]:
    """Mean rain of the gauges of each district over a period (the plain mean of gauges), by district code."""
    rows = RecentReading.objects.filter(
        exercise=exercise,
        datastream__prop=prop,
        datastream__station__in=stations(actor, kind="rain"),
        time__gt=since,
        time__lte=until,
    )
    found = rows.order_by().values_list("datastream__station__region", "datastream__station__code").annotate(
        total=Sum("value"), number=Count("pk")
    )  # fmt: skip
    by_district: dict[str, list[tuple[Decimal, int]]] = {}
    for region, _, total, number in found:
        by_district.setdefault(region[:6], []).append((total, number))
    expected = max(1, int((until - since) / SLOT))
    return {
        region: ArealRow(
            region=region,
            mean=(sum((t for t, _ in gauges), Decimal(0)) / len(gauges)).quantize(Decimal("0.1")),
            greatest=max(t for t, _ in gauges),
            gauges=len(gauges),
            coverage=min(1.0, sum(n for _, n in gauges) / (expected * len(gauges))),
        )
        for region, gauges in sorted(by_district.items())
    }


# -- alarms and refusals ----------------------------------------------------------------------
def alarms(
    actor: Actor,
    *,
    state: str = "",
    level: int | None = None,
    exercise: str = "",
    station: str = "",
    department: str = "",
    region: str = "",
    rule: str = "",
    kind: str = "",
    muted: str = "",
    escalated: str = "",
    ended: str = "",
) -> QuerySet[Alarm]:
    """Alarms the actor may see, of the real city unless an exercise is named.

    ``state`` may be "open"; ``muted``, ``escalated`` and ``ended`` are "yes", "no" or empty.
    """
    found = (
        access.visible(actor, Alarm).filter(exercise=exercise).select_related("station", "rule", "datastream")
    )
    if state == "open":
        found = found.exclude(state=Alarm.State.CLOSED)
    elif state:
        found = found.filter(state=state)
    if level is not None:
        found = found.filter(level=level)
    same = {"key": station, "department": department, "rule__code": rule, "station__kind": kind}
    found = found.filter(**{name: value for name, value in same.items() if value})
    if region:
        found = found.filter(people.in_region(region, "region"))
    for wanted, there in (
        (muted, Q(muted_until__gt=clock.now())),
        (escalated, Q(step__gt=0)),
        (ended, Q(ended_at__isnull=False)),
    ):
        if wanted:
            # not "~there": SQL would leave out the rows where the time is null
            yes = Q(pk__in=Alarm.objects.filter(there).values("pk"))
            found = found.filter(yes if wanted == "yes" else ~yes)
    return found


def alarm(actor: Actor, pk: int) -> Alarm:
    """One alarm, of the real city or an exercise; raises NotFound."""
    found = access.visible(actor, Alarm).filter(pk=pk).select_related("station", "rule", "datastream").first()
    if found is None:
        raise NotFound(Text(f"没有告警 {pk}。", f"There is no alarm {pk}."))
    return found


def alarm_rules(actor: Actor) -> list[tuple[str, Text]]:
    """Code and name of every rule that has alarms the actor may see."""
    rows = access.visible(actor, Alarm).order_by("rule__code", "-rule__version")
    found: dict[str, Text] = {}
    for code, zh, en in rows.values_list("rule__code", "rule__zh", "rule__en").distinct():
        found.setdefault(code, Text(zh, en))
    return sorted(found.items())


def exercises(actor: Actor) -> list[str]:
    """Exercises whose data are still there."""
    found = access.visible(actor, IngestBatch).exclude(exercise="").order_by("exercise")
    return list(found.values_list("exercise", flat=True).distinct())


def dead_letters(
    actor: Actor, *, reason: str = "", address: str = "", exercise: str = ""
) -> QuerySet[DeadLetter]:
    """Refused frames the actor may see."""
    found = access.visible(actor, DeadLetter).filter(exercise=exercise)
    if reason:
        found = found.filter(reason=reason)
    if address:
        found = found.filter(address=address.upper())
    return found


def refusal_counts(actor: Actor, *, exercise: str = "") -> dict[str, int]:
    """Refused frames and readings of the last week by reason."""
    week = clock.now() - timedelta(days=7)
    rows = dead_letters(actor, exercise=exercise)
    if not exercise:
        rows = rows.filter(received_at__gte=week)
    return dict(rows.order_by().values_list("reason").annotate(number=Count("pk")).order_by("-number"))


# -- upkeep -----------------------------------------------------------------------------------
def maintainers(actor: Actor) -> QuerySet[Maintainer]:
    """Firms that keep devices working."""
    return access.visible(actor, Maintainer).order_by("code")


def orders(
    actor: Actor, *, state: str = "", maintainer: str = "", cause: str = "", station: str = "", late: str = ""
) -> QuerySet[RepairOrder]:
    """Repair orders the actor may see; ``state`` may be "open", ``late`` "yes" is past its time."""
    found = access.visible(actor, RepairOrder).select_related("station", "maintainer")
    if state == "open":
        found = found.filter(state__in=OPEN)
    elif state:
        found = found.filter(state=state)
    if late == "yes":
        found = found.filter(state__in=OPEN, due_at__lt=clock.now())
    same = {"maintainer__code": maintainer, "cause": cause, "station__code": station}
    return found.filter(**{name: value for name, value in same.items() if value})


def order(actor: Actor, number: str) -> RepairOrder:
    """One repair order; NotFound."""
    found = orders(actor).select_related("station", "maintainer", "alarm").filter(number=number).first()
    if found is None:
        raise NotFound(Text(f"没有工单 {number[:24]}。", f"There is no order {number[:24]}."))
    return found


def history(actor: Actor, found: Station) -> QuerySet[DeviceEvent]:
    """Everything done to a device, newest first."""
    return access.visible(actor, DeviceEvent).filter(station=found).order_by("-at", "-id")
