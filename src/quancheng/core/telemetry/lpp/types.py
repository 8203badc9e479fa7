"""数据类型表: size, resolution, sign and unit of every LPP type, as data."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["POLYLINE", "TYPES", "Field", "Kind"]

POLYLINE = 240
"""A track of variable length (Electronic Cats): known by its size byte, passed over."""


@dataclass(frozen=True, slots=True)
class Field:
    """One number: ``value = raw / divisor`` in ``unit``; ``axis`` names it among several."""

    size: int
    divisor: int
    signed: bool
    unit: str
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """类型: its code, name and numbers."""

    code: int
    name: str
    fields: tuple[Field, ...]

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return sum(field.size for field in self.fields)


# code, name, bytes, divisor, s(igned) or u(nsigned), unit; several numbers: axis:bytes:divisor:sign:unit
_ROWS = """
0 digital_input 1 1 u -|1 digital_output 1 1 u -|2 analog_input 2 100 s -|3 analog_output 2 100 s -
100 generic 4 1 u -|101 illuminance 2 1 u lx|102 presence 1 1 u -|103 temperature 2 10 s ℃
104 humidity 1 2 u %|115 pressure 2 10 u hPa|116 voltage 2 100 u V|117 current 2 1000 u A
118 frequency 4 1 u Hz|120 percentage 1 1 u %|121 altitude 2 1 s m|122 load 3 1000 s kg
125 concentration 2 1 u ppm|128 power 2 1 u W|130 distance 4 1000 u m|131 energy 4 1000 u kWh
132 direction 2 1 u °|133 unix_time 4 1 u s|142 switch 1 1 u -
113 acceleration x:2:1000:s:g y:2:1000:s:g z:2:1000:s:g
134 rotation x:2:100:s:°/s y:2:100:s:°/s z:2:100:s:°/s
135 colour r:1:1:u:- g:1:1:u:- b:1:1:u:-
136 location latitude:3:10000:s:° longitude:3:10000:s:° altitude:3:100:s:m
"""


def _field(size: str, divisor: str, sign: str, unit: str, axis: str = "") -> Field:
    return Field(int(size), int(divisor), sign == "s", unit.strip("-"), axis)


def _axis(part: str) -> Field:
    axis, size, divisor, sign, unit = part.split(":")
    return _field(size, divisor, sign, unit, axis)


def _kinds() -> dict[int, Kind]:
    found = {}
    for row in _ROWS.strip().replace("\n", "|").split("|"):
        code, name, *rest = row.split()
        if ":" in rest[0]:
            fields = tuple(_axis(part) for part in rest)
        else:
            fields = (_field(*rest),)
        found[int(code)] = Kind(int(code), name, fields)
    return found


TYPES: MappingProxyType[int, Kind] = MappingProxyType(_kinds())
