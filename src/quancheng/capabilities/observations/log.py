"""观测日志: what was acknowledged is on the disk.

    writer().append(batch)              # threads; blocks until fdatasync
    await writer().append_async(batch)  # asyncio
    reader = LogReader("watch"); batches = reader.poll(); ...; reader.commit()

Group commit (Gray & Reuter, Transaction Processing, 9.4): one commit is in flight at a time; whoever
waits meanwhile shares the next. After a failed write or sync the file is given up, never written
again: the kernel may have dropped pages that failed to reach the disk.
"""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog

from quancheng.capabilities.observations import frames
from quancheng.capabilities.observations.config import Limits, folder, limits, log_folder
from quancheng.capabilities.observations.faults import LogDamaged, LogFull, OutOfIds
from quancheng.capabilities.observations.ids import Ids
from quancheng.capabilities.observations.log_files import Position, hold, numbers, path_of, sync_folder
from quancheng.capabilities.observations.log_reader import LogReader
from quancheng.capabilities.observations.values import Batch
from quancheng.core.text import Text
from quancheng.kernel.errors import TooLarge

__all__ = ["LogDamaged", "LogFull", "LogReader", "LogWriter", "OutOfIds", "Position", "writer"]

log = structlog.get_logger(__name__)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_VECTOR = 512


class _Waiting(Protocol):
    frame: bytearray

    def finish(self, error: Exception | None) -> None: ...


class _Thread:
    """A thread that waits for its frame."""

    __slots__ = ("done", "error", "frame")

    def __init__(self, frame: bytearray) -> None:
        self.frame, self.error = frame, None
        self.done = threading.Event()

    def finish(self, error: Exception | None) -> None:
        self.error = error  # type: ignore[assignment]
        self.done.set()


class _Task:
    """An asyncio task that waits for its frame."""

    __slots__ = ("frame", "future", "loop")

    def __init__(self, frame: bytearray, loop: asyncio.AbstractEventLoop) -> None:
        self.frame, self.loop = frame, loop
        self.future: asyncio.Future[None] = loop.create_future()

    def finish(self, error: Exception | None) -> None:
        with suppress(RuntimeError):  # its loop was closed meanwhile; nobody waits
            self.loop.call_soon_threadsafe(self._tell, error)

    def _tell(self, error: Exception | None) -> None:
        if not self.future.done():
            if error is None:
                self.future.set_result(None)
            else:
                self.future.set_exception(error)


class LogWriter:
    """Appends batches durably; thread-safe; one per process and name."""

    def __init__(self, name: str = "w", place: Path | None = None, limits_: Limits | None = None) -> None:
        self._limits = limits_ or limits()
        self._folder = place or log_folder()
        self._folder.mkdir(parents=True, exist_ok=True)
        self.name, self._held = hold(self._folder, name)
        self.ids = Ids(self._folder.parent, self._limits)
        self._lock = threading.Lock()
        self._queue: list[_Waiting] = []
        self._leading = False
        self._file: int | None = None
        self._number = self._size = self._frames = 0
        self._unused: Path | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="observations-log")
        self._closed = False
        self.commits = self.acknowledged = 0
        cut_tail(self._folder, self.name)

    # -- what callers use ---------------------------------------------------------------------
    def append(self, batch: Batch) -> Batch:
        """Write a batch and return it with ids, when it is durable. Raises LogFull, LogDamaged, TooLarge."""
        if not len(batch):
            return batch
        waiting = _Thread(self._prepare(batch))
        if self._queue_up(waiting):
            self._lead(until=waiting)
        waiting.done.wait()
        if waiting.error is not None:
            raise waiting.error
        return batch

    async def append_async(self, batch: Batch) -> Batch:
        """The same for asyncio: the disk is waited for in a thread of the writer."""
        if not len(batch):
            return batch
        loop = asyncio.get_running_loop()
        waiting = _Task(self._prepare(batch), loop)
        if self._queue_up(waiting):
            loop.run_in_executor(self._pool, self._lead)
        await waiting.future
        return batch

    def close(self) -> None:
        """Finish what waits and let the slot go."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=True)
        with self._lock:
            self._give_up()
            if self._held >= 0:
                os.close(self._held)
                self._held = -1

    # -- the commit ---------------------------------------------------------------------------
    def _prepare(self, batch: Batch) -> bytearray:
        fresh = batch.id == 0
        if fresh.all():
            first = self.ids.take(len(batch))
            batch.id = np.arange(first, first + len(batch), dtype=np.int64)
        elif fresh.any():
            count = int(fresh.sum())
            first = self.ids.take(count)
            batch.id = batch.id.copy()
            batch.id[fresh] = np.arange(first, first + count)
        frame = frames.encode(batch)
        if len(frame) > self._limits.frame_bytes:
            raise TooLarge(Text("一批观测数据太大，请分批写入。", "A batch is too large; send it in parts."))
        return frame

    def _queue_up(self, waiting: _Waiting) -> bool:
        """Queue a frame; True when the caller must lead the commits."""
        with self._lock:
            if self._closed:
                raise LogDamaged(Text("观测日志已关闭。", "The observation log was closed."))
            self._queue.append(waiting)
            if self._leading:
                return False
            self._leading = True
            return True

    def _lead(self, until: _Thread | None = None) -> None:
        """Commit whatever waits until nothing does; a caller's thread only until its own frame is done."""
        while True:
            with self._lock:
                if until is not None and until.done.is_set() and self._queue and not self._closed:
                    self._pool.submit(self._lead)  # else one thread would work for all others for ever
                    return
                group = self._next_group()
                if not group:
                    self._leading = False
                    return
            try:
                error = self._commit([one.frame for one in group])
            except BaseException:  # a signal in the middle: nobody may wait for a leader that is gone
                self._abandon(group)
                raise
            for one in group:
                one.finish(error)

    def _abandon(self, group: Sequence[_Waiting]) -> None:
        with self._lock:
            left, self._queue, self._leading = [*group, *self._queue], [], False
        self._give_up()
        for one in left:
            one.finish(LogDamaged())

    def _next_group(self) -> list[_Waiting]:
        size = taken = 0
        for one in self._queue:
            size += len(one.frame)
            if taken and size > self._limits.group_bytes:
                break
            taken += 1
        group, self._queue = self._queue[:taken], self._queue[taken:]
        return group

    def _commit(self, group: Sequence[bytearray]) -> Exception | None:
        """Write and sync; the error when nothing of the group may be acknowledged."""
        durable = self._size
        try:
            if self._file is None or self._size >= self._limits.file_bytes:
                self._begin_file(sum(len(frame) for frame in group))
                durable = 0
            for place, frame in enumerate(group):
                frames.renumber(frame, self._frames + place)
            self._write(group)
            assert self._file is not None
            os.fdatasync(self._file)
        except Exception as error:
            return self._failed(error, durable)
        self._frames += len(group)
        self.commits += 1
        self.acknowledged += len(group)
        return None

    def _write(self, group: Sequence[bytearray]) -> None:
        assert self._file is not None
        for start in range(0, len(group), _VECTOR):
            views = [memoryview(frame) for frame in group[start : start + _VECTOR]]
            while views:
                written = os.writev(self._file, views)
                self._size += written
                while views and written >= len(views[0]):
                    written -= len(views.pop(0))
                if views and written:
                    views[0] = views[0][written:]

    def _begin_file(self, needed: int) -> None:
        """A new file; refused at once on a full disk, which would otherwise fill with empty files."""
        self._give_up()
        state = os.statvfs(self._folder)
        if state.f_bavail * state.f_frsize < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        known = numbers(self._folder, self.name)
        number = (known[-1] if known else 0) + 1
        path = path_of(self._folder, self.name, number)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            sync_folder(path.parent)
        except BaseException:
            os.close(opened)
            raise
        self._file, self._number, self._size, self._frames = opened, number, 0, 0
        if self._unused is not None:  # only now: the newest number must stay taken
            self._unused.unlink(missing_ok=True)
            self._unused = None

    def _failed(self, error: Exception, durable: int) -> Exception:
        """Cut what nobody was told of, leave the file for good, and say what is wrong."""
        if self._file is not None:
            with suppress(OSError):
                os.ftruncate(self._file, durable)
            if durable == 0:
                self._unused = path_of(self._folder, self.name, self._number)
        self._give_up()
        log.error("observations.log.failed", writer=self.name, reason=repr(error)[:300])
        if isinstance(error, OSError) and error.errno in _FULL:
            return LogFull()
        reason = str(error)[:200]
        return LogDamaged(Text(f"观测日志写入失败：{reason}。", f"The log could not be written: {reason}."))

    def _give_up(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None


def cut_tail(place: Path, name: str) -> int:
    """Cut an unfinished frame a dead writer left at the end of its newest file; returns the bytes cut.

    Only when no whole frame follows: damage in the middle is the readers' to set aside.
    """
    known = numbers(place, name)
    if not known:
        return 0
    path = path_of(place, name, known[-1])
    data = memoryview(path.read_bytes())
    at = 0
    while at < len(data):
        try:
            at = frames.decode(data, at).end
        except (frames.Torn, frames.Broken):
            after = frames.resume(data, at + 1)
            if after is None:
                break
            at = after
    if at < len(data):
        log.warning("observations.log.torn_tail", writer=name, file=known[-1], bytes=len(data) - at)
        with path.open("r+b") as file:
            file.truncate(at)
            os.fsync(file.fileno())
    return len(data) - at


_writers: dict[tuple[int, Path], LogWriter] = {}
_making = threading.Lock()


def writer() -> LogWriter:
    """This process's writer, made when first asked for (a forked child gets its own)."""
    key = (os.getpid(), folder())
    found = _writers.get(key)
    if found is None:
        with _making:
            found = _writers.get(key)
            if found is None:
                found = _writers[key] = LogWriter()
    return found


def forget(place: Path) -> None:
    """Close this process's writer of a folder; for tests and drills whose folder goes away."""
    with _making:
        found = _writers.pop((os.getpid(), place), None)
    if found is not None:
        found.close()
