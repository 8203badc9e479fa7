"""暴雨事实: what is recorded and what is assumed of a storm, read from a parsed table.

The numbers live in a dated TOML file with their sources; this module holds none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

__all__ = ["Spread", "Storm", "StormError", "Window"]


class StormError(ValueError):
    """The facts of a storm are missing, malformed or cannot all hold."""


@dataclass(frozen=True, slots=True)
class Window:
    """历时雨量: the worst rain of a duration, and where it lies in the storm."""

    minutes: int
    amount: Decimal
    start: datetime
    fade_slots: float


@dataclass(frozen=True, slots=True)
class Spread:
    """空间分布: the storm's centre, areal means to meet and the noise between gauges."""

    lon: float
    lat: float
    reference: str
    inner_mean: float
    city_mean: float
    noise: float
    least_factor: float
    greatest_factor: float
    seed: int


@dataclass(frozen=True, slots=True)
class Storm:
    """设计暴雨: the reference gauge's windows, times, shape and spread."""

    north_start: datetime
    reference_start: datetime
    end: datetime
    step: timedelta
    resolution: Decimal
    total: Decimal
    windows: tuple[Window, ...]
    peak_weights: tuple[float, ...]
    tail_fade_slots: float
    spread: Spread

    @classmethod
    def from_table(cls, table: Mapping[str, object]) -> Storm:
        """Read the tables ``storm``, ``storm.window`` and ``spread`` of a parsed TOML file."""
        storm = _Table(table, "storm")
        spread = _Table(table, "spread")
        return cls(
            north_start=storm.time("north_start"),
            reference_start=storm.time("reference_start"),
            end=storm.time("end"),
            step=timedelta(minutes=storm.number("step_minutes")),
            resolution=storm.amount("resolution_mm"),
            total=storm.amount("total_mm"),
            windows=tuple(
                Window(
                    minutes=int(row.number("minutes")),
                    amount=row.amount("amount_mm"),
                    start=row.time("start"),
                    fade_slots=row.number("fade_slots"),
                )
                for row in storm.rows("window")
            ),
            peak_weights=storm.numbers("peak_weights"),
            tail_fade_slots=storm.number("tail_fade_slots"),
            spread=Spread(
                lon=spread.number("lon"),
                lat=spread.number("lat"),
                reference=spread.text("reference"),
                inner_mean=spread.number("inner_mean_mm"),
                city_mean=spread.number("city_mean_mm"),
                noise=spread.number("noise"),
                least_factor=spread.number("least_factor"),
                greatest_factor=spread.number("greatest_factor"),
                seed=int(spread.number("seed")),
            ),
        )


class _Table:
    """Typed reads from one table, with errors that name the key."""

    def __init__(self, parent: Mapping[str, object], name: str) -> None:
        found = parent.get(name)
        if not isinstance(found, Mapping):
            raise StormError(f"the table {name} is missing")
        self._name = name
        self._values = found

    def _value(self, key: str) -> object:
        if key not in self._values:
            raise StormError(f"{self._name}.{key} is missing")
        value: object = self._values[key]
        return value

    def number(self, key: str) -> float:
        return self._number(key, self._value(key))

    def _number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise StormError(f"{self._name}.{key} must be a number, not {value!r}")
        return value

    def numbers(self, key: str) -> tuple[float, ...]:
        value = self._value(key)
        if not isinstance(value, list):
            raise StormError(f"{self._name}.{key} must be a list of numbers")
        return tuple(self._number(key, item) for item in value)

    def text(self, key: str) -> str:
        value = self._value(key)
        if not isinstance(value, str):
            raise StormError(f"{self._name}.{key} must be a string, not {value!r}")
        return value

    def amount(self, key: str) -> Decimal:
        try:
            found = Decimal(self.text(key))
        except InvalidOperation as error:
            raise StormError(f"{self._name}.{key} must be a decimal in a string") from error
        if not found.is_finite() or found <= 0:
            raise StormError(f"{self._name}.{key} must be above zero")
        return found

    def time(self, key: str) -> datetime:
        value = self._value(key)
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise StormError(f"{self._name}.{key} must be a time with an offset, not {value!r}")
        return value

    def rows(self, key: str) -> tuple[_Table, ...]:
        value = self._value(key)
        if not isinstance(value, list) or not value:
            raise StormError(f"{self._name}.{key} must be a list of tables")
        return tuple(_Table({f"{self._name}.{key}": row}, f"{self._name}.{key}") for row in value)
