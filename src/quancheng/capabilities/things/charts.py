"""Configurations of maps and charts on the pages of things."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from django.utils.translation import override

from quancheng.capabilities.observations import queries as kept
from quancheng.capabilities.things import bridge, city, queries
from quancheng.capabilities.things.models import Alarm, Datastream, Kind, Station
from quancheng.capabilities.things.properties import PROPERTIES, RAIN_5MIN, label_of, unit_of
from quancheng.capabilities.things.values import Point
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor

_HOUR_US = 3_600_000_000
_TABLE_ROWS = 60
_CHART_POINTS = 600
_RAW_HOURS = 72
"""Beyond this a chart is made of hours: a year of a stream is 8,760 of them, not half a million readings."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart and the newest rows of its table; ``hourly``: rows have a mean, least and most."""

    chart: dict[str, Any] | None
    table: list[Any]
    hourly: bool = False


NOTHING = Drawn(None, [])


@dataclass(frozen=True, slots=True)
class Bucket:
    """Some hours of a stream."""

    time: datetime
    value: float
    """The mean, or the sum of what falls in slots (rain)."""
    least: float
    most: float


def draw(actor: Actor, found: Station, stream: Datastream, *, hours: int, exercise: str) -> Drawn:
    """The last hours of a stream: readings, or beyond three days buckets of hours with least and most."""
    if hours > _RAW_HOURS and stream.number and not exercise:
        buckets = _buckets(stream, hours)
        return Drawn(_band(buckets, stream.prop) if buckets else None, buckets[: -_TABLE_ROWS - 1 : -1], True)
    points, table = points_of(actor, found, stream.prop, hours=hours, exercise=exercise)
    if not points and stream.number and not exercise:
        until = clock.now()
        rows = kept.find(
            streams=[stream.number], since=bridge.micros(until - timedelta(hours=hours)),
            until=bridge.micros(until) + 1, limit=20_000, descending=False,
        )  # fmt: skip
        numbers = [(row.time, row.result) for row in rows if isinstance(row.result, int | float)]
        points = [Point(bridge.moment(at), Decimal(str(value)), "good") for at, value in numbers]
        points, table = points[:: 1 + len(points) // _CHART_POINTS], points[: -_TABLE_ROWS - 1 : -1]
    return Drawn(series_chart(points, stream.prop) if points else None, table)


def _buckets(stream: Datastream, hours: int) -> list[Bucket]:
    until = clock.now()
    since = (until - timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    rows = kept.hourly([stream.number], bridge.micros(since), bridge.micros(until) + 1)  # type: ignore[list-item]
    size = max(1, -(-hours // _CHART_POINTS))
    known = PROPERTIES.get(stream.prop)
    summed = known is not None and known.slot is not None
    groups: dict[int, list[Any]] = {}
    for row in rows:
        if row.n:
            groups.setdefault((row.hour - bridge.micros(since)) // (size * _HOUR_US), []).append(row)
    return [
        Bucket(
            bridge.moment(group[0].hour),
            round(sum(one.sum for one in group) / (1 if summed else sum(one.n for one in group)), 3),
            min(one.min for one in group),
            max(one.max for one in group),
        )
        for _, group in sorted(groups.items())
    ]


def _band(buckets: list[Bucket], prop: str) -> dict[str, Any]:
    """Means with the band of least and most; of rain the sums."""
    summed = prop in PROPERTIES and PROPERTIES[prop].slot is not None
    value = Text("合计", "Sum") if summed else Text("均值", "Mean")
    series: list[dict[str, Any]] = [{"name": value, "data": [one.value for one in buckets]}]
    if not summed:
        series += [
            {
                "name": Text("最高", "Highest"),
                "data": [one.most for one in buckets],
                "dashed": True,
                "area": True,
            },
            {"name": Text("最低", "Lowest"), "data": [one.least for one in buckets], "dashed": True},
        ]
    return {
        "kind": "bar" if summed else "line",
        "x": [f"{one.time.astimezone(clock.LOCAL):%Y-%m-%d %H:%M}" for one in buckets],
        "series": series,
        "unit": unit_of(prop),
    }


def station_map(kind: str, href: str) -> dict[str, Any]:
    """All stations of a kind on the map, coloured by their open alarm."""
    layer: dict[str, Any] = {
        "id": "stations", "label": _layer_label(kind), "kind": "circle",
        "url": f"/api/v1/things/stations.geojson?kind={kind}", "topic": "things.stations", "color": "level",
        "radius": 6, "title": "name",
        "fields": [
            {"key": "kind_label", "label": Text("类别", "Kind")},
            {"key": "value", "label": Text("最新值", "Latest")},
            {"key": "unit", "label": Text("单位", "Unit")},
        ],
    }  # fmt: skip
    if href:
        layer["href"] = href
    return {"base": True, "bounds": list(city.bounds()), "layers": [layer]}


def _layer_label(kind: str) -> Text:
    """The layer's name in the legend: what is shown, when only one kind is."""
    if kind not in Kind.values:
        return Text("监测站点", "Stations")
    label = Kind(kind).label
    with override("zh-hans"):
        zh = str(label)
    with override("en"):
        return Text(zh, str(label))


def place_map(found: Station) -> dict[str, Any]:
    """One station among those of its kind."""
    made = station_map(found.kind, "url")
    del made["bounds"]
    return made | {"center": [found.lon, found.lat], "zoom": 11}


def points_of(
    actor: Actor, found: Station, prop: str, *, hours: int, exercise: str
) -> tuple[list[Point], list[Point]]:
    """Readings of the last hours (of an exercise: of its last hours), for chart and for table."""
    until = clock.now()
    if exercise:
        last = (
            queries.recent(found, prop, exercise=exercise)
            .order_by("-time")
            .values_list("time", flat=True)
            .first()
        )
        until = last or until
    points = queries.series(
        actor, found.code, prop, since=until - timedelta(hours=hours), until=until + timedelta(minutes=5),
        exercise=exercise,
    )  # fmt: skip
    return points[:: 1 + len(points) // _CHART_POINTS], points[: -_TABLE_ROWS - 1 : -1]


def series_chart(points: list[Point], prop: str) -> dict[str, Any]:
    """Readings as bars (rain) or a line."""
    return {
        "kind": "bar" if prop.startswith("rain_5") else "line",
        "x": [f"{one.time.astimezone(clock.LOCAL):%m-%d %H:%M}" for one in points],
        "series": [{"name": label_of(prop), "data": [float(one.value) for one in points]}],
        "unit": unit_of(prop),
    }


def evidence_chart(alarm: Alarm) -> dict[str, Any] | None:
    """The readings that fired an alarm; for rain also their running sum and the amount."""
    rows = [row for row in alarm.evidence if _is_number(row["value"])]
    if len(rows) < 2:
        return None
    running, total = [], 0.0
    for row in rows:
        total += float(row["value"])
        running.append(round(total, 1))
    series = [{"name": label_of(alarm.rule.prop), "data": [float(row["value"]) for row in rows]}]
    marks = []
    if alarm.rule.prop == RAIN_5MIN:
        series = [{"name": Text("累计", "Running sum"), "data": running}, *series]
    if alarm.threshold is not None and (alarm.rule.prop == RAIN_5MIN or not alarm.rule.window_minutes):
        marks = [{"value": float(alarm.threshold), "label": Text("阈值", "Threshold")}]
    return {
        "kind": "line", "x": [row["time"][11:16] for row in rows], "series": series, "unit": alarm.unit,
        "marks": marks,
    }  # fmt: skip


def _is_number(raw: Any) -> bool:
    try:
        return isfinite(float(raw))
    except (TypeError, ValueError):
        return False
