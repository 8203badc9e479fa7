"""寄存器表: what stands in which register, as data; and the readings of an answer.

Modbus says nothing of types: makers differ in the order of words and bytes. A row names the address
(from 0, as on the wire), the type, the order, and ``value = raw × scale + offset``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from quancheng.core.text import Text

from ..reading import Quality, Reading
from ..refusal import FrameRefused, Reason
from .pdu import Answer, Function, Request

__all__ = ["Order", "Register", "RegisterMap", "Table", "Type", "merge"]


class Table(StrEnum):
    """数据区 (V1.1b3 §4.3): the four address spaces."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"


class Type(StrEnum):
    """数据类型: how the registers of a value are read; ``BIT`` is one bit."""

    BIT = "bit"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BCD16 = "bcd16"
    BCD32 = "bcd32"

    @property
    def registers(self) -> int:
        """How many registers a value takes."""
        return _WIDTHS[self]


class Order(StrEnum):
    """字序与字节序: as makers write it for a value ABCD; longer values follow the same rule."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"


_WIDTHS = {
    Type.BIT: 1, Type.INT16: 1, Type.UINT16: 1, Type.BCD16: 1,
    Type.INT32: 2, Type.UINT32: 2, Type.FLOAT32: 2, Type.BCD32: 2,
    Type.INT64: 4, Type.UINT64: 4, Type.FLOAT64: 4,
}  # fmt: skip
_CODES = {
    Type.INT16: ">h", Type.UINT16: ">H", Type.INT32: ">i", Type.UINT32: ">I", Type.INT64: ">q",
    Type.UINT64: ">Q", Type.FLOAT32: ">f", Type.FLOAT64: ">d",
}  # fmt: skip
_FLOATS = frozenset({Type.FLOAT32, Type.FLOAT64})
_TABLES = MappingProxyType(
    {
        Function.READ_COILS: Table.COIL,
        Function.READ_DISCRETE_INPUTS: Table.DISCRETE,
        Function.READ_INPUT_REGISTERS: Table.INPUT,
        Function.READ_HOLDING_REGISTERS: Table.HOLDING,
    }
)
_BIT_TABLES = frozenset({Table.COIL, Table.DISCRETE})
_MISSING = int(Quality.MISSING)
_TABLE_NAMES = frozenset(table.value for table in Table)
_LAST = 0xFFFF
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Register:
    """寄存器: one value of a device. ``missing`` are raw numbers that mean "no value"."""

    element: str
    address: int
    type: Type = Type.UINT16
    unit: str = ""
    scale: float = 1
    offset: float = 0
    order: Order = Order.ABCD
    table: Table = Table.HOLDING
    bit: int = 0
    missing: tuple[int, ...] = ()
    divisor: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        faults = {
            "element": not self.element,
            "address": not 0 <= self.address <= _LAST + 1 - self.type.registers,
            "scale": not math.isfinite(self.scale) or not self.scale,
            "offset": not math.isfinite(self.offset),
            "type": self.table in _BIT_TABLES and self.type is not Type.BIT,
            "bit": not 0 <= self.bit <= 15,
        }
        wrong = [name for name, fault in faults.items() if fault]
        if wrong:
            raise FrameRefused(Reason.MAP, f"{self.element or '?'}: {', '.join(wrong)}")
        inverse = 1 / self.scale
        if inverse > 1 and abs(inverse - round(inverse)) < _NEAR * inverse:
            # 235 / 10 is 23.5; 235 × 0.1 would be 23.500000000000004
            object.__setattr__(self, "divisor", round(inverse))

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Register:
        """Read a row of a register map kept as data; every key is a field's name."""
        try:
            values = dict(row)
            for name, kind in (("type", Type), ("order", Order), ("table", Table)):
                if name in values:
                    values[name] = kind(values[name])
            values["missing"] = tuple(values.get("missing", ()))
            return cls(**values)
        except (TypeError, ValueError) as error:
            if isinstance(error, FrameRefused):
                raise
            raise FrameRefused(Reason.MAP, f"{dict(row)!r:.80}: {error}") from error

    @classmethod
    def parse(cls, element: str) -> Register | None:
        """Read an element that says itself where it stands: ``holding:100:float32:CDAB``.

        That is table, address, type (``uint16`` where left out; ``bit`` in bit tables) and order; a
        bit of a register is ``holding:6.3``. ``None`` for a text that does not begin with a table.
        """
        table, _, rest = element.partition(":")
        if table not in _TABLE_NAMES or not rest:
            return None
        place, *more = rest.split(":")
        address, dot, bit = place.partition(".")
        kind = Type.BIT if dot or table in _BIT_TABLES else Type.UINT16
        row = {"element": element, "table": table, "type": kind, "bit": bit or 0, "address": address}
        row.update(zip(("type", "order"), more, strict=False))
        try:
            row.update(address=int(address), bit=int(bit or 0))
        except ValueError as error:
            raise FrameRefused(Reason.MAP, element[:80]) from error
        if len(more) > 2 or (dot and more):
            raise FrameRefused(Reason.MAP, element[:80])
        return cls.of(row)

    def reading(self, values: tuple[int, ...], at: int, time: int | None) -> Reading:
        """The reading of the registers (or bits) that begin at ``values[at]``."""
        if self.type is Type.BIT:
            raw = values[at]
            state = raw if self.table in _BIT_TABLES else raw >> self.bit & 1
            return Reading(self.element, bool(state), self.unit, time)
        number = self._number(values[at : at + self.type.registers])
        if number is None or number in self.missing or not math.isfinite(number):
            return Reading(self.element, None, self.unit, time, _MISSING)
        value = (number / self.divisor if self.divisor else number * self.scale) + self.offset
        if not math.isfinite(value):
            raise FrameRefused(Reason.VALUE, f"{self.element}: {number}")
        return Reading(self.element, float(value), self.unit, time)

    def _number(self, words: tuple[int, ...]) -> float | int | None:
        if self.order in (Order.CDAB, Order.DCBA):
            words = words[::-1]
        raw = b"".join(word.to_bytes(2) for word in words)
        if self.order in (Order.BADC, Order.DCBA):
            raw = bytes(raw[at ^ 1] for at in range(len(raw)))
        code = _CODES.get(self.type)
        if code is not None:
            number: float | int = struct.unpack(code, raw)[0]
            return number
        digits = raw.hex()
        if digits.strip("f") == "":
            return None
        if not digits.isdigit():
            raise FrameRefused(Reason.BCD, f"{self.element}: {digits}")
        return int(digits)


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """寄存器表: the rows of one kind of device."""

    registers: tuple[Register, ...]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> RegisterMap:
        """Read a map kept as data; two rows with one element's name are refused."""
        registers = tuple(Register.of(row) for row in rows)
        names = [register.element for register in registers]
        twice = {name for name in names if names.count(name) > 1}
        if twice or not registers:
            raise FrameRefused(Reason.MAP, ", ".join(sorted(twice)) or "empty")
        return cls(registers)

    @classmethod
    def parse(cls, elements: Iterable[str]) -> RegisterMap:
        """The map that elements spell out themselves (:meth:`Register.parse`); others are left out."""
        rows = tuple(row for row in map(Register.parse, elements) if row is not None)
        if not rows:
            raise FrameRefused(Reason.MAP, Text("没有指明寄存器的要素", "no element names a register"))
        return cls(rows)

    def attribute(
        self, answers: Sequence[Answer], requests: Sequence[Request] | None = None
    ) -> list[tuple[Answer, Request]]:
        """Which request each answer to a read belongs to, since an answer does not say its address.

        The requests are those of the map unless given. An answer fits a request of its function and
        size; where several do, all of them must have been answered, in order. Else it is refused.
        """
        groups: dict[tuple[Function, int], list[Request]] = {}
        for request in self.requests() if requests is None else requests:
            groups.setdefault((request.function, _size(request)), []).append(request)
        keys = [(answer.function, len(answer.values)) for answer in answers]
        found = []
        for at, (answer, key) in enumerate(zip(answers, keys, strict=True)):
            asked, got = groups.get(key, []), keys.count(key)
            if not asked or got > len(asked) or (len(asked) > 1 and got < len(asked)):
                raise FrameRefused(
                    Reason.MAP, Text(f"{key[0].name}：{key[1]} 个值", f"{key[0].name}: {key[1]} values")
                )
            found.append((answer, asked[keys[:at].count(key)]))
        return found

    def readings(
        self, answer: Answer, address: int | None = None, time: int | None = None
    ) -> tuple[Reading, ...]:
        """The readings an answer to a read holds; rows not wholly inside it give none.

        An answer decoded without its request does not know its first ``address``: it must be given.
        """
        table = _TABLES.get(answer.function)
        start = answer.address if answer.address is not None else address
        if table is None or start is None:
            raise FrameRefused(Reason.FUNCTION, f"{answer.function.name} from {start}")
        end = start + len(answer.values)
        return tuple(
            row.reading(answer.values, row.address - start, time)
            for row in self.registers
            if row.table is table and start <= row.address and row.address + row.type.registers <= end
        )

    def requests(self) -> tuple[Request, ...]:
        """The fewest reads that fetch the whole map, without reading what no row names."""
        return merge(self)


def _size(request: Request) -> int:
    """How many values the answer to a read has: bits come in whole bytes."""
    return (request.count + 7) // 8 * 8 if request.function.bits else request.count


_READS = {table: function for function, table in _TABLES.items()}
_MOST_BITS, _MOST_REGISTERS = 2000, 125


def merge(rows: RegisterMap) -> tuple[Request, ...]:
    """Join neighbouring rows of a table into reads as long as the protocol allows."""
    found = []
    for table, function in _READS.items():
        most = _MOST_BITS if table in _BIT_TABLES else _MOST_REGISTERS
        spans = sorted(
            {(r.address, r.address + r.type.registers) for r in rows.registers if r.table is table}
        )
        start = end = -1
        for first, last in spans:
            if start < 0:
                start, end = first, last
            elif first <= end and max(last, end) - start <= most:
                end = max(end, last)
            else:
                found.append(Request.read(function, start, end - start))
                start, end = first, last
        if start >= 0:
            found.append(Request.read(function, start, end - start))
    return tuple(found)
