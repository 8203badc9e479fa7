"""并案 Which reports tell of the same thing: near in place and time, of one type. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt

__all__ = ["Candidate", "Sighting", "Window", "best_match", "metres_between"]

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the earth in metres."""


@dataclass(frozen=True, slots=True)
class Window:
    """How near and how soon two reports must be (并案窗口)."""

    metres: float
    minutes: float

    def __post_init__(self) -> None:
        if self.metres < 0 or self.minutes < 0:
            raise ValueError("a window is not negative 窗口不能为负")


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where, when and of what type (一次接报)."""

    type: str
    lon: float
    lat: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open incident: its place and the times of its first and last sighting (在办事件)."""

    id: int
    type: str
    lon: float
    lat: float
    first_at: datetime
    last_at: datetime


def metres_between(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Great-circle distance in metres (haversine)."""
    a, b = radians(lat1), radians(lat2)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(half)))


def best_match(sighting: Sighting, candidates: Iterable[Candidate], window: Window) -> Candidate | None:
    """The nearest incident of the type inside the window; the older one when equally near.

    In time a sighting fits when it lies at most ``window.minutes`` outside the span from first
    to last sighting, so a long incident goes on collecting reports.
    """
    slack = timedelta(minutes=window.minutes)
    found: list[tuple[float, datetime, int, Candidate]] = []
    for one in candidates:
        if one.type != sighting.type or not one.first_at - slack <= sighting.at <= one.last_at + slack:
            continue
        distance = metres_between(one.lon, one.lat, sighting.lon, sighting.lat)
        if distance <= window.metres:
            found.append((distance, one.first_at, one.id, one))
    return min(found)[3] if found else None
