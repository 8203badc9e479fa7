"""连接: the rules of one network connection on the server's side, without a socket.

``receive`` turns bytes into packets that are in order at this point: CONNECT first and once, only what a
client may send, aliases resolved, receive maximum kept. What breaks a rule ends the connection: ``fault``.
"""

from __future__ import annotations

import msgspec

from quancheng.core.mqtt.packets import (
    Ack,
    Auth,
    Connack,
    Connect,
    Packet,
    Pingresp,
    Publish,
    Suback,
    Type,
    Unsuback,
    Version,
)
from quancheng.core.mqtt.parser import Parser
from quancheng.core.mqtt.properties import NOTHING
from quancheng.core.mqtt.reasons import MqttError, ProtocolError, Reason

__all__ = ["Connection"]

_NEVER_FROM_CLIENTS = (Connack, Suback, Unsuback, Pingresp)
_MOST = 268_435_460
_FIVE = Version.V5


class Connection:
    """Server side of one connection. ``alias_maximum`` and ``receive_maximum`` are what CONNACK announces."""

    __slots__ = (
        "_aliases", "_parser", "_unfinished", "alias_maximum", "client_maximum", "connect", "fault",
        "receive_maximum", "window",
    )  # fmt: skip

    def __init__(self, most: int, receive_maximum: int, alias_maximum: int = 16) -> None:
        self._parser = Parser(most)
        self._aliases: dict[int, str] | None = None
        self._unfinished: set[int] | None = None
        self.alias_maximum = alias_maximum
        self.receive_maximum = receive_maximum
        self.connect: Connect | None = None
        self.fault: MqttError | None = None
        self.window = 65_535
        """How many QoS 1 and 2 messages the client takes at a time."""
        self.client_maximum = _MOST
        """The largest packet the client takes."""

    @property
    def version(self) -> Version:
        """What the connection speaks."""
        return self._parser.version

    @property
    def half(self) -> int:
        """Bytes of a packet that is not whole yet."""
        return self._parser.held

    @property
    def keep_alive(self) -> int:
        """Seconds the client promised not to be silent longer (0 = no promise)."""
        return self.connect.keep_alive if self.connect else 0

    def receive(self, data: bytes) -> list[Packet]:
        """Packets completed by ``data`` and in order; look at ``fault`` after handling them."""
        if self.fault is not None:
            return []
        packets = self._parser.feed(data)
        if self.connect is not None and self._parser.version is not _FIVE and _only_publications(packets):
            self.fault = self._parser.fault
            return packets  # nothing to check in 3.1.1: neither aliases nor a receive maximum
        found: list[Packet] = []
        try:
            for packet in packets:
                found.append(self._checked(packet))
        except MqttError as fault:
            self.fault = fault
            return found
        self.fault = self._parser.fault
        return found

    def _checked(self, packet: Packet) -> Packet:
        if type(packet) is Publish:
            return self._publish(packet)
        if self.connect is None:
            if not isinstance(packet, Connect):
                raise ProtocolError("something before CONNECT")
            return self._connect(packet)
        if isinstance(packet, Connect):
            raise ProtocolError("a second CONNECT")
        if isinstance(packet, _NEVER_FROM_CLIENTS):
            raise ProtocolError(f"{type(packet).__name__} from a client")
        if isinstance(packet, Auth):
            raise MqttError(Reason.BAD_AUTHENTICATION_METHOD, "no extended authentication here")
        if isinstance(packet, Ack) and packet.type is Type.PUBREL:
            self.answered(packet.packet_id)
        return packet

    def _connect(self, packet: Connect) -> Connect:
        if packet.version == Version.V311 and not packet.client_id and not packet.clean:
            raise MqttError(Reason.CLIENT_ID_NOT_VALID, "no client id for a session to keep")
        if "authentication_data" in packet.properties and "authentication_method" not in packet.properties:
            raise ProtocolError("authentication data without a method")
        self.connect = packet
        self.window = packet.properties.get("receive_maximum", 65_535)
        self.client_maximum = packet.properties.get("maximum_packet_size", _MOST)
        return packet

    def _publish(self, packet: Publish) -> Publish:
        if self.connect is None:
            raise ProtocolError("something before CONNECT")
        if packet.properties:
            if "subscription_identifier" in packet.properties:
                raise ProtocolError("a subscription identifier from a client")
            packet = self._without_alias(packet)
        if packet.qos and self._parser.version is _FIVE:
            if self._unfinished is None:
                self._unfinished = set()
            # a copy of a message that is still under way takes no place of its own
            self._unfinished.add(packet.packet_id)
            if len(self._unfinished) > self.receive_maximum:
                raise MqttError(Reason.RECEIVE_MAXIMUM_EXCEEDED, "too many messages under way")
        return packet

    def _without_alias(self, packet: Publish) -> Publish:
        alias = packet.properties.get("topic_alias")
        if alias is None:
            return packet
        if alias > self.alias_maximum:
            raise MqttError(Reason.TOPIC_ALIAS_INVALID, f"topic alias {alias}")
        if self._aliases is None:
            self._aliases = {}
        if packet.topic:
            self._aliases[alias] = packet.topic
        elif alias not in self._aliases:
            raise MqttError(Reason.TOPIC_ALIAS_INVALID, f"topic alias {alias} was never set")
        left = {name: value for name, value in packet.properties.items() if name != "topic_alias"}
        return msgspec.structs.replace(packet, topic=self._aliases[alias], properties=left or NOTHING)

    def signed_in(self) -> None:
        """Keep of CONNECT what is still needed: the will and the keep-alive, not who it was and how proved."""
        if self.connect is not None:
            self.connect = msgspec.structs.replace(
                self.connect, client_id="", username=None, password=None, properties=NOTHING
            )

    def answered(self, *packet_ids: int) -> None:
        """The server sent PUBACK, PUBCOMP, or a PUBREC that refuses: the places are free again."""
        if self._unfinished:
            self._unfinished.difference_update(packet_ids)

    @property
    def unfinished(self) -> int:
        """QoS 1 and 2 messages of the client under way; counted in MQTT 5, whose receive maximum needs it."""
        return len(self._unfinished or ())


def _only_publications(packets: list[Packet]) -> bool:
    for packet in packets:  # noqa: SIM110 a generator costs more than the loop
        if type(packet) is not Publish:
            return False
    return True
