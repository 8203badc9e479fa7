"""空间分布: the reference storm laid over a city's gauges, seeded and reproducible.

A gauge's total falls with its distance from the centre as ``exp(−(d/s)^p)`` times a seeded noise;
``s`` is solved so that the inner gauges have their recorded mean and ``p`` so that all gauges have
theirs. The reference gauge keeps the reference storm exactly. The front comes from the north: it
reaches the northernmost gauge at ``north_start`` and the reference at ``reference_start``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from .hyetograph import Hyetograph, hyetograph, share
from .storm import Spread, Storm, StormError

__all__ = ["Gauge", "GaugeRain", "spread_storm"]

Array = NDArray[np.float64]
_EARTH_KM = 6371.0
_STEPS = 60
_SCALES_KM = (1e-3, 1e24)
_POWERS = (0.15, 8.0)


@dataclass(frozen=True, slots=True)
class Gauge:
    """雨量站: its id and place, and whether it stands in the inner districts."""

    id: str
    lon: float
    lat: float
    inner: bool


@dataclass(frozen=True, slots=True)
class GaugeRain:
    """One gauge's storm."""

    gauge: Gauge
    rain: Hyetograph


def spread_storm(storm: Storm, gauges: Sequence[Gauge]) -> tuple[GaugeRain, ...]:
    """Give every gauge its storm; the order of the gauges does not change any of them."""
    ordered = sorted(gauges, key=lambda gauge: gauge.id)
    reference = next((g for g in ordered if g.id == storm.spread.reference), None)
    if reference is None or not reference.inner:
        raise StormError(f"the reference gauge {storm.spread.reference} is not an inner gauge")
    base = hyetograph(storm)
    totals = _totals(storm.spread, ordered, float(base.total))
    delays = _delays(storm, ordered, reference)
    made = {
        gauge.id: GaugeRain(gauge, base if gauge is reference else _scaled(base, total, delay))
        for gauge, total, delay in zip(ordered, totals, delays, strict=True)
    }
    return tuple(made[gauge.id] for gauge in gauges)


def _totals(spread: Spread, gauges: Sequence[Gauge], peak: float) -> Array:
    inner = np.array([gauge.inner for gauge in gauges])
    here = np.array([gauge.id == spread.reference for gauge in gauges])
    distance = _distance_km(gauges, spread)
    noise = np.random.default_rng(spread.seed).normal(0.0, spread.noise, len(gauges))
    factors = np.clip(1.0 + noise, spread.least_factor, spread.greatest_factor)

    def field(scale: float, power: float) -> Array:
        raw: Array = peak * factors * np.exp(-((distance / scale) ** power))
        return np.where(here, peak, np.minimum(raw, peak))

    def scale_for(power: float) -> float:
        return _solve(lambda s: float(field(s, power)[inner].mean()), spread.inner_mean, _SCALES_KM)

    def city_mean(power: float) -> float:
        return float(field(scale_for(power), power).mean())

    power = _solve(city_mean, spread.city_mean, _POWERS)
    return field(scale_for(power), power)


def _solve(value: Callable[[float], float], target: float, bounds: tuple[float, float]) -> float:
    """Find where a monotone function meets a target, by bisection on a logarithmic scale."""
    low, high = bounds
    at_low, at_high = value(low), value(high)
    if not min(at_low, at_high) <= target <= max(at_low, at_high):
        raise StormError(f"a mean of {target} lies outside {at_low:.1f} to {at_high:.1f}")
    rising = at_high > at_low
    for _ in range(_STEPS):
        middle = float(np.sqrt(low * high))
        if (value(middle) < target) == rising:
            low = middle
        else:
            high = middle
    return high


def _distance_km(gauges: Sequence[Gauge], spread: Spread) -> Array:
    lon, lat = (np.radians([getattr(gauge, name) for gauge in gauges]) for name in ("lon", "lat"))
    lon0, lat0 = np.radians(spread.lon), np.radians(spread.lat)
    chord = np.sin((lat - lat0) / 2) ** 2 + np.cos(lat) * np.cos(lat0) * np.sin((lon - lon0) / 2) ** 2
    distance: Array = 2 * _EARTH_KM * np.arcsin(np.sqrt(chord))
    return distance


def _delays(storm: Storm, gauges: Sequence[Gauge], reference: Gauge) -> list[timedelta]:
    """Each gauge's delay against the reference, in whole slots; gauges to the north are early."""
    north = max(gauge.lat for gauge in gauges)
    lead = (storm.reference_start - storm.north_start) // storm.step
    height = north - reference.lat
    if height <= 0:
        return [timedelta(0)] * len(gauges)
    return [round(lead * (reference.lat - g.lat) / height) * storm.step for g in gauges]


def _scaled(base: Hyetograph, total: float, delay: timedelta) -> Hyetograph:
    unit = min(amount for amount in base.amounts if amount) if any(base.amounts) else Decimal(1)
    resolution = Decimal(1).scaleb(min(int(unit.as_tuple().exponent), 0))
    parts = share(round(total / float(resolution)), [float(a) for a in base.amounts])
    return Hyetograph(base.first + delay, base.step, tuple(part * resolution for part in parts))
