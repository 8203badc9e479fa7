"""会话: what a server keeps for a client between connections, and the delivery rules of QoS 1 and 2.

Pure: methods change the session and return the packets to send. Time does not pass in here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from quancheng.core.mqtt.packets import Ack, Publish, Subscription, Type
from quancheng.core.mqtt.properties import NOTHING, Properties
from quancheng.core.mqtt.reasons import Reason

__all__ = ["FOREVER", "Message", "Session", "Stage"]

FOREVER = 0xFFFFFFFF
"""Session expiry of "never" (§3.1.2.11.2)."""
_LAST_ID = 0xFFFF


@dataclass(frozen=True, slots=True)
class Message:
    """消息: something to deliver. ``reference`` is the caller's own mark (0 = none)."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = field(default_factory=lambda: NOTHING)
    reference: int = 0


class Stage(Enum):
    """What the server waits for of a message on its way (§4.3)."""

    PUBACK = "puback"
    PUBREC = "pubrec"
    PUBCOMP = "pubcomp"


@dataclass(slots=True)
class _Outgoing:
    message: Message
    stage: Stage


@dataclass(slots=True)
class Session:
    """One client's session. ``expiry`` in seconds: 0 ends with the connection, ``FOREVER`` never."""

    client_id: str
    expiry: int = 0
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    identifiers: dict[str, int] = field(default_factory=dict)
    """Subscription identifiers by filter (5 only)."""
    waiting: list[Message] = field(default_factory=list)
    flying: dict[int, _Outgoing] = field(default_factory=dict)
    received: dict[int, None] = field(default_factory=dict)
    """Packet identifiers of QoS 2 messages taken and not released yet (an empty dict is a third of a set)."""
    most_waiting: int = 1000
    dropped: int = 0
    _next: int = 1

    # -- to the client ------------------------------------------------------------------------
    def offer(self, message: Message) -> Message | None:
        """Queue a message; returns the one dropped for it when too many wait (the oldest)."""
        lost = None
        if len(self.waiting) >= self.most_waiting:
            lost = self.waiting.pop(0)
            self.dropped += 1
        self.waiting.append(message)
        return lost

    def due(self, window: int) -> list[tuple[Publish, Message]]:
        """Packets to send now: QoS 0 freely, at most ``window`` others unacknowledged (receive maximum)."""
        found: list[tuple[Publish, Message]] = []
        while self.waiting:
            message = self.waiting[0]
            if message.qos and len(self.flying) >= min(window, _LAST_ID):
                break
            self.waiting.pop(0)
            packet_id = 0
            if message.qos:
                packet_id = self._free_id()
                self.flying[packet_id] = _Outgoing(
                    message, Stage.PUBREC if message.qos == 2 else Stage.PUBACK
                )
            found.append((_publish(message, packet_id), message))
        return found

    def _free_id(self) -> int:
        while self._next in self.flying:
            self._next = self._next % _LAST_ID + 1
        found = self._next
        self._next = found % _LAST_ID + 1
        return found

    def resumed(self) -> list[Publish | Ack]:
        """After a reconnect: what was not acknowledged, again and in order (§4.4)."""
        again: list[Publish | Ack] = []
        for packet_id, one in self.flying.items():
            if one.stage is Stage.PUBCOMP:
                again.append(Ack(Type.PUBREL, packet_id))
            else:
                again.append(_publish(one.message, packet_id, dup=True))
        return again

    def acknowledged(self, ack: Ack) -> tuple[Message | None, Ack | None]:
        """PUBACK, PUBREC or PUBCOMP of the client: the message that is done by it, and what to answer."""
        one = self.flying.get(ack.packet_id)
        refused = ack.reason >= Reason.UNSPECIFIED
        if ack.type is Type.PUBREC:
            if one is None:
                return None, Ack(Type.PUBREL, ack.packet_id, Reason.PACKET_ID_NOT_FOUND)
            if one.stage is Stage.PUBACK:
                return None, None
            if refused:
                del self.flying[ack.packet_id]
                return one.message, None
            one.stage = Stage.PUBCOMP
            return None, Ack(Type.PUBREL, ack.packet_id)
        wanted = Stage.PUBACK if ack.type is Type.PUBACK else Stage.PUBCOMP
        if one is None or one.stage is not wanted:
            return None, None
        del self.flying[ack.packet_id]
        return one.message, None

    # -- from the client ----------------------------------------------------------------------
    def is_copy(self, packet: Publish) -> bool:
        """Whether a QoS 2 message was taken already; remembers it when not (§4.3.3)."""
        if packet.packet_id in self.received:
            return True
        self.received[packet.packet_id] = None
        return False

    def refused(self, packet_id: int) -> None:
        """A QoS 2 message was not taken after all: its copy will be a new one."""
        self.received.pop(packet_id, None)

    def released(self, ack: Ack) -> Ack:
        """PUBREL of the client: the PUBCOMP to answer."""
        known = ack.packet_id in self.received
        self.received.pop(ack.packet_id, None)
        return Ack(Type.PUBCOMP, ack.packet_id, Reason.SUCCESS if known else Reason.PACKET_ID_NOT_FOUND)

    # -- keeping ------------------------------------------------------------------------------
    def undelivered(self) -> Iterable[Message]:
        """QoS 1 and 2 messages not acknowledged, in order."""
        for one in self.flying.values():
            yield one.message
        for message in self.waiting:
            if message.qos:
                yield message


def _publish(message: Message, packet_id: int, dup: bool = False) -> Publish:
    return Publish(
        message.topic, message.payload, message.qos, packet_id, message.retain, dup, message.properties
    )
