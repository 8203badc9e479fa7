"""Wakes the loops of this process at once; other processes notice at their next poll."""

from __future__ import annotations

import threading

events = threading.Event()
jobs = threading.Event()


def wait(signal: threading.Event, stop: threading.Event, seconds: float) -> None:
    """Sleep until woken, stopped or ``seconds`` have passed."""
    if not stop.is_set():
        signal.wait(seconds)
    signal.clear()
