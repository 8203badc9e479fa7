"""服务池: worker processes of this process, started at the first call and ended when nobody calls.

Limits: workers in all, calls waiting in all, calls of one model at once, wall time of a call, memory of a
worker. A worker that dies is replaced and the call tried once more; one that is late is killed.
"""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parents[3]
WORKER = "quancheng.capabilities.models.worker"


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, memory in MB."""

    workers: int = 1
    waiting: int = 32
    each: int = 8
    seconds: float = 30.0
    memory: int = 3072
    idle: float = 120.0


class Died(Exception):
    """The worker ended before it answered."""


class Late(Exception):
    """No answer within the time of a call."""


class Full(Exception):
    """More calls wait than may."""


class Worker:
    """One process and its pipes."""

    def __init__(self, memory: int) -> None:
        environment = {
            "PATH": os.defpath, "PYTHONPATH": str(SOURCES), "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1", "LANG": "C.UTF-8",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", WORKER, str(memory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment, cwd="/", start_new_session=True,
        )  # fmt: skip

    def ask(self, body: bytes, seconds: float) -> dict[str, Any]:
        """The answer. Raises Died or Late (then the process is killed)."""
        assert self.process.stdin is not None
        # a worker that does not read would hold a large body back for ever
        watch = threading.Timer(seconds, self.process.kill)
        watch.daemon = True
        watch.start()
        try:
            self.process.stdin.write(struct.pack(">I", len(body)) + body)
            self.process.stdin.flush()
        except OSError as gone:
            raise Died from gone
        finally:
            watch.cancel()
        end = time.monotonic() + seconds
        (size,) = struct.unpack(">I", self._read(4, end))
        told: dict[str, Any] = json.loads(self._read(size, end))
        return told

    def _read(self, size: int, end: float) -> bytes:
        assert self.process.stdout is not None
        pipe, parts = self.process.stdout.fileno(), bytearray()
        while len(parts) < size:
            left = end - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                self.close()
                raise Late
            part = os.read(pipe, size - len(parts))
            if not part:
                raise Died
            parts += part
        return bytes(parts)

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End it by its own process id and wait."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self.process.wait()


class Pool:
    """Workers lent to calls; calls beyond them wait their turn, first come, first served."""

    def __init__(self, limits: Limits, make: Callable[[int], Worker] = Worker) -> None:
        self.limits, self._make = limits, make
        self._turn = threading.Condition()
        self._free: list[Worker] = []
        self._lent = 0
        self._queue: list[object] = []
        self._running: Counter[str] = Counter()
        self._used = time.monotonic()
        self._keeper: threading.Timer | None = None

    def call(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer of a worker. Raises Full, Late, Died (twice in a row)."""
        asked = json.dumps(body, ensure_ascii=False).encode()
        with self._place(key):
            for attempt in (1, 2):
                worker = self._take()
                try:
                    told = worker.ask(asked, self.limits.seconds)
                except Died:
                    worker.close()
                    if attempt == 2:
                        raise
                except BaseException:
                    worker.close()
                    raise
                else:
                    self._give(worker)
                    return told
        raise AssertionError("unreachable")

    @contextmanager
    def _place(self, key: str) -> Iterator[None]:
        """One of the places among the workers, in order of coming."""
        ticket, end = object(), time.monotonic() + self.limits.seconds
        with self._turn:
            if self._running[key] >= self.limits.each or len(self._queue) >= self.limits.waiting:
                raise Full
            self._running[key] += 1
            self._queue.append(ticket)
            try:
                while self._lent >= self.limits.workers or self._queue[0] is not ticket:
                    left = end - time.monotonic()
                    if left <= 0 or not self._turn.wait(left):
                        raise Full
            except BaseException:
                self._running[key] -= 1
                raise
            finally:
                self._queue.remove(ticket)
                self._turn.notify_all()
            self._lent += 1
        try:
            yield
        finally:
            with self._turn:
                self._lent -= 1
                self._running[key] -= 1
                self._used = time.monotonic()
                self._turn.notify_all()
            self._watch()

    def _take(self) -> Worker:
        with self._turn:
            while self._free:
                worker = self._free.pop()
                if worker.is_alive():
                    return worker
                worker.close()
        return self._make(self.limits.memory)

    def _give(self, worker: Worker) -> None:
        with self._turn:
            self._free.append(worker)

    def _watch(self) -> None:
        """Ends idle workers later; one timer at a time."""
        with self._turn:
            if self._keeper is None:
                self._keeper = threading.Timer(self.limits.idle, self._sweep)
                self._keeper.daemon = True
                self._keeper.start()

    def _sweep(self) -> None:
        with self._turn:
            self._keeper = None
            idle = time.monotonic() - self._used >= self.limits.idle
            gone, self._free = (self._free, []) if idle and not self._lent else ([], self._free)
        for worker in gone:
            worker.close()
        if self._free or self._lent:
            self._watch()

    def close(self) -> None:
        """End all workers that are not lent."""
        with self._turn:
            gone, self._free = self._free, []
            if self._keeper is not None:
                self._keeper.cancel()
                self._keeper = None
        for worker in gone:
            worker.close()

    @property
    def pids(self) -> list[int]:
        """Processes at rest, for those who look after them."""
        with self._turn:
            return [one.process.pid for one in self._free]
