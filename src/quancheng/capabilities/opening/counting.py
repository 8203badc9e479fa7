"""使用计数: readers count in memory; now and then, and when the process ends, it is added up in the database.

A process that is killed loses what it counted since, at most ``PERIOD`` seconds of it: figures of use, not accounts.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import Counter
from datetime import date

import structlog
from django.db import Error

from quancheng.kernel import clock
from quancheng.kernel.actions import Call

PERIOD, MOST = 20.0, 2_000
log = structlog.get_logger(__name__)
_guard = threading.Lock()
_counts: Counter[tuple[int, date, str]] = Counter()
_since = time.monotonic()


def note(dataset: int, kind: str) -> None:
    """One use; every ``PERIOD`` seconds the counts are written."""
    with _guard:
        _counts[dataset, clock.today(), kind] += 1
        due = time.monotonic() - _since > PERIOD or _counts.total() >= MOST
    if due:
        flush()


def flush() -> None:
    """Write what was counted; kept for the next time when the database refuses."""
    global _since
    from quancheng.capabilities.opening import social

    with _guard:
        taken, _since = dict(_counts), time.monotonic()
        _counts.clear()
    if not taken:
        return
    try:
        social.count_use(Call.system("opening"), counts=taken)
    except (Error, RuntimeError):  # RuntimeError: a test that may not touch the database
        log.warning("opening.counts.kept", exc_info=True)
        with _guard:
            _counts.update(taken)


atexit.register(flush)
