"""模拟的活城市: in a demo city the synthetic stations go on reporting, over the real protocol and port."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np

from quancheng.capabilities.things import gateway
from quancheng.capabilities.things.models import Kind, Station, Status
from quancheng.capabilities.things.sl651_client import Sl651Client, level_report, rain_report
from quancheng.kernel import clock

RESOURCES = Path(__file__).resolve().parent / "resources"
NONE = Decimal(0)
DRIZZLE_CHANCE, NOISE_M = 0.01, 0.01
"""Assumed: share of gauges with a tenth of a millimetre, noise of a level."""


def report_once() -> dict[str, int]:
    """Send one report of every synthetic station through the gateway; how many were acknowledged.

    Raises OSError when the gateway does not listen.
    """
    slot = clock.now().replace(second=0, microsecond=0)
    slot -= timedelta(minutes=slot.minute % 5)
    frames = frames_at(slot, ordinary_levels())
    with Sl651Client(*gateway.address()) as client:
        acknowledged = client.send(frames, timeout=60)
    return {"sent": len(frames), "acknowledged": sum(acknowledged)}


def frames_at(slot: datetime, levels: Mapping[str, Decimal]) -> list[bytes]:
    """Frames of all synthetic stations for a slot; the same slot gives the same weather."""
    random = np.random.default_rng(int(slot.timestamp()))
    found = []
    speaking = Station.objects.filter(
        simulated=True, protocol="SL651", status__in=[Status.ONLINE, Status.SILENT]
    )
    for station in speaking.exclude(address=None).order_by("code"):
        address = station.address or ""
        if station.kind == Kind.RAIN:
            tenth = Decimal(int(random.random() < DRIZZLE_CHANCE)) / 10
            found.append(rain_report(address, slot, tenth, sent_at=slot + timedelta(seconds=20)))
        elif station.code in levels or station.kind == Kind.PONDING:
            metres = _around(levels.get(station.code, NONE), station.kind, random)
            found.append(
                level_report(address, slot, metres, kind=station.kind, sent_at=slot + timedelta(seconds=20))
            )
    return found


def _around(level: Decimal, kind: str, random: np.random.Generator) -> Decimal:
    if kind == Kind.PONDING:
        return Decimal("0.000")
    return (level + Decimal(str(round(float(random.normal(0, NOISE_M)), 3)))).quantize(Decimal("0.001"))


@cache
def ordinary_levels() -> dict[str, Decimal]:
    """The ordinary level of each synthetic level station (m)."""
    plan = tomllib.loads((RESOURCES / "network.toml").read_text(encoding="utf-8"))
    return {row[0]: Decimal(str(row[-1])) for row in plan["levels"]}
