"""解码: bytes of one packet to its value, strictly: what the specification forbids is refused."""

from __future__ import annotations

from collections.abc import Callable

from quancheng.core.mqtt import properties as props
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
    Will,
)
from quancheng.core.mqtt.properties import NOTHING, Properties
from quancheng.core.mqtt.reasons import Malformed, MqttError, ProtocolError, Reason
from quancheng.core.mqtt.topics import is_filter, is_name, shared
from quancheng.core.mqtt.wire import Reader, checked_text

__all__ = ["decode", "publish"]

_FLAGS_TWO = {Type.PUBREL, Type.SUBSCRIBE, Type.UNSUBSCRIBE}
_names: dict[bytes, str] = {}
_NAMES_KEPT = 200_000
_FIVE = Version.V5


def decode(first: int, body: bytes, version: Version) -> Packet:
    """The packet whose fixed header begins with ``first`` and whose remaining bytes are ``body``.

    ``version`` is what the connection agreed on (CONNECT itself says its own). Raises MqttError.
    """
    kind = first >> 4
    if kind == Type.PUBLISH:
        return publish(first & 0x0F, body, 0, len(body), version)
    reader = _READERS.get(kind)
    if reader is None:
        raise Malformed(f"packets of type {kind} do not exist")
    if first & 0x0F != (2 if kind in _FLAGS_TWO else 0):
        raise Malformed(f"reserved flags {first & 0x0F} in a packet of type {kind}")
    source = Reader(body)
    packet = reader(Type(kind), source, version)
    source.end()
    return packet


def publish(flags: int, data: bytes, at: int, end: int, version: Version) -> Publish:
    """PUBLISH whose flags are ``flags`` and whose remaining bytes are ``data[at:end]``, read in place."""
    qos = (flags >> 1) & 3
    if qos == 3 or (flags & 8 and not qos):
        raise Malformed("QoS 3, or a copy of QoS 0")
    name = at + 2
    if name > end:
        raise Malformed("the packet ends too early")
    rest = after = name + (data[at] << 8 | data[at + 1])
    if qos:
        rest += 2
    if rest > end:
        raise Malformed("the packet ends too early")
    raw = data[name:after]
    topic = _names.get(raw)
    if topic is None:
        topic = _name(raw)
    packet_id = 0
    if qos:
        packet_id = data[after] << 8 | data[after + 1]
        if not packet_id:
            raise Malformed("packet identifier 0")
    if version is _FIVE:
        return _publish_five(flags, data, rest, end, topic, packet_id)
    if not topic:
        raise Malformed("an empty topic name")
    return Publish(topic, data[rest:end], qos, packet_id, flags & 1 == 1, flags & 8 == 8)


def _publish_five(flags: int, data: bytes, at: int, end: int, topic: str, packet_id: int) -> Publish:
    """The rest of a PUBLISH of MQTT 5: properties and payload."""
    qos, retain, dup = (flags >> 1) & 3, flags & 1 == 1, flags & 8 == 8
    if at < end and not data[at] and topic:  # no properties, as almost always
        return Publish(topic, data[at + 1 : end], qos, packet_id, retain, dup)
    source = Reader(data[:end])
    source.at = at
    found = props.read(source, Type.PUBLISH)
    if not topic and "topic_alias" not in found:
        raise ProtocolError("neither a topic name nor an alias")
    return Publish(topic, source.rest(), qos, packet_id, retain, dup, found)


def _name(raw: bytes) -> str:
    """A topic name, checked once: devices publish to the same few names for years."""
    found = checked_text(raw)
    if found and not is_name(found):
        raise MqttError(Reason.TOPIC_NAME_INVALID, "a wildcard in a topic name")
    if len(_names) >= _NAMES_KEPT:
        _names.clear()
    _names[raw] = found
    return found


def _connect(_kind: Type, source: Reader, _version: Version) -> Connect:
    if source.text() != "MQTT":
        raise MqttError(Reason.UNSUPPORTED_VERSION, "another protocol")
    level = source.byte()
    if level not in (4, 5):
        raise MqttError(Reason.UNSUPPORTED_VERSION, f"protocol level {level}")
    version, flags = Version(level), source.byte()
    _check_connect_flags(flags, version)
    keep_alive = source.short()
    found = props.read(source, Type.CONNECT) if version == Version.V5 else NOTHING
    client_id = source.text()
    will = _will(source, flags, version) if flags & 0x04 else None
    username = source.text() if flags & 0x80 else None
    password = source.binary() if flags & 0x40 else None
    return Connect(client_id, version, bool(flags & 2), keep_alive, username, password, will, found)


def _check_connect_flags(flags: int, version: Version) -> None:
    if flags & 1:
        raise Malformed("the reserved flag of CONNECT is set")
    if not flags & 0x04 and flags & 0x38:
        raise Malformed("QoS or retain of a will that is not there")
    if (flags >> 3) & 3 == 3:
        raise Malformed("a will of QoS 3")
    if version == Version.V311 and flags & 0xC0 == 0x40:
        raise Malformed("a password without a user name")


def _will(source: Reader, flags: int, version: Version) -> Will:
    found = props.read(source, props.WILL) if version == Version.V5 else NOTHING
    topic, payload = source.text(), source.binary()
    if not is_name(topic):
        raise MqttError(Reason.TOPIC_NAME_INVALID, "the will's topic is no name")
    return Will(topic, payload, (flags >> 3) & 3, bool(flags & 0x20), found)


def _connack(_kind: Type, source: Reader, version: Version) -> Connack:
    flags, code = source.byte(), source.byte()
    if flags & 0xFE:
        raise Malformed("reserved flags of CONNACK")
    found = props.read(source, Type.CONNACK) if version == Version.V5 else NOTHING
    return Connack(code, bool(flags), found)


def _packet_id(source: Reader) -> int:
    found = source.short()
    if not found:
        raise Malformed("packet identifier 0")
    return found


def _ack(kind: Type, source: Reader, version: Version) -> Ack:
    packet_id = _packet_id(source)
    if version != Version.V5 or not source.left:
        return Ack(kind, packet_id)
    reason = source.byte()
    return Ack(kind, packet_id, reason, props.read(source, kind) if source.left else NOTHING)


def _subscribe(_kind: Type, source: Reader, version: Version) -> Subscribe:
    packet_id = _packet_id(source)
    found = props.read(source, Type.SUBSCRIBE) if version == Version.V5 else NOTHING
    if len(found.get("subscription_identifier", ())) > 1:
        raise ProtocolError("two subscription identifiers")
    rows: list[Subscription] = []
    while source.left:
        rows.append(_subscription(source, version))
    if not rows:
        raise ProtocolError("SUBSCRIBE without a topic filter")
    return Subscribe(packet_id, tuple(rows), found)


def _subscription(source: Reader, version: Version) -> Subscription:
    filter, options = source.text(), source.byte()
    if not is_filter(filter):
        raise MqttError(Reason.TOPIC_FILTER_INVALID, "no topic filter")
    qos = options & 3
    if qos == 3 or (options & 0xFC and version == Version.V311) or options & 0xC0:
        raise Malformed("reserved bits of a subscription")
    handling = (options >> 4) & 3
    if handling == 3:
        raise ProtocolError("retain handling 3")
    if options & 4 and shared(filter):
        raise ProtocolError("no-local on a shared subscription")
    return Subscription(filter, qos, bool(options & 4), bool(options & 8), handling)


def _suback(_kind: Type, source: Reader, version: Version) -> Suback:
    packet_id = _packet_id(source)
    found = props.read(source, Type.SUBACK) if version == Version.V5 else NOTHING
    return Suback(packet_id, tuple(source.rest()), found)


def _unsubscribe(_kind: Type, source: Reader, version: Version) -> Unsubscribe:
    packet_id = _packet_id(source)
    found = props.read(source, Type.UNSUBSCRIBE) if version == Version.V5 else NOTHING
    filters: list[str] = []
    while source.left:
        filters.append(source.text())
        if not is_filter(filters[-1]):
            raise MqttError(Reason.TOPIC_FILTER_INVALID, "no topic filter")
    if not filters:
        raise ProtocolError("UNSUBSCRIBE without a topic filter")
    return Unsubscribe(packet_id, tuple(filters), found)


def _unsuback(_kind: Type, source: Reader, version: Version) -> Unsuback:
    packet_id = _packet_id(source)
    if version != Version.V5:
        return Unsuback(packet_id)
    found = props.read(source, Type.UNSUBACK)
    return Unsuback(packet_id, tuple(source.rest()), found)


def _reason_and_properties(kind: Type, source: Reader, version: Version) -> tuple[int, Properties]:
    if version != Version.V5 or not source.left:
        return 0, NOTHING
    reason = source.byte()
    return reason, props.read(source, kind) if source.left else NOTHING


def _disconnect(kind: Type, source: Reader, version: Version) -> Disconnect:
    return Disconnect(*_reason_and_properties(kind, source, version))


def _auth(kind: Type, source: Reader, version: Version) -> Auth:
    if version != Version.V5:
        raise Malformed("AUTH does not exist in 3.1.1")
    return Auth(*_reason_and_properties(kind, source, version))


_READERS: dict[int, Callable[[Type, Reader, Version], Packet]] = {
    Type.CONNECT: _connect,
    Type.CONNACK: _connack,
    Type.PUBACK: _ack,
    Type.PUBREC: _ack,
    Type.PUBREL: _ack,
    Type.PUBCOMP: _ack,
    Type.SUBSCRIBE: _subscribe,
    Type.SUBACK: _suback,
    Type.UNSUBSCRIBE: _unsubscribe,
    Type.UNSUBACK: _unsuback,
    Type.PINGREQ: lambda _kind, _source, _version: Pingreq(),
    Type.PINGRESP: lambda _kind, _source, _version: Pingresp(),
    Type.DISCONNECT: _disconnect,
    Type.AUTH: _auth,
}
