"""NATS JetStream as transport: outbox → stream → inbox → deliveries.

A published event counts as handed over only after the broker's acknowledgement, a received one
is acknowledged only after its inbox row is committed. Both sides may repeat; the event id makes
repetition harmless, the gapless sequence makes loss visible, and the outbox can replay. The
asyncio loop runs only inside calls, so database work stays in one ordinary thread.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import uuid
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import F, Window
from django.db.models.functions import Lag

from quancheng.kernel import clock
from quancheng.kernel.events import wake
from quancheng.kernel.events.envelope import CONTENT_TYPE, Event
from quancheng.kernel.events.fanout import number, to_inbox
from quancheng.kernel.events.models import InboxEvent, OutboxEvent
from quancheng.kernel.events.outbox import city

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

logger = logging.getLogger(__name__)
T = TypeVar("T")

STREAM = "QUANCHENG_EVENTS"
SUBJECTS = "city.>"
PREFIX = "city."
BATCH = 100
ANSWER_SECONDS = 5.0
KEEP_SECONDS = 30 * 86400.0


class BusDown(RuntimeError):
    """The broker did not answer; nothing is lost, the next call tries again."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a city that never arrived here (both ends included)."""

    origin: str
    first: int
    last: int


class NatsBus:
    """One connection to JetStream, for publishing, receiving or both; not for two threads."""

    def __init__(self, url: str | None = None, *, ack_wait: float = 30.0, durable: str | None = None) -> None:
        self.url = url or str(settings.BUS_URL)
        self.ack_wait = ack_wait
        self.durable = durable or f"quancheng-{city() or 'city'}"
        self._loop = asyncio.new_event_loop()
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None
        self._pull: JetStreamContext.PullSubscription | None = None

    # -- publishing -------------------------------------------------------------------------

    def publish_once(self, limit: int = BATCH) -> int:
        """Relay committed events in order; returns how many the broker acknowledged."""
        rows = number(limit)
        if not rows:
            return 0
        accepted = self._call(self._publish([row.to_event(city()) for row in rows]))
        ids = [row.pk for row in rows if row.event_id in accepted]
        now = clock.now()
        OutboxEvent.objects.filter(pk__in=ids).update(published_at=now, dispatched_at=now)
        return len(ids)

    def replay(self, from_sequence: int, to_sequence: int | None = None) -> int:
        """Publish part of the outbox again; receivers that have it already drop it."""
        rows = OutboxEvent.objects.filter(sequence__gte=from_sequence).order_by("sequence")
        if to_sequence is not None:
            rows = rows.filter(sequence__lte=to_sequence)
        sent, place = 0, from_sequence - 1
        while batch := list(rows.filter(sequence__gt=place)[:BATCH]):
            events = [row.to_event(city()) for row in batch]
            accepted = self._call(self._publish(events, again=f".{uuid.uuid4().hex}"))
            if len(accepted) < len(events):
                raise BusDown(f"replay stopped after sequence {place}; start it again from there")
            sent, place = sent + len(accepted), batch[-1].sequence or place
        return sent

    async def _publish(self, events: Iterable[Event], again: str = "") -> set[uuid.UUID]:
        stream = await self._connected()

        async def one(event: Event) -> uuid.UUID:
            body = json.dumps(event.to_cloudevent(), ensure_ascii=False).encode()
            headers = {"Nats-Msg-Id": f"{event.id}{again}", "Content-Type": CONTENT_TYPE}
            await stream.publish(
                PREFIX + event.type, body, timeout=ANSWER_SECONDS, stream=STREAM, headers=headers
            )
            return event.id

        answers = await asyncio.gather(*(one(event) for event in events), return_exceptions=True)
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if failures:
            logger.warning("broker did not take %s events: %r", len(failures), failures[0])
        return {answer for answer in answers if isinstance(answer, uuid.UUID)}

    # -- receiving --------------------------------------------------------------------------

    def receive_once(self, limit: int = BATCH, wait: float = 1.0) -> int:
        """Store what the stream has for us, then acknowledge; returns how many were new."""
        messages = self._call(self._fetch(limit, wait))
        if not messages:
            return 0
        good: list[Msg] = []
        bad: list[Msg] = []
        events: dict[uuid.UUID, Event] = {}
        for message in messages:
            event = _read(message)
            (good if event else bad).append(message)
            if event:
                events.setdefault(event.id, event)
        new = store(events.values(), clock.now())
        self._call(self._acknowledge(good, bad))
        if new:
            wake.events.set()
        return new

    async def _fetch(self, limit: int, wait: float) -> list[Msg]:
        from nats.errors import TimeoutError as NatsTimeout
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        stream = await self._connected()
        if self._pull is None:
            config = ConsumerConfig(
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=self.ack_wait,
                deliver_policy=DeliverPolicy.ALL,
                max_deliver=-1,
                max_ack_pending=10 * BATCH,
            )
            self._pull = await stream.pull_subscribe(
                SUBJECTS, durable=self.durable, stream=STREAM, config=config
            )
        try:
            return await self._pull.fetch(limit, timeout=wait)
        except (NatsTimeout, TimeoutError):
            return []

    async def _acknowledge(self, good: list[Msg], bad: list[Msg]) -> None:
        for message in good:
            await message.ack()
        for message in bad:
            await message.term()
        await (await self._connection()).flush(timeout=5)

    # -- connection -------------------------------------------------------------------------

    async def _connection(self) -> Client:
        import nats

        if self._client is None or self._client.is_closed:
            self._stream = self._pull = None
            self._client = await nats.connect(
                self.url,
                name=self.durable,
                connect_timeout=2,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.2,
                error_cb=_log_error,
            )
        return self._client

    async def _connected(self) -> JetStreamContext:
        client = await self._connection()
        if self._stream is None:
            stream = client.jetstream(timeout=ANSWER_SECONDS)
            await _ensure_stream(stream)
            self._stream = stream
        return self._stream

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one conversation with the broker; raises BusDown when it does not answer."""
        from nats.errors import Error as NatsError

        try:
            return self._loop.run_until_complete(asyncio.wait_for(work, 4 * ANSWER_SECONDS))
        except (NatsError, OSError, TimeoutError) as error:
            self._stream = self._pull = None
            raise BusDown(f"{self.url}: {error!r}") from error

    def close(self) -> None:
        """Leave the broker."""
        if self._client is not None and not self._client.is_closed:
            try:
                self._loop.run_until_complete(asyncio.wait_for(self._client.close(), 2))
            except (OSError, TimeoutError):
                logger.info("broker connection closed without a farewell")
        self._client = None
        self._loop.close()

    def run_forever(self, stop: threading.Event, role: str) -> None:
        """Publish or receive (``role``) until ``stop``, surviving outages of broker and database."""
        wait = 0.2
        while not stop.is_set():
            try:
                moved = self.publish_once() if role == "publish" else self.receive_once()
                wait = 0.2
            except BusDown as error:
                logger.warning("broker not available, events wait in the outbox: %s", error)
                moved, wait = 0, min(wait * 2, 5.0)
            except DatabaseError:
                logger.exception("event bus: database not available, trying again")
                close_old_connections()
                moved = 0
            if moved == 0:
                stop.wait(wait)


def store(events: Iterable[Event], now: datetime) -> int:
    """Write received events into the inbox; returns how many were not there before."""
    wanted = {event.id: event for event in events}
    with transaction.atomic():
        known = set(InboxEvent.objects.filter(event_id__in=wanted).values_list("event_id", flat=True))
        fresh = [event for event in wanted.values() if event.id not in known]
        InboxEvent.objects.bulk_create([to_inbox(event, now) for event in fresh], ignore_conflicts=True)
    return len(fresh)


def gaps(origin: str | None = None) -> list[Gap]:
    """What is missing between the events received, and, of our own, what was sent since."""
    numbered = InboxEvent.objects.filter(sequence__isnull=False)
    if origin is not None:
        numbered = numbered.filter(origin=origin)
    before = Window(Lag("sequence"), partition_by=[F("origin")], order_by=[F("sequence").asc()])
    steps = numbered.annotate(before=before).order_by("origin", "sequence")
    found = [
        Gap(row.origin, row.before + 1, row.sequence - 1)
        for row in steps.filter(before__lt=F("sequence") - 1).iterator()
        if row.sequence is not None
    ]
    own = city()
    if origin in {None, own}:
        newest = numbered.filter(origin=own).order_by("-sequence").first()
        published = OutboxEvent.objects.filter(published_at__isnull=False)
        last = published.order_by("-sequence").values_list("sequence", flat=True).first()
        reached = newest.sequence if newest and newest.sequence else 0
        if last and last > reached:
            first = published.filter(sequence__gt=reached).order_by("sequence").first()
            found.append(Gap(own, (first.sequence if first else None) or last, last))
    return found


def _read(message: Msg) -> Event | None:
    try:
        return Event.from_cloudevent(json.loads(message.data))
    except (ValueError, TypeError, AttributeError) as error:
        logger.error("broker message on %s refused, not a CloudEvent: %s", message.subject, error)
        return None


async def _ensure_stream(stream: JetStreamContext) -> None:
    from nats.js.api import StorageType, StreamConfig
    from nats.js.errors import NotFoundError

    try:
        await stream.stream_info(STREAM)
    except NotFoundError:
        await stream.add_stream(
            StreamConfig(
                name=STREAM,
                subjects=[SUBJECTS],
                storage=StorageType.FILE,
                max_age=KEEP_SECONDS,
                duplicate_window=120,
            )
        )


async def _log_error(error: Exception) -> None:
    logger.info("broker connection: %r", error)
