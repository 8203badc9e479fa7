"""At-literals: ``@"2026-11-22"`` and its kin."""

from __future__ import annotations

from .duration import Duration, parse_duration
from .temporal import Date, DateTime, Time


def parse_at_literal(text: str) -> Date | Time | DateTime | Duration | None:
    """The date, time, date and time or duration of an ISO text; None when it is none of them."""
    if "P" in text[:2]:
        return parse_duration(text)
    return Date.parse(text) or DateTime.parse(text) or Time.parse(text)
