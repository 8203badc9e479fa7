"""UDP and TCP under SIP: datagrams and framed streams in, one function to send with."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import structlog

from quancheng.capabilities.video.config import Config
from quancheng.core.gb28181 import message

__all__ = ["Receive", "Target", "Wire"]

log = structlog.get_logger(__name__)
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*\r\n", re.IGNORECASE)
_BUFFER = 1 << 17
_BACKLOG = 4 << 20
_CONNECT_SECONDS = 5.0
_TRIES = 10


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message came from or goes to."""

    host: str
    port: int
    tcp: bool = False

    @property
    def place(self) -> tuple[str, int]:
        return self.host, self.port


Receive = Callable[[bytes, Target], None]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > 4:  # CR LF keep-alives of RFC 5626 and noise
            self._receive(data, Target(addr[0], addr[1]))


class Wire:
    """Both transports on one port; lines of TCP are found again by where they came from."""

    def __init__(self, config: Config, receive: Receive) -> None:
        self._config = config
        self._receive = receive
        self._lines: dict[tuple[str, int], asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self.port = 0
        self.refused_lines = 0

    async def start(self) -> int:
        """Listen on UDP and TCP; returns the port (one free in both when none is configured)."""
        for left in range(_TRIES, -1, -1):
            try:
                return await self._listen()
            except OSError:
                if self._udp is not None:
                    self._udp.close()
                if self._config.port or not left:
                    raise
        raise AssertionError("unreachable")

    async def _listen(self) -> int:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self._receive), local_addr=(self._config.host, self._config.port)
        )
        self._udp = transport
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BACKLOG)
        self.port = transport.get_extra_info("sockname")[1]
        self._tcp = await asyncio.start_server(self._line, self._config.host, self.port, limit=_BUFFER)
        return self.port

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._tcp is not None:
            self._tcp.close()
        for task in list(self._tasks):
            task.cancel()
        for writer in list(self._lines.values()):
            writer.close()
        if self._udp is not None:
            self._udp.close()

    def send(self, raw: bytes, target: Target) -> None:
        """Send; a line that is gone is opened again. Loss is what transactions are for."""
        if not target.tcp:
            if self._udp is not None:
                self._udp.sendto(raw, target.place)
            return
        writer = self._lines.get(target.place)
        if writer is not None and not writer.is_closing():
            if writer.transport.get_write_buffer_size() < _BACKLOG:
                writer.write(raw)
            return
        self._keep(asyncio.create_task(self._connect(raw, target)))

    async def _connect(self, raw: bytes, target: Target) -> None:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(*target.place, limit=_BUFFER)
        except (OSError, TimeoutError) as why:
            log.info("video.wire.unreachable", host=target.host, port=target.port, reason=str(why))
            return
        self._lines[target.place] = writer
        writer.write(raw)
        self._keep(asyncio.create_task(self._read(reader, writer, target)))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = cast(tuple[str, int], writer.get_extra_info("peername")[:2])
        if len(self._lines) >= self._config.lines:
            self.refused_lines += 1
            writer.close()
            return
        task = asyncio.current_task()
        if task is not None:
            self._keep(task)
        target = Target(host, port, tcp=True)
        self._lines[target.place] = writer
        await self._read(reader, writer, target)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: Target) -> None:
        try:
            while True:
                async with asyncio.timeout(self._config.idle_seconds):
                    raw = await _next(reader)
                if raw is None:
                    return
                self._receive(raw, target)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            return  # a line that says nothing sensible is hung up; its peer opens another
        finally:
            if self._lines.get(target.place) is writer:
                del self._lines[target.place]
            writer.close()


async def _next(reader: asyncio.StreamReader) -> bytes | None:
    """The next framed message (RFC 3261 §18.3), None at the end; raises ValueError when it cannot be framed."""
    head = await reader.readuntil(b"\r\n\r\n")
    while head == b"\r\n\r\n":  # keep-alive of RFC 5626 §3.5.1
        head = await reader.readuntil(b"\r\n\r\n")
    head = head.lstrip(b"\r\n")
    found = _LENGTH.findall(head)
    if len(found) != 1 or len(head) + int(found[0]) > message.LIMIT:
        raise ValueError("length")
    return head + await reader.readexactly(int(found[0]))
