"""会话留存: writes sessions that are to last, gathered, in a thread; says when they are on disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import structlog

from quancheng.capabilities.ingest.mqtt.session_file import SessionFile, saved
from quancheng.core.mqtt import Session

log = structlog.get_logger(__name__)


class SessionKeeper:
    """For one event loop. ``ends``: moment (seconds since 1970) at which a session nobody uses is over."""

    def __init__(self, file: SessionFile) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-sessions")
        self._keep: dict[str, Session] = {}
        self._drop: set[str] = set()
        self._known: set[str] = set()
        self._told: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self.ends: dict[str, float] = {}

    def load(self, most: int) -> Iterator[tuple[Session, float]]:
        """Sessions of earlier runs."""
        for session, until in self._file.load(most):
            self._known.add(session.client_id)
            yield session, until

    def keep(self, session: Session, done: Callable[[], None] | None = None) -> None:
        """Write the session as it is then; ``done`` is called in the loop when it is on disk."""
        self._keep[session.client_id] = session
        self._drop.discard(session.client_id)
        self.ends[session.client_id] = time.time() + session.expiry
        if done is not None:
            self._told.append(done)
        self._start()

    def drop(self, client: str) -> None:
        """The session is over."""
        self.ends.pop(client, None)
        self._keep.pop(client, None)
        if client in self._known:
            self._drop.add(client)
            self._start()

    def ended(self, now: float, among: Iterable[str] | None = None) -> list[str]:
        """Sessions out of date."""
        names = list(self.ends) if among is None else among
        return [one for one in names if self.ends.get(one, now) < now]

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._keep or self._drop or self._told:
            await asyncio.sleep(0)
            keep = [saved(one, self.ends.get(one.client_id, 0.0)) for one in self._keep.values()]
            drop, told = self._drop, self._told
            self._keep, self._drop, self._told = {}, set(), []
            try:
                await loop.run_in_executor(self._thread, self._file.write, keep, drop)
            except Exception:
                log.exception("ingest.sessions.failed", sessions=len(keep))
                continue  # nobody is told; the next change writes the session again
            self._known |= {one.client for one in keep}
            self._known -= drop
            for call in told:
                call()

    async def flushed(self) -> None:
        """Return when nothing waits."""
        if self._task is not None:
            await self._task

    def close(self) -> None:
        """Let the file go."""
        self._thread.shutdown(wait=True)
        self._file.close()
