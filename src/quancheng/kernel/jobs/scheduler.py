"""Turns schedules into jobs: each occurrence once, however many schedulers run."""

from __future__ import annotations

import logging
import threading
from collections import deque
from datetime import datetime, timedelta

from django.db import DatabaseError, close_old_connections, transaction

from quancheng.kernel import clock
from quancheng.kernel.jobs.models import ScheduleState
from quancheng.kernel.jobs.queue import enqueue
from quancheng.kernel.jobs.registry import Schedule, schedules

logger = logging.getLogger(__name__)

MOST_CAUGHT_UP = 1000
"""Occurrences enqueued in one tick; the next tick goes on."""
LATE_BUT_KEPT = timedelta(minutes=10)


class Scheduler:
    """Enqueues what has come due since it looked last."""

    def run_forever(self, stop: threading.Event, idle_seconds: float = 1.0) -> None:
        """Tick until ``stop``; survives database outages."""
        while not stop.is_set():
            try:
                self.run_once()
            except DatabaseError:
                logger.exception("scheduler: database not available, trying again")
                close_old_connections()
            stop.wait(idle_seconds)

    def run_once(self, now: datetime | None = None) -> int:
        """Enqueue the occurrences up to ``now``; returns how many."""
        moment = now or clock.now()
        known = dict(ScheduleState.objects.values_list("id", "last_at"))
        made = 0
        for schedule in schedules():
            last = known.get(schedule.id)
            if last is None:  # a new schedule starts now; the past is not its business
                ScheduleState.objects.get_or_create(id=schedule.id, defaults={"last_at": moment})
            elif schedule.next_after(last) <= moment:
                made += self._enqueue(schedule, moment)
        return made

    def _enqueue(self, schedule: Schedule, moment: datetime) -> int:
        with transaction.atomic():
            state = ScheduleState.objects.select_for_update().get(id=schedule.id)
            due = occurrences(schedule, state.last_at, moment)
            for occurrence in due:
                enqueue(schedule.id, key=f"@{occurrence:%Y-%m-%dT%H:%M:%SZ}", run_at=occurrence)
            if due:
                ScheduleState.objects.filter(id=schedule.id).update(last_at=due[-1])
        return len(due)


def occurrences(schedule: Schedule, last: datetime, until: datetime) -> list[datetime]:
    """Occurrences after ``last`` up to ``until``.

    Those at most ten minutes old are always made up for; of older ones, after an outage, only
    the newest when there is no younger, or every one when the schedule catches up ``all``.
    """
    if schedule.catch_up == "latest" and schedule.seconds:  # skip the past without walking it
        step = timedelta(seconds=schedule.seconds)
        last = max(last, until - LATE_BUT_KEPT - step)
    found: deque[datetime] = deque()
    skipped = 0
    moment = schedule.next_after(last)
    while moment <= until and len(found) < MOST_CAUGHT_UP:
        if schedule.catch_up == "latest" and found and found[-1] < until - LATE_BUT_KEPT:
            found.pop()
            skipped += 1
        found.append(moment)
        moment = schedule.next_after(moment)
    if len(found) > 1 and schedule.catch_up == "latest" and found[0] < until - LATE_BUT_KEPT:
        found.popleft()
    if skipped:
        logger.warning("schedule %s: %s missed occurrences skipped", schedule.id, skipped)
    return list(found)
