"""水文: design storms and how they lie over a city's gauges."""

from __future__ import annotations

from .hyetograph import Hyetograph, hyetograph, share
from .spread import Gauge, GaugeRain, spread_storm
from .storm import Spread, Storm, StormError, Window

__all__ = [
    "Gauge",
    "GaugeRain",
    "Hyetograph",
    "Spread",
    "Storm",
    "StormError",
    "Window",
    "hyetograph",
    "share",
    "spread_storm",
]
