"""数据标识 (附录A): what an identifier means and how its bytes are read, as data.

An identifier of 2007 is DI3 DI2 DI1 DI0. Energy (DI3 = 00) and maximum demand (01) are regular: DI2
the quantity, DI1 the tariff (00 total, 01–3F), DI0 the settlement (00 now, 01–0C days before); FF in
DI1 or in the phase means the whole block. Names: ``energy_active_import``, with ``_t2`` for tariff 2
and ``_d1`` for the last settlement day, ``_a`` ``_b`` ``_c`` for phases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from quancheng.core.text import Text

from .. import bcd
from ..reading import Quality, Reading
from ..refusal import FrameRefused, Reason, byte_count
from .frame import Edition, Frame, Function

__all__ = ["Item", "Shape", "item", "item_1997", "join", "readings"]


class Shape(StrEnum):
    """数据形式: how an item's bytes are read."""

    NUMBER = "number"
    """unsigned BCD"""
    SIGNED = "signed"
    """BCD whose highest bit is the sign"""
    DEMAND = "demand"
    """a number, and the time it happened: YYMMDDhhmm"""
    DATE = "date"
    """YYMMDDWW; WW the day of the week"""
    CLOCK = "clock"
    """hhmmss"""
    DIGITS = "digits"
    """numbers that name: addresses, meter numbers"""
    BITS = "bits"
    """a status word"""


@dataclass(frozen=True, slots=True)
class Item:
    """一项: an element, its bytes, decimals, unit and shape."""

    element: str
    size: int
    decimals: int
    unit: str
    shape: Shape = Shape.NUMBER


_PHASES = ("a", "b", "c")
_ALL = 0xFF
_TARIFFS = range(0x40)
_SETTLEMENTS = range(0x0D)

# 附录A 表A.1 (energy) and 表A.2 (demand): DI2, name, unit of energy, unit of demand, signed
_QUANTITIES = """
00 active_net kWh kW signed|01 active_import kWh kW|02 active_export kWh kW
03 reactive_1 kvarh kvar signed|04 reactive_2 kvarh kvar signed
05 reactive_q1 kvarh kvar|06 reactive_q2 kvarh kvar|07 reactive_q3 kvarh kvar|08 reactive_q4 kvarh kvar
09 apparent_import kVAh kVA|0A apparent_export kVAh kVA
"""
_PHASE_STEP, _PHASE_FIRST = 0x14, 0x15

# 附录A 表A.3 (variables): DI2, name, bytes, decimals, unit, shape, first phase (0 has a total)
_VARIABLES = """
01 voltage 2 1 V number 1|02 current 3 3 A signed 1|03 power_active 3 4 kW signed 0
04 power_reactive 3 4 kvar signed 0|05 power_apparent 3 4 kVA signed 0|06 power_factor 2 3 - signed 0
07 phase_angle 2 1 ° number 1|08 voltage_distortion 2 2 % number 1|09 current_distortion 2 2 % number 1
"""
_SINGLES = """
02800001 current_neutral 3 3 A signed|02800002 frequency 2 2 Hz number
02800003 power_active_minute 3 4 kW signed|02800004 demand_active 3 4 kW signed
02800005 demand_reactive 3 4 kvar signed|02800006 demand_apparent 3 4 kVA signed
02800007 temperature 2 1 ℃ signed|02800008 battery_clock 2 2 V number
02800009 battery_reading 2 2 V number|0280000A battery_minutes 4 0 min number
04000101 date 4 0 - date|04000102 clock 3 0 - clock|04000401 address 6 0 - digits
04000402 meter_number 6 0 - digits
04000501 status_1 2 0 - bits|04000502 status_2 2 0 - bits|04000503 status_3 2 0 - bits
04000504 status_4 2 0 - bits|04000505 status_5 2 0 - bits|04000506 status_6 2 0 - bits
04000507 status_7 2 0 - bits
"""
# DL/T 645-1997 附录A, the items of 2007 above where the old edition has them
_SINGLES_1997 = """
B611 voltage_a 2 0 V number|B612 voltage_b 2 0 V number|B613 voltage_c 2 0 V number
B621 current_a 2 2 A number|B622 current_b 2 2 A number|B623 current_c 2 2 A number
B630 power_active 3 4 kW number|B631 power_active_a 3 4 kW number|B632 power_active_b 3 4 kW number
B633 power_active_c 3 4 kW number|B640 power_reactive 2 2 kvar number
B641 power_reactive_a 2 2 kvar number|B642 power_reactive_b 2 2 kvar number
B643 power_reactive_c 2 2 kvar number|B650 power_factor 2 3 - number|B651 power_factor_a 2 3 - number
B652 power_factor_b 2 3 - number|B653 power_factor_c 2 3 - number
C010 date 4 0 - date|C011 clock 3 0 - clock|C020 status_1 1 0 - bits|C032 meter_number 6 0 - digits
"""
_ENERGY_1997 = ((0x9010, "active_import", "kWh"), (0x9020, "active_export", "kWh"),
                (0x9110, "reactive_import", "kvarh"), (0x9120, "reactive_export", "kvarh"))  # fmt: skip
_SETTLEMENT_1997 = 0x0400
_TARIFFS_1997 = range(0x0F)


def _rows(text: str) -> list[list[str]]:
    return [row.split() for row in text.strip().replace("\n", "|").split("|")]


def _quantities() -> dict[int, tuple[str, str, str, bool]]:
    found = {}
    for row in _rows(_QUANTITIES):
        code, name, energy, demand = int(row[0], 16), row[1], row[2], row[3]
        signed = len(row) > 4
        found[code] = (name, energy, demand, signed)
        for number, phase in enumerate(_PHASES if code else ()):
            # A 15H–1EH, B 29H–32H, C 3DH–46H
            at = _PHASE_FIRST + number * _PHASE_STEP + code - 1
            found[at] = (f"{name}_{phase}", energy, demand, signed)
    return found


_QUANTITY = MappingProxyType(_quantities())
_VARIABLE = MappingProxyType({int(row[0], 16): row[1:] for row in _rows(_VARIABLES)})


def _single(row: list[str]) -> Item:
    return Item(row[1], int(row[2]), int(row[3]), row[4].strip("-"), Shape(row[5]))


def _old() -> dict[int, Item]:
    found = {int(row[0], 16): _single(row) for row in _rows(_SINGLES_1997)}
    for base, name, unit in _ENERGY_1997:
        for tariff in _TARIFFS_1997:
            for day in range(3):
                names = f"energy_{name}" + (f"_t{tariff}" if tariff else "") + (f"_m{day}" if day else "")
                found[base + tariff + day * _SETTLEMENT_1997] = Item(names, 4, 2, unit)
    return found


_SINGLE = MappingProxyType({int(row[0], 16): _single(row) for row in _rows(_SINGLES)})
_OLD = MappingProxyType(_old())


@lru_cache(maxsize=4096)
def item(identifier: int) -> Item | None:
    """What an identifier of 2007 means; ``None`` where no row says, and for blocks."""
    kind, quantity, middle, last = identifier.to_bytes(4)
    if kind in (0, 1):
        return _settled(kind, quantity, middle, last)
    if kind == 2 and quantity in _VARIABLE:
        return _phase(quantity, middle, last)
    return _SINGLE.get(identifier)


def _settled(kind: int, quantity: int, tariff: int, day: int) -> Item | None:
    row = _QUANTITY.get(quantity)
    # 组合有功 has energy, but no demand
    if row is None or tariff not in _TARIFFS or day not in _SETTLEMENTS or (kind and not quantity):
        return None
    name, energy, demand, signed = row
    tail = (f"_t{tariff}" if tariff else "") + (f"_d{day}" if day else "")
    if kind:
        return Item(f"demand_max_{name}{tail}", 8, 4, demand, Shape.DEMAND)
    return Item(f"energy_{name}{tail}", 4, 2, energy, Shape.SIGNED if signed else Shape.NUMBER)


def _phase(quantity: int, phase: int, last: int) -> Item | None:
    name, size, decimals, unit, shape, first = _VARIABLE[quantity]
    if last or not int(first) <= phase <= len(_PHASES):
        return None
    tail = f"_{_PHASES[phase - 1]}" if phase else ""
    return Item(f"{name}{tail}", int(size), int(decimals), unit.strip("-"), Shape(shape))


def item_1997(identifier: int) -> Item | None:
    """What an identifier of 1997 means; ``None`` where no row says, and for blocks."""
    return _OLD.get(identifier)


def _block(identifier: int) -> list[Item]:
    """The items of a block (FF in DI1), in order; the device may send fewer than there could be."""
    kind, quantity, middle, last = identifier.to_bytes(4)
    found = [item(identifier & 0xFFFF00FF | at << 8) for at in _TARIFFS] if middle == _ALL else []
    if kind == 2 and middle == _ALL and quantity in _VARIABLE:
        found = found[int(_VARIABLE[quantity][-1]) : len(_PHASES) + 1]
    if kind == 4 and last == _ALL:
        found = [item(identifier & 0xFFFFFF00 | at) for at in range(1, 8)]
    return [one for one in found if one is not None]


def _block_1997(identifier: int) -> list[Item]:
    """The block of 1997: F in the last digit, energy by tariff from total on, phases from A on."""
    if identifier & 0x0F != 0x0F:
        return []
    found = [item_1997(identifier & 0xFFF0 | at) for at in _TARIFFS_1997]
    return [one for one in found if one is not None]


_MISSING = int(Quality.MISSING)
_CLOCK = int(Quality.CLOCK)
_READS = MappingProxyType({Function.READ: 4, Function.READ_1997: 2})
_CENTURY = 2000
_SIGN = 0x80


def readings(frame: Frame) -> tuple[Reading, ...]:
    """The readings of an answer to a read; only a demand has a time, when it was reached.

    Raises :class:`FrameRefused` for a meter's error answer (reason ``device``), for an identifier no
    row knows and for data of the wrong length. Of a block the items that came are read; an answer
    in several frames is put together by :func:`join` first.
    """
    if frame.failed:
        raise FrameRefused(Reason.DEVICE, _said(frame))
    if frame.function is Function.READ_ADDRESS and frame.answer:
        return (_read(Item("address", 6, 0, "", Shape.DIGITS), frame.data),)
    size = _READS.get(frame.function)
    if not frame.answer or size is None or frame.more:
        raise FrameRefused(Reason.FUNCTION, f"{frame.function.name}{' (more to come)' * frame.more}")
    if len(frame.data) < size:
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(frame.data)))
    identifier, raw = int.from_bytes(frame.data[:size], "little"), frame.data[size:]
    old = frame.function.edition is Edition.Y1997
    one = item_1997(identifier) if old else item(identifier)
    if one is not None:
        return (_read(one, raw),)
    found = _block_1997(identifier) if old else _block(identifier)
    if not found:
        raise FrameRefused(Reason.ITEM, f"{identifier:0{2 * size}X}")
    return _read_block(found, raw, identifier)


def join(frames: Iterable[Frame]) -> list[Frame]:
    """Put answers that came in several frames together (§5.2.4, 读后续数据): the data, in order.

    The first says that more is to come; each further one repeats the identifier and ends with a
    number from 1 on. A gap, another meter or an end too early is refused.
    """
    found: list[Frame] = []
    open_, number = False, 0
    for frame in frames:
        if not open_:
            found.append(frame)
            open_, number = frame.more, 0
            continue
        first = found[-1]
        size = _READS.get(first.function, 0)
        number += 1
        fits = (
            frame.function in _FURTHER
            and frame.address == first.address
            and len(frame.data) > size
            and frame.data[:size] == first.data[:size]
            and frame.data[-1] == number
        )
        if not fits:
            raise FrameRefused(
                Reason.SEQUENCE,
                Text(
                    f"{frame.function.name}，应为第 {number} 帧", f"{frame.function.name} for number {number}"
                ),
            )
        found[-1] = replace(first, data=first.data + frame.data[size:-1], more=frame.more)
        open_ = frame.more
    if open_:
        raise FrameRefused(
            Reason.SEQUENCE, Text("末帧仍标明有后续帧", "the last frame says that more is to come")
        )
    return found


_FURTHER = frozenset({Function.READ_MORE, Function.READ_MORE_1997})


def _said(frame: Frame) -> Text:
    """What the meter says is wrong, in both languages."""
    errors = frame.errors
    if not errors:
        return Text(frame.data.hex() or "?", frame.data.hex() or "?")
    return Text("、".join(e.zh for e in errors), ", ".join(e.en for e in errors))


def _read_block(items: list[Item], raw: bytes, identifier: int) -> tuple[Reading, ...]:
    size = items[0].size
    count, rest = divmod(len(raw), size)
    if rest or not 1 <= count <= len(items):
        raise FrameRefused(Reason.LENGTH, f"{identifier:08X}: {len(raw)} bytes")
    return tuple(_read(one, raw[at * size : (at + 1) * size]) for at, one in enumerate(items[:count]))


def _read(one: Item, raw: bytes) -> Reading:
    if len(raw) != one.size:
        raise FrameRefused(Reason.LENGTH, f"{one.element}: {len(raw)} of {one.size} bytes")
    if raw.count(0xFF) == one.size:
        return Reading(one.element, None, one.unit, None, _MISSING)
    if one.shape is Shape.DEMAND:
        return _demand(one, raw)
    return Reading(one.element, _value(one, raw), one.unit)


def _value(one: Item, raw: bytes) -> float | str:
    if one.shape is Shape.NUMBER:
        return bcd.number_reversed(raw, one.decimals)
    if one.shape is Shape.SIGNED:
        value = bcd.number_reversed(raw[:-1] + bytes((raw[-1] & ~_SIGN,)), one.decimals)
        return -value if raw[-1] & _SIGN else value
    if one.shape is Shape.BITS:
        return float(int.from_bytes(raw, "little"))
    text = bcd.digits_reversed(raw)
    if one.shape is Shape.DATE:
        return _date(text)
    return _clock(text) if one.shape is Shape.CLOCK else text


def _date(text: str) -> str:
    """YYMMDDWW, of this century; the day of the week is 0–6."""
    try:
        day = date(_CENTURY + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError as error:
        raise FrameRefused(Reason.TIME, text) from error
    if int(text[6:]) > 6:
        raise FrameRefused(Reason.TIME, text)
    return day.isoformat()


def _clock(text: str) -> str:
    try:
        return time(int(text[:2]), int(text[2:4]), int(text[4:])).isoformat()
    except ValueError as error:
        raise FrameRefused(Reason.TIME, text) from error


def _demand(one: Item, raw: bytes) -> Reading:
    """最大需量及发生时间: XX.XXXX, then YYMMDDhhmm; all zero where there was none yet."""
    high = raw[2]
    value = bcd.number_reversed(raw[:2] + bytes((high & ~_SIGN,)), one.decimals)
    value = -value if high & _SIGN else value
    text = bcd.digits_reversed(raw[3:])
    parts = [int(text[at : at + 2]) for at in range(0, 10, 2)]
    if not any(parts):
        return Reading(one.element, value, one.unit, None, _CLOCK)
    reached = (_CENTURY + parts[0], parts[1], parts[2], parts[3], parts[4], 0)
    return Reading(one.element, value, one.unit, bcd.meter_micros(reached))
