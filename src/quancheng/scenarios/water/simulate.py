"""模拟数据: places that flood, spread over the districts (names and places are synthetic)."""

from __future__ import annotations

from typing import Any

import numpy as np

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import queries as sensing
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.simulation.demo import DemoCity
from quancheng.scenarios.water.actions import register_flood_points
from quancheng.scenarios.water.models import FloodPoint
from quancheng.scenarios.water.values import FloodPlace

NAMES = {
    "underpass": ("下穿通道", "underpass", 27),
    "street": ("低洼路段", "low street", 40),
    "yard": ("低洼院落", "low yard", 30),
    "basement": ("地下空间", "basement", 10),
}
PER_DISTRICT = 4


def seed(city: DemoCity, random: np.random.Generator) -> str:
    """Four places in every district, near its rain gauges so that they lie inside its outline."""
    if FloodPoint.objects.exists():
        return "已有 present"
    actor = Actor.system("water", simulated=True)
    gauges: dict[str, list[Any]] = {}
    for station in sensing.stations(actor, kind="rain").order_by("code"):
        gauges.setdefault(station.region[:6], []).append(station)
    places = [
        _place(region.code, index, kind, gauges.get(region.code[:6], []), random)
        for region in people.regions()
        for index, kind in enumerate(NAMES)
        if gauges.get(region.code[:6])
    ]
    total = register_flood_points(Call(actor), places=places)
    return f"{total} 易涝点 flood points"


def _place(code: str, index: int, kind: str, gauges: list[Any], random: np.random.Generator) -> FloodPlace:
    near = gauges[int(random.integers(len(gauges)))]
    zh, en, depth = NAMES[kind]
    name = people.region_name(code)
    return FloodPlace(
        code=f"JN-F-{code[4:6]}{index + 1:02d}",
        zh=f"{name.zh}{zh}{index + 1}号",
        en=f"{name.en} {en} {index + 1}",
        kind=kind,
        lon=round(near.lon + float(random.uniform(-0.004, 0.004)), 5),
        lat=round(near.lat + float(random.uniform(-0.003, 0.003)), 5),
        region=code,
        department="jn-water",
        closes_at_cm=depth,
    )
