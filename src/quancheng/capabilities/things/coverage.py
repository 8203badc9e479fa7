"""感知覆盖: the plan's coverage figures, computed from the register as it is now, by district.

The plan (三（三）, table of targets) gives targets and no definition; ours is stated with each figure and
its radius is a dated parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from shapely import contains_xy
from shapely.geometry import shape

from quancheng.capabilities.things import city
from quancheng.capabilities.things.models import IN_SERVICE, Kind, Station, Status
from quancheng.core.rules.model import thaw
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook

STEP_KM = 1.0
"""Side of the squares a district is looked at in; its share of the answer is below a percent."""
KM_PER_DEGREE = 111.195
"""Of a great circle: π · 6371 km / 180."""
KEY_SITES = (Kind.RIVER, Kind.RESERVOIR, Kind.PONDING)
"""重点水库、河道、城区低洼地区."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A covered share of a district or the city."""

    region: str
    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """Covered, in percent; None where there is nothing to cover."""
        return round(100 * self.part / self.whole, 1) if self.whole else None


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure of the plan: what it says, its target, each district, the city."""

    id: str
    text: Text
    meaning: Text
    target: float
    unit: str
    districts: tuple[Figure, ...]
    evidence: str

    @property
    def total(self) -> Figure:
        """The city: all districts together."""
        return Figure("", sum(one.part for one in self.districts), sum(one.whole for one in self.districts))

    @property
    def reached(self) -> bool:
        """Whether the city reaches the target."""
        percent = self.total.percent
        return percent is not None and percent >= self.target


def targets() -> dict[str, float]:
    """The plan's targets as in force today."""
    table: Any = thaw(rulebook.find("things.coverage_targets").value)
    return {name: float(value) for name, value in table.items()}


def indicators() -> list[Indicator]:
    """The three coverage figures of the plan, computed now."""
    return [rain(), video(), connected()]


def rain() -> Indicator:
    """雨量监测站点覆盖率: share of each district's area within the radius of a rain gauge in service."""
    km = float(rulebook.find("things.rain_gauge_km").decimal())
    gauges = _places(Station.objects.filter(kind=Kind.RAIN, status__in=IN_SERVICE))
    figures = []
    for code, lon, lat in _grids():
        near = distance_km(lon, lat, gauges) <= km
        figures.append(Figure(code, int(near.sum()), len(lon)))
    return Indicator(
        "rain", Text("雨量监测站点覆盖率", "Coverage by rain gauges"),
        Text(f"距在用雨量站{km:g}公里以内的面积占比（平方公里）", f"Area within {km:g} km of a rain gauge in service (km²)"),
        targets()["rain"], "%", tuple(figures), "/work/things/?kind=rain",
    )  # fmt: skip


def video() -> Indicator:
    """重点水库、河道、城区低洼地区视频监控覆盖率: sites with a camera in service near."""
    metres = float(rulebook.find("things.camera_m").decimal())
    cameras = _places(Station.objects.filter(kind=Kind.CAMERA, status__in=IN_SERVICE))
    rows = Station.objects.filter(kind__in=KEY_SITES, status__in=IN_SERVICE).values_list(
        "region", "lon", "lat"
    )
    found = {code: [0, 0] for code, _, _ in _grids()}
    sites = list(rows)
    if sites:
        lon = np.array([row[1] for row in sites], np.float64)
        lat = np.array([row[2] for row in sites], np.float64)
        near = distance_km(lon, lat, cameras) * 1000 <= metres
        for (region, _, _), seen in zip(sites, near, strict=True):
            figure = found.setdefault(region[:6], [0, 0])
            figure[0] += bool(seen)
            figure[1] += 1
    return Indicator(
        "video", Text("重点水库、河道、城区低洼地区视频监控覆盖率", "Video at key reservoirs, rivers and low places"),
        Text(f"{metres:g}米以内有在用摄像机的站点占比", f"Sites with a camera in service within {metres:g} m"),
        targets()["video"], "%", _figures(found), "/work/things/?kind=camera",
    )  # fmt: skip


def connected() -> Indicator:
    """重点公共区域监控联网率: cameras in service that are on line now."""
    found = {code: [0, 0] for code, _, _ in _grids()}
    rows = (
        Station.objects.filter(kind=Kind.CAMERA, status__in=IN_SERVICE)
        .order_by()
        .values_list("region", "status")
    )
    for region, status in rows:
        figure = found.setdefault(region[:6], [0, 0])
        figure[0] += status == Status.ONLINE
        figure[1] += 1
    return Indicator(
        "connected", Text("重点公共区域监控联网率", "Cameras connected"),
        Text("在用摄像机中当前在线的占比", "Cameras on line now, of those in service"),
        targets()["connected"], "%", _figures(found), "/work/things/?kind=camera&status=silent",
    )  # fmt: skip


def _figures(found: dict[str, list[int]]) -> tuple[Figure, ...]:
    return tuple(Figure(code, part, whole) for code, (part, whole) in sorted(found.items()))


def _places(rows: Any) -> Floats:
    return np.array(list(rows.values_list("lon", "lat")), np.float64).reshape(-1, 2)


def distance_km(lon: Floats, lat: Floats, places: Floats) -> Floats:
    """Distance of each point to the nearest place, km; infinity without places.

    Plane with the longitude shortened by the latitude: below 0.1 % off inside a city.
    """
    nearest = np.full(len(lon), np.inf)
    for start in range(0, len(places), 512):
        part = places[start : start + 512]
        x = (lon[:, None] - part[None, :, 0]) * np.cos(np.radians(lat))[:, None]
        y = lat[:, None] - part[None, :, 1]
        nearest = np.minimum(nearest, np.sqrt((x * x + y * y).min(axis=1)) * KM_PER_DEGREE)
    return nearest


def _grids() -> Sequence[tuple[str, Floats, Floats]]:
    return _squares(clock.today().year)


@lru_cache(maxsize=1)
def _squares(_year: int) -> tuple[tuple[str, Floats, Floats], ...]:
    """District code and the middles of its squares."""
    made = []
    for code, outline in city.outlines():
        area = shape(outline)
        west, south, east, north = area.bounds
        step = STEP_KM / KM_PER_DEGREE
        wide = step / np.cos(np.radians((south + north) / 2))
        lon, lat = np.meshgrid(
            np.arange(west + wide / 2, east, wide), np.arange(south + step / 2, north, step)
        )
        inside = contains_xy(area, lon.ravel(), lat.ravel())
        made.append((code, lon.ravel()[inside], lat.ravel()[inside]))
    return tuple(made)
