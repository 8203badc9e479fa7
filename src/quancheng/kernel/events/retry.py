"""When to try again, and why it failed: shared by deliveries and jobs."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Backoff = Callable[[int], float]
"""Seconds to wait after the n-th failed attempt (n starts at 1)."""

REASON_LIMIT = 4000


def exponential(first: float = 2.0, factor: float = 2.0, cap: float = 3600.0) -> Backoff:
    """Seconds ``first``, ``first·factor``, … never more than ``cap``."""
    if first < 0 or factor < 1 or cap < 0:
        raise ValueError("backoff needs first ≥ 0, factor ≥ 1, cap ≥ 0")

    def wait(attempt: int) -> float:
        exponent = min(max(attempt, 1) - 1, 64)
        return float(min(cap, first * factor**exponent))

    return wait


def real_now() -> datetime:
    """The machine's time, for leases only.

    A lease asks whether another process is still alive, which a drill's virtual clock cannot
    know; everything else asks ``kernel.clock``.
    """
    return datetime.now(UTC)


def after(moment: datetime, seconds: float) -> datetime:
    """``moment`` plus ``seconds``."""
    return moment + timedelta(seconds=seconds)


def reason_of(error: BaseException) -> str:
    """The end of the traceback, which holds the error and the place it came from."""
    text = "".join(traceback.format_exception(error))
    return text if len(text) <= REASON_LIMIT else "…" + text[-REASON_LIMIT:]
