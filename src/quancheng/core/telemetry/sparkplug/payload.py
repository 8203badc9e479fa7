"""载荷 (§6.4): ``Payload`` and ``Metric`` as values; unknown fields are passed over as proto2 says."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

import msgspec

from quancheng.core.text import Text

from ..refusal import FrameRefused, Reason
from .wire import BYTES, FIXED32, FIXED64, VARINT, field, fields

__all__ = ["DataType", "Metric", "Payload", "Value", "decode", "encode", "typed"]

Value = float | int | str | bool | bytes | None


class DataType(IntEnum):
    """数据类型 (§6.4.16): the scalar types; data sets, templates and arrays carry no reading."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19


_SIGNED = MappingProxyType({1: 8, 2: 16, 3: 32, 4: 64})
_UNSIGNED = MappingProxyType({5: 8, 6: 16, 7: 32, 8: 64, 13: 64})
_LAST_TYPE = 34


class Metric(msgspec.Struct, frozen=True, gc=False):
    """测点: ``value`` is raw until its type is known (:func:`typed`); times are ms since 1970 UTC.

    A struct and no dataclass for the reason that :class:`Reading` is one: there are so many.
    ``carrier`` is the number of the value's field, 0 where there is none. ``unit`` and ``quality``
    are the properties ``engUnit`` and ``Quality`` (192 good, 500 stale, 0 bad).
    """

    name: str | None = None
    alias: int | None = None
    timestamp: int | None = None
    datatype: int = 0
    value: Value = None
    carrier: int = 0
    null: bool = False
    historical: bool = False
    unit: str | None = None
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """消息: its time (ms), its metrics and its sequence number (0–255; a death has none)."""

    timestamp: int | None
    metrics: tuple[Metric, ...]
    seq: int | None = None


_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING, _BINARY, _DATASET, _TEMPLATE = range(10, 19)
_WIRES = MappingProxyType(
    {1: BYTES, 2: VARINT, 3: VARINT, 4: VARINT, 5: VARINT, 6: VARINT, 7: VARINT, 8: BYTES, 9: BYTES,
     _INT: VARINT, _LONG: VARINT, _FLOAT: FIXED32, _DOUBLE: FIXED64, _BOOLEAN: VARINT, _STRING: BYTES,
     _BINARY: BYTES, _DATASET: BYTES, _TEMPLATE: BYTES, 19: BYTES}
)  # fmt: skip
_CARRIERS = range(_INT, 20)
_U32 = (1 << 32) - 1


def _text(raw: bytes, start: int, end: int) -> str:
    try:
        return raw[start:end].decode()
    except UnicodeDecodeError as error:
        raise FrameRefused(Reason.SYNTAX, f"text at {start}: {error.reason}") from error


def decode(raw: bytes, *, most: int = 10_000) -> Payload:
    """Read a payload of at most ``most`` metrics; anything else raises :class:`FrameRefused`."""
    timestamp = seq = None
    metrics: list[Metric] = []
    for number, kind, value, start, end in fields(raw):
        if number == 2 and kind == BYTES:
            if len(metrics) >= most:
                raise FrameRefused(Reason.LIMIT, Text(f"超过 {most} 个测点", f"> {most} metrics"))
            metrics.append(_metric(raw, start, end))
        elif number == 1 and kind == VARINT:
            timestamp = value
        elif number == 3 and kind == VARINT:
            seq = value
        elif number <= 3:
            raise FrameRefused(Reason.FIELD, f"field {number} has wire type {kind}")
    return Payload(timestamp, tuple(metrics), seq)


def _metric(raw: bytes, start: int, stop: int) -> Metric:
    name = unit = None
    value: Value = None
    quality: int | None = None
    carrier = 0
    numbers: dict[int, int] = {}
    for number, kind, integer, first, last in fields(raw, start, stop):
        if _WIRES.get(number, kind) != kind:
            raise FrameRefused(Reason.FIELD, f"metric field {number} has wire type {kind}")
        if number in _CARRIERS:
            carrier, value = number, _carried(number, raw, integer, first, last)
        elif number == 1:
            name = _text(raw, first, last)
        elif number == 9:
            unit, quality = _properties(raw, first, last)
        elif kind == VARINT:
            numbers[number] = integer
    datatype = numbers.get(4, 0)
    if datatype > _LAST_TYPE:
        raise FrameRefused(Reason.ITEM, Text(f"数据类型 {datatype}", f"data type {datatype}"))
    return Metric(
        name, numbers.get(2), numbers.get(3), datatype, value, carrier,
        bool(numbers.get(7)), bool(numbers.get(5)), unit, quality,
    )  # fmt: skip


def _carried(number: int, raw: bytes, integer: int, first: int, last: int) -> Value:
    if number == _INT:
        return integer & _U32
    if number == _LONG:
        return integer
    if number == _FLOAT:
        found: float = struct.unpack_from("<f", raw, first)[0]
        return found
    if number == _DOUBLE:
        found = struct.unpack_from("<d", raw, first)[0]
        return found
    if number == _BOOLEAN:
        return bool(integer)
    return _text(raw, first, last) if number == _STRING else raw[first:last]


def _properties(raw: bytes, start: int, stop: int) -> tuple[str | None, int | None]:
    """属性 (§6.4.9): keys and values side by side; ``engUnit`` and ``Quality`` are wanted."""
    keys: list[str] = []
    values: list[tuple[int, int]] = []
    for number, kind, _, first, last in fields(raw, start, stop):
        if number == 1 and kind == BYTES:
            keys.append(_text(raw, first, last))
        elif number == 2 and kind == BYTES:
            values.append((first, last))
    if len(keys) != len(values):
        raise FrameRefused(Reason.FIELD, f"{len(keys)} keys, {len(values)} values of properties")
    unit = quality = None
    for key, (first, last) in zip(keys, values, strict=True):
        if key not in ("engUnit", "Quality"):
            continue
        for number, kind, integer, at, end in fields(raw, first, last):
            if key == "engUnit" and number == 8 and kind == BYTES:
                unit = _text(raw, at, end)
            elif key == "Quality" and number in (3, 4) and kind == VARINT:
                quality = integer
    return unit, quality


def typed(datatype: int, carrier: int, value: Value) -> Value:
    """The value as its type says: signed integers unfolded, ranges checked; ``None`` is no value.

    A float that is no number is missing, as are data sets, templates, files and arrays.
    """
    if value is None or isinstance(value, bytes):
        return None
    types = _NATURAL.get(type(value))
    if types is None:
        return _integer(datatype, carrier, int(value))
    if datatype not in types:
        raise FrameRefused(
            Reason.VALUE,
            Text(f"字段 {carrier} 与数据类型 {datatype} 不符", f"data type {datatype} in field {carrier}"),
        )
    return None if isinstance(value, float) and not math.isfinite(value) else value


_NATURAL = MappingProxyType(
    {str: frozenset({0, 12, 14, 15}), bool: frozenset({0, 11}), float: frozenset({0, 9, 10})}
)


def _integer(datatype: int, carrier: int, value: int) -> int:
    bits = _SIGNED.get(datatype)
    if bits is not None:
        # tahu writes a small negative number with its sign to 32 bits, others to its own width
        width = 32 if carrier == _INT else 64
        if value < 1 << bits:
            value -= (value >> (bits - 1)) << bits
        else:
            value -= (value >> (width - 1)) << width
        if -(1 << bits - 1) <= value < 1 << bits - 1:
            return value
    elif value >> _UNSIGNED.get(datatype, 0) == 0 and datatype in _UNSIGNED:
        return value
    raise FrameRefused(
        Reason.VALUE,
        Text(f"字段 {carrier} 与数据类型 {datatype} 不符", f"data type {datatype} in field {carrier}"),
    )


def encode(payload: Payload) -> bytes:
    """Write a payload, metrics as given (their carriers chosen by type where they have none)."""
    found = b"" if payload.timestamp is None else field(1, VARINT, payload.timestamp)
    found += b"".join(field(2, BYTES, _encode(metric)) for metric in payload.metrics)
    return found + (b"" if payload.seq is None else field(3, VARINT, payload.seq))


def _encode(metric: Metric) -> bytes:
    found = b"" if metric.name is None else field(1, BYTES, metric.name.encode())
    optional = ((2, metric.alias), (3, metric.timestamp), (4, metric.datatype or None))
    found += b"".join(field(number, VARINT, value) for number, value in optional if value is not None)
    found += b"".join(field(n, VARINT, 1) for n, set_ in ((5, metric.historical), (7, metric.null)) if set_)
    found += _encode_properties(metric)
    return found + (b"" if metric.value is None else _encode_value(metric))


def _encode_properties(metric: Metric) -> bytes:
    keys = values = b""
    if metric.unit is not None:
        keys += field(1, BYTES, b"engUnit")
        values += field(2, BYTES, field(1, VARINT, DataType.STRING) + field(8, BYTES, metric.unit.encode()))
    if metric.quality is not None:
        keys += field(1, BYTES, b"Quality")
        values += field(2, BYTES, field(1, VARINT, DataType.INT32) + field(3, VARINT, metric.quality))
    return field(9, BYTES, keys + values) if keys else b""


_WIDE = frozenset({DataType.INT64, DataType.UINT64, DataType.DATETIME})


def _encode_value(metric: Metric) -> bytes:
    value, datatype = metric.value, metric.datatype
    if isinstance(value, bool):
        return field(_BOOLEAN, VARINT, int(value))
    if isinstance(value, str):
        return field(_STRING, BYTES, value.encode())
    if isinstance(value, bytes):
        return field(metric.carrier or _BINARY, BYTES, value)
    if isinstance(value, float):
        single = (metric.carrier or (_FLOAT if datatype == DataType.FLOAT else _DOUBLE)) == _FLOAT
        number, kind, code = (_FLOAT, FIXED32, "<f") if single else (_DOUBLE, FIXED64, "<d")
        return field(number, kind, struct.pack(code, value))
    wide = metric.carrier == _LONG if metric.carrier else datatype in _WIDE
    raw = value or 0
    if raw < 0:
        raw &= (1 << _SIGNED.get(datatype, 64 if wide else 32)) - 1
    return field(_LONG if wide else _INT, VARINT, raw if wide else raw & _U32)
