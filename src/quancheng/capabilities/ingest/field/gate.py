"""门: what the listeners need of the platform: who is registered, keep readings, keep a dead letter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import structlog
from django.db import close_old_connections

from quancheng.capabilities.ingest import accept, registry
from quancheng.capabilities.ingest.values import DeviceRef, Outcome
from quancheng.core.telemetry.reading import Reading

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Gate(Protocol):
    """The platform as a listener sees it."""

    async def resolve(self, protocol: str, address: str) -> DeviceRef | None:
        """The active device that calls itself so, or None."""

    async def accept(
        self, device: DeviceRef, readings: Sequence[Reading], received_at: int, raw: bytes
    ) -> Outcome:
        """Keep readings; durable when it returns. Raises QuanchengError when nothing could be written."""

    async def refuse(
        self, device: DeviceRef | None, code: str, source: str, reason: str, detail: str, raw: bytes
    ) -> None:
        """Keep a dead letter; durable when it returns."""


class CityGate:
    """The city's registry and store. Asks the database aside, never in the event loop."""

    def __init__(self, remembered: int) -> None:
        self._most = remembered
        self._held: dict[tuple[str, str], DeviceRef] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="ingest-field")

    async def resolve(self, protocol: str, address: str) -> DeviceRef | None:
        """See :class:`Gate`; a device is asked for once and again when it changed (:meth:`watch`)."""
        key = (protocol, address)
        held = self._held.get(key)
        if held is not None:
            return held
        found = await self.ask(lambda: registry.resolve(protocol, address))
        if found is not None:
            if len(self._held) >= self._most:
                self._held.clear()
            self._held[key] = found
        return found

    async def accept(
        self, device: DeviceRef, readings: Sequence[Reading], received_at: int, raw: bytes
    ) -> Outcome:
        """See :class:`Gate`."""
        return await accept.accept(device, readings, received_at, raw)

    async def refuse(
        self, device: DeviceRef | None, code: str, source: str, reason: str, detail: str, raw: bytes
    ) -> None:
        """See :class:`Gate`."""
        await accept.refuse(device, code, source, reason, detail, raw)

    async def watch(self, seconds: float) -> None:
        """Forget devices that changed, for ever; a database that does not answer is asked again."""
        while True:
            try:
                changed = await self.ask(registry.devices.poll)
            except Exception as failure:
                log.warning("ingest.field.registry_unread", reason=repr(failure)[:300])
                changed = set()
            if changed:
                self._held = {key: one for key, one in self._held.items() if one.code not in changed}
            await asyncio.sleep(seconds)

    async def ask(self, work: Callable[[], T]) -> T:
        """Do something with the database aside."""

        def aside() -> T:
            close_old_connections()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, aside)

    def close(self) -> None:
        """No more questions."""
        self._threads.shutdown(wait=True)
