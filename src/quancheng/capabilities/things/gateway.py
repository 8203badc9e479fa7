"""遥测网关: a TCP server for SL 651 stations. An answer is sent only after the commit.

Each line has its own frame buffer. Frames of all lines that come within a moment share one
transaction. When the database is slower than the lines, reading stops (TCP pushes back): at most
``QUEUE`` frames wait in memory, and nothing that waits was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import close_old_connections

from quancheng.capabilities.things.values import IngestReport, ReceivedFrame
from quancheng.core.telemetry import sl651
from quancheng.kernel import clock

CHANNEL = "sl651-tcp"
log = structlog.get_logger(__name__)
Write = Callable[[Sequence[ReceivedFrame]], IngestReport]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one gateway takes on."""

    connections: int = 2000
    idle_seconds: float = 900.0
    gather_seconds: float = 0.05
    batch: int = 1000
    queue: int = 4000
    chunk: int = 16384
    half_frame_seconds: float = 20.0
    """A started frame not finished by then is given up as damaged."""
    garbage: int = 65536
    """A line that sent so many bytes without one good frame is hung up."""


@dataclass(slots=True)
class _Waiting:
    received: ReceivedFrame
    done: asyncio.Future[sl651.Frame | None]


class Gateway:
    """The server; ``write`` puts a batch into the database and returns after the commit."""

    def __init__(self, write: Write, limits: Limits = Limits()) -> None:
        self._write = write
        self._limits = limits
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(limits.queue)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sl651-write")
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.frames = 0
        self.batches = 0
        self.refused_lines = 0

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (a free one when ``port`` is 0)."""
        self._worker = asyncio.create_task(self._work())
        self._server = await asyncio.start_server(self._line, host, port, limit=self._limits.chunk)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Stop listening, hang up, write nothing more; what was not acknowledged will be sent again."""
        if self._server is not None:
            self._server.close()
        tasks = {*self._lines, self._worker}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=10)
        self._thread.shutdown(wait=True)

    # -- lines ----------------------------------------------------------------------------
    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._lines) >= self._limits.connections:
            self.refused_lines += 1
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        answers: asyncio.Queue[asyncio.Future[sl651.Frame | None] | None] = asyncio.Queue(self._limits.batch)
        answering = asyncio.create_task(self._answer(writer, answers))
        try:
            await self._read(reader, answers)
            await answers.put(None)
            await answering
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._lines.discard(task)
            answering.cancel()
            writer.close()

    async def _read(
        self, reader: asyncio.StreamReader, answers: asyncio.Queue[asyncio.Future[sl651.Frame | None] | None]
    ) -> None:
        buffer, garbage = sl651.FrameBuffer(), 0
        while True:
            patience = self._limits.half_frame_seconds if buffer.held else self._limits.idle_seconds
            try:
                async with asyncio.timeout(patience):
                    chunk = await reader.read(self._limits.chunk)
            except TimeoutError:
                if not buffer.held:
                    return
                await self._take(buffer.flush(), answers)
                continue
            good = await self._take(buffer.feed(chunk) if chunk else buffer.flush(), answers)
            garbage = 0 if good else garbage + len(chunk)
            if not chunk or garbage > self._limits.garbage:
                return

    async def _take(
        self,
        found: Sequence[sl651.Frame | sl651.BadFrame],
        answers: asyncio.Queue[asyncio.Future[sl651.Frame | None] | None],
    ) -> int:
        """Queue what a chunk completed; waits when too much waits already."""
        good = 0
        for one in found:
            good += isinstance(one, sl651.Frame)
            done: asyncio.Future[sl651.Frame | None] = asyncio.get_running_loop().create_future()
            await self._queue.put(_Waiting(_received(one, clock.now()), done))
            await answers.put(done)
        return good

    @staticmethod
    async def _answer(
        writer: asyncio.StreamWriter, answers: asyncio.Queue[asyncio.Future[sl651.Frame | None] | None]
    ) -> None:
        """Send the answers of one line in order, each after its commit."""
        while (done := await answers.get()) is not None:
            frame = await done
            if frame is not None:
                now = clock.now().replace(microsecond=0)
                writer.write(sl651.encode(sl651.acknowledge(frame, now)))
                if answers.empty():
                    await writer.drain()

    # -- writing --------------------------------------------------------------------------
    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = await self._gather()
            received = [waiting.received for waiting in batch]
            answers = await loop.run_in_executor(self._thread, self._commit, received)
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.done.done():
                    waiting.done.set_result(answer)

    def _commit(self, received: Sequence[ReceivedFrame]) -> list[sl651.Frame | None]:
        """Write a batch; when it fails, each frame by itself, so that one cannot stop the others."""
        try:
            report = self._write(received)
        except Exception as failure:
            if len(received) == 1:
                log.exception("things.gateway.frame_failed")
                return [None]
            log.warning("things.gateway.batch_failed", frames=len(received), reason=repr(failure)[:300])
            half = len(received) // 2
            return self._commit(received[:half]) + self._commit(received[half:])
        self.batches += 1
        self.frames += len(received)
        return [outcome.acknowledge for outcome in report.outcomes]

    async def _gather(self) -> list[_Waiting]:
        """The next batch: what comes within a moment of the first frame."""
        batch = [await self._queue.get()]
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.gather_seconds
        while len(batch) < self._limits.batch:
            left = until - loop.time()
            if left <= 0 and self._queue.empty():
                break
            try:
                async with asyncio.timeout(max(left, 0.001)):
                    batch.append(await self._queue.get())
            except TimeoutError:
                break
        return batch


def _received(one: sl651.Frame | sl651.BadFrame, now: datetime) -> ReceivedFrame:
    if isinstance(one, sl651.Frame):
        return ReceivedFrame(b"", now, frame=one)
    return ReceivedFrame(one.raw, now, fault=one)


def write(frames: Sequence[ReceivedFrame]) -> IngestReport:
    """Put a batch into the database as the platform."""
    from quancheng.capabilities.things.actions import ingest_frames
    from quancheng.kernel.actions import Call

    close_old_connections()
    return ingest_frames(Call.system("things"), frames=frames, channel=CHANNEL)


def address() -> tuple[str, int]:
    """Where to listen."""
    return os.environ.get("QUANCHENG_SL651_HOST", "127.0.0.1"), int(
        os.environ.get("QUANCHENG_SL651_PORT", "5651")
    )


async def serve(host: str, port: int, stop: asyncio.Event, limits: Limits = Limits()) -> None:
    """Run a gateway until ``stop``."""
    gateway = Gateway(write, limits)
    actual = await gateway.start(host, port)
    log.info("things.gateway.listening", host=host, port=actual)
    try:
        await stop.wait()
    finally:
        await gateway.stop()


def main() -> None:
    """The component ``things.gateway``: runs until SIGTERM or SIGINT."""
    host, port = address()

    async def run() -> None:
        stop = asyncio.Event()
        if threading.current_thread() is threading.main_thread():
            for name in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
        await serve(host, port, stop)

    try:
        import uvloop
    except ImportError:
        asyncio.run(run())
    else:
        uvloop.run(run())
