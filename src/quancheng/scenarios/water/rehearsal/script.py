"""剧本: the drill's own assumptions, read from ``resources/drill.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from quancheng.kernel.clock import LOCAL

RESOURCES = Path(__file__).resolve().parents[1] / "resources"


@dataclass(frozen=True, slots=True)
class Span:
    """A range to draw from; units as the name of the field says."""

    least: float
    most: float

    @classmethod
    def of(cls, pair: tuple[float, float]) -> Span:
        return cls(*pair)


@dataclass(frozen=True, slots=True)
class River:
    """The stage curve of one gauge (m, local times of the replayed day)."""

    station: str
    base_m: float
    peak_m: float
    rise_from: datetime
    peak_at: datetime
    recession: timedelta

    def stage(self, at: datetime) -> float:
        """Stage at a moment: a squared rise to the peak, then exponential recession (assumed)."""
        if at <= self.rise_from:
            return self.base_m
        if at <= self.peak_at:
            share = (at - self.rise_from) / (self.peak_at - self.rise_from)
            return self.base_m + (self.peak_m - self.base_m) * share**2
        fallen = 2.0 ** (-((at - self.peak_at) / self.recession))
        return self.base_m + (self.peak_m - self.base_m) * float(fallen)


@dataclass(frozen=True, slots=True)
class Script:
    """Everything the drill assumes."""

    day: date
    starts: datetime
    ends: datetime
    quiet: timedelta
    report_delay: Span
    fault_weights: tuple[int, int, int]
    late_minutes: Span
    seats: Mapping[str, Span]
    returned_share: float
    river: River


def read(path: Path = RESOURCES / "drill.toml") -> Script:
    """The script in ``path``. Raises KeyError or ValueError when the file is incomplete."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    day: date = table["time"]["replayed_on"]
    starts = _at(day, table["time"]["starts"])
    faults, seats = table["faults"], dict(table["seats"])
    returned = float(seats.pop("returned_share"))
    return Script(
        day=day,
        starts=starts,
        ends=starts + timedelta(minutes=table["time"]["ends_after_minutes"]),
        quiet=timedelta(minutes=table["time"]["quiet_after_rain_minutes"]),
        report_delay=Span.of(table["report"]["delay_seconds"]),
        fault_weights=(faults["lost"], faults["late"], faults["corrupt"]),
        late_minutes=Span.of(faults["late_minutes"]),
        seats={name: Span.of(pair) for name, pair in seats.items()},
        returned_share=returned,
        river=_river(day, table["river"]),
    )


def _river(day: date, table: Mapping[str, Any]) -> River:
    return River(
        station=table["station"],
        base_m=float(table["base_m"]),
        peak_m=float(table["peak_m"]),
        rise_from=_at(day, table["rise_from"]),
        peak_at=_at(day, table["peak_at"]),
        recession=timedelta(minutes=table["recession_minutes"]),
    )


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, LOCAL)
