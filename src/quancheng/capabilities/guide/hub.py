"""分发 Hub: one reader a process looks what was said in the conversations that are open in sockets.

Messages are numbered under the conversation's lock, so "everything after n" misses nothing whatever
process said it and however a connection broke: at least once, and the page drops what it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from quancheng.capabilities.guide import rendering
from quancheng.capabilities.guide.models import Conversation, Message
from quancheng.capabilities.guide.values import State

POLL_SECONDS = 0.4
THREADS = 4
BATCH = 200
log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Listener:
    """One open page: what it has, and what waits to be sent to it."""

    def __init__(self, conversation: int, viewer: str, language: str, user: int | None = None) -> None:
        self.conversation, self.viewer, self.language, self.user = conversation, viewer, language, user
        self.after = 0
        self.mark: tuple[Any, ...] = ()
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=100)

    def offer(self, frame: dict[str, Any]) -> bool:
        """Queue a frame; False when the page does not keep up (it will ask again from where it is)."""
        with contextlib.suppress(asyncio.QueueFull):
            self.outgoing.put_nowait(frame)
            return True
        return False


class Hub:
    """All sockets of one event loop."""

    def __init__(self, poll_seconds: float = POLL_SECONDS) -> None:
        self.listeners: dict[int, set[Listener]] = defaultdict(set)
        self.threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="guide")
        self._poll = poll_seconds
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def call(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Database work in the pool; its threads keep their connections."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, _fresh, work, *arguments)

    def join(self, listener: Listener) -> None:
        """Start feeding a page."""
        self.listeners[listener.conversation].add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._feed(), name="guide-hub")
        self.look()

    def part(self, listener: Listener) -> None:
        """Stop feeding a page; the reading ends after the last one."""
        group = self.listeners.get(listener.conversation, set())
        group.discard(listener)
        if not group:
            self.listeners.pop(listener.conversation, None)
        self._news.set()

    def look(self) -> None:
        """Something was said through this process: do not wait for the next turn."""
        self._news.set()

    def typing(self, speaker: Listener) -> None:
        """Tell the other side that somebody is writing; of no weight, so within this process only."""
        for other in self.listeners.get(speaker.conversation, ()):
            if other.viewer != speaker.viewer:
                other.offer({"t": "typing"})

    async def _feed(self) -> None:
        while self.listeners:
            self._news.clear()
            wanted = {key: min(one.after for one in group) for key, group in self.listeners.items()}
            marks = {key: {one.mark for one in self.listeners[key]} for key in wanted}
            try:
                found = await self.call(read, wanted, marks)
            except Exception:
                log.exception("the guide's hub could not read; trying again")
                await asyncio.sleep(self._poll * 5)
                continue
            for conversation, messages in found:
                await self._hand_out(conversation, messages)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._news.wait()

    async def _hand_out(self, conversation: Conversation, messages: list[Message]) -> None:
        through = messages[-1].sequence if len(messages) == BATCH else conversation.sequence
        state, mark = State(conversation.state), mark_of(conversation)
        for one in tuple(self.listeners.get(conversation.pk, ())):
            if one.viewer == "agent" and state is not State.WAITING and conversation.agent_id != one.user:
                one.offer({"t": "gone"})  # handed over: it is another agent's now
                self.part(one)
                continue
            mine = [
                m for m in messages if m.sequence > one.after and (one.viewer == "agent" or not m.internal)
            ]
            if not mine and one.mark == mark:
                continue
            frame = await self.call(rendering.frame, mine, through, state, one.viewer, one.language)
            if one.offer(frame):
                one.after, one.mark = max(one.after, through), mark


def mark_of(conversation: Conversation) -> tuple[Any, ...]:
    """Changes whenever a page has something new to show."""
    return conversation.sequence, conversation.state, conversation.agent_id


def read(
    wanted: dict[int, int], marks: dict[int, set[tuple[Any, ...]]]
) -> list[tuple[Conversation, list[Message]]]:
    """Conversations that moved, with what was said after what the slowest page has."""
    moved = []
    for row in Conversation.objects.filter(pk__in=list(wanted)):
        if marks[row.pk] == {mark_of(row)} and row.sequence <= wanted[row.pk]:
            continue
        said = Message.objects.filter(
            conversation=row, sequence__gt=wanted[row.pk], sequence__lte=row.sequence
        ).select_related("author")
        moved.append((row, list(said.order_by("sequence")[:BATCH])))
    return moved


def _fresh(work: Callable[..., Result], *arguments: Any) -> Result:
    from django.db import close_old_connections

    close_old_connections()
    return work(*arguments)
