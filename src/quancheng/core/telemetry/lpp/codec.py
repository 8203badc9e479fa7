"""载荷编解码: bytes to samples, samples to readings, and back; strict both ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from quancheng.core.text import Text

from ..reading import Reading
from ..refusal import FrameRefused, Reason
from .types import POLYLINE, TYPES, Kind

__all__ = ["Sample", "decode", "encode", "readings"]


@dataclass(frozen=True, slots=True)
class Sample:
    """一个数据: channel, type and its numbers in their units."""

    channel: int
    kind: Kind
    values: tuple[float, ...]


def decode(payload: bytes) -> tuple[Sample, ...]:
    """Read a payload; an unknown type hides where the next begins, so it refuses the whole."""
    found = []
    at, size = 0, len(payload)
    while at < size:
        if at + 2 > size:
            raise FrameRefused(Reason.TRUNCATED, Text(f"第 {at + 1} 字节缺类型", f"no type at {at + 1}"))
        channel, code = payload[at], payload[at + 1]
        at += 2
        kind = TYPES.get(code)
        if kind is None:
            at = _pass(payload, at, code)
            continue
        if at + kind.size > size:
            raise FrameRefused(Reason.TRUNCATED, f"{kind.name}: {size - at} of {kind.size} bytes at {at}")
        values = []
        for field in kind.fields:
            raw = int.from_bytes(payload[at : at + field.size], signed=field.signed)
            values.append(raw / field.divisor)
            at += field.size
        found.append(Sample(channel, kind, tuple(values)))
    return tuple(found)


def _pass(payload: bytes, at: int, code: int) -> int:
    """Pass over a polyline, whose first byte says how many there are; else it is unknown."""
    if code != POLYLINE or at >= len(payload):
        raise FrameRefused(Reason.ITEM, Text(f"第 {at - 1} 字节类型 {code}", f"type {code} at {at - 1}"))
    end = at + payload[at]
    if payload[at] < 1 or end > len(payload):
        raise FrameRefused(Reason.TRUNCATED, f"polyline of {payload[at]} bytes at {at}")
    return end


def encode(samples: Iterable[Sample]) -> bytes:
    """Write samples; a value that is finer than its type or does not fit is refused."""
    found = bytearray()
    for sample in samples:
        kind = sample.kind
        if not 0 <= sample.channel <= 0xFF or len(sample.values) != len(kind.fields):
            raise FrameRefused(Reason.VALUE, f"{kind.name} on {sample.channel}")
        found += bytes((sample.channel, kind.code))
        for field, value in zip(kind.fields, sample.values, strict=True):
            try:
                raw = round(value * field.divisor)
                if raw / field.divisor != value:
                    raise ValueError(value)
                found += raw.to_bytes(field.size, signed=field.signed)
            except (OverflowError, ValueError) as error:
                raise FrameRefused(Reason.VALUE, f"{kind.name}: {value}") from error
    return bytes(found)


def readings(payload: bytes) -> tuple[Reading, ...]:
    """The readings of a payload, named ``temperature_3`` or ``location_1_latitude`` (type, channel)."""
    found = []
    for sample in decode(payload):
        base = f"{sample.kind.name}_{sample.channel}"
        for field, value in zip(sample.kind.fields, sample.values, strict=True):
            name = f"{base}_{field.axis}" if field.axis else base
            found.append(Reading(name, value, field.unit))
    return tuple(found)
