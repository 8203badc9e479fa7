"""Heartbeats of processes: a row each, so that they prove both life and a working database."""

from __future__ import annotations

import logging
import os
import socket
import threading
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, close_old_connections

from quancheng.kernel.events.retry import real_now

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
FRESH_SECONDS = 20.0
FORGET = timedelta(days=1)


class Heart:
    """Beats for one process until stopped; removes its row at a clean end."""

    def __init__(self, component: str) -> None:
        self.component = component
        self.id = f"{component}@{socket.gethostname()}:{os.getpid()}"[:160]
        self._started = real_now()

    def beat(self, **detail: Any) -> None:
        """Write the row; forgets rows of processes long gone."""
        from quancheng.kernel.jobs.models import Beat

        now = real_now()
        Beat.objects.update_or_create(
            id=self.id,
            defaults={
                "component": self.component,
                "started_at": self._started,
                "seen_at": now,
                "detail": detail,
            },
        )
        Beat.objects.filter(seen_at__lt=now - FORGET).delete()

    def stop(self) -> None:
        """Leave: the row goes, so nobody thinks the process died."""
        from quancheng.kernel.jobs.models import Beat

        Beat.objects.filter(id=self.id).delete()

    def run_forever(self, stop: threading.Event) -> None:
        """Beat every few seconds until ``stop``; survives database outages."""
        while True:
            try:
                self.stop() if stop.is_set() else self.beat()
            except DatabaseError:
                logger.exception("heartbeat of %s not written", self.id)
                close_old_connections()
            if stop.is_set():
                return
            stop.wait(BEAT_SECONDS)


def ages() -> dict[str, float]:
    """Seconds since each component's newest heartbeat; components never seen are absent."""
    from django.db.models import Max

    from quancheng.kernel.jobs.models import Beat

    now = real_now()
    newest = Beat.objects.values("component").annotate(seen=Max("seen_at"))
    return {row["component"]: (now - row["seen"]).total_seconds() for row in newest}


def alive(component: str) -> bool:
    """Whether a component beat within the last 20 seconds."""
    return ages().get(component, FRESH_SECONDS + 1) <= FRESH_SECONDS
