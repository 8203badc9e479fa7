"""Configurations of maps and charts on the pages of things."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.things import city, queries
from quancheng.capabilities.things.models import Alarm, Station
from quancheng.capabilities.things.properties import PROPERTIES, RAIN_5MIN, label_of, unit_of
from quancheng.capabilities.things.values import Point
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor

_TABLE_ROWS = 60
_CHART_POINTS = 600


def station_map(kind: str, href: str) -> dict[str, Any]:
    """All stations of a kind on the map, coloured by their open alarm."""
    layer: dict[str, Any] = {
        "id": "stations", "label": Text("监测站点", "Stations"), "kind": "circle",
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
    rows = alarm.evidence
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
        marks = [{"value": float(alarm.threshold), "label": Text("阈值", "Threshold")}]
    return {
        "kind": "line", "x": [row["time"][11:16] for row in rows], "series": series,
        "unit": PROPERTIES[alarm.rule.prop].unit if alarm.rule.prop in PROPERTIES else "", "marks": marks,
    }  # fmt: skip
