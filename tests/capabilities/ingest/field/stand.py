"""A stand-in for registry and store, so that lines can be watched alone: slow, failing, remembering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from quancheng.capabilities.ingest.field.bounds import Bounds
from quancheng.capabilities.ingest.field.server import FieldServer
from quancheng.capabilities.ingest.field.speech import Dialect
from quancheng.capabilities.ingest.values import DeviceRef, Outcome
from quancheng.core.telemetry.reading import Reading
from quancheng.kernel.errors import Unavailable

T = TypeVar("T")


def device(protocol: str, address: str, elements: Sequence[str] = ()) -> DeviceRef:
    """A registered device with a stream for each element."""
    streams: Mapping[str, tuple[int, float, float]] = {
        name: (n, 1.0, 0.0) for n, name in enumerate(elements, 1)
    }
    return DeviceRef(1, f"D-{address}", protocol, address, "json", "", streams, 0.0, 1)


class Stand:
    """Knows the devices it is given; ``kept`` and ``letters`` are in the order they became durable."""

    def __init__(self, *devices: DeviceRef, slow: float = 0.0) -> None:
        self.devices = {(one.protocol, one.address): one for one in devices}
        self.slow = slow
        self.broken = False
        self.kept: list[tuple[str, list[Reading]]] = []
        self.letters: list[tuple[str, str, str, bytes]] = []
        self.waiting = self.most_waiting = 0

    async def resolve(self, protocol: str, address: str) -> DeviceRef | None:
        return self.devices.get((protocol, address))

    async def accept(
        self, found: DeviceRef, readings: Sequence[Reading], received_at: int, raw: bytes
    ) -> Outcome:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            await asyncio.sleep(self.slow)
            if self.broken:
                raise Unavailable()
        finally:
            self.waiting -= 1
        self.kept.append((found.code, list(readings)))
        return Outcome(stored=len(readings))

    async def refuse(
        self, found: DeviceRef | None, code: str, source: str, reason: str, detail: str, raw: bytes
    ) -> None:
        self.letters.append((found.code if found else code, reason, detail, raw))

    @property
    def readings(self) -> list[Reading]:
        return [one for _, readings in self.kept for one in readings]


def with_server(
    dialect: Dialect[Any], stand: Stand, talk: Callable[[int], T], bounds: Bounds | None = None
) -> tuple[T, FieldServer[Any]]:
    """Run a listener, let ``talk(port)`` speak to it in a thread, stop it."""

    async def run() -> tuple[T, FieldServer[Any]]:
        server = FieldServer(dialect, stand, bounds or Bounds())
        port = await server.start("127.0.0.1", 0)
        try:
            return await asyncio.to_thread(talk, port), server
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(20):
                    await server.stop()

    return asyncio.run(run())
