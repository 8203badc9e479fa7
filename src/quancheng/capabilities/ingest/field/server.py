"""监听: one TCP server for each protocol; each line is read, taken, kept and answered in order.

Frames of a line wait for their commits side by side, at most ``in_flight`` of them; then the line is not
read and TCP pushes back. Answers leave in the order of their frames, each after its own commit.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from quancheng.capabilities.ingest.field.bounds import Bounds
from quancheng.capabilities.ingest.field.gate import Gate
from quancheng.capabilities.ingest.field.speech import Deed, Dialect
from quancheng.capabilities.ingest.values import DeviceRef, Reason
from quancheng.core.telemetry.framing import BadFrame
from quancheng.core.telemetry.refusal import FrameRefused
from quancheng.kernel import clock

log = structlog.get_logger(__name__)
F = TypeVar("F")
_BACKLOG = 1024
_UNSENT = 16_384
"""Unsent bytes from which a line waits for its peer to read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back for one frame, and whether the line ends after it."""

    data: bytes = b""
    hang_up: bool = False


_SILENCE = Reply()
_BLANK = b"\r\n\t \x00"
"""What makers put between frames and means nothing: not worth a dead letter."""
Answers = asyncio.Queue["asyncio.Task[Reply] | None"]


def _now() -> int:
    return int(clock.now().timestamp() * 1_000_000)


def _keep_small(writer: asyncio.StreamWriter) -> None:
    """Answers are short: bound what a peer that does not read them can hold of our memory."""
    writer.transport.set_write_buffer_limits(high=_UNSENT)
    if (line := writer.get_extra_info("socket")) is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _UNSENT)


class FieldServer(Generic[F]):
    """The listener of one protocol. ``counts``: frames, bad, kept, unknown, refused, failed, lines …"""

    def __init__(self, dialect: Dialect[F], gate: Gate, bounds: Bounds) -> None:
        self.dialect = dialect
        self.gate = gate
        self.bounds = bounds
        self.counts: Counter[str] = Counter()
        self.lines: set[asyncio.Task[None]] = set()
        self._hosts: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._stopping = asyncio.Event()

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (a free one when ``port`` is 0)."""
        self._server = await asyncio.start_server(
            self._line, host, port, limit=self.bounds.chunk, backlog=_BACKLOG
        )
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Take nothing more; what was taken is kept and answered, within ``drain_seconds``."""
        if self._server is not None:
            self._server.close()
        self._stopping.set()
        if self.lines:
            await asyncio.wait(set(self.lines), timeout=self.bounds.drain_seconds)
        for task in list(self.lines):
            task.cancel()
        if self.lines:
            await asyncio.wait(set(self.lines), timeout=1)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        host = str(peer[0]) if peer else ""
        crowded = self._hosts[host] >= self.bounds.connections_per_address
        if crowded or len(self.lines) >= self.bounds.connections or self._stopping.is_set():
            self.counts["lines-refused"] += 1
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self.lines.add(task)
        self._hosts[host] += 1
        self.counts["lines"] += 1
        _keep_small(writer)
        try:
            await Line(self, reader, writer, host).run(self._stopping)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()
        except Exception:
            log.exception("ingest.field.line_failed", protocol=self.dialect.protocol, peer=host)
            writer.transport.abort()
        finally:
            self.lines.discard(task)
            self._hosts[host] -= 1
            if not self._hosts[host]:
                del self._hosts[host]
            writer.close()


class Line(Generic[F]):
    """One device's connection."""

    def __init__(
        self, server: FieldServer[F], reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
    ) -> None:
        self._server = server
        self._bounds = server.bounds
        self._counts = server.counts
        self._reader = reader
        self._writer = writer
        self._host = host
        self._buffer = server.dialect.buffer()
        self._session = server.dialect.session()
        self._code = ""
        self._garbage = self._letters = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the peer, a limit or the server ends it."""
        answers: Answers = asyncio.Queue(self._bounds.in_flight)
        answering = asyncio.create_task(self._answer(answers))
        reading = asyncio.create_task(self._read(answers))
        stopped = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({answering, reading, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                await _ended(reading)
                await self._last(answers, answering)
            await answering
        finally:
            for task in (answering, reading, stopped):
                task.cancel()
            await asyncio.gather(answering, reading, stopped, return_exceptions=True)

    @staticmethod
    async def _last(answers: Answers, answering: asyncio.Task[None]) -> None:
        """Let what was taken be answered; a line whose answering failed may never make room for the end."""
        ending = asyncio.create_task(answers.put(None))
        await asyncio.wait({answering, ending}, return_when=asyncio.FIRST_COMPLETED)
        await answering
        ending.cancel()

    # -- reading ------------------------------------------------------------------------------
    async def _read(self, answers: Answers) -> None:
        half_since: float | None = None
        while self._garbage <= self._bounds.garbage:
            chunk = await self._chunk(half_since)
            if chunk is None and not self._buffer.held:
                return
            found = self._buffer.take(chunk) if chunk else self._buffer.take_rest()
            for one, raw in found:
                await answers.put(asyncio.create_task(await self._taken(one, raw)))
            if chunk == b"":
                return
            if not self._buffer.held:
                half_since = None
            elif half_since is None or found:
                half_since = asyncio.get_running_loop().time()

    async def _chunk(self, half_since: float | None) -> bytes | None:
        """What came; empty at the end, ``None`` when patience is over: with silence, or with a frame that
        does not get finished however slowly its bytes still come."""
        patience = self._bounds.idle_seconds
        since = asyncio.get_running_loop().time()
        if half_since is not None:
            since, patience = half_since, self._bounds.half_frame_seconds
        try:
            async with asyncio.timeout_at(since + patience):
                return await self._reader.read(self._bounds.chunk)
        except TimeoutError:
            return None

    async def _taken(self, one: F | BadFrame, raw: bytes) -> Coroutine[Any, Any, Reply]:
        """What is to be done for a frame, as a coroutine; its session sees frames in order."""
        now = _now()
        if isinstance(one, BadFrame):
            self._garbage += len(raw)
            if not raw.strip(_BLANK):
                return _said(_SILENCE)
            self._counts["bad"] += 1
            return self._bury(None, Reason.MALFORMED, f"{one.reason}: {one.detail}", raw)
        self._counts["frames"] += 1
        try:
            deed = self._session.take(one, now)
        except FrameRefused as refused:
            reply = Reply(self._session.wrong(one, now))
            return self._bury(None, Reason.MALFORMED, str(refused), raw, reply)
        if deed is None:
            return _said(_SILENCE)
        if deed.denied:
            self._garbage += len(raw)
            self._counts["denied"] += 1
            reply = Reply(deed.unknown)
            return self._bury(None, Reason.UNKNOWN_DEVICE, f"{deed.address}: {deed.denied}", raw, reply)
        try:
            device = await self._server.gate.resolve(self._server.dialect.protocol, deed.address)
        except Exception as failure:
            self._counts["failed"] += 1
            log.error("ingest.field.not_resolved", address=deed.address, reason=repr(failure)[:300])
            return _said(Reply(deed.failed))
        if device is None:
            self._counts["unknown"] += 1
            reply = Reply(deed.unknown, hang_up=True)
            return self._bury(None, Reason.UNKNOWN_DEVICE, deed.address, raw, reply)
        self._garbage = self._letters = 0
        self._code = device.code
        return self._keep(device, deed, raw, now)

    # -- keeping ------------------------------------------------------------------------------
    async def _keep(self, device: DeviceRef, deed: Deed, raw: bytes, now: int) -> Reply:
        try:
            found = deed.read(device)
        except FrameRefused as refused:
            return await self._bury(device, Reason.MALFORMED, str(refused), raw, Reply(deed.wrong))
        if found:
            try:
                await self._server.gate.accept(device, found, now, raw)
            except Exception as failure:
                self._counts["failed"] += 1
                log.error("ingest.field.not_kept", device=device.code, reason=repr(failure)[:300])
                return Reply(deed.failed)
        self._counts["kept"] += 1
        return Reply(deed.kept, deed.hang_up)

    async def _bury(
        self, device: DeviceRef | None, reason: Reason, detail: str, raw: bytes, reply: Reply = _SILENCE
    ) -> Reply:
        """Keep a dead letter, a few of each line; then the reply, whatever became of the letter."""
        self._counts["refused"] += 1
        self._letters += 1
        if self._letters <= self._bounds.letters_per_line:
            protocol, code = self._server.dialect.protocol, self._code or self._host
            try:
                await self._server.gate.refuse(device, code, protocol, reason.value, detail, raw)
            except Exception as failure:
                log.error("ingest.field.letter_lost", code=code, reason=repr(failure)[:300])
        return reply

    # -- answering ----------------------------------------------------------------------------
    async def _answer(self, answers: Answers) -> None:
        """Send answers in the order of the frames, each when its frame is done with."""
        while (task := await answers.get()) is not None:
            reply = await task
            if reply.data:
                await self._send(reply.data)
            if reply.hang_up:
                return

    async def _send(self, data: bytes) -> None:
        """Write; wait for a peer that does not read, but not for ever. Raises TimeoutError, ConnectionError."""
        transport = self._writer.transport
        if transport.is_closing():
            raise ConnectionResetError("the peer is gone")
        self._writer.write(data)
        self._counts["answers"] += 1
        if transport.get_write_buffer_size() > _UNSENT:
            async with asyncio.timeout(self._bounds.write_seconds):
                await self._writer.drain()


async def _said(reply: Reply) -> Reply:
    return reply


async def _ended(task: asyncio.Task[None]) -> None:
    """Stop a task and raise what it failed with."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
