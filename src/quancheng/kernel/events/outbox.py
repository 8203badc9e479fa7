"""Writing events, reading the stream and looking after it. Imports models only when called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from quancheng.kernel import clock
from quancheng.kernel.events import wake
from quancheng.kernel.events.envelope import SUBJECT_LIMIT, Event, check_data, check_type

if TYPE_CHECKING:
    from quancheng.kernel.events.models import OutboxEvent

BATCH = 500


class OutsideTransaction(RuntimeError):
    """A programming fault: ``emit`` without a transaction could tell of what never happened."""


class HandlerFailed(RuntimeError):
    """Raised by ``drain(strict=True)`` when a handler failed; the text is the reason."""


@dataclass(frozen=True, slots=True)
class DrainResult:
    """How many deliveries were done, failed (to be tried again) or set aside for good."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    reasons: tuple[str, ...] = ()

    def __add__(self, other: DrainResult) -> DrainResult:
        return DrainResult(
            self.delivered + other.delivered,
            self.failed + other.failed,
            self.dead + other.dead,
            (*self.reasons, *other.reasons)[:20],
        )

    @property
    def tried(self) -> int:
        """Deliveries whose handler ran."""
        return self.delivered + self.failed + self.dead


def emit(
    type: str,
    subject: str,
    data: Mapping[str, Any],
    *,
    source: str | None = None,
    dataschema: str = "",
) -> OutboxEvent:
    """Tell that something happened, in the transaction that makes it happen.

    ``subject`` names the thing (receipt, device …); events of one subject reach each subscriber
    in order. Raises OutsideTransaction, or ValueError for a malformed type, subject or data.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(
            f"事件 {type} 须在事务内发出，请放进 @action 或 transaction.atomic()。"
            f" Emit {type} inside a transaction: in an @action or transaction.atomic()."
        )
    subject = str(subject)
    if not subject or len(subject) > SUBJECT_LIMIT:
        raise ValueError(f"事件主题应为 1–{SUBJECT_LIMIT} 字。 An event needs a subject.")
    from quancheng.kernel.events.models import OutboxEvent

    row = OutboxEvent.objects.create(
        type=check_type(type),
        source=source or f"/quancheng/{type.partition('.')[0]}",
        subject=subject,
        time=clock.now(),
        virtual=clock.is_virtual(),
        data=check_data(data, DjangoJSONEncoder),
        dataschema=dataschema,
    )
    transaction.on_commit(wake.events.set)
    return row


def drain(limit: int | None = None, until_quiet: bool = True, *, strict: bool = False) -> DrainResult:
    """Deliver what is due, here and now (tests, drills, demo).

    With ``until_quiet`` also what the handlers emit. Failed deliveries wait for their backoff
    as usual; ``strict`` raises HandlerFailed at the end instead of returning quietly.
    """
    from quancheng.kernel.events.dispatcher import EventDispatcher

    dispatcher = EventDispatcher()
    total = DrainResult()
    while limit is None or total.tried < limit:
        step = dispatcher.run_once(None if limit is None else limit - total.tried)
        total += step
        if not until_quiet or (step.tried == 0 and not dispatcher.fanned_out):
            break
    if strict and total.reasons:
        raise HandlerFailed(total.reasons[0])
    return total


def tail(after_sequence: int, types: Iterable[str] = (), limit: int = BATCH) -> list[Event]:
    """Committed events after a place in the stream, in order; all types or those matching.

    Numbers are given after commit and without gaps, so a reader that remembers the last
    sequence it saw never misses a late commit. ``types`` are patterns as in ``subscribe``.
    """
    from django.db.models import Q

    from quancheng.kernel.events.models import OutboxEvent
    from quancheng.kernel.events.registry import type_filter

    wanted = Q()
    for pattern in types:
        wanted |= Q(**type_filter(pattern))
    rows = OutboxEvent.objects.filter(wanted, sequence__gt=after_sequence).order_by("sequence")
    return [row.to_event(city()) for row in rows[:limit]]


def last_sequence() -> int:
    """The newest place in the stream; 0 when nothing was ever numbered."""
    from quancheng.kernel.events.fanout import OUTBOX
    from quancheng.kernel.events.models import Position

    return Position.objects.filter(name=OUTBOX).values_list("value", flat=True).first() or 0


def prune(older_than: timedelta = timedelta(days=30), *, batch: int = BATCH) -> int:
    """Remove events whose deliveries are all done and older than a period; returns how many.

    Dead deliveries and their events stay until somebody revives or deletes them.
    """
    from django.db.models import Exists, OuterRef

    from quancheng.kernel.events.models import Delivery, InboxEvent, OutboxEvent

    before = clock.now() - older_than
    unfinished = Delivery.objects.filter(event_id=OuterRef("event_id")).exclude(state=Delivery.State.DONE)
    removed = 0
    for model in (OutboxEvent, InboxEvent):
        old = model._default_manager.filter(dispatched_at__lt=before).exclude(Exists(unfinished))
        while ids := list(old.order_by("id").values_list("event_id", flat=True)[:batch]):
            with transaction.atomic():
                Delivery.objects.filter(event_id__in=ids, state=Delivery.State.DONE).delete()
                model._default_manager.filter(event_id__in=ids).delete()
            removed += len(ids)
    return removed


def revive(delivery_ids: Iterable[int]) -> int:
    """Give dead deliveries a fresh start, after their cause was mended; returns how many."""
    from quancheng.kernel.events.models import Delivery

    return Delivery.objects.filter(pk__in=list(delivery_ids), state=Delivery.State.DEAD).update(
        state=Delivery.State.PENDING,
        attempts=0,
        crashes=0,
        available_at=clock.now(),
        finished_at=None,
    )


def redeliver(subscriber: str, from_sequence: int = 1) -> int:
    """Give a (new) subscriber the events it missed, from a place in the stream; returns how many."""
    from quancheng.kernel.events.fanout import create_deliveries
    from quancheng.kernel.events.registry import find

    subscription = find(subscriber)
    if subscription is None:
        raise LookupError(f"没有订阅 {subscriber}。 There is no subscription {subscriber}.")
    made, position = 0, from_sequence - 1
    while batch := tail(position, [subscription.pattern]):
        with transaction.atomic():
            made += create_deliveries(batch, [subscription])
        position = batch[-1].sequence or position
    return made


def city() -> str:
    """The city whose outbox this is."""
    return str(getattr(settings, "CITY", ""))
