"""Runs handlers: claims deliveries under a lease, keeps the order of each subject.

A handler's effects and the mark "done" commit together, so after any crash either both are
there or neither. Deliveries are claimed in batches and committed in chunks of at most
``CHUNK_SECONDS``, each handler in its own savepoint.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from quancheng.kernel import clock
from quancheng.kernel.events import wake
from quancheng.kernel.events.envelope import Event
from quancheng.kernel.events.fanout import fan_out, locked_position
from quancheng.kernel.events.models import Delivery, InboxEvent, OutboxEvent
from quancheng.kernel.events.outbox import DrainResult, city
from quancheng.kernel.events.registry import find, subscriptions
from quancheng.kernel.events.retry import after, real_now, reason_of

logger = logging.getLogger(__name__)

BATCH = 100
CHUNK_SECONDS = 0.05
MAX_CRASHES = 3
"""A delivery that was in the hands of this many dying workers is set aside."""


class EventDispatcher:
    """Delivers events to this process's subscribers; any number may run at once."""

    def __init__(self, *, lease_seconds: float = 60.0, batch: int = BATCH) -> None:
        self.lease_seconds = lease_seconds
        self.batch = batch
        self.fanned_out = 0
        """Events turned into deliveries by the last ``run_once``."""
        self._stop = threading.Event()

    def run_forever(self, stop: threading.Event, idle_seconds: float = 0.2) -> None:
        """Work until ``stop``; sleeps when there is nothing and survives database outages."""
        self._stop = stop
        while not stop.is_set():
            try:
                idle = self.run_once().tried == 0 and self.fanned_out == 0
            except DatabaseError:
                logger.exception("event dispatcher: database not available, trying again")
                close_old_connections()
                idle = True
            if idle:
                wake.wait(wake.events, stop, idle_seconds)

    def run_once(self, limit: int | None = None) -> DrainResult:
        """Fan out, claim one batch (at most ``limit``) and run it."""
        self.fanned_out = fan_out()
        token = uuid.uuid4()
        claimed = self.claim(token, self.batch if limit is None else min(limit, self.batch))
        return self._run(claimed, token) if claimed else DrainResult()

    # -- claiming ---------------------------------------------------------------------------

    def claim(self, token: uuid.UUID, limit: int) -> list[Delivery]:
        """Lease up to ``limit`` deliveries whose earlier ones of the same subject are free too."""
        names = [subscription.name for subscription in subscriptions()]
        if not self._due(names).exists():
            return []
        with transaction.atomic():
            locked_position("claims")
            candidates = list(self._due(names).order_by("id")[:limit])
            free = set(
                Delivery.objects.select_for_update(skip_locked=True)
                .filter(pk__in=[row.pk for row in candidates], state=Delivery.State.PENDING)
                .values_list("pk", flat=True)
            )
            chosen = _in_order(candidates, free)
            self._set_aside_killers(chosen)
            chosen = [row for row in chosen if row.state == Delivery.State.PENDING]
            lease_until = after(real_now(), self.lease_seconds)
            Delivery.objects.filter(pk__in=[row.pk for row in chosen]).update(
                lease_token=token, lease_until=lease_until
            )
        return chosen

    def _due(self, names: Sequence[str]) -> QuerySet[Delivery]:
        now, real = clock.now(), real_now()
        pending = Delivery.objects.filter(finished_at__isnull=True)  # the partial indexes' condition
        held_up = Q(lease_until__gt=real) | Q(available_at__gt=now)
        earlier = pending.filter(
            held_up,
            subscriber=OuterRef("subscriber"),
            subject=OuterRef("subject"),
            id__lt=OuterRef("id"),
        )
        # Coalesce keeps the planner from sorting all that waits: in order of id it stops early
        return pending.alias(name=Coalesce("subscriber", Value(""))).filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=real),
            ~Exists(earlier),
            name__in=names,
            available_at__lte=now,
        )

    def _set_aside_killers(self, chosen: list[Delivery]) -> None:
        for row in chosen:
            if row.lease_token is None:
                continue
            row.crashes += 1  # its lease ran out: the worker that held it died or hung
            if row.crashes >= MAX_CRASHES:
                row.state = Delivery.State.DEAD
                row.finished_at = clock.now()
                row.last_error = (
                    f"处理时工作进程中断 {row.crashes} 次。"
                    f" {row.crashes} workers ended while they held this delivery."
                )
                row.lease_token = row.lease_until = None
                logger.error("event delivery %s set aside: %s", row.pk, row.last_error)
            row.save()

    # -- running ----------------------------------------------------------------------------

    def _run(self, claimed: list[Delivery], token: uuid.UUID) -> DrainResult:
        events = load_events([row.event_id for row in claimed])
        result, rest = DrainResult(), claimed
        while rest and not self._stop.is_set():
            step, rest = self._run_chunk(rest, events, token)
            result += step
        if rest:
            _give_back(rest, token)
        return result

    def _run_chunk(
        self, rows: list[Delivery], events: dict[uuid.UUID, Event], token: uuid.UUID
    ) -> tuple[DrainResult, list[Delivery]]:
        """Run as many as fit into a chunk; a chunk that cannot commit is repeated one by one."""
        try:
            with transaction.atomic():
                return self._run_in_transaction(rows, events, token, CHUNK_SECONDS)
        except Exception as error:
            if connection.needs_rollback:  # the caller's transaction is broken: his to handle
                raise
            first, rest = rows[0], rows[1:]
            logger.warning("event chunk rolled back, going on singly", exc_info=error)
        try:
            with transaction.atomic():
                step, more = self._run_in_transaction([first], events, token, 0)
            return step, [*more, *rest]
        except Exception as error:
            with transaction.atomic():
                step, freed = self._fail(first, reason_of(error), rest, token)
            return step, [row for row in rest if row not in freed]

    def _run_in_transaction(
        self,
        rows: list[Delivery],
        events: dict[uuid.UUID, Event],
        token: uuid.UUID,
        seconds: float,
    ) -> tuple[DrainResult, list[Delivery]]:
        rest = self._still_ours(rows, token)
        result, done = DrainResult(), []
        until = time.monotonic() + seconds
        while rest:
            row, *rest = rest
            reason = _handle(row, events.get(row.event_id))
            if reason is None:
                done.append(row.pk)
            else:
                failure, freed = self._fail(row, reason, rest, token)
                result += failure
                rest = [one for one in rest if one not in freed]
            if time.monotonic() >= until:
                break
        Delivery.objects.filter(pk__in=done).update(
            state=Delivery.State.DONE,
            finished_at=clock.now(),
            lease_until=None,
            lease_token=None,
        )
        return result + DrainResult(delivered=len(done)), rest

    def _still_ours(self, rows: list[Delivery], token: uuid.UUID) -> list[Delivery]:
        """Extend the lease of all, and drop those another worker took over meanwhile."""
        ours = Delivery.objects.filter(pk__in=[row.pk for row in rows], lease_token=token)
        kept = ours.update(lease_until=after(real_now(), self.lease_seconds))
        if kept == len(rows):
            return rows
        ids = set(ours.values_list("pk", flat=True))
        return [row for row in rows if row.pk in ids]

    def _fail(
        self, row: Delivery, reason: str, rest: list[Delivery], token: uuid.UUID
    ) -> tuple[DrainResult, list[Delivery]]:
        """Record a failure; later deliveries of the same subject are given back to wait."""
        subscription = find(row.subscriber)
        attempts = row.attempts + 1
        dead = subscription is None or attempts >= subscription.max_attempts
        wait = 0.0 if subscription is None else subscription.backoff(attempts)
        now = clock.now()
        Delivery.objects.filter(pk=row.pk, lease_token=token).update(
            attempts=F("attempts") + 1,
            last_error=reason,
            state=Delivery.State.DEAD if dead else Delivery.State.PENDING,
            available_at=after(now, wait),
            finished_at=now if dead else None,
            lease_until=None,
            lease_token=None,
        )
        log = logger.error if dead else logger.warning
        log("event %s → %s failed (attempt %s): %s", row.type, row.subscriber, attempts, reason)
        if dead:
            return DrainResult(dead=1, reasons=(reason,)), []
        freed = [one for one in rest if _key(one) == _key(row)]
        _give_back(freed, token)
        return DrainResult(failed=1, reasons=(reason,)), freed


def load_events(ids: list[uuid.UUID]) -> dict[uuid.UUID, Event]:
    """The events with these ids, from the outbox or, when they came from elsewhere, the inbox."""
    own = OutboxEvent.objects.filter(event_id__in=ids)
    events = {row.event_id: row.to_event(city()) for row in own}
    foreign = [one for one in ids if one not in events]
    if foreign:
        for row in InboxEvent.objects.filter(event_id__in=foreign):
            events[row.event_id] = Event.from_cloudevent(row.envelope)
    return events


def _handle(row: Delivery, event: Event | None) -> str | None:
    """Run the handler in a savepoint; the reason when it failed."""
    subscription = find(row.subscriber)
    if event is None or subscription is None:
        return "事件或订阅已不存在。 The event or the subscription no longer exists."
    try:
        with _time_of(event), transaction.atomic():
            subscription.handler(event)
    except Exception as error:
        return reason_of(error)
    return None


def _time_of(event: Event) -> AbstractContextManager[object]:
    """Handlers of a drill's events see the drill's time, whichever process runs them."""
    if event.virtual and not clock.is_virtual():
        return clock.at(event.time)
    return nullcontext()


def _give_back(rows: list[Delivery], token: uuid.UUID) -> None:
    """End the lease of deliveries that were not tried."""
    ours = Delivery.objects.filter(pk__in=[row.pk for row in rows], lease_token=token)
    ours.update(lease_until=None, lease_token=None)


def _in_order(candidates: list[Delivery], free: set[int]) -> list[Delivery]:
    """Those free to run, none before an earlier one of its subject; a suspect goes alone."""
    chosen: list[Delivery] = []
    blocked: set[tuple[str, str]] = set()
    for row in candidates:
        if row.pk not in free or _key(row) in blocked:
            blocked.add(_key(row))
        elif row.lease_token is None:
            chosen.append(row)
        elif not chosen:
            return [row]  # a worker died holding it: run it with nobody else in the boat
        else:
            break
    return chosen


def _key(row: Delivery) -> tuple[str, str]:
    return row.subscriber, row.subject
