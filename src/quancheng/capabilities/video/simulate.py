"""模拟: some three hundred cameras of two lower platforms and of themselves, marked 模拟; the same for the same seed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from shapely import contains_xy
from shapely.geometry import shape

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.video import actions, secrets
from quancheng.capabilities.video.models import Camera, Direction, Kind
from quancheng.capabilities.video.values import Change
from quancheng.core.gb28181 import ids
from quancheng.core.gb28181.catalog import Item
from quancheng.kernel.actions import Call

JOINED, PLANNED, DIRECT = 260, 24, 30
_OFF = 0.06
_SMART = 0.22
_KEY = 0.3
_PLATFORMS = (
    ("37010000002000000101", "公安视频专网共享平台（模拟）", "jn-police"),
    ("37010000002000000102", "水务视频平台（模拟）", "jn-water"),
)
_WORDS = ("路口", "广场", "桥头", "地铁口", "公园北门", "河道断面", "小区西门", "学校门口")
_PTZ = {Kind.DOME: 1, Kind.HALF_DOME: 2, Kind.FIXED: 3, Kind.TOWER: 1}


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Peers, cameras and planned places; nothing when there are cameras already."""
    if Camera.objects.exists():
        return None
    call = Call.system("video", simulated=True)
    places = list(_places(random, JOINED + PLANNED + DIRECT))
    for code, name, owner in _PLATFORMS:
        actions.register_platform(
            call,
            code=code,
            name=name,
            direction=Direction.LOWER,
            region=city.region,
            owner=owner,
            simulated=True,
        )
    _upper(call, city.region)
    for turn, (code, _, _) in enumerate(_PLATFORMS):
        mine = places[turn:JOINED:2]
        items = [_item(one, random) for one in mine]
        actions.record_changes(call, changes=[Change(code, True, call.at - timedelta(days=1), "simulated")])
        actions.apply_catalog(call, platform=code, items=items, complete=True)
    devices = [
        {"code": one["code"], "name": one["name"], "region": one["region"], "lon": one["lon"], "lat": one["lat"],
         "kind": Kind.FIXED, "simulated": True}
        for one in places[JOINED : JOINED + DIRECT]
    ]  # fmt: skip
    actions.register_devices(call, rows=devices)
    seen = [Change(row["code"], True, call.at - timedelta(hours=9), "simulated") for row in devices[:-3]]
    actions.record_changes(call, changes=seen)
    planned = [
        {"code": one["code"], "name": one["name"], "region": one["region"], "lon": one["lon"], "lat": one["lat"],
         "key_area": bool(random.random() < _KEY), "simulated": True}
        for one in places[JOINED + DIRECT :]
    ]  # fmt: skip
    actions.plan_cameras(call, rows=planned)
    for one in Camera.objects.exclude(status="planned").order_by("code"):
        actions.update_camera(
            call,
            code=one.code,
            facts={"smart": bool(random.random() < _SMART), "key_area": bool(random.random() < _KEY)},
        )
    return f"{Camera.objects.count()} 台摄像机 cameras"


def _upper(call: Call, region: str) -> None:
    """The province's platform: it is told of the city's cameras and may not watch them."""
    actions.register_platform(
        call, code="37000000002000000001", name="省级视频平台（模拟）", direction=Direction.UPPER, region="370000",
        host="192.0.2.10", password=secrets.new_password(), share_region=region[:4], simulated=True,
    )  # fmt: skip
    actions.set_enabled(call, code="37000000002000000001", enabled=False, note="模拟平台不连接")


def _item(one: dict[str, Any], random: np.random.Generator) -> Item:
    return Item(
        code=one["code"], name=one["name"], online=bool(random.random() >= _OFF), civil=one["region"], lon=one["lon"],
        lat=one["lat"], address=one["address"], ptz=int(random.choice([1, 2, 3])), maker="模拟", model="模拟",
    )  # fmt: skip


def _places(random: np.random.Generator, count: int) -> Any:
    """Places inside the districts, more where the streets are denser, named after streets."""
    outlines = {code: shape(one["geometry"]) for code, one in sorted(people.district_outlines().items())}
    streets = {code: people.regions(code) for code in outlines}
    codes = [code for code in outlines if streets[code]]
    weights = np.array([len(streets[code]) for code in codes], dtype=float)
    for serial in range(1, count + 1):
        code = str(random.choice(codes, p=weights / weights.sum()))
        west, south, east, north = outlines[code].bounds
        while True:
            lon, lat = float(random.uniform(west, east)), float(random.uniform(south, north))
            if contains_xy(outlines[code], lon, lat):
                break
        street = streets[code][int(random.integers(len(streets[code])))]
        word = _WORDS[int(random.integers(len(_WORDS)))]
        yield {
            "code": ids.make(f"{code}00", type=131, serial=serial), "region": code, "lon": round(lon, 5),
            "lat": round(lat, 5), "name": f"{street.text.zh.removesuffix('街道')}{word}{serial}号", "address": street.text.zh,
        }  # fmt: skip
