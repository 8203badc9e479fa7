"""信令服务器: messages in and out, transactions, the clocks; what they mean is said in the other files."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from quancheng.capabilities.video.config import Config
from quancheng.capabilities.video.signalling.directory import Directory, Line
from quancheng.capabilities.video.signalling.recorder import Recorder, Tables, read_snapshot, write_snapshot
from quancheng.capabilities.video.signalling.wire import Target, Wire
from quancheng.core.gb28181 import BadMessage, fields, message
from quancheng.core.gb28181.manscdp import CONTENT_TYPE
from quancheng.core.gb28181.message import Request, Response
from quancheng.core.gb28181.presence import Presence
from quancheng.core.gb28181.transactions import Client, ServerBook, State, Timers

__all__ = ["NoAnswer", "Server"]

log = structlog.get_logger(__name__)
Handler = Callable[[Request, Target], Awaitable[Response | None] | Response | None]
_MAGIC = "z9hG4bK"


class NoAnswer(Exception):
    """The peer did not answer in time, or is not there."""


class _Pending:
    __slots__ = ("answer", "client", "done", "provisional", "raw", "target", "timer")

    def __init__(self, client: Client, raw: bytes, target: Target) -> None:
        self.client, self.raw, self.target = client, raw, target
        self.done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.timer: asyncio.TimerHandle | None = None


class Server:
    """One SIP server. Handlers are registered by method."""

    def __init__(
        self, config: Config, tables: Tables, *, snapshot: Path | None = None, timers: Timers = Timers(),
        now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.config = config
        self.now = now
        self.timers = timers
        self.wire = Wire(config, self.receive)
        self.recorder = Recorder(tables, config)
        self.directory = Directory(tables.peers)
        self.presence = Presence()
        self.handlers: dict[str, Handler] = {}
        self.on_online: list[Callable[[str], None]] = []
        self.on_offline: list[Callable[[str], None]] = []
        self.on_response: Callable[[Response, Target], None] = lambda response, target: None
        self.counts: Counter[str] = Counter()
        self._snapshot = snapshot
        self._book = ServerBook(timers)
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._serial = itertools.count(int(time.time()) % 1_000_000)
        self.address = config.public_host

    # -- life ---------------------------------------------------------------------------------
    async def start(self) -> int:
        """Read the directory and the snapshot, listen, keep the clocks; returns the port."""
        tables = self.recorder.tables
        self.presence = Presence(await self.recorder.run(tables.settings))
        self.directory.take(await self.recorder.run(self.directory.fetch))
        self._restore()
        self.presence.told_was(await self.recorder.run(tables.online), self.now())
        port = await self.wire.start()
        self.address = f"{self.config.public_host}:{port}"
        self.spawn(self.every(self.config.scan_seconds, self._scan))
        self.spawn(self.every(self.config.flush_seconds, self.recorder.flush))
        self.spawn(self.every(self.config.reload_seconds, self.reload))
        if self._snapshot is not None:
            self.spawn(self.every(self.config.snapshot_seconds, self.put_away))
        return port

    async def stop(self) -> None:
        """Write what waits and stop; devices notice nothing if another process follows soon."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.wire.stop()
        self.recorder.changed(self.presence.scan(self.now()))
        await self.recorder.flush()
        if self._snapshot is not None:
            await self.put_away()
        self.recorder.close()

    def spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Run something beside; a failure is logged, never silent."""
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @staticmethod
    async def _guarded(work: Awaitable[None]) -> None:
        try:
            await work
        except (NoAnswer, BadMessage) as why:
            log.info("video.signalling.gave_up", reason=str(why))
        except Exception:
            log.exception("video.signalling.task_failed")

    async def every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._guarded(work())

    async def _scan(self) -> None:
        now = self.now()
        changes = self.presence.scan(now)
        self.recorder.changed(changes)
        for one in changes:
            for listener in self.on_online if one.online else self.on_offline:
                listener(one.peer)

    async def reload(self) -> None:
        """Take over changes of the register: a disabled peer is out at once."""
        for peer in self.directory.take(await self.recorder.run(self.directory.fetch)):
            if not peer.enabled:
                self.presence.gone(peer.code, self.now())
                self.directory.lines[peer.code].target = None

    async def put_away(self) -> None:
        """Write the snapshot in the writing thread."""
        lines = {
            code: (line.target.host, line.target.port, line.target.tcp, line.until)
            for code, line in self.directory.lines.items()
            if line.target is not None
        }
        if self._snapshot is not None:
            await self.recorder.quietly(write_snapshot, self._snapshot, self.presence, lines)

    def _restore(self) -> None:
        found = read_snapshot(self._snapshot) if self._snapshot is not None else None
        if found is None:
            return
        try:
            self.presence.restore(found, self.now())
            columns = (found[f"line_{name}"] for name in ("names", "hosts", "ports", "tcp", "until"))
            for name, host, port, tcp, until in zip(*columns, strict=True):
                line = self.directory.lines.get(str(name))
                if line is not None:
                    line.target, line.until = Target(str(host), int(port), bool(tcp)), float(until)
        except (KeyError, ValueError):
            log.exception("video.snapshot.odd")

    # -- in -----------------------------------------------------------------------------------
    def receive(self, raw: bytes, source: Target) -> None:
        """One message from a socket; whatever it is, the server lives on."""
        try:
            found = message.parse(raw, stream=source.tcp)
            if isinstance(found, Response):
                self._answered(found, source)
            else:
                self._asked(found, source)
        except BadMessage as bad:
            self.counts[f"refused:{bad.reason.value}"] += 1
        except Exception:
            self.counts["failed"] += 1
            log.exception("video.signalling.message_failed")

    def _asked(self, request: Request, source: Target) -> None:
        self.counts[request.method] += 1
        handler = self.handlers.get(request.method)
        if handler is None:
            self.answer(request, source, 405, extra=[("allow", ", ".join(sorted(self.handlers)))])
            return
        if request.method in ("ACK", "MESSAGE"):
            # a repeated message is done again: keep-alives are thousands a second and harmless twice,
            # and what is not harmless (alarms, catalogues) is idempotent where it is written
            self._handle(handler, request, source, None)
            return
        hop = fields.via(request.get("via"))
        key = (
            hop.branch or request.call_id,
            f"{hop.host}:{hop.port}:{source.host}",
            request.method,
            request.get("cseq"),
        )
        seen, answer = self._book.seen(key, self.now())
        if not seen:
            self._handle(handler, request, source, key)
        elif answer is not None:
            self.counts["repeated"] += 1
            self.wire.send(answer, source)

    def _handle(
        self, handler: Handler, request: Request, source: Target, key: tuple[str, ...] | None
    ) -> None:
        result = handler(request, source)
        if isinstance(result, Response):
            self._send_answer(result, source, key)
        elif result is not None:
            self.spawn(self._later(result, request, source, key))

    async def _later(
        self, work: Awaitable[Response | None], request: Request, source: Target, key: tuple[str, ...] | None
    ) -> None:
        try:
            found = await work
        except Exception:
            self._send_answer(self.reply(request, source, 500), source, key)
            raise
        if found is not None:
            self._send_answer(found, source, key)

    def _send_answer(self, answer: Response, source: Target, key: tuple[str, ...] | None) -> None:
        raw = message.build(answer)
        if key is not None:
            self._book.answered(key, raw, self.now())
        self.wire.send(raw, source)

    def reply(
        self,
        request: Request,
        source: Target,
        status: int,
        *,
        extra: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Response:
        """An answer with our tag, on its way back to where the request came from."""
        tag = "" if status == 100 else secrets.token_hex(6)
        return message.reply(request, status, tag=tag, source=source.place, extra=extra, body=body)

    def answer(
        self, request: Request, source: Target, status: int, *, extra: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Reply at once."""
        self.wire.send(message.build(self.reply(request, source, status, extra=extra)), source)

    def _answered(self, response: Response, source: Target) -> None:
        hop = fields.via(response.get("via"))
        pending = self._pending.get((hop.branch, response.sequence[1]))
        if pending is None:
            self.on_response(response, source)
        elif pending.client.answered(response.status, self.now()):
            pending.done.set_result(response)
        self.counts[f"answer:{response.status}"] += 1

    # -- out ----------------------------------------------------------------------------------
    def headers(
        self, method: str, target: Target, to: str, *, call_id: str = "", sequence: int = 0
    ) -> message.Headers:
        """The headers of a request of ours outside a dialog."""
        transport = "TCP" if target.tcp else "UDP"
        me = f"sip:{self.config.code}@{self.config.domain}"
        return (
            ("via", f"SIP/2.0/{transport} {self.address};rport;branch={_MAGIC}{secrets.token_hex(10)}"),
            ("from", f"<{me}>;tag={secrets.token_hex(6)}"),
            ("to", f"<{to}>"),
            ("call-id", call_id or f"{secrets.token_hex(12)}@{self.config.public_host}"),
            ("cseq", f"{sequence or next(self._serial)} {method}"),
            ("contact", f"<sip:{self.config.code}@{self.address}>"),
            ("max-forwards", "70"),
            ("user-agent", "Quancheng"),
        )

    async def request(self, request: Request, target: Target, *, patience: float | None = None) -> Response:
        """Send and wait for the final answer; raises NoAnswer."""
        now = self.now()
        client = Client(now, invite=request.method == "INVITE", reliable=target.tcp, timers=self.timers)
        pending = _Pending(client, message.build(request), target)
        key = (fields.via(request.get("via")).branch, request.method)
        self._pending[key] = pending
        try:
            self.wire.send(pending.raw, target)
            self._wait(pending)
            async with asyncio.timeout(patience or 64 * self.timers.t1 + 1):
                return await pending.done
        except TimeoutError as late:
            raise NoAnswer(f"{request.method} {target.host}:{target.port}") from late
        finally:
            if pending.timer is not None:
                pending.timer.cancel()
            del self._pending[key]

    def _wait(self, pending: _Pending) -> None:
        def ring() -> None:
            if pending.done.done():
                return
            if pending.client.tick(self.now()):
                self.wire.send(pending.raw, pending.target)
            if pending.client.state is State.FAILED:
                pending.done.set_exception(NoAnswer(f"{pending.target.host}:{pending.target.port}"))
            else:
                self._wait(pending)

        delay = pending.client.due - self.now()
        if delay != float("inf"):
            pending.timer = asyncio.get_running_loop().call_later(max(delay, 0.001), ring)

    async def say(
        self,
        line: Line,
        body: bytes,
        *,
        content_type: str = CONTENT_TYPE,
        to: str = "",
        patience: float | None = None,
    ) -> Response:
        """A MESSAGE to a peer; raises NoAnswer when it is not there or does not answer."""
        target = line.target
        if target is None:
            raise NoAnswer(line.peer.code)
        uri = f"sip:{to or line.peer.code}@{target.host}:{target.port}"
        headers = (*self.headers("MESSAGE", target, uri), ("content-type", content_type))
        request = Request(headers, body, method="MESSAGE", uri=uri)
        return await self.request(request, target, patience=patience)

    def serial(self) -> int:
        """A new SN for a command."""
        return next(self._serial) % 1_000_000 + 1
