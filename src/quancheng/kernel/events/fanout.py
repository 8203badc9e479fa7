"""From committed events to deliveries: numbering without gaps, then one row a subscriber.

An id cursor would skip a transaction that took a low id and committed late. So every row says
itself whether it was dispatched, and numbers are given after commit by whoever holds the row of
:class:`Position`: one at a time, in any number of processes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min, Q

from quancheng.kernel import clock
from quancheng.kernel.events.envelope import Event
from quancheng.kernel.events.models import Delivery, InboxEvent, OutboxEvent, Position
from quancheng.kernel.events.outbox import BATCH, city
from quancheng.kernel.events.registry import Subscription, subscriptions

logger = logging.getLogger(__name__)

OUTBOX = "outbox"
GAP_PATIENCE = timedelta(seconds=20)
"""How long an event may wait for a missing earlier one of the same city."""


def uses_broker() -> bool:
    """Whether events travel through the broker instead of straight to the deliveries."""
    return bool(getattr(settings, "BUS_URL", ""))


def locked_position(name: str) -> Position:
    """The position, locked until the transaction ends."""
    Position.objects.get_or_create(name=name)
    return Position.objects.select_for_update().get(name=name)


def fan_out(limit: int = BATCH) -> int:
    """Make deliveries of what is committed; returns how many events were handled."""
    return fan_out_inbox(limit) if uses_broker() else fan_out_outbox(limit)


def fan_out_outbox(limit: int = BATCH) -> int:
    """Number and dispatch outbox events straight to local subscribers."""
    if not OutboxEvent.objects.filter(dispatched_at__isnull=True).exists():
        return 0  # a read: an idle dispatcher never stands in the write queue
    with transaction.atomic():
        rows = _number(limit)
        create_deliveries([row.to_event(city()) for row in rows], subscriptions())
        OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(dispatched_at=clock.now())
    return len(rows)


def number(limit: int = BATCH) -> list[OutboxEvent]:
    """Number what is committed and not yet dispatched; the publisher's reading list."""
    if not OutboxEvent.objects.filter(dispatched_at__isnull=True).exists():
        return []
    with transaction.atomic():
        return _number(limit)


def _number(limit: int) -> list[OutboxEvent]:
    position = locked_position(OUTBOX)
    rows = list(OutboxEvent.objects.filter(dispatched_at__isnull=True).order_by("id")[:limit])
    fresh = [row for row in rows if row.sequence is None]
    for place, row in enumerate(fresh, start=position.value + 1):
        row.sequence = place
    if fresh:
        table = connection.ops.quote_name(OutboxEvent._meta.db_table)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET sequence = %s WHERE id = %s",  # noqa: S608 - our own table's name
                [(row.sequence, row.pk) for row in fresh],
            )
        Position.objects.filter(pk=position.pk).update(value=position.value + len(fresh))
    return sorted(rows, key=lambda row: row.sequence or 0)


def create_deliveries(events: Iterable[Event], listeners: Sequence[Subscription]) -> int:
    """One delivery for each event and listener that wants it; those that exist already stay."""
    now = clock.now()
    interested: dict[str, list[str]] = {}
    rows = []
    for event in events:
        if event.type not in interested:
            interested[event.type] = [one.name for one in listeners if one.wants(event.type)]
        rows += [
            Delivery(
                event_id=event.id,
                type=event.type,
                subject=event.subject,
                subscriber=name,
                available_at=now,
                created_at=now,
            )
            for name in interested[event.type]
        ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def fan_out_inbox(limit: int = BATCH) -> int:
    """Dispatch received events, each city's in its own order."""
    waiting = InboxEvent.objects.filter(dispatched_at__isnull=True)
    origins = sorted(set(waiting.values_list("origin", flat=True)))
    return sum(_fan_out_origin(origin, limit) for origin in origins)


def _fan_out_origin(origin: str, limit: int) -> int:
    with transaction.atomic():
        position = locked_position(f"inbox:{origin}")
        waiting = InboxEvent.objects.filter(origin=origin, dispatched_at__isnull=True)
        rows = list(waiting.order_by("sequence", "id")[:limit])
        if not rows:
            return 0
        if position.value == 0:
            position.value = _place_before_first(origin, rows)
        ready, place = _contiguous(rows, position.value)
        if not ready and rows[0].received_at < clock.now() - GAP_PATIENCE:
            ready, place = _bridge(origin, rows, position.value)
        create_deliveries([Event.from_cloudevent(row.envelope) for row in ready], subscriptions())
        InboxEvent.objects.filter(pk__in=[row.pk for row in ready]).update(dispatched_at=clock.now())
        Position.objects.filter(pk=position.pk).update(value=place)
    return len(ready)


def _contiguous(rows: list[InboxEvent], place: int) -> tuple[list[InboxEvent], int]:
    """The rows that may go now: unnumbered, late (their gap was given up) or next in order."""
    ready = []
    for row in rows:
        if row.sequence is not None and row.sequence > place + 1:
            continue
        ready.append(row)
        place = max(place, row.sequence or 0)
    return ready, place


def _place_before_first(origin: str, rows: list[InboxEvent]) -> int:
    numbered = [row.sequence for row in rows if row.sequence is not None]
    first = min(numbered, default=1)
    if origin == city():
        concerned = Q(published_at__isnull=False) | Q(dispatched_at__isnull=True)
        known = OutboxEvent.objects.filter(concerned).aggregate(first=Min("sequence"))["first"]
        first = min(first, known or first)
    return first - 1


def _bridge(origin: str, rows: list[InboxEvent], place: int) -> tuple[list[InboxEvent], int]:
    """Close a gap that lasted too long: our own from the outbox, another city's by going on."""
    first = next(row.sequence for row in rows if row.sequence is not None)
    missing = range(place + 1, first)
    now = clock.now()
    healed = heal(missing, now) if origin == city() else []
    logger.warning(
        "events %s–%s of %s never arrived through the broker; %s taken from the outbox",
        missing.start,
        missing.stop - 1,
        origin,
        len(healed),
    )
    ready, reached = _contiguous([*healed, *rows], missing.stop - 1)
    return ready, reached


def heal(missing: range, now: datetime) -> list[InboxEvent]:
    """Put our own events that the broker lost into the inbox, straight from the outbox."""
    rows = OutboxEvent.objects.filter(sequence__gte=missing.start, sequence__lt=missing.stop)
    events = [row.to_event(city()) for row in rows.order_by("sequence")]
    InboxEvent.objects.bulk_create([to_inbox(event, now) for event in events], ignore_conflicts=True)
    ids = [event.id for event in events]
    found = InboxEvent.objects.filter(event_id__in=ids, dispatched_at__isnull=True)
    return list(found.order_by("sequence"))


def to_inbox(event: Event, now: datetime) -> InboxEvent:
    """The inbox row of a received event."""
    return InboxEvent(
        event_id=event.id,
        origin=event.city if event.sequence is not None else "",
        sequence=event.sequence,
        envelope=event.to_cloudevent(),
        received_at=now,
    )
