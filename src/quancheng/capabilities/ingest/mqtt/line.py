"""线路: one MQTT connection: bytes in, packets to the broker, acknowledgements out in their order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quancheng.capabilities.ingest.mqtt.identity import ANONYMOUS, Identity
from quancheng.core.mqtt import (
    CONNECT_RETURN,
    Ack,
    Connack,
    Connect,
    Connection,
    Disconnect,
    MqttError,
    Packet,
    Pingreq,
    Publish,
    Reason,
    Session,
    Subscribe,
    Type,
    Unsubscribe,
    Version,
    encode,
    puback,
)

if TYPE_CHECKING:
    from quancheng.capabilities.ingest.mqtt.broker import Broker

RATE, ROOM, SLOTS, SIGN_IN, PEER = 1, 2, 4, 8, 16
"""Why a line is not read: the device's rate, no room anywhere, too many of its own waiting, sign-in, it
does not read itself."""
_PONG = b"\xd0\x00"


class Slot:
    """The place of acknowledgements in the order of their line (MQTT 5.0 §4.6)."""

    __slots__ = ("answer", "packet_ids")

    def __init__(self, packet_ids: tuple[int, ...]) -> None:
        self.packet_ids = packet_ids
        self.answer: bytes | None = None


class Line(asyncio.Protocol):
    """Server side of one socket. Everything that needs others is the broker's."""

    __slots__ = (
        "_open", "_slots", "broker", "closed", "connection", "half_since", "heard", "held_back", "held_until",
        "identity",
        "key", "opened", "pauses", "peer", "polite", "session", "transport",
    )  # fmt: skip

    def __init__(self, broker: Broker) -> None:
        limits = broker.limits
        self.broker = broker
        self.connection = Connection(limits.packet_bytes, limits.receive_maximum)
        self.identity: Identity = ANONYMOUS
        self.session: Session | None = None
        self.key = ""
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.pauses = 0
        self.closed = self.polite = False
        self.held_back: list[Packet] = []
        self._slots: list[Slot] = []
        self._open = 0
        self.opened = self.heard = self.half_since = self.held_until = 0.0
        self.peer = ""

    # -- asyncio ------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.opened = self.heard = self.broker.loop.time()
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        self.transport.set_write_buffer_limits(self.broker.limits.write_bytes)
        if not self.broker.came(self):
            self.closed = True
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.broker.gone(self)

    def data_received(self, data: bytes) -> None:
        if self.closed:
            return
        self.heard = self.broker.loop.time()
        packets = self.connection.receive(data)
        self.half_since = (self.half_since or self.heard) if self.connection.half and not packets else 0.0
        up = self.identity.up  # empty before sign-in and for people
        burst: list[Publish] = []
        for packet in packets:
            if type(packet) is Publish and packet.qos == 1 and packet.topic == up and not packet.retain:
                burst.append(packet)
                continue
            if burst:
                self.broker.burst(self, burst)
                burst = []
            if self.closed:
                return
            if self.held_back or self.pauses & SIGN_IN:
                self.held_back.append(packet)
            else:
                self.handle(packet)
        if burst and not self.closed:
            self.broker.burst(self, burst)
        if self.connection.fault is not None and not self.closed:
            self.fail(self.connection.fault)

    def pause_writing(self) -> None:
        self.pause(PEER)

    def resume_writing(self) -> None:
        self.resume(PEER)
        self.deliver()

    # -- packets ------------------------------------------------------------------------------
    def handle(self, packet: Packet) -> None:
        """One packet that is in order at this point of the connection."""
        if type(packet) is Publish:
            self.broker.publish(self, packet)
        elif isinstance(packet, Connect):
            self.pause(SIGN_IN)
            self.broker.sign_in(self, packet)
        elif self.session is None:
            self.close(Reason.PROTOCOL_ERROR)
        elif isinstance(packet, Ack):
            self._acknowledged(self.session, packet)
        elif isinstance(packet, Subscribe):
            self.broker.subscribe(self, packet)
        elif isinstance(packet, Unsubscribe):
            self.broker.unsubscribe(self, packet)
        elif isinstance(packet, Pingreq):
            self.transport.write(_PONG)
        elif isinstance(packet, Disconnect):
            self._says_goodbye(packet)

    def _acknowledged(self, session: Session, packet: Ack) -> None:
        if packet.type is Type.PUBREL:
            self.connection.answered(packet.packet_id)
            self.send(session.released(packet))
            return
        done, answer = session.acknowledged(packet)
        if answer is not None:
            self.send(answer)
        if done is not None:
            self.broker.delivered(self, done, packet.reason)
        self.deliver()

    def _says_goodbye(self, packet: Disconnect) -> None:
        expiry = packet.properties.get("session_expiry_interval")
        if expiry and self.session is not None:
            if not self.session.expiry:
                self.fail(MqttError(Reason.PROTOCOL_ERROR, "a session that was to end cannot be prolonged"))
                return
            self.session.expiry = min(expiry, self.broker.limits.session_seconds)
        elif expiry == 0 and self.session is not None:
            self.session.expiry = 0
        self.polite = packet.reason != Reason.DISCONNECT_WITH_WILL
        self.closed = True
        self.transport.close()

    def signed_in(self) -> None:
        """The broker has let it in: what came meanwhile is handled now."""
        self.resume(SIGN_IN)
        waiting, self.held_back = self.held_back, []
        for packet in waiting:
            if not self.closed:
                self.handle(packet)

    # -- answers in order ---------------------------------------------------------------------
    def slot(self, *packet_ids: int) -> Slot:
        """Reserve the next place for an acknowledgement, or for several that will be due together."""
        made = Slot(packet_ids)
        self._slots.append(made)
        self._open += len(packet_ids)
        if self._open >= self.broker.limits.receive_maximum:
            self.pause(SLOTS)
        return made

    def answer(self, slot: Slot, packet: Ack | None = None) -> None:
        """The acknowledgement is due (PUBACK of all of the slot without ``packet``); it leaves when those
        before it have left."""
        if packet is None:
            slot.answer = b"".join([puback(one) for one in slot.packet_ids])
        else:
            slot.answer = encode(packet, self.connection.version)
        if packet is None or packet.type is not Type.PUBREC or packet.reason >= Reason.UNSPECIFIED:
            self.connection.answered(*slot.packet_ids)
        self.broker.dirty(self)

    def flush(self) -> None:
        """Send the acknowledgements that are due."""
        slots = self._slots
        if self.closed or not slots or slots[0].answer is None:
            return
        out: list[bytes] = []
        for slot in slots:
            if slot.answer is None:
                break
            out.append(slot.answer)
            self._open -= len(slot.packet_ids)
        del slots[: len(out)]
        self.transport.write(out[0] if len(out) == 1 else b"".join(out))
        if self.pauses & SLOTS and self._open < self.broker.limits.receive_maximum:
            self.resume(SLOTS)

    # -- sending ------------------------------------------------------------------------------
    def send(self, packet: Packet) -> None:
        """Write one packet."""
        if not self.closed:
            self.transport.write(encode(packet, self.connection.version))

    def deliver(self) -> None:
        """Send what the session has for this client, as far as its window and its reading go."""
        session = self.session
        if self.closed or session is None or self.pauses & PEER:
            return
        version, most = self.connection.version, self.connection.client_maximum
        for packet, message in session.due(self.connection.window):
            if version is not Version.V5 and packet.properties:
                packet = Publish(packet.topic, packet.payload, packet.qos, packet.packet_id, packet.retain)
            raw = encode(packet, version)
            if len(raw) > most:  # §3.1.2.11.4: discarded as if it had been sent
                session.flying.pop(packet.packet_id, None)
                continue
            self.transport.write(raw)
            if message.reference:
                self.broker.sent(message.reference)

    def greet(self, packet: Connect, present: bool, assigned: str) -> None:
        """CONNACK with what the server grants; in MQTT 5 also where it differs from what was asked."""
        limits = self.broker.limits
        if packet.version is not Version.V5:
            self.send(Connack(0, present))
            return
        said: dict[str, object] = {
            "receive_maximum": limits.receive_maximum,
            "maximum_packet_size": limits.packet_bytes,
            "topic_alias_maximum": self.connection.alias_maximum,
        }
        if assigned:
            said["assigned_client_identifier"] = assigned
        asked = packet.properties.get("session_expiry_interval", 0)
        if self.session is not None and self.session.expiry != asked:
            said["session_expiry_interval"] = self.session.expiry
        if not 0 < packet.keep_alive <= limits.keep_alive_seconds:
            said["server_keep_alive"] = limits.keep_alive_seconds
        self.send(Connack(0, present, said))

    def refuse(self, reason: Reason) -> None:
        """Answer CONNECT with no, and hang up."""
        five = self.connection.version is Version.V5
        self.send(Connack(int(reason) if five else CONNECT_RETURN.get(reason, 5)))
        self._end()

    def close(self, reason: Reason) -> None:
        """Hang up; in MQTT 5 say why."""
        if self.closed:
            return
        if self.connection.version is Version.V5 and self.session is not None:
            self.send(Disconnect(int(reason)))
        self._end()

    def fail(self, fault: MqttError) -> None:
        """The client broke a rule."""
        self.broker.faults[fault.reason.name] += 1
        if self.session is None and fault.reason in (
            Reason.UNSUPPORTED_VERSION, Reason.CLIENT_ID_NOT_VALID
        ):  # fmt: skip
            self.refuse(fault.reason)
        else:
            self.close(fault.reason)

    def _end(self) -> None:
        self.closed = True
        self.transport.close()

    @property
    def patience(self) -> float:
        """Seconds the client may be silent: its keep-alive, or ours where it promised none."""
        asked, most = self.connection.keep_alive, self.broker.limits.keep_alive_seconds
        return asked if 0 < asked <= most else most

    # -- reading or not -----------------------------------------------------------------------
    def pause(self, why: int) -> None:
        """Stop reading this line until every reason is gone; TCP holds the sender back."""
        if not self.pauses and not self.transport.is_closing():
            self.transport.pause_reading()
        self.pauses |= why

    def hold(self, seconds: float) -> None:
        """Do not read for so long; a longer hold is never cut short by an earlier, shorter one."""
        loop = self.broker.loop
        until = loop.time() + seconds
        waits = self.held_until > 0.0
        self.held_until = max(self.held_until, until)
        self.pause(RATE)
        if not waits:
            loop.call_at(self.held_until, self._held)

    def _held(self) -> None:
        loop = self.broker.loop
        if self.held_until > loop.time() and not self.closed:
            loop.call_at(self.held_until, self._held)
            return
        self.held_until = 0.0
        self.resume(RATE)

    def resume(self, why: int) -> None:
        """One reason is gone."""
        if not self.pauses & why:
            return
        self.pauses &= ~why
        if not self.pauses and not self.closed and not self.transport.is_closing():
            self.heard = self.broker.loop.time()
            self.transport.resume_reading()
