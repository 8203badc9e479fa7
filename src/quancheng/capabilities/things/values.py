"""Frozen values that go in and come out of things."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from quancheng.core.telemetry.sl651 import BadFrame, Frame

ACCEPTED: Final = "accepted"
DUPLICATE: Final = "duplicate"
REJECTED: Final = "rejected"


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """收到的报文: bytes and when they came; a receiver that decoded already passes its result.

    ``raw`` may be empty when ``frame`` or ``fault`` is given.
    """

    raw: bytes
    received_at: datetime
    frame: Frame | None = None
    fault: BadFrame | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one frame; ``acknowledge`` is the frame to answer, if it deserves an answer."""

    status: Literal["accepted", "duplicate", "rejected"]
    reason: str = ""
    acknowledge: Frame | None = None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """接收结果: the ledger row of one transaction."""

    run: str
    received: int
    accepted: int
    duplicate: int
    rejected: dict[str, int]
    late: int
    readings: int
    corrected: int
    refused: dict[str, int]
    alarms: tuple[int, ...]
    outcomes: tuple[Outcome, ...] = field(repr=False, default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain figures, for API and event."""
        names = ("run", "received", "accepted", "duplicate", "rejected", "late", "readings", "corrected",
                 "refused")  # fmt: skip
        return {name: getattr(self, name) for name in names} | {"alarms": list(self.alarms)}


@dataclass(slots=True)
class Tally:
    """The counts of a batch while it is worked through."""

    accepted: int = 0
    duplicate: int = 0
    late: int = 0
    corrected: int = 0
    readings: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Observation:
    """One accepted reading on its way into the tables."""

    stream: int
    station: str
    region: str
    kind: str
    prop: str
    time: datetime
    value: Decimal
    quality: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class LatestRow:
    """最新值: a station's stream with its newest value in the real city or an exercise."""

    code: str
    prop: str
    unit: str
    time: datetime
    value: Decimal
    quality: str


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart."""

    time: datetime
    value: Decimal
    quality: str


@dataclass(frozen=True, slots=True)
class WindowRow:
    """Window sums of one station: minutes → amount and coverage."""

    code: str
    region: str
    amounts: dict[int, Decimal]
    coverage: dict[int, float]


@dataclass(frozen=True, slots=True)
class ArealRow:
    """面雨量: mean of the gauges of a district over a period."""

    region: str
    mean: Decimal
    greatest: Decimal
    gauges: int
    coverage: float
