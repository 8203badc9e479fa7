"""编码: packets to bytes, for both sides of a connection."""

from __future__ import annotations

from quancheng.core.mqtt import properties as props
from quancheng.core.mqtt import wire
from quancheng.core.mqtt.packets import (
    Ack,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Type,
    Unsuback,
    Unsubscribe,
    Version,
)

__all__ = ["encode", "puback"]


def puback(packet_id: int) -> bytes:
    """PUBACK without a reason: the same four bytes in both versions."""
    return b"\x40\x02" + packet_id.to_bytes(2)


def encode(packet: Packet, version: Version) -> bytes:
    """The bytes of a packet. Raises ValueError for what the version cannot say."""
    first, body = _parts(packet, version)
    return bytes((first,)) + wire.varint(len(body)) + body


def _parts(packet: Packet, version: Version) -> tuple[int, bytes]:
    five = version == Version.V5
    match packet:
        case Publish():
            return _publish(packet, five)
        case Ack():
            return packet.type << 4 | (2 if packet.type == Type.PUBREL else 0), _ack(packet, five)
        case Connect():
            return 0x10, _connect(packet)
        case Connack():
            body = bytes((packet.present, packet.code))
            return 0x20, body + (props.write(packet.properties, Type.CONNACK) if five else b"")
        case Subscribe():
            rows = b"".join(
                wire.text(one.filter) + bytes((_options(one, five),)) for one in packet.subscriptions
            )
            return 0x82, _head(packet.packet_id, packet.properties, Type.SUBSCRIBE, five) + rows
        case Suback():
            return 0x90, _head(packet.packet_id, packet.properties, Type.SUBACK, five) + bytes(packet.codes)
        case Unsubscribe():
            rows = b"".join(wire.text(one) for one in packet.filters)
            return 0xA2, _head(packet.packet_id, packet.properties, Type.UNSUBSCRIBE, five) + rows
        case Unsuback():
            codes = bytes(packet.codes) if five else b""
            return 0xB0, _head(packet.packet_id, packet.properties, Type.UNSUBACK, five) + codes
        case _:
            return _small(packet, five)


def _small(packet: Packet, five: bool) -> tuple[int, bytes]:
    match packet:
        case Pingreq():
            return 0xC0, b""
        case Pingresp():
            return 0xD0, b""
        case Disconnect():
            return 0xE0, _reason(packet.reason, packet.properties, Type.DISCONNECT, five)
        case Auth():
            if not five:
                raise ValueError("AUTH does not exist in 3.1.1")
            return 0xF0, _reason(packet.reason, packet.properties, Type.AUTH, five)
    raise ValueError(f"{packet!r} is no packet")


def _publish(packet: Publish, five: bool) -> tuple[int, bytes]:
    if packet.qos and not packet.packet_id:
        raise ValueError("a packet identifier is needed")
    first = 0x30 | (8 if packet.dup else 0) | packet.qos << 1 | packet.retain
    head = wire.text(packet.topic) + (wire.short(packet.packet_id) if packet.qos else b"")
    if five:
        head += props.write(packet.properties, Type.PUBLISH)
    return first, head + packet.payload


def _ack(packet: Ack, five: bool) -> bytes:
    body = wire.short(packet.packet_id)
    if not five or (not packet.reason and not packet.properties):
        return body
    body += bytes((packet.reason,))
    return body + props.write(packet.properties, packet.type) if packet.properties else body


def _reason(reason: int, properties: props.Properties, kind: Type, five: bool) -> bytes:
    if not five or (not reason and not properties):
        return b""
    return bytes((reason,)) + (props.write(properties, kind) if properties else b"")


def _head(packet_id: int, properties: props.Properties, kind: Type, five: bool) -> bytes:
    return wire.short(packet_id) + (props.write(properties, kind) if five else b"")


def _options(one: Subscription, five: bool) -> int:
    if not five:
        return one.qos
    return one.qos | one.no_local << 2 | one.retain_as_published << 3 | one.retain_handling << 4


def _connect(packet: Connect) -> bytes:
    five = packet.version == Version.V5
    will = packet.will
    flags = packet.clean << 1
    if will is not None:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
    flags |= (packet.username is not None) << 7 | (packet.password is not None) << 6
    body = wire.text("MQTT") + bytes((packet.version, flags)) + wire.short(packet.keep_alive)
    if five:
        body += props.write(packet.properties, Type.CONNECT)
    body += wire.text(packet.client_id)
    if will is not None:
        if five:
            body += props.write(will.properties, props.WILL)
        body += wire.text(will.topic) + wire.binary(will.payload)
    if packet.username is not None:
        body += wire.text(packet.username)
    if packet.password is not None:
        body += wire.binary(packet.password)
    return body
