"""A gateway in a thread of its own, with a store and a register made for tests, and a raw MQTT client."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from quancheng.capabilities.ingest import credentials
from quancheng.capabilities.ingest.accept import Acceptor
from quancheng.capabilities.ingest.gateway import tls_context
from quancheng.capabilities.ingest.letterbox import LetterBox
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.limits import Limits
from quancheng.capabilities.ingest.mqtt.broker import Broker
from quancheng.capabilities.ingest.mqtt.identity import Identity
from quancheng.capabilities.ingest.mqtt.keeper import SessionKeeper
from quancheng.capabilities.ingest.mqtt.line import Line
from quancheng.capabilities.ingest.mqtt.outside import Commands, Database, Presence, SensorThings
from quancheng.capabilities.ingest.mqtt.session_file import SessionFile
from quancheng.capabilities.ingest.registry import Registry
from quancheng.capabilities.ingest.sorting import Row, Value
from quancheng.capabilities.ingest.values import DeviceRef
from quancheng.core.mqtt import Connack, Connect, Packet, Parser, Publish, Reason, Version, encode
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

SECRET = "a-secret-of-a-device"
HASH = credentials.hash_of(SECRET)


class MemoryStore:
    """Stands for the observation store: what was appended; may be slow, or full."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.commits = 0
        self.slow = 0.0
        self.full = False
        self.unique_slow = 0.0

    async def append(self, rows: Sequence[Row], received_at: int) -> None:
        await asyncio.sleep(self.slow)
        if self.full:
            raise OSError(28, "no space left on device")
        self.rows += rows
        self.commits += 1

    def append_unique(self, rows: Sequence[Row], received_at: int) -> tuple[int, int, int]:
        time.sleep(self.unique_slow)
        new = changed = known = 0
        for row in rows:
            place = next((at for at, one in enumerate(self.rows) if one[:2] == row[:2]), None)
            if place is None:
                self.rows.append(row)
                new += 1
            elif self.rows[place][2] == row[2]:
                known += 1
            else:
                self.rows[place] = row
                changed += 1
        return new, changed, known

    def latest(self, streams: Iterable[int]) -> dict[int, tuple[int, Value]]:
        found: dict[int, tuple[int, Value]] = {}
        for stream, at, value, _ in self.rows:
            if stream in set(streams) and (stream not in found or at >= found[stream][0]):
                found[stream] = (at, value)
        return found


class MemoryRegistry(Registry):
    """Devices given by the test."""

    def __init__(self, devices: Iterable[DeviceRef]) -> None:
        super().__init__(1000)
        self.devices = {one.code: one for one in devices}

    def by_code(self, code: str) -> DeviceRef | None:
        return self.devices.get(code)

    async def find(self, code: str) -> DeviceRef | None:
        return self.devices.get(code)

    async def find_certificate(self, fingerprint: str) -> DeviceRef | None:
        return next((one for one in self.devices.values() if fingerprint in one.fingerprints), None)


class OnePerson:
    """Knows one account: ``duty`` with the role that watches the gateway."""

    async def __call__(self, username: str, password: bytes | None) -> Identity | Reason:
        if (username, password) != ("duty", b"right"):
            return Reason.BAD_USER_OR_PASSWORD
        return Identity(
            "user:1", Actor(ActorKind.OFFICIAL, "duty", user_id=1, grants=(RoleGrant("ingest.viewer"),))
        )


def device(number: int, **other: Any) -> DeviceRef:
    """Device ``dev-<number>`` with temperature as stream ``100·number + 1`` and level as ``… + 2``."""
    streams = {"t": (100 * number + 1, 1.0, 0.0), "level": (100 * number + 2, 0.01, 0.0)}
    made = DeviceRef(
        number, f"dev-{number}", "mqtt", f"dev-{number}", "json", "", streams, 0.0, 1, HASH, frozenset()
    )
    return replace(made, **other)


def reading(at: int, value: float = 20.0, element: str = "t") -> bytes:
    """A message with one reading; ``at`` in milliseconds."""
    return f'{{"t": {at}, "v": {{"{element}": {value}}}}}'.encode()


def now_ms() -> int:
    """This moment in milliseconds."""
    return time.time_ns() // 1_000_000


class Gatewayed:
    """A running gateway and its parts."""

    def __init__(self, folder: Path, devices: Iterable[DeviceRef], limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self.store = MemoryStore()
        self.registry = MemoryRegistry(devices)
        self.letters: list[Letter] = []
        self.loop = asyncio.new_event_loop()
        self.port = self.tls_port = 0
        self.broker: Broker = None  # type: ignore[assignment]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready: Future[None] = Future()
        self._stop: asyncio.Event = None  # type: ignore[assignment]

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._serve())
        except BaseException as failure:
            if not self._ready.done():
                self._ready.set_exception(failure)
            raise
        finally:
            self.loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        box = LetterBox(self.limits.letters_per_flush, lambda found, dropped: self.letters.extend(found))
        self.acceptor = Acceptor(self.store, self.limits, box)
        database = Database()
        keeper = SessionKeeper(SessionFile(self.folder / "sessions.sqlite3"))
        self.broker = Broker(
            self.limits, self.acceptor, self.registry, keeper, commands=Commands(database),
            presence=Presence(database), sensorthings=SensorThings(database), person=OnePerson(),
        )  # fmt: skip
        server = await self.loop.create_server(lambda: Line(self.broker), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        servers = [server]
        if self.limits.tls_certificate:
            secure = await self.loop.create_server(
                lambda: Line(self.broker), "127.0.0.1", 0, ssl=tls_context(self.limits)
            )
            self.tls_port = secure.sockets[0].getsockname()[1]
            servers.append(secure)
        self._ready.set_result(None)
        sweeping = self.loop.create_task(self._sweep())
        await self._stop.wait()
        for one in servers:
            one.close()
        sweeping.cancel()
        await self.broker.end()
        keeper.close()
        self.acceptor.close()
        database.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            await self.broker.sweep()

    def start(self) -> Gatewayed:
        self._thread.start()
        self._ready.result(10)
        return self

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(20)
        assert not self._thread.is_alive()

    def call(self, work: Any) -> Any:
        """Run a coroutine or function in the gateway's loop."""

        async def run() -> Any:
            found = work()
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def client(self, number: int = 1, **connect: Any) -> Raw:
        """A raw client, not yet connected to MQTT."""
        return Raw(self.port, number, **connect)


@contextmanager
def running(folder: Path, devices: Iterable[DeviceRef] = (), **limits: Any) -> Iterator[Gatewayed]:
    """A gateway for the length of a block."""
    given = {"connect_seconds": 2.0} | limits
    gateway = Gatewayed(folder, devices or [device(1), device(2), device(3)], Limits(**given)).start()
    try:
        yield gateway
    finally:
        gateway.stop()


class Raw:
    """A client of bytes and packets; 3.1.1 unless told otherwise."""

    def __init__(self, port: int, number: int = 1, version: Version = Version.V311) -> None:
        self.version = version
        self.number = number
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.parser = Parser(1 << 20, version)
        self.waiting: list[Packet] = []

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def connect(self, **other: Any) -> Connack:
        """CONNECT as the device and return the answer."""
        code = f"dev-{self.number}"
        said = {"client_id": code, "username": code, "password": SECRET.encode(), "version": self.version}
        self.send(Connect(**(said | other)))
        found = self.read()
        assert isinstance(found, Connack)
        return found

    def send(self, *packets: Packet) -> None:
        self.socket.sendall(b"".join(encode(one, self.version) for one in packets))

    def read(self, timeout: float = 5.0) -> Packet | None:
        """The next packet, or None when the line was closed."""
        self.socket.settimeout(timeout)
        while not self.waiting:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.waiting += self.parser.feed(data)
            assert self.parser.fault is None
        return self.waiting.pop(0)

    def read_many(self, number: int) -> list[Packet | None]:
        return [self.read() for _ in range(number)]

    def silence(self, seconds: float = 0.2) -> bool:
        """Nothing comes for so long."""
        try:
            return self.read(seconds) is ...
        except TimeoutError:
            return True

    def publish(
        self, payload: bytes, packet_id: int = 1, qos: int = 1, topic: str = "", **other: Any
    ) -> None:
        self.send(Publish(topic or f"d/dev-{self.number}/up", payload, qos, packet_id if qos else 0, **other))
