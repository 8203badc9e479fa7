"""接入网关: the component ``ingest.gateway``: MQTT listeners (plain and TLS), the optional outside broker."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from quancheng.capabilities.ingest import limits as bounds
from quancheng.capabilities.ingest.accept import Acceptor, acceptor
from quancheng.capabilities.ingest.front import Front
from quancheng.capabilities.ingest.limits import Limits
from quancheng.capabilities.ingest.mqtt.broker import Broker
from quancheng.capabilities.ingest.mqtt.keeper import SessionKeeper
from quancheng.capabilities.ingest.mqtt.line import Line
from quancheng.capabilities.ingest.mqtt.outside import SYSTEM, Commands, Database, Presence, SensorThings
from quancheng.capabilities.ingest.mqtt.session_file import SessionFile
from quancheng.capabilities.ingest.registry import Registry, devices
from quancheng.capabilities.ingest.status import beat, leave
from quancheng.kernel.actions import Call

log = structlog.get_logger(__name__)
COMPONENT = "ingest.gateway"
_BACKLOG = 8192
_SWEEP_SECONDS = 2.0
_EXPIRE_SECONDS = 60.0


def tls_context(limits: Limits) -> ssl.SSLContext:
    """The TLS listener's context: TLS 1.2 and later; certificates of devices are asked for when a CA is set."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(limits.tls_certificate, limits.tls_key or None)
    if limits.tls_client_ca:
        context.load_verify_locations(limits.tls_client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


class Gateway:
    """Listeners, broker and the periodic work around them, in one event loop."""

    def __init__(self, limits: Limits, accepting: Acceptor | None = None, registry: Registry | None = None):
        self.limits = limits
        self.acceptor = accepting or acceptor()
        self.registry = registry or devices
        self.database = Database()
        self.keeper = SessionKeeper(SessionFile(bounds.home() / "sessions.sqlite3"))
        self.broker = Broker(
            limits,
            self.acceptor,
            self.registry,
            self.keeper,
            commands=Commands(self.database),
            presence=Presence(self.database, limits.presence_seconds),
            sensorthings=SensorThings(self.database),
        )
        self.front = Front(limits.front_url, self.acceptor, self.registry) if limits.front_url else None
        self.port = self.tls_port = 0
        self._servers: list[asyncio.Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._started = time.monotonic()
        self._before = (self._started, 0, 0, time.process_time())

    async def start(self) -> None:
        """Listen, and begin the periodic work."""
        await self.database.ask(self._begin)
        followed = self.broker.followed()
        if followed:
            await self.broker.sensorthings.listen(followed)
        loop = asyncio.get_running_loop()
        limits = self.limits
        if limits.mqtt_port >= 0:
            server = await loop.create_server(
                lambda: Line(self.broker), limits.mqtt_host, limits.mqtt_port, backlog=_BACKLOG
            )
            self._servers.append(server)
            self.port = server.sockets[0].getsockname()[1]
        if limits.tls_certificate:
            server = await loop.create_server(
                lambda: Line(self.broker), limits.mqtt_host, limits.mqtts_port, backlog=_BACKLOG,
                ssl=tls_context(limits), ssl_handshake_timeout=limits.connect_seconds,
            )  # fmt: skip
            self._servers.append(server)
            self.tls_port = server.sockets[0].getsockname()[1]
        self._every(limits.poll_seconds, self._tick)
        self._every(_SWEEP_SECONDS, self.broker.sweep)
        self._every(limits.status_seconds, self._beat)
        self._every(_EXPIRE_SECONDS, self._expire)
        if self.front is not None:
            self._tasks.append(loop.create_task(self.front.run()))

    def _begin(self) -> None:
        from quancheng.capabilities.ingest.actions import reset_presence

        reset_presence(Call.system(SYSTEM))
        self.registry.poll()

    def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        async def forever() -> None:
            while True:
                await asyncio.sleep(seconds)
                try:
                    await work()
                except Exception as failure:  # the database may be away; lines go on
                    log.error(
                        "ingest.gateway.tick_failed", work=work.__qualname__, reason=repr(failure)[:300]
                    )

        self._tasks.append(asyncio.get_running_loop().create_task(forever()))

    async def _tick(self) -> None:
        changed = await self.database.ask(self.registry.poll)
        for code in changed:
            await self.broker.device_changed(code)
        await self.broker.commands.tick(self.broker.command)
        await self.broker.presence.tick(self.broker.loop.time())
        await self.broker.sensorthings.tick(self.broker.hub.wanted, self.broker.spread)

    async def _expire(self) -> None:
        from quancheng.capabilities.ingest.actions import expire_commands

        await self.database.ask(lambda: expire_commands(Call.system(SYSTEM)))

    async def _beat(self) -> None:
        figures = self.status()
        await self.database.ask(lambda: beat(COMPONENT, figures))

    def status(self) -> dict[str, Any]:
        """Figures for the status page and metrics: rates since the last look, latencies in ms."""
        now, cpu, accepting = time.monotonic(), time.process_time(), self.acceptor
        then, messages, rows, used = self._before
        self._before = (now, accepting.messages, accepting.rows, cpu)
        span = max(now - then, 0.001)
        p50, p95, p99 = (round(1000 * one, 1) for one in accepting.seconds.of(0.50, 0.95, 0.99))
        return {
            "connections": len(self.broker.lines), "devices": len(self.broker.presence),
            "sessions": len(self.broker.hub.sessions), "refused_lines": self.broker.refused_lines,
            "messages": accepting.messages, "rows": accepting.rows, "duplicates": accepting.duplicates,
            "late": accepting.late, "commits": accepting.commits, "failures": accepting.failures,
            "queued": accepting.queued, "dead_letters": dict(accepting.box.refused),
            "faults": dict(self.broker.faults), "messages_per_second": round((accepting.messages - messages) / span, 1),
            "rows_per_second": round((accepting.rows - rows) / span, 1), "cpu": round((cpu - used) / span, 3),
            "ack_ms": {"p50": p50, "p95": p95, "p99": p99}, "memory_mb": _memory(),
            "uptime": round(now - self._started), "port": self.port, "tls_port": self.tls_port,
            "front": self.front.state if self.front else "",
        }  # fmt: skip

    async def stop(self) -> None:
        """Graceful end: nothing taken is lost, nobody is acknowledged falsely."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.broker.end()
        with contextlib.suppress(Exception):
            await self.broker.commands.tick(lambda *_: False)
            await self.database.ask(lambda: leave(COMPONENT))
        self.keeper.close()
        self.acceptor.close()
        self.database.close()


def _memory() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


async def serve(limits: Limits, stop: asyncio.Event, ready: Callable[[Gateway], None] | None = None) -> None:
    """Run a gateway until ``stop``."""
    gateway = Gateway(limits)
    await gateway.start()
    log.info("ingest.gateway.listening", host=limits.mqtt_host, port=gateway.port, tls_port=gateway.tls_port)
    if ready is not None:
        ready(gateway)
    try:
        await stop.wait()
    finally:
        await gateway.stop()


def main() -> None:
    """The component ``ingest.gateway``: runs until SIGTERM or SIGINT."""
    limits = bounds.limits()
    _allow_many_files(limits.connections)

    async def run() -> None:
        stop = asyncio.Event()
        if threading.current_thread() is threading.main_thread():
            for name in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
        await serve(limits, stop)

    try:
        import uvloop
    except ImportError:
        asyncio.run(run())
    else:
        uvloop.run(run())


def _allow_many_files(connections: int) -> None:
    """As many open files as there may be connections, as far as the machine lets us."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 1024
    limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
