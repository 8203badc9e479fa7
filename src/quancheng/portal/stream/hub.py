"""The hub: reads the outbox once for all streams of this process and hands hints to each."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from quancheng.kernel import events
from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event
from quancheng.portal.stream.topics import Topic

POLL_SECONDS = 0.5
BATCH = 500
REPLAY_LIMIT = 200
PENDING_LIMIT = 200
log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Reader = Callable[[int, tuple[str, ...]], tuple[list[Event], int]]


class Stream:
    """One listener: what waits to be sent to it."""

    def __init__(self, actor: Actor, topics: Iterable[Topic]) -> None:
        self.actor = actor
        self.topics = tuple(topics)
        self.pending: deque[bytes] = deque(maxlen=PENDING_LIMIT)  # a slow reader loses the oldest hints
        self.wake = asyncio.Event()
        self.gone = False

    @property
    def patterns(self) -> set[str]:
        return {pattern for topic in self.topics for pattern in topic.events}

    def offer(self, event: Event) -> None:
        """Queue a hint for each topic of this listener that the event belongs to."""
        for topic in self.topics:
            if topic.carries(event) and topic.concerns(event, self.actor):
                self.pending.append(message(topic.name, event))
                self.wake.set()

    def leave(self) -> None:
        """The other side went away."""
        self.gone = True
        self.wake.set()


def message(topic: str, event: Event) -> bytes:
    """A hint: what kind of thing happened to what, never its content."""
    hint = {"topic": topic, "type": event.type, "subject": event.subject, "time": event.time.isoformat()}
    return f"id: {event.sequence}\ndata: {json.dumps(hint, ensure_ascii=False)}\n\n".encode()


def read(after: int, patterns: tuple[str, ...]) -> tuple[list[Event], int]:
    """Events after a place, and the place read up to."""
    newest = events.last_sequence()
    if newest <= after:
        return [], after
    found = events.tail(after, patterns, limit=BATCH)
    if len(found) == BATCH:
        return found, found[-1].sequence or newest
    return found, max([newest, *(event.sequence or 0 for event in found)])


class Hub:
    """All streams of one event loop and the one task that feeds them."""

    def __init__(self, reader: Reader = read, poll_seconds: float = POLL_SECONDS) -> None:
        self.streams: set[Stream] = set()
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")
        self._reader, self._poll = reader, poll_seconds
        self._task: asyncio.Task[None] | None = None

    async def call(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        """Run database work on the hub's own thread, which keeps its connection."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, _closing_stale, work, *arguments)

    def join(self, stream: Stream) -> None:
        """Start feeding a stream; the first one starts the reading."""
        self.streams.add(stream)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._feed(), name="live-hub")

    def part(self, stream: Stream) -> None:
        """Stop feeding a stream; after the last one the reading stops by itself."""
        self.streams.discard(stream)

    async def _feed(self) -> None:
        position = await self.call(events.last_sequence)
        while self.streams:
            patterns = tuple(sorted(set().union(*(stream.patterns for stream in self.streams))))
            try:
                found, position = await self.call(self._reader, position, patterns)
            except Exception:
                log.exception("live hub could not read the outbox; trying again")
                await asyncio.sleep(self._poll * 4)
                continue
            for event in found:
                for stream in tuple(self.streams):
                    stream.offer(event)
            if len(found) < BATCH:
                await asyncio.sleep(self._poll)

    async def replay(self, stream: Stream, after: int) -> None:
        """Give a returning listener what it missed; too much to tell becomes one hint a topic."""
        found, _place = await self.call(self._reader, after, tuple(sorted(stream.patterns)))
        for event in found[-REPLAY_LIMIT:]:
            stream.offer(event)


def _closing_stale(work: Callable[..., Answer], *arguments: Any) -> Answer:
    from django.db import close_old_connections

    close_old_connections()
    return work(*arguments)
