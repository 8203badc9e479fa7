"""The storm of 2007 falls on today's gauges exactly as recorded, and every frame can be accounted for."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from quancheng.core.telemetry.sl651 import decode
from quancheng.scenarios.water.rehearsal import scenery, script


def gauges() -> list[scenery.Device]:
    """City hall, five more inner gauges near it and 24 in the outer districts."""
    found = [scenery.Device("city-hall", "0037010001", 117.0, 36.67, "370102001001")]
    for number in range(29):
        inner = number < 5
        reach = 0.04 if inner else 0.25 + 0.012 * number
        east, north = (1, -1)[number % 2], (1, 1, -1, -1)[number % 4]
        region = "370103" if inner else "370114"
        code, address = f"JN-R-{number:03d}", f"00370110{number:02d}"
        found.append(scenery.Device(code, address, 117.0 + east * reach, 36.67 + north * reach * 0.7, region))
    return found


@pytest.fixture(scope="module")
def told() -> script.Script:
    return script.read()


@pytest.fixture(scope="module")
def scene(told: script.Script) -> scenery.Scenery:
    return scenery.build(told, gauges(), scenery.Device("JN-H-HTQ", "0037020001", 117.0, 36.7, "370105"))


def test_city_hall_gets_the_recorded_rain(scene: scenery.Scenery) -> None:
    rain = next(each.rain for each in scene.rains if each.gauge.id == "city-hall")
    assert [rain.maximum(timedelta(hours=hours)) for hours in (1, 2, 3)] == [
        Decimal("151.0"), Decimal("167.5"), Decimal("180.0")]  # fmt: skip


def test_the_storm_is_moved_to_the_day_of_the_script(scene: scenery.Scenery, told: script.Script) -> None:
    assert {slot.astimezone(told.starts.tzinfo).date() for slot in scene.slots[:-60]} == {told.day}
    assert scene.slots[0] == told.starts + timedelta(minutes=5)


def test_every_gauge_reports_every_slot_once(scene: scenery.Scenery, told: script.Script) -> None:
    sent = scenery.frames(scene, told, np.random.default_rng(1))
    assert len({each.id for each in sent}) == len(sent) == (len(gauges()) + 1) * len(scene.slots)
    assert sent == sorted(sent, key=lambda each: (each.at, each.id))
    for each in sent[:: max(1, len(sent) // 50)]:
        frame = decode(each.raw)
        station, _, slot = each.id.partition("@")
        assert frame.report is not None
        assert frame.report.observed_at.isoformat() == slot
        assert frame.station == {**scene.addresses, "JN-H-HTQ": scene.river_address}[station]


def test_the_frames_carry_the_rain_to_the_tenth(scene: scenery.Scenery, told: script.Script) -> None:
    sent = scenery.frames(scene, told, np.random.default_rng(1))
    total = Decimal(0)
    for each in sent:
        if each.id.startswith("city-hall@"):
            total += next(r.value for r in decode(each.raw).readings if r.value is not None)
    assert total == Decimal("182.7")


def test_the_channel_disturbs_the_share_it_was_told(scene: scenery.Scenery, told: script.Script) -> None:
    sent = scenery.frames(scene, told, np.random.default_rng(1))
    outcome = scenery.through_the_channel(sent, told, seed=5, share=0.05)
    fates = Counter(entry.fate.value for entry in outcome.ledger)
    assert sum(fates.values()) - fates["delivered"] == round(0.05 * len(sent))
    assert len(outcome.deliveries) == len(sent) - fates["lost"]
    again = scenery.through_the_channel(sent, told, seed=5, share=0.05)
    assert again.deliveries == outcome.deliveries


def test_the_river_peaks_as_recorded(told: script.Script) -> None:
    curve = [(told.starts + timedelta(minutes=minute), minute) for minute in range(0, 660)]
    stages = {at: told.river.stage(at) for at, _ in curve}
    peak = max(stages, key=lambda at: stages[at])
    assert round(stages[peak], 2) == 23.58
    assert f"{peak:%H:%M}" == "20:24"
    assert told.river.stage(told.starts) == told.river.base_m
