"""模拟: devices of other kinds (air, noise, manholes, smoke, street lights, meters, cameras) and their readings."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np

from quancheng.capabilities.things import actions
from quancheng.capabilities.things.models import Datastream, Kind, Maintainer, Station, Status
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

RESOURCES = Path(__file__).resolve().parent / "resources"
HOUR = timedelta(hours=1)
CAMERA_SHARE = 0.87
"""Assumed: key sites that have a camera, below the plan's target so that the board has something to show."""
_PLACES = Decimal("0.001")
Row = tuple[str, str, datetime, Decimal]


@dataclass(frozen=True, slots=True)
class Usual:
    """What a stream usually says: middle, daily swing, noise, the least it can be, and the hour of the highest."""

    middle: float
    swing: float
    noise: float
    least: float
    peak: float = 20.0

    def at(self, moment: datetime, random: np.random.Generator) -> Decimal:
        """A value of a moment: highest at its hour, lowest half a day later."""
        hour = moment.astimezone(clock.LOCAL).hour + moment.minute / 60
        value = (
            self.middle + self.swing * cos((hour - self.peak) * pi / 12) + self.noise * float(random.normal())
        )
        return Decimal(str(max(self.least, value))).quantize(_PLACES)


@cache
def groups() -> tuple[dict[str, Any], ...]:
    """The groups of synthetic devices, as the resource file has them."""
    return tuple(_document()["group"])


@cache
def usual() -> dict[tuple[str, str], Usual]:
    """What each property of each kind usually says."""
    return {
        (group["kind"], prop): Usual(*map(float, figures))
        for group in groups()
        for prop, figures in group["values"].items()
    }


def _document() -> dict[str, Any]:
    return tomllib.loads((RESOURCES / "devices.toml").read_text(encoding="utf-8"))


def seed(call: Call, random: np.random.Generator, until: datetime) -> tuple[int, int]:
    """Maintainers, devices and a day of hourly readings; how many devices and readings."""
    firms = {
        row["code"]: actions.register_maintainer(call.with_key(None), simulated=True, **row)
        for row in _document()["maintainer"]
    }
    made = actions.register_stations(call, rows=list(network(random, firms)))
    times = [until - back * HOUR for back in range(23, -1, -1)]
    return len(made), actions.record_readings(call, rows=list(readings(made, times, random)))


def network(random: np.random.Generator, firms: dict[str, Maintainer]) -> Iterator[dict[str, Any]]:
    """Rows for the register: every group over the districts, cameras beside key sites."""
    from quancheng.capabilities.things import simulate

    districts = simulate.district_outlines()
    for group in groups():
        places = simulate.places(districts, group["number"], random, inner=group["inner"])
        for index, (lon, lat, zh, en) in enumerate(places, 1):
            yield {
                "code": f"{group['prefix']}-{index:03d}", "zh": f"{zh}{group['zh']}", "en": f"{en} {group['en']}",
                "kind": group["kind"], "lon": lon, "lat": lat, "region": simulate.region_of(districts, lon, lat),
                "department": group["department"], "protocol": group["protocol"], "maker": group["maker"],
                "model": group["model"], "serial": f"{group['prefix'][3:]}{index:06d}",
                "maintainer": firms.get(group["maintainer"]), "installed_on": date(2025, 3, 1 + index % 28),
                "status": Status.ONLINE, "simulated": True,
            }  # fmt: skip
    yield from _cameras(random, firms)


def _cameras(random: np.random.Generator, firms: dict[str, Maintainer]) -> Iterator[dict[str, Any]]:
    sites = Station.objects.filter(kind__in=[Kind.RIVER, Kind.RESERVOIR, Kind.PONDING], simulated=True)
    for index, site in enumerate(sites.order_by("code"), 1):
        if random.random() >= CAMERA_SHARE:
            continue
        yield {
            "code": f"JN-C-{index:03d}", "zh": f"{site.zh}摄像机", "en": f"{site.en} camera"[:120],
            "kind": Kind.CAMERA, "lon": round(site.lon + 0.001, 5), "lat": site.lat, "region": site.region,
            "department": "jn-water", "protocol": "GB28181", "maker": "模拟厂商戊", "model": "IPC-4",
            "address": f"37010200001320{index:06d}", "maintainer": firms.get("YW-SZ"),
            "installed_on": date(2024, 6, 1), "simulated": True,
            "status": Status.SILENT if index % 25 == 0 else Status.ONLINE,
        }  # fmt: skip


def readings(
    stations: Sequence[Station], times: Sequence[datetime], random: np.random.Generator
) -> Iterator[Row]:
    """Readings of synthetic devices at some moments; meters only count up."""
    known = usual()
    by_kind: dict[str, list[tuple[str, Usual]]] = {}
    for (kind, prop), value in known.items():
        by_kind.setdefault(kind, []).append((prop, value))
    for number, station in enumerate(stations):
        for prop, value in by_kind.get(station.kind, ()):
            for at in times:
                if station.kind == Kind.METER:
                    yield station.code, prop, at, _metered(value, number, at)
                else:
                    yield station.code, prop, at, value.at(at, random)


def _metered(value: Usual, number: int, at: datetime) -> Decimal:
    hours = at.timestamp() / 3600 - 490_000
    total = value.middle + (number % 17) * 40 + hours * (0.01 + (number % 5) * 0.004)
    return Decimal(str(round(total, 3)))


def report(slot: datetime) -> int:
    """One reading of every synthetic device for an hour; the same hour gives the same readings."""
    random = np.random.default_rng(int(slot.timestamp()))
    kinds = [group["kind"] for group in groups()]
    speaking = Station.objects.filter(
        simulated=True, kind__in=kinds, status__in=[Status.ONLINE, Status.SILENT]
    ).exclude(protocol="SL651")
    stations = list(speaking.order_by("code"))
    if not stations:
        return 0
    call = Call.system("things", simulated=True)
    rows = readings(stations, [slot], random)
    known = set(Datastream.objects.filter(station__in=speaking).values_list("station__code", "prop"))
    return actions.record_readings(call, rows=[row for row in rows if row[:2] in known])
