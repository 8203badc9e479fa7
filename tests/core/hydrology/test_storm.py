"""The design storm of 18 July 2007: recorded windows, the ten-minute collapse, and the gauges."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quancheng.core.hydrology import (
    Gauge,
    Hyetograph,
    Storm,
    StormError,
    hyetograph,
    share,
    spread_storm,
)
from quancheng.core.telemetry import Hysteresis, RainWindows, Threshold, crossings

FILE = Path(__file__).parents[3] / "src/quancheng/scenarios/water/resources/storm-2007-07-18.toml"
TABLE: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
STORM = Storm.from_table(TABLE)


def city() -> list[Gauge]:
    """187 gauges: city hall, 44 more inner ones, the rest over the whole city."""
    random = np.random.default_rng(187)
    gauges = [Gauge("city-hall", 117.00, 36.67, True)]
    for number in range(186):
        inner = number < 44
        box = (116.87, 36.57, 0.26, 0.18) if inner else (116.3, 36.0, 1.6, 1.5)
        west, south, width, height = box
        lon, lat = west + random.uniform(0, width), south + random.uniform(0, height)
        gauges.append(Gauge(f"g{number:03d}", float(lon), float(lat), inner))
    return gauges


def test_the_recorded_windows_are_exact() -> None:
    rain = hyetograph(STORM)
    expected = {60: "151.0", 120: "167.5", 180: "180.0"}
    for minutes, amount in expected.items():
        assert rain.maximum(timedelta(minutes=minutes)) == Decimal(amount)
    assert rain.total == rain.maximum(timedelta(days=1)) == Decimal("182.7")
    assert all(amount % Decimal("0.1") == 0 for amount in rain.amounts)
    assert max(rain.amounts) < Decimal("25.5")
    assert rain == hyetograph(STORM)


def test_main_burst_and_peak_hour() -> None:
    slots = dict(hyetograph(STORM).slots())
    day = STORM.end.replace(hour=0)
    peak = [a for t, a in slots.items() if day.replace(hour=18) < t <= day.replace(hour=19)]
    assert sum(peak) == Decimal(151)
    start, end = day.replace(hour=17, minute=40), day.replace(hour=20, minute=40)
    assert sum(a for t, a in slots.items() if start < t <= end) == Decimal(180)
    assert max(slots) == STORM.end


def test_observation_alone_warns_within_ten_minutes() -> None:
    signals = TABLE["signals"]
    windows = RainWindows()
    for at, amount in hyetograph(STORM).slots():
        windows.add(at, amount)
    thresholds = [
        Threshold(r["id"], r["level"], r["window_minutes"], Decimal(r["amount_mm"]))
        for r in signals["threshold"]
    ]
    rule = Hysteresis(Decimal(signals["clear_ratio"]), Decimal(signals["clear_coverage"]))
    found = {c.threshold.level: c.at for c in crossings(windows, thresholds, rule)}
    assert found == TABLE["replay"]
    assert max(found.values()) - min(found.values()) == timedelta(minutes=10)


def test_spread_meets_the_areal_means() -> None:
    gauges = city()
    rains = spread_storm(STORM, gauges)
    totals = [float(r.rain.total) for r in rains]
    inner = [t for t, g in zip(totals, gauges, strict=True) if g.inner]
    assert len(rains) == 187
    assert abs(np.mean(inner) - 142.2) <= 1.422
    assert 74 <= np.mean(totals) <= 82
    assert max(totals) == 182.7
    assert min(totals) > 0
    assert max(max(r.rain.amounts) for r in rains) < Decimal("25.5")


def test_spread_keeps_the_reference_and_starts_in_the_north() -> None:
    gauges = city()
    rains = {r.gauge.id: r.rain for r in spread_storm(STORM, gauges)}
    assert rains["city-hall"] == hyetograph(STORM)
    north = max(gauges, key=lambda g: g.lat)
    starts = {g.id: rains[g.id].first - STORM.step for g in gauges}
    begin = datetime.fromisoformat("2007-07-18T15:10+08:00")
    assert starts[north.id] == min(starts.values()) == begin
    southward = [starts[g.id] for g in sorted(gauges, key=lambda g: -g.lat)]
    assert southward == sorted(southward)


def test_spread_is_reproducible_and_blind_to_order() -> None:
    gauges = city()
    once = {r.gauge.id: r.rain for r in spread_storm(STORM, gauges)}
    assert {r.gauge.id: r.rain for r in spread_storm(STORM, gauges[::-1])} == once
    table = deepcopy(TABLE)
    table["spread"]["seed"] = 1
    assert spread_storm(Storm.from_table(table), gauges)[1].rain != once["g000"]


def test_spread_without_a_front() -> None:
    gauges = [Gauge(g.id, g.lon, 36.67 - abs(g.lat - 36.67), g.inner) for g in city()]
    assert {r.rain.first for r in spread_storm(STORM, gauges)} == {hyetograph(STORM).first}


def test_spread_that_cannot_be() -> None:
    with pytest.raises(StormError, match="reference"):
        spread_storm(STORM, city()[1:])
    with pytest.raises(StormError, match="lies outside"):
        spread_storm(STORM, city()[:45])


def test_share() -> None:
    assert share(10, [1, 1, 1]) == [4, 3, 3]
    assert share(0, [1.0]) == [0]
    for total, weights in ((-1, [1.0]), (1, []), (1, [0.0]), (1, [2.0, -1.0])):
        with pytest.raises(StormError):
            share(total, weights)
    assert Hyetograph(STORM.end, STORM.step, ()).total == 0


def changed(table: str, key: str, value: object) -> dict[str, Any]:
    found = deepcopy(TABLE)
    found[table][key] = value
    return found


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("storm", "total_mm", "ten"),
        ("storm", "total_mm", "-1"),
        ("storm", "total_mm", 182.7),
        ("storm", "end", "21:00"),
        ("storm", "end", datetime(2007, 7, 18)),
        ("storm", "step_minutes", True),
        ("storm", "peak_weights", 1),
        ("storm", "peak_weights", ["a"]),
        ("storm", "window", []),
        ("storm", "window", [1]),
    ],
)
def test_malformed_facts(table: str, key: str, value: object) -> None:
    with pytest.raises(StormError):
        Storm.from_table(changed(table, key, value))


def test_missing_facts() -> None:
    with pytest.raises(StormError, match="storm is missing"):
        Storm.from_table({})
    with pytest.raises(StormError, match=r"spread\.lon is missing"):
        Storm.from_table(TABLE | {"spread": {}})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("total_mm", "182.75", "multiple"),
        ("total_mm", "100", "share"),
        ("peak_weights", [1.0] * 11, "weights"),
        ("end", datetime.fromisoformat("2007-07-18T20:00+08:00"), "hold"),
        ("tail_fade_slots", 0.2, "reach"),
    ],
)
def test_facts_that_cannot_all_hold(key: str, value: object, message: str) -> None:
    table = changed("storm", key, value)
    if key == "tail_fade_slots":
        table["storm"]["total_mm"] = "190.0"
    with pytest.raises(StormError, match=message):
        hyetograph(Storm.from_table(table))


def test_a_storm_that_is_only_its_windows() -> None:
    table = changed("storm", "total_mm", "180.0")
    table["storm"]["reference_start"] = datetime.fromisoformat("2007-07-18T17:40+08:00")
    table["storm"]["end"] = datetime.fromisoformat("2007-07-18T20:40+08:00")
    assert hyetograph(Storm.from_table(table)).total == 180
    table["storm"]["total_mm"] = "181.0"
    with pytest.raises(StormError, match="total"):
        hyetograph(Storm.from_table(table))
