"""编号: ids and revisions in blocks, never given twice, below 2^53.

The counter is a file changed under a lock and fsynced before a block is used; so a block can be taken
in the middle of a database transaction that is rolled back later. The table ``IdBlock`` keeps a high
water mark beside it, from which the counter goes on if the file is lost. A cluster gives each machine
a node number: the top 8 of 53 bits.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from quancheng.capabilities.observations.config import Limits
from quancheng.capabilities.observations.faults import OutOfIds

_NODE_BITS = 45
_SKIP = 1 << 32
"""How far ahead of the mark the counter begins when its file was lost: blocks taken since the mark."""


class Ids:
    """Hands out numbers of one folder; thread-safe."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._path = folder / "next-id"
        self._block, self._base = limits.id_block, limits.node << _NODE_BITS
        self._lock = threading.Lock()
        self._next = self._end = 0

    def take(self, count: int) -> int:
        """The first of ``count`` ids in a row; raises OutOfIds, OSError."""
        with self._lock:
            if self._next + count > self._end:
                size = max(count, self._block)
                self._next = self._claim(size)
                self._end = self._next + size
            first = self._next
            self._next += count
            return self._base + first

    def revision(self) -> int:
        """A number greater than every one given before by any process of this machine."""
        with self._lock:
            return self._base + self._claim(1)

    def mark(self) -> int:
        """Numbers from here on were never given."""
        with self._lock:
            return self._base + self._claim(0)

    def _claim(self, count: int) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            said = os.pread(descriptor, 32, 0).strip()
            first = int(said) if said else _after_mark(self._base)
            if first + count >= 1 << _NODE_BITS:
                raise OutOfIds
            if count or not said:
                os.pwrite(descriptor, b"%031d\n" % (first + count), 0)
                os.fsync(descriptor)
            return first
        finally:
            os.close(descriptor)


def _after_mark(base: int) -> int:
    """Where a new counter begins: 1, or well after the mark in the database."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        mark = _mark()
    else:  # Django refuses to speak to the database inside an event loop
        with ThreadPoolExecutor(1) as pool:
            mark = pool.submit(_mark_elsewhere).result()
    return 1 if mark <= base else mark - base + _SKIP


def _mark() -> int:
    from quancheng.capabilities.observations.models import IdBlock

    kept = IdBlock.objects.filter(name="observations").first()
    return 0 if kept is None else int(kept.next)


def _mark_elsewhere() -> int:
    from django.db import connection

    try:
        return _mark()
    finally:
        connection.close()
