"""布景: the storm of 2007 spread over today's gauges, and the frames they send."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from quancheng.capabilities.things.sl651_client import level_report, rain_report
from quancheng.core.hydrology import Gauge, GaugeRain, Storm, spread_storm
from quancheng.core.telemetry import FaultPlan, Outcome, Sent, disturb
from quancheng.scenarios.water.rehearsal.script import RESOURCES, Script

INNER_DISTRICTS = ("370102", "370103", "370104", "370105")
"""The four inner districts of the storm's record: 历下 市中 槐荫 天桥."""
STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Device:
    """A gauge that takes part: its code, telemetry address and place."""

    code: str
    address: str
    lon: float
    lat: float
    region: str


@dataclass(frozen=True, slots=True)
class Scenery:
    """What falls and flows on the replayed day."""

    rains: tuple[GaugeRain, ...]
    addresses: dict[str, str]
    river_address: str
    shift: timedelta
    slots: tuple[datetime, ...]

    @property
    def expected(self) -> dict[str, set[datetime]]:
        """The slots each rain gauge reports (station code → observation times)."""
        return {rain.gauge.id: set(self.slots) for rain in self.rains}


def load_storm() -> Storm:
    """The design storm of 18 July 2007."""
    return Storm.from_table(tomllib.loads((RESOURCES / "storm-2007-07-18.toml").read_text(encoding="utf-8")))


def build(script: Script, gauges: Sequence[Device], river: Device) -> Scenery:
    """Spread the storm over ``gauges`` and move it to the day of the script."""
    storm = load_storm()
    rains = spread_storm(
        storm, [Gauge(each.code, each.lon, each.lat, each.region[:6] in INNER_DISTRICTS) for each in gauges]
    )
    shift = script.day - storm.end.astimezone(script.starts.tzinfo).date()
    last_rain = max(slot for rain in rains for slot, _ in rain.rain.slots()) + shift
    slots, slot = [], script.starts + STEP
    while slot <= last_rain + script.quiet:
        slots.append(slot)
        slot += STEP
    return Scenery(rains, {each.code: each.address for each in gauges}, river.address, shift, tuple(slots))


def frames(scenery: Scenery, script: Script, random: np.random.Generator) -> list[Sent]:
    """Every frame the gauges send, in order of sending; ids are ``code@slot``."""
    sent: list[Sent] = []
    for rain in scenery.rains:
        amounts = {slot + scenery.shift: amount for slot, amount in rain.rain.slots()}
        address = scenery.addresses[rain.gauge.id]
        for serial, slot in enumerate(scenery.slots, start=1):
            at = slot + _delay(script, random)
            raw = rain_report(
                address, slot, amounts.get(slot, Decimal("0.0")), sent_at=at, serial=serial % 0xFFFF + 1
            )
            sent.append(Sent(f"{rain.gauge.id}@{slot.isoformat()}", at, raw))
    for serial, slot in enumerate(scenery.slots, start=1):
        at = slot + _delay(script, random)
        metres = Decimal(str(round(script.river.stage(slot), 2)))
        raw = level_report(scenery.river_address, slot, metres, sent_at=at, serial=serial)
        sent.append(Sent(f"{script.river.station}@{slot.isoformat()}", at, raw))
    return sorted(sent, key=lambda each: (each.at, each.id))


def through_the_channel(sent: Sequence[Sent], script: Script, *, seed: int, share: float) -> Outcome:
    """What reaches the centre, and the channel's own ledger of what it did."""
    lost, late, corrupt = script.fault_weights
    plan = FaultPlan(
        seed=seed,
        fraction=share,
        lost=lost,
        late=late,
        corrupt=corrupt,
        delay_least=timedelta(minutes=script.late_minutes.least),
        delay_most=timedelta(minutes=script.late_minutes.most),
    )
    return disturb(sent, plan)


def _delay(script: Script, random: np.random.Generator) -> timedelta:
    span = script.report_delay
    return timedelta(seconds=int(random.integers(int(span.least), int(span.most) + 1)))
