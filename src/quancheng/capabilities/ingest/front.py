"""前置代理: reads from an outside MQTT broker and acknowledges there only what is durable here.

``mqtt://user:word@host:port/site/%2B/up``: the path is the topic filter (percent-encoded); the device's code is
the level in place of its ``+``. Several gateways share the load with ``$share/name/…``.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from urllib.parse import unquote, urlsplit

import structlog

from quancheng.capabilities.ingest.accept import Acceptor
from quancheng.capabilities.ingest.bulk import context_of
from quancheng.capabilities.ingest.payloads import FrameRefused, decode
from quancheng.capabilities.ingest.registry import Registry
from quancheng.capabilities.ingest.values import Outcome, Reason
from quancheng.core.mqtt import (
    Ack,
    Connack,
    Connect,
    MqttError,
    Packet,
    Parser,
    Pingreq,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Type,
    Version,
    encode,
    is_filter,
    puback,
    shared,
)
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

log = structlog.get_logger(__name__)
_KEEP_ALIVE = 60
_PACKET = 1 << 20
_SOURCE = "front"


class Front:
    """A client of an outside broker. ``state``: "" not yet, "connected", or what went wrong last."""

    def __init__(self, url: str, acceptor: Acceptor, registry: Registry) -> None:
        parts = urlsplit(url)
        self._filter = unquote(parts.path.lstrip("/"))
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or not is_filter(self._filter):
            raise InvalidInput(
                Text("前置代理地址应为 mqtt://主机:端口/主题过滤器。", "Write mqtt://host:port/topic/filter.")
            )
        self._secure = parts.scheme == "mqtts"
        self._host, self._port = parts.hostname, parts.port or (8883 if self._secure else 1883)
        self._user = unquote(parts.username) if parts.username else None
        self._word = unquote(parts.password).encode() if parts.password else None
        inner = shared(self._filter)
        levels = (inner[1] if inner else self._filter).split("/")
        self._place = levels.index("+") if "+" in levels else -1
        self._acceptor, self._registry = acceptor, registry
        self._writer: asyncio.StreamWriter | None = None
        self.state = ""
        self.taken = 0

    async def run(self) -> None:
        """Connect and read until cancelled; a lost broker is tried again."""
        wait = 1.0
        while True:
            try:
                await self._once()
                wait = 1.0
            except (OSError, MqttError, TimeoutError, asyncio.IncompleteReadError) as failure:
                self.state = repr(failure)[:200]
                log.warning("ingest.front.lost", host=self._host, port=self._port, reason=self.state)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)

    async def _once(self) -> None:
        async with asyncio.timeout(15):
            reader, writer = await asyncio.open_connection(
                self._host, self._port, ssl=True if self._secure else None
            )
        self._writer = writer
        parser = Parser(_PACKET)
        hello = Connect(
            "quancheng-ingest", clean=False, keep_alive=_KEEP_ALIVE, username=self._user, password=self._word
        )
        writer.write(encode(hello, Version.V311))
        pinging = asyncio.create_task(self._ping(writer))
        try:
            while data := await self._read(reader):
                for packet in parser.feed(data):
                    await self._handle(packet, writer)
                if parser.fault is not None:
                    raise parser.fault
            self.state = "closed"
        finally:
            pinging.cancel()
            writer.close()
            self._writer = None

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        async with asyncio.timeout(2 * _KEEP_ALIVE):  # wait_for may swallow being cancelled (Python 3.11)
            return await reader.read(1 << 18)

    async def _ping(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(_KEEP_ALIVE / 2)
            writer.write(encode(Pingreq(), Version.V311))

    async def _handle(self, packet: Packet, writer: asyncio.StreamWriter) -> None:
        if isinstance(packet, Connack):
            if packet.code:
                raise ConnectionRefusedError(f"return code {packet.code}")
            writer.write(encode(Subscribe(1, (Subscription(self._filter, 1),)), Version.V311))
        elif isinstance(packet, Suback):
            if packet.codes[0] >= 0x80:
                raise ConnectionRefusedError("the subscription was refused")
            self.state = "connected"
            log.info("ingest.front.connected", host=self._host, port=self._port, filter=self._filter)
        elif isinstance(packet, Publish):
            await self._take(packet, writer)
        elif isinstance(packet, Ack) and packet.type is Type.PUBREL:
            writer.write(encode(Ack(Type.PUBCOMP, packet.packet_id), Version.V311))

    async def _take(self, packet: Publish, writer: asyncio.StreamWriter) -> None:
        while self._acceptor.full:
            await asyncio.sleep(0.01)
        levels = packet.topic.split("/")
        code = levels[self._place] if 0 <= self._place < len(levels) else packet.topic
        device = await self._registry.find(code)
        done = partial(self._done, packet, writer)
        if device is None:
            self._acceptor.refuse(
                None, code[:64], _SOURCE, Reason.UNKNOWN_DEVICE, packet.topic[:200], packet.payload, done
            )
            return
        received_at = time.time_ns() // 1000
        try:
            readings = decode(
                device.payload, packet.payload, context=context_of(device), received_at=received_at
            )
        except FrameRefused as refused:
            self._acceptor.refuse(
                device, code, _SOURCE, str(refused.reason), refused.message.zh, packet.payload, done
            )
            return
        self._acceptor.submit(device, readings, received_at, packet.payload, done, _SOURCE)

    def _done(
        self,
        packet: Publish,
        writer: asyncio.StreamWriter,
        outcome: Outcome | None,
        fault: BaseException | None,
    ) -> None:
        if fault is not None:
            writer.close()  # not acknowledged: the broker sends it again when we come back
            return
        self.taken += 1
        if writer.is_closing() or not packet.qos:
            return
        if packet.qos == 1:
            writer.write(puback(packet.packet_id))
        else:
            writer.write(encode(Ack(Type.PUBREC, packet.packet_id), Version.V311))
