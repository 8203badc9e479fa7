"""模拟: the city's synthetic network and a quiet day of its readings, the same for the same seed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from shapely import contains_xy
from shapely.geometry import shape

from quancheng.capabilities.things import actions, others
from quancheng.capabilities.things import city as profile
from quancheng.capabilities.things.models import Kind, Station, Status
from quancheng.capabilities.things.sl651_client import BATTERY, level_report
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.core.telemetry import sl651
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

HYDROLOGY, WATER = "jn-hydrology", "jn-water"
HOUR, SLOT = timedelta(hours=1), timedelta(minutes=5)
_ADDRESS = "003701{:04d}"
_RAIN_HOUR, _VOLTAGE = 0xF4, 0x38


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Stations and a day of readings; nothing when there are stations already."""
    if Station.objects.exists():
        return None
    call = Call.system("things", simulated=True)
    levels: dict[str, float] = {}
    made = actions.register_stations(call, rows=list(network(random, levels)))
    until = clock.now().replace(minute=0, second=0, microsecond=0)
    readings = quiet_day(call, made, levels, until, random)
    devices, more = others.seed(call, random, until)
    return f"{len(made) + devices} 个站点和设备 stations and devices, {readings + more} 条读数 readings"


def network(random: np.random.Generator, levels: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Rows for the register; ``levels`` gets the ordinary level of each level station."""
    plan = tomllib.loads((Path(__file__).parent / "resources/network.toml").read_text(encoding="utf-8"))
    districts = district_outlines()
    number = 0

    def row(
        code: str, zh: str, en: str, kind: str, lon: float, lat: float, department: str
    ) -> dict[str, Any]:
        nonlocal number
        number += 1
        return {
            "code": code, "zh": zh, "en": en, "kind": kind, "lon": lon, "lat": lat,
            "region": region_of(districts, lon, lat), "department": department, "address": _ADDRESS.format(number),
            "status": Status.ONLINE, "simulated": True,
        }  # fmt: skip

    hall = plan["city_hall"]
    yield row(hall["code"], hall["zh"], hall["en"], Kind.RAIN, hall["lon"], hall["lat"], HYDROLOGY)
    spots = places(districts, plan["rain_gauges"] - 1, random, inner=0.32)
    for index, (lon, lat, zh, en) in enumerate(spots, 1):
        yield row(f"JN-R-{index:03d}", f"{zh}雨量站", f"{en} gauge", Kind.RAIN, lon, lat, HYDROLOGY)
    for code, kind, zh, en, lon, lat, level in plan["levels"]:
        levels[code] = level
        yield row(code, f"{zh}站", f"{en} station", kind, lon, lat, WATER)
    for index, (lon, lat, zh, en) in enumerate(places(districts, plan["ponding"], random, inner=1.0), 1):
        code = f"JN-P-{index:03d}"
        levels[code] = 0.0
        yield row(code, f"{zh}积水点", f"{en} ponding sensor", Kind.PONDING, lon, lat, WATER)


_INNER = ("370102", "370103", "370104", "370105")


def district_outlines() -> list[tuple[str, Any]]:
    """Code and outline of each district."""
    return [(code, shape(outline)) for code, outline in profile.outlines()]


def region_of(districts: list[tuple[str, Any]], lon: float, lat: float) -> str:
    """The district a place lies in, else the nearest."""
    for code, outline in districts:
        if contains_xy(outline, lon, lat):
            return code
    from shapely.geometry import Point

    return min(districts, key=lambda one: one[1].distance(Point(lon, lat)))[0]


def places(
    districts: list[tuple[str, Any]], count: int, random: np.random.Generator, *, inner: float
) -> Iterator[tuple[float, float, str, str]]:
    """Places inside the outlines, named after streets: a share in the inner districts, the rest by area."""
    shares = {code: outline.area for code, outline in districts}
    for group, part in ((_INNER, inner), (tuple(code for code in shares if code not in _INNER), 1 - inner)):
        wanted = round(count * part) if group is _INNER else count - round(count * inner)
        if not wanted:
            continue
        total = sum(shares[code] for code in group)
        quotas = [int(wanted * shares[code] / total) for code in group]
        for index in range(wanted - sum(quotas)):
            quotas[index % len(quotas)] += 1
        for code, quota in zip(group, quotas, strict=True):
            yield from _inside(code, dict(districts)[code], quota, random)


def _inside(
    code: str, outline: Any, quota: int, random: np.random.Generator
) -> Iterator[tuple[float, float, str, str]]:
    streets = profile.street_names(code)
    west, south, east, north = outline.bounds
    made = 0
    while made < quota:
        lon, lat = (float(random.uniform(a, b)) for a, b in ((west, east), (south, north)))
        if not contains_xy(outline, lon, lat):
            continue
        street_zh, street_en = streets[made % len(streets)]
        turn = made // len(streets)
        zh = street_zh.removesuffix("街道").removesuffix("镇") + (f"{turn + 1}号" if turn else "")
        en = street_en.removesuffix(" Subdistrict").removesuffix(" Town") + (f" {turn + 1}" if turn else "")
        made += 1
        yield round(lon, 5), round(lat, 5), zh, en


# -- readings ---------------------------------------------------------------------------------
def quiet_day(
    call: Call,
    stations: list[Station],
    levels: dict[str, float],
    until: datetime,
    random: np.random.Generator,
) -> int:
    """Twenty-four hours of hourly reports up to ``until``, with one light shower; returns the readings."""
    kept = 0
    for back in range(23, -1, -1):
        at = until - back * HOUR
        wet = 1.0 if 9 <= back <= 11 else 0.05
        frames = [
            ReceivedFrame(_report(one, at, levels, wet, random), at + timedelta(minutes=1))
            for one in stations
        ]
        kept += actions.ingest_frames(call, frames=frames, channel="simulation").readings
    return kept


def _report(
    one: Station, at: datetime, levels: dict[str, float], wet: float, random: np.random.Generator
) -> bytes:
    sent = at + timedelta(seconds=int(random.integers(5, 50)))
    voltage = (BATTERY + Decimal(int(random.integers(-30, 30))) / 100).quantize(Decimal("0.01"))
    if one.kind == Kind.RAIN:
        return _rain_hour(one.address or "", at, sent, voltage, wet, random)
    level = levels[one.code]
    swing = 0.0 if one.kind == Kind.PONDING else float(random.normal(0, 0.01))
    metres = Decimal(str(round(level + swing, 3)))
    return level_report(one.address or "", at, metres, kind=one.kind, sent_at=sent, voltage=voltage)


def _rain_hour(
    address: str, at: datetime, sent: datetime, voltage: Decimal, wet: float, random: np.random.Generator
) -> bytes:
    """小时报: twelve slots of five minutes."""
    tenths = random.poisson(0.8 * wet, 12) if random.random() < wet * 0.9 else np.zeros(12, dtype=int)
    readings = [
        sl651.reading(_RAIN_HOUR, Decimal(int(tenth)) / 10, at - (11 - slot) * SLOT)
        for slot, tenth in enumerate(tenths)
    ]
    readings.append(sl651.reading(_VOLTAGE, voltage, at))
    frame = sl651.Frame(
        direction=sl651.Direction.UP, centre=1, station=address, password=0x1234, function=sl651.Function.HOURLY,
        serial=at.hour + 1, sent_at=sent, report=sl651.Report(address, 0x50, at, tuple(readings)),
    )  # fmt: skip
    return sl651.encode(frame)
