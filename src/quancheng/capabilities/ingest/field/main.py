"""The component ``ingest.field``: all field protocols in one process, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import threading
import time
from typing import Any

import structlog

from quancheng.capabilities.ingest import status
from quancheng.capabilities.ingest.accept import acceptor
from quancheng.capabilities.ingest.field import gb26875, hj212, jt808
from quancheng.capabilities.ingest.field.bounds import Bounds, bounds
from quancheng.capabilities.ingest.field.gate import CityGate
from quancheng.capabilities.ingest.field.server import FieldServer
from quancheng.capabilities.ingest.field.speech import Dialect

COMPONENT = "ingest.field"
_FILES = 512
log = structlog.get_logger(__name__)
DIALECTS: tuple[Dialect[Any], ...] = (hj212.DIALECT, gb26875.DIALECT, jt808.DIALECT)


def ports(limits: Bounds) -> dict[str, int]:
    """Protocol → port, of those that have one."""
    found = {one.protocol: int(getattr(limits, f"{one.protocol}_port")) for one in DIALECTS}
    return {protocol: port for protocol, port in found.items() if port}


class Field:
    """The listeners of one process and what they share."""

    def __init__(self, limits: Bounds) -> None:
        self.limits = limits
        self.gate = CityGate(limits.remembered_devices)
        wanted = ports(limits)
        self.servers = [FieldServer(one, self.gate, limits) for one in DIALECTS if one.protocol in wanted]
        self._began = time.monotonic()
        self._before = (self._began, 0, 0, time.process_time())

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``; then what was taken is kept and answered."""
        watching = asyncio.create_task(self.gate.watch(self.limits.poll_seconds))
        telling = asyncio.create_task(self._tell())
        try:
            for server in self.servers:
                protocol = server.dialect.protocol
                port = await server.start(self.limits.host, ports(self.limits)[protocol])
                log.info("ingest.field.listening", protocol=protocol, host=self.limits.host, port=port)
            await stop.wait()
        finally:
            await asyncio.gather(*(server.stop() for server in self.servers))
            for task in (watching, telling):
                task.cancel()
            await asyncio.gather(watching, telling, return_exceptions=True)
            await acceptor().idle()
            acceptor().close()
            with contextlib.suppress(Exception):
                await self.gate.ask(lambda: status.leave(COMPONENT))
            self.gate.close()

    async def _tell(self) -> None:
        """Keep our figures beside our heartbeat, for the status page and metrics."""
        while True:
            figures = self.figures()
            try:
                await self.gate.ask(lambda figures=figures: status.beat(COMPONENT, figures))  # type: ignore[misc]
            except Exception as failure:  # the database may be away; lines go on
                log.error("ingest.field.status_unwritten", reason=repr(failure)[:300])
            await asyncio.sleep(self.limits.status_seconds)

    def figures(self) -> dict[str, Any]:
        """As those of ``ingest.gateway``: rates since the last look, latencies in ms; ``protocols`` one by one."""
        now, cpu, accepting = time.monotonic(), time.process_time(), acceptor()
        then, messages, rows, used = self._before
        self._before = (now, accepting.messages, accepting.rows, cpu)
        span = max(now - then, 0.001)
        p50, p95, p99 = (round(1000 * one, 1) for one in accepting.seconds.of(0.50, 0.95, 0.99))
        return {
            "connections": sum(len(one.lines) for one in self.servers),
            "refused_lines": sum(one.counts["lines-refused"] for one in self.servers),
            "messages": accepting.messages,
            "rows": accepting.rows,
            "duplicates": accepting.duplicates,
            "late": accepting.late,
            "commits": accepting.commits,
            "failures": accepting.failures,
            "queued": accepting.queued,
            "dead_letters": dict(accepting.box.refused),
            "messages_per_second": round((accepting.messages - messages) / span, 1),
            "rows_per_second": round((accepting.rows - rows) / span, 1),
            "cpu": round((cpu - used) / span, 3),
            "ack_ms": {"p50": p50, "p95": p95, "p99": p99},
            "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "uptime": round(now - self._began),
            "protocols": {
                one.dialect.protocol: {"connections": len(one.lines), **one.counts} for one in self.servers
            },
        }


def _allow_many_files(lines: int) -> None:
    """Each line is a file: raise the process's own limit as far as it may go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = lines + _FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    """Run until SIGTERM or SIGINT."""

    async def run() -> None:
        stop = asyncio.Event()
        if threading.current_thread() is threading.main_thread():
            for name in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
        limits = bounds()
        _allow_many_files(limits.connections * len(ports(limits)))
        await Field(limits).run(stop)

    try:
        import uvloop
    except ImportError:
        asyncio.run(run())
    else:
        uvloop.run(run())
