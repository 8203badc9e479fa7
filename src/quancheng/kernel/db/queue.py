"""A fair queue for writers of one SQLite file: threads by ticket, processes by turnstile.

Between processes two advisory file locks form a turnstile: a writer waits at the *gate*, then
for the *room*, and frees the gate once inside. Whoever leaves the room has to queue at the gate
again, so no process can take two turns while another waits. The kernel frees the locks of a
killed process, so a SIGKILL never leaves the queue blocked.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from pathlib import Path

_queues: dict[tuple[int, str], WriteQueue] = {}
_queues_guard = threading.Lock()


class FairLock:
    """A lock handed over strictly in order of arrival between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        ticket.acquire()

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


class WriteQueue:
    """One writer at a time, in turn, for one database file."""

    def __init__(self, database: str) -> None:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
        self._threads = FairLock()
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._gate = os.open(f"{database}-gate", flags, 0o600)
        self._room = os.open(f"{database}-room", flags, 0o600)

    def acquire(self) -> None:
        """Wait for the turn. Blocks; order is arrival within a process, alternating between."""
        self._threads.acquire()
        try:
            fcntl.flock(self._gate, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._room, fcntl.LOCK_EX)
            finally:
                fcntl.flock(self._gate, fcntl.LOCK_UN)
        except BaseException:
            self._threads.release()
            raise

    def release(self) -> None:
        """Leave the room and let the next one in."""
        fcntl.flock(self._room, fcntl.LOCK_UN)
        self._threads.release()


def queue_for(database: str) -> WriteQueue:
    """The queue of a database file; one a process (never inherited over fork)."""
    key = (os.getpid(), os.path.realpath(database))
    with _queues_guard:
        if key not in _queues:
            _queues[key] = WriteQueue(key[1])
        return _queues[key]
