"""What questions are answered with: frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hour:
    """A stream's hour; times in µs, hours begin at whole hours UTC."""

    stream: int
    hour: int
    n: int
    """Numeric results."""
    mean: float | None
    min: float | None
    max: float | None
    sum: float | None
    minutes: int
    """Minutes of the hour (0 … 60) with at least one numeric result."""


@dataclass(frozen=True, slots=True)
class Extent:
    """From when to when a stream has observations; µs."""

    first: int
    last: int
    first_result: int | None
    last_result: int | None
    count: int


@dataclass(frozen=True, slots=True)
class DistrictHour:
    """A district's hour of one observed property."""

    region: str
    prop: str
    hour: int
    streams: int
    """Streams with at least one numeric result."""
    n: int
    mean: float | None
    min: float | None
    max: float | None
