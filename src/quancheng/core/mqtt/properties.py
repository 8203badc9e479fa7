"""属性: properties of MQTT 5.0 §2.2.2 as one table (identifier, name, type, packets that may carry it)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from quancheng.core.mqtt import wire
from quancheng.core.mqtt.reasons import Malformed, ProtocolError
from quancheng.core.mqtt.wire import Reader

__all__ = ["NOTHING", "Properties", "read", "write"]

Properties = Mapping[str, Any]
NOTHING: Properties = MappingProxyType({})
WILL = 0
"""Stands for the will properties of CONNECT, which are no packet of their own."""
_MANY = {"user_property", "subscription_identifier"}
_FLAGS = {
    "payload_format_indicator", "request_problem_information", "request_response_information", "maximum_qos",
    "retain_available", "wildcard_subscription_available", "subscription_identifier_available",
    "shared_subscription_available",
}  # fmt: skip
_NOT_ZERO = {"receive_maximum", "maximum_packet_size", "topic_alias", "subscription_identifier"}


class _Type(Enum):
    BYTE = "byte"
    SHORT = "two bytes"
    LONG = "four bytes"
    VARINT = "variable byte integer"
    TEXT = "UTF-8 string"
    PAIR = "UTF-8 pair"
    BINARY = "binary"


class _Property(NamedTuple):
    number: int
    name: str
    type: _Type
    packets: frozenset[int]


def _row(number: int, name: str, type: _Type, *packets: int) -> _Property:
    return _Property(number, name, type, frozenset(packets))


_TABLE = (
    _row(1, "payload_format_indicator", _Type.BYTE, 3, WILL),
    _row(2, "message_expiry_interval", _Type.LONG, 3, WILL),
    _row(3, "content_type", _Type.TEXT, 3, WILL),
    _row(8, "response_topic", _Type.TEXT, 3, WILL),
    _row(9, "correlation_data", _Type.BINARY, 3, WILL),
    _row(11, "subscription_identifier", _Type.VARINT, 3, 8),
    _row(17, "session_expiry_interval", _Type.LONG, 1, 2, 14),
    _row(18, "assigned_client_identifier", _Type.TEXT, 2),
    _row(19, "server_keep_alive", _Type.SHORT, 2),
    _row(21, "authentication_method", _Type.TEXT, 1, 2, 15),
    _row(22, "authentication_data", _Type.BINARY, 1, 2, 15),
    _row(23, "request_problem_information", _Type.BYTE, 1),
    _row(24, "will_delay_interval", _Type.LONG, WILL),
    _row(25, "request_response_information", _Type.BYTE, 1),
    _row(26, "response_information", _Type.TEXT, 2),
    _row(28, "server_reference", _Type.TEXT, 2, 14),
    _row(31, "reason_string", _Type.TEXT, 2, 4, 5, 6, 7, 9, 11, 14, 15),
    _row(33, "receive_maximum", _Type.SHORT, 1, 2),
    _row(34, "topic_alias_maximum", _Type.SHORT, 1, 2),
    _row(35, "topic_alias", _Type.SHORT, 3),
    _row(36, "maximum_qos", _Type.BYTE, 2),
    _row(37, "retain_available", _Type.BYTE, 2),
    _row(38, "user_property", _Type.PAIR, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, WILL),
    _row(39, "maximum_packet_size", _Type.LONG, 1, 2),
    _row(40, "wildcard_subscription_available", _Type.BYTE, 2),
    _row(41, "subscription_identifier_available", _Type.BYTE, 2),
    _row(42, "shared_subscription_available", _Type.BYTE, 2),
)
_BY_NUMBER = {row.number: row for row in _TABLE}
_BY_NAME = {row.name: row for row in _TABLE}


def read(reader: Reader, packet: int) -> Properties:
    """The properties of a packet of this type (``WILL`` for those of a will)."""
    length = reader.varint()
    if not length:
        return NOTHING
    end = reader.at + length
    if length > reader.left:
        raise Malformed("properties longer than the packet")
    found: dict[str, Any] = {}
    while reader.at < end:
        _read_one(reader, packet, found)
    if reader.at != end:
        raise Malformed("properties do not fill their length")
    return found


def _read_one(reader: Reader, packet: int, found: dict[str, Any]) -> None:
    number = reader.varint()
    row = _BY_NUMBER.get(number)
    if row is None:
        raise Malformed(f"no property has the identifier {number}")
    if packet not in row.packets:
        raise ProtocolError(f"{row.name} does not belong in a packet of type {packet}")
    value = _value(reader, row.type)
    if row.name in _FLAGS and value > 1:
        raise ProtocolError(f"{row.name} is {value}")
    if row.name in _NOT_ZERO and not value:
        raise ProtocolError(f"{row.name} is 0")
    if row.name in _MANY:
        found.setdefault(row.name, []).append(value)
    elif row.name in found:
        raise ProtocolError(f"{row.name} stands twice")
    else:
        found[row.name] = value


def _value(reader: Reader, type: _Type) -> Any:
    match type:
        case _Type.BYTE:
            return reader.byte()
        case _Type.SHORT:
            return reader.short()
        case _Type.LONG:
            return reader.long()
        case _Type.VARINT:
            return reader.varint()
        case _Type.TEXT:
            return reader.text()
        case _Type.PAIR:
            return (reader.text(), reader.text())
        case _Type.BINARY:
            return reader.binary()


def write(properties: Properties, packet: int) -> bytes:
    """Length and properties; ValueError for one that does not belong in the packet."""
    if not properties:
        return b"\x00"
    out = bytearray()
    for name, value in properties.items():
        row = _BY_NAME.get(name)
        if row is None or packet not in row.packets:
            raise ValueError(f"{name} does not belong in a packet of type {packet}")
        for one in value if name in _MANY else (value,):
            out += wire.varint(row.number) + _bytes(row.type, one)
    return wire.varint(len(out)) + bytes(out)


def _bytes(type: _Type, value: Any) -> bytes:
    match type:
        case _Type.BYTE:
            return bytes((value,))
        case _Type.SHORT:
            return int(value).to_bytes(2)
        case _Type.LONG:
            return int(value).to_bytes(4)
        case _Type.VARINT:
            return wire.varint(value)
        case _Type.TEXT:
            return wire.text(value)
        case _Type.PAIR:
            return wire.text(value[0]) + wire.text(value[1])
        case _Type.BINARY:
            return wire.binary(value)
