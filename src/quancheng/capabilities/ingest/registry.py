"""登记缓存: devices as the gateways hold them, read when first asked for, read again when they change."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from quancheng.capabilities.ingest.limits import Limits, limits
from quancheng.capabilities.ingest.models import Change, Device, Status
from quancheng.capabilities.ingest.values import DeviceRef
from quancheng.kernel.db.freshness import freshen

T = TypeVar("T")
UNKNOWN_SECONDS = 5.0
"""How long "no such device" is believed: a device registered meanwhile is let in after that."""
_GATHER_SECONDS = 0.002
_TOGETHER = 400
_OVERLAP = 200
"""Notices looked at again: transactions may commit out of the order of their numbers."""

_helper = ThreadPoolExecutor(2, thread_name_prefix="ingest-registry")


def _load(**where: Any) -> list[DeviceRef]:
    rows = Device.objects.filter(status=Status.ACTIVE, **where).prefetch_related("channels", "certificates")
    return [_ref(row) for row in rows]


def _ref(row: Device) -> DeviceRef:
    return DeviceRef(
        id=row.pk, code=row.code, protocol=row.protocol, address=row.address, payload=row.payload,
        thing=row.thing, rate=row.rate, revision=row.revision, secret_hash=row.secret_hash,
        streams={one.element: (one.stream, one.scale, one.offset) for one in row.channels.all()},
        fingerprints=frozenset(one.fingerprint for one in row.certificates.all()), simulated=row.simulated,
    )  # fmt: skip


class Registry:
    """A bounded cache over the table; one for each process (:data:`devices`). Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._codes: dict[str, DeviceRef] = {}
        self._addresses: dict[tuple[str, str], str] = {}
        self._unknown: dict[object, float] = {}
        self._asking: dict[str, list[asyncio.Future[DeviceRef | None]]] = {}
        self._gathering: asyncio.Task[None] | None = None
        self._seen: set[int] = set()
        self._newest = -1
        self._asked = time.monotonic()

    # -- asking -------------------------------------------------------------------------------
    def by_code(self, code: str) -> DeviceRef | None:
        """The active device of this code, or None."""
        found = self._codes.get(code)
        if found is not None or self._is_unknown(code):
            return found
        return self._keep(code, _here_or_aside(lambda: _load(code=code)))

    def by_address(self, protocol: str, address: str) -> DeviceRef | None:
        """The active device that calls itself ``address`` in ``protocol``, or None."""
        key = (str(protocol), address)
        code = self._addresses.get(key)
        if code is not None and (found := self._codes.get(code)) is not None:
            return found
        if self._is_unknown(key):
            return None
        return self._keep(key, _here_or_aside(lambda: _load(protocol=key[0], address=address)))

    async def find(self, code: str) -> DeviceRef | None:
        """As :meth:`by_code`, without holding up the event loop; those who ask together share a query."""
        found = self._codes.get(code)
        if found is not None or self._is_unknown(code):
            return found
        loop = asyncio.get_running_loop()
        future: asyncio.Future[DeviceRef | None] = loop.create_future()
        self._asking.setdefault(code, []).append(future)
        busy = self._gathering
        if busy is None or busy.done() or busy.get_loop() is not loop:
            self._gathering = loop.create_task(self._gather())
        return await future

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asking:
            await asyncio.sleep(_GATHER_SECONDS)
            codes = list(self._asking)[:_TOGETHER]
            asked = {code: self._asking.pop(code) for code in codes}
            fault: Exception | None = None
            loaded: dict[str, DeviceRef] = {}
            try:
                rows = await loop.run_in_executor(_helper, _aside, partial(_load, code__in=codes))
                loaded = {one.code: one for one in rows}
            except Exception as failure:  # told to each who asked
                fault = failure
            for code, futures in asked.items():
                found = None if fault else self._keep(code, [loaded[code]] if code in loaded else [])
                for future in futures:
                    if future.done():
                        continue
                    if fault is not None:
                        future.set_exception(fault)
                    else:
                        future.set_result(found)

    async def find_certificate(self, fingerprint: str) -> DeviceRef | None:
        """The active device that may sign in with the certificate of this fingerprint, or None."""
        key = ("certificate", fingerprint)
        code = self._addresses.get(key)
        if code is not None and (found := self._codes.get(code)) is not None:
            return found if fingerprint in found.fingerprints else None
        if self._is_unknown(key):
            return None
        loaded = await asyncio.get_running_loop().run_in_executor(
            _helper, _aside, lambda: _load(certificates__fingerprint=fingerprint)
        )
        return self._keep(key, loaded)

    def _is_unknown(self, key: object) -> bool:
        return self._unknown.get(key, 0.0) > time.monotonic()

    def _keep(self, key: object, loaded: list[DeviceRef]) -> DeviceRef | None:
        with self._lock:
            if not loaded:
                if len(self._unknown) > self._most:
                    self._unknown.clear()
                self._unknown[key] = time.monotonic() + UNKNOWN_SECONDS
                return None
            found = loaded[0]
            self._unknown.pop(key, None)
            while len(self._codes) >= self._most:
                self._drop(next(iter(self._codes)))
            self._codes[found.code] = found
            self._addresses[(found.protocol, found.address)] = found.code
            for one in found.fingerprints:
                self._addresses[("certificate", one)] = found.code
            return found

    def _drop(self, code: str) -> None:
        gone = self._codes.pop(code, None)
        if gone is not None:
            self._addresses.pop((gone.protocol, gone.address), None)
            for one in gone.fingerprints:
                self._addresses.pop(("certificate", one), None)

    # -- changes ------------------------------------------------------------------------------
    def forget(self, codes: Iterable[str] | None = None) -> None:
        """Read these (all) again when next asked for."""
        with self._lock:
            if codes is None:
                self._codes.clear()
                self._addresses.clear()
            for code in codes or ():
                self._drop(code)
            self._unknown.clear()

    def poll(self) -> set[str]:
        """Codes of devices that changed since the last call; they are read again when next asked for."""
        if self._newest < 0:
            newest = Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            self._newest = newest
            self._seen = set(Change.objects.filter(pk__gt=newest - _OVERLAP).values_list("pk", flat=True))
            self.forget()
            return set()
        rows = list(Change.objects.filter(pk__gt=self._newest - _OVERLAP).values_list("pk", "code"))
        changed = {code for pk, code in rows if pk not in self._seen}
        self._seen = {pk for pk, _ in rows}
        self._newest = max([self._newest, *self._seen])
        if changed:
            self.forget(changed)
        return changed

    def poll_when_due(self, seconds: float = 1.0) -> None:
        """For processes without a loop of their own (web): poll at most once in so many seconds."""
        now = time.monotonic()
        if now - self._asked >= seconds:
            self._asked = now
            self.poll()


def _aside(load: Callable[[], T]) -> T:
    freshen()
    return load()


def _here_or_aside(load: Callable[[], T]) -> T:
    """Ask the database from this thread, or from a helper when this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return load()
    return _helper.submit(_aside, load).result()


_limits: Limits = limits()
devices = Registry(_limits.remembered_devices)


def resolve(protocol: str, address: str) -> DeviceRef | None:
    """The device that calls itself ``address`` in ``protocol``; None when unknown or suspended."""
    return devices.by_address(protocol, address)


def by_code(code: str) -> DeviceRef | None:
    """The active device of this code, or None."""
    return devices.by_code(code)
