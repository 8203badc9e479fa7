"""Indicators of sharing."""

from __future__ import annotations

from quancheng.capabilities.exchange import ledger, queries
from quancheng.kernel import clock


def sharing_rate() -> float | None:
    """共享率: percent of the requests that were due, answered in time and served."""
    value = queries.rate().value
    return None if value is None else float(value * 100)


def stamp_lag() -> float:
    """待盖戳滞后: age of the oldest exchange without a stamp, in seconds."""
    oldest = ledger.waiting(1).oldest
    return 0.0 if oldest is None else max(0.0, (clock.now() - oldest).total_seconds())
