"""要素编解码 (§6.6.3、附录C): identifier, data definition byte, data; strict both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from .errors import Fault, FrameError
from .frame import Quality, Reading
from .tables import Element, Kind, element
from .times import pack_time, unpack_time

__all__ = ["decode_number", "decode_readings", "encode_number", "encode_readings", "reading"]

_TIME_LEAD = b"\xf0\xf0"
_CUSTOM = 0xFF
_HOUR_SLOTS = 12
_LONGEST = 62
_SLOT = timedelta(minutes=5)
_SCALE = {Kind.RAIN_HOUR: 1, Kind.LEVEL_HOUR: 2}
_GOOD, _MISSING = Quality.GOOD, Quality.MISSING


def reading(
    code: int, value: Decimal | None, observed_at: datetime, definition: int | None = None
) -> Reading:
    """Make a reading of the element ``code`` with its usual width, missing without a value."""
    row = element(code)
    if row is None:
        raise FrameError(Fault.ELEMENT, f"{code:02X}")
    quality = _MISSING if value is None else _GOOD
    return Reading(row, value, observed_at, quality, definition or row.definition)


def decode_number(raw: bytes, decimals: int) -> Decimal | None:
    """Read a BCD number; all FF or all AA is missing, one leading FF is a minus (§6.6.3.3)."""
    digits = raw.hex()
    if digits.isdigit():
        return Decimal(f"{digits}E-{decimals}")
    if raw.count(0xFF) == len(raw) or raw.count(0xAA) == len(raw):
        return None
    if raw[0] == 0xFF and digits[2:].isdigit():
        return Decimal(f"-{digits[2:]}E-{decimals}")
    raise FrameError(Fault.BCD, digits)


def _scaled(value: Decimal, decimals: int) -> int:
    """The whole number ``value × 10^decimals``, exactly; a finer value is refused."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > _LONGEST:
        raise FrameError(Fault.VALUE, f"{value}")
    number, power = int("".join(map(str, digits))), exponent + decimals
    divisor: int = 10 ** max(-power, 0)
    factor: int = 10 ** max(power, 0)
    whole, rest = divmod(number * factor, divisor)
    if rest:
        raise FrameError(Fault.VALUE, f"{value} with {decimals} decimals")
    return -whole if sign else whole


def encode_number(value: Decimal | None, width: int, decimals: int) -> bytes:
    """Write a BCD number of exactly ``width`` bytes; never rounds and never overflows."""
    if value is None:
        return b"\xff" * width
    number = _scaled(value, decimals)
    minus = number < 0
    text = str(abs(number)).zfill(2 * (width - minus))
    if len(text) > 2 * (width - minus):
        raise FrameError(Fault.VALUE, f"{value} in {width} bytes")
    return (b"\xff" if minus else b"") + bytes.fromhex(text)


def _definition(body: bytes, at: int) -> tuple[Element, int, int, int]:
    """Read identifier and definition byte: the element, its definition, data start and end."""
    code = body[at]
    if code == _CUSTOM:
        at += 1
        code = _CUSTOM << 8 | body[at] if at < len(body) else _CUSTOM
    row = element(code)
    if row is None:
        raise FrameError(Fault.ELEMENT, f"{code:02X} at {at}")
    if at + 1 >= len(body):
        raise FrameError(Fault.ELEMENT_LENGTH, f"{code:02X} at the end")
    definition = body[at + 1]
    end = at + 2 + (definition >> 3)
    if end == at + 2 or end > len(body):
        raise FrameError(Fault.ELEMENT_LENGTH, f"{code:02X} {definition:02X}")
    if row.kind is not Kind.BCD and definition != row.definition:
        raise FrameError(Fault.ELEMENT_LENGTH, f"{code:02X} {definition:02X}")
    return row, definition, at + 2, end


def _array(row: Element, raw: bytes, observed_at: datetime) -> Iterator[Reading]:
    """Read the twelve groups of F4 or F5–FC: one or two bytes, FF or FFFF where missing."""
    size = len(raw) // _HOUR_SLOTS
    missing = (1 << 8 * size) - 1
    scale = _SCALE[row.kind]
    first = observed_at - (_HOUR_SLOTS - 1) * _SLOT
    for slot in range(_HOUR_SLOTS):
        number = int.from_bytes(raw[slot * size : (slot + 1) * size])
        value = None if number == missing else Decimal(f"{number}E-{scale}")
        quality = _MISSING if value is None else _GOOD
        yield Reading(row, value, first + slot * _SLOT, quality, row.definition)


def decode_readings(body: bytes, observed_at: datetime) -> tuple[Reading, ...]:
    """Read the element groups of a report; F0F0 inside moves the observation time.

    The twelve groups of F4 (rain) and F5–FC (level) are taken to end at the observation time, the
    whole hour of a 小时报: their times run from 55 minutes before it up to it.
    """
    found: list[Reading] = []
    add = found.append
    at, size = 0, len(body)
    while at < size:
        if body.startswith(_TIME_LEAD, at):
            observed_at = unpack_time(body[at + 2 : at + 7], 5)
            at += 7
            continue
        row, definition, start, at = _definition(body, at)
        raw = body[start:at]
        if row.kind is Kind.BCD:
            value = decode_number(raw, definition & 7)
        elif row.kind is Kind.BITS:
            value = Decimal(int.from_bytes(raw))
        elif row.kind is Kind.STEP:
            raise FrameError(Fault.ELEMENT, "time step outside a uniform report")
        else:
            found.extend(_array(row, raw, observed_at))
            continue
        add(Reading(row, value, observed_at, _MISSING if value is None else _GOOD, definition))
    return tuple(found)


def decode_uniform(body: bytes, first: datetime) -> tuple[timedelta, tuple[Reading, ...]]:
    """均匀时段报 (§6.6.4.4 表30): a step, one identifier, then data of equal length (注 d)."""
    if body[:2] != b"\x04\x18" or len(body) < 5:
        raise FrameError(Fault.LEAD, "time step")
    step = _step(body[2:5])
    if len(body) < 6:
        raise FrameError(Fault.ELEMENT_LENGTH, "no data")
    row, definition, start, _ = _definition(body, 5)
    width = definition >> 3
    if row.kind is not Kind.BCD:
        raise FrameError(Fault.ELEMENT, f"{row.code:02X} in a uniform report")
    if (len(body) - start) % width:
        raise FrameError(Fault.ELEMENT_LENGTH, f"{row.code:02X} data not a multiple of {width}")
    found = []
    for number, at in enumerate(range(start, len(body), width)):
        value = decode_number(body[at : at + width], definition & 7)
        quality = _MISSING if value is None else _GOOD
        found.append(Reading(row, value, first + number * step, quality, definition))
    return step, tuple(found)


def _step(raw: bytes) -> timedelta:
    digits = raw.hex()
    if not digits.isdigit():
        raise FrameError(Fault.BCD, digits)
    days, hours, minutes = (int(digits[i : i + 2]) for i in (0, 2, 4))
    if hours > 23 or minutes > 59 or not days + hours + minutes:
        raise FrameError(Fault.TIME, f"step {digits}")
    return timedelta(days=days, hours=hours, minutes=minutes)


def encode_uniform(step: timedelta, first: datetime, readings: tuple[Reading, ...]) -> bytes:
    """Write a 均匀时段报: every reading of one element, one step apart, in order."""
    minutes, rest = divmod(step, timedelta(minutes=1))
    days, minutes = divmod(minutes, 1440)
    if rest or step <= timedelta(0) or days > 99:
        raise FrameError(Fault.TIME, f"step {step}")
    rows = {(r.element.code, r.definition) for r in readings}
    if len(rows) != 1:
        raise FrameError(Fault.ELEMENT, "a uniform report has one element")
    if any(r.observed_at != first + number * step for number, r in enumerate(readings)):
        raise FrameError(Fault.TIME, "readings are not one step apart")
    digits = f"{days:02d}{minutes // 60:02d}{minutes % 60:02d}"
    head = readings[0]
    body = bytearray(b"\x04\x18" + bytes.fromhex(digits) + _identifier(head))
    for item in readings:
        body += encode_number(item.value, item.definition >> 3, item.definition & 7)
    return bytes(body)


def _identifier(item: Reading) -> bytes:
    code = item.element.code
    if not item.definition >> 3 > 0 or item.definition > 0xFF:
        raise FrameError(Fault.ELEMENT_LENGTH, f"{code:02X} {item.definition:02X}")
    return code.to_bytes(2 if code > 0xFF else 1) + bytes((item.definition,))


def encode_readings(readings: Iterable[Reading], observed_at: datetime) -> bytes:
    """Write element groups in order, with F0F0 where the observation time moves."""
    body = bytearray()
    for arrays, run in groupby(readings, lambda r: r.element.kind in _SCALE):
        items = list(run)
        width = _HOUR_SLOTS if arrays else 1
        for at in range(0, len(items), width):
            group = items[at : at + width]
            if group[-1].observed_at != observed_at:
                observed_at = group[-1].observed_at
                body += _TIME_LEAD + pack_time(observed_at, 5)
            body += _identifier(group[0])
            body += _encode_array(group, observed_at) if arrays else _encode_one(group[0])
    return bytes(body)


def _encode_one(item: Reading) -> bytes:
    width, decimals = item.definition >> 3, item.definition & 7
    if item.element.kind is Kind.BITS:
        number = -1 if item.value is None else _scaled(item.value, 0)
        if not 0 <= number < 1 << 8 * width:
            raise FrameError(Fault.VALUE, f"{item.value}")
        return number.to_bytes(width)
    if item.element.kind is Kind.STEP:
        raise FrameError(Fault.ELEMENT, "time step outside a uniform report")
    return encode_number(item.value, width, decimals)


def _encode_array(group: list[Reading], observed_at: datetime) -> bytes:
    row = group[0].element
    size, scale = row.width // _HOUR_SLOTS, _SCALE[row.kind]
    if len(group) != _HOUR_SLOTS or any(item.element != row for item in group):
        raise FrameError(Fault.ELEMENT_LENGTH, f"{row.code:02X} needs twelve readings")
    missing = (1 << 8 * size) - 1
    body = bytearray()
    for slot, item in enumerate(group):
        if item.observed_at != observed_at - (_HOUR_SLOTS - 1 - slot) * _SLOT:
            raise FrameError(Fault.TIME, f"{row.code:02X} readings are not five minutes apart")
        number = missing if item.value is None else _scaled(item.value, scale)
        if not 0 <= number < missing + (item.value is None):
            raise FrameError(Fault.VALUE, f"{item.value}")
        body += number.to_bytes(size)
    return bytes(body)
