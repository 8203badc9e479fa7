"""合理性: what the checksum cannot know. A frame with doubts is kept and marked."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from .frame import Frame

__all__ = ["Doubt", "Limits", "doubts"]


class Doubt(StrEnum):
    """存疑: why a well-formed frame may still be wrong."""

    UNKNOWN_STATION = "unknown-station"
    OTHER_STATION = "other-station"
    SENT_AHEAD = "sent-ahead"
    OBSERVED_AFTER_SENT = "observed-after-sent"
    TOO_OLD = "too-old"
    OUT_OF_RANGE = "out-of-range"


@dataclass(frozen=True, slots=True)
class Limits:
    """The caller's limits: clock tolerance, oldest useful data, and ranges by element code."""

    ahead: timedelta
    oldest: timedelta
    ranges: dict[int, tuple[Decimal, Decimal]]


def doubts(
    frame: Frame, received_at: datetime, stations: Container[str], limits: Limits
) -> tuple[Doubt, ...]:
    """Return every doubt about a frame received at a time, in a fixed order."""
    report = frame.report
    observed = [r.observed_at for r in frame.readings]
    latest = max(observed, default=None)
    sent = frame.sent_at
    checks = {
        Doubt.UNKNOWN_STATION: frame.station not in stations,
        Doubt.OTHER_STATION: report is not None and report.station != frame.station,
        Doubt.SENT_AHEAD: sent is not None and sent > received_at + limits.ahead,
        Doubt.OBSERVED_AFTER_SENT: sent is not None and latest is not None and latest > sent + limits.ahead,
        Doubt.TOO_OLD: bool(observed) and min(observed) < received_at - limits.oldest,
        Doubt.OUT_OF_RANGE: any(_outside(r.element.code, r.value, limits) for r in frame.readings),
    }
    return tuple(doubt for doubt, holds in checks.items() if holds)


def _outside(code: int, value: Decimal | None, limits: Limits) -> bool:
    bounds = limits.ranges.get(code)
    return bounds is not None and value is not None and not bounds[0] <= value <= bounds[1]
