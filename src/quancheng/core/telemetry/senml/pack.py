"""SenML 数据包: records resolved (§4.6) and turned into readings."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from quancheng.core.text import Text

from ..reading import Reading
from ..refusal import FrameRefused, Reason

__all__ = ["UNITS", "Record", "readings", "records"]

_VERSION = 10
_RELATIVE = 2**28
_MICRO = 1_000_000
_LAST = 4_102_444_800
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*\Z")
_NUMBERS = frozenset({"bt", "bv", "bs", "bver", "v", "s", "t", "ut"})
_TEXTS = frozenset({"bn", "bu", "n", "u", "vs", "vd"})
_VALUES = ("v", "vs", "vb", "vd")

UNITS: MappingProxyType[str, str] = MappingProxyType(
    {
        "Cel": "℃", "%RH": "%", "m2": "m²", "m3": "m³", "m3/s": "m³/s", "m/s2": "m/s²", "W/m2": "W/m²",
        "kg/m3": "kg/m³", "ug/m3": "μg/m³", "mg/m3": "mg/m³", "Ohm": "Ω", "lat": "°", "lon": "°",
        "m3/h": "m³/h", "uS/cm": "μS/cm", "degC": "℃",
    }
)  # fmt: skip
"""Units of the SenML registry (RFC 8428 §12.1, RFC 8798) that are written otherwise here."""

_decoder = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class Record:
    """已解析的记录 (§4.6): the whole name, unit, value and sum, and µs since 1970 (``None`` = now)."""

    name: str
    unit: str
    value: float | str | bool | None
    total: float | None
    time: int | None


class _Base:
    """The base fields in force: each holds until it is set anew (§4.2)."""

    __slots__ = ("name", "time", "total", "unit", "value", "version")

    def __init__(self) -> None:
        self.name, self.unit = "", ""
        self.time = self.value = self.total = 0.0
        self.version: float = _VERSION

    def take(self, row: dict[str, Any], where: str, first: bool) -> None:
        self.name = row.get("bn", self.name)
        self.unit = row.get("bu", self.unit)
        self.time = row.get("bt", self.time)
        self.value = row.get("bv", self.value)
        self.total = row.get("bs", self.total)
        version = row.get("bver", self.version)
        if version > _VERSION or (not first and version != self.version):
            raise FrameRefused(Reason.FORMAT, f"{where}.bver: {version}")
        self.version = version


def records(payload: bytes, received_at: int) -> tuple[Record, ...]:
    """Resolve a pack; records with nothing but base fields give none."""
    try:
        document = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameRefused(Reason.SYNTAX, str(error)) from error
    if not isinstance(document, list):
        raise FrameRefused(Reason.FIELD, Text("数据包应为数组", "a pack is an array"))
    base = _Base()
    found = []
    for number, row in enumerate(document):
        where = f"[{number}]"
        if not isinstance(row, dict):
            raise FrameRefused(Reason.FIELD, where)
        _check(row, where)
        base.take(row, where, number == 0)
        record = _resolve(row, base, where, received_at)
        if record is not None:
            found.append(record)
    return tuple(found)


def _check(row: dict[str, Any], where: str) -> None:
    """Types of the known fields; what is unknown is passed over unless it must be understood."""
    for name, value in row.items():
        if name in _NUMBERS:
            good = isinstance(value, int | float) and not isinstance(value, bool) and _finite(value)
        elif name in _TEXTS:
            good = isinstance(value, str)
        elif name == "vb":
            good = isinstance(value, bool)
        else:
            good = not name.endswith("_")
        if not good:
            raise FrameRefused(Reason.FIELD, f"{where}.{name[:40]}: {value!r:.40}")


def _finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _resolve(row: dict[str, Any], base: _Base, where: str, received_at: int) -> Record | None:
    values = [name for name in _VALUES if name in row]
    if len(values) > 1:
        raise FrameRefused(Reason.FIELD, f"{where}: {' and '.join(values)}")
    if not values and "s" not in row:
        if any(name in row for name in ("n", "u", "t", "ut")):
            raise FrameRefused(Reason.FIELD, Text(f"{where}：没有值", f"{where}: no value"))
        return None
    name = base.name + row.get("n", "")
    if not _NAME.match(name):
        raise FrameRefused(Reason.FIELD, f"{where}.n: {name[:40]!r}")
    value: float | str | bool | None = None
    if values:
        value = row["v"] + base.value if values == ["v"] else row[values[0]]
        if values == ["v"]:
            value = _number(value, where)
    total = _number(row["s"] + base.total, where) if "s" in row else None
    time = _time(row.get("t", 0) + base.time, where, received_at)
    return Record(name, row.get("u", base.unit), value, total, time)


def _number(value: Any, where: str) -> float:
    if not _finite(value):
        raise FrameRefused(Reason.VALUE, where)
    return float(value)


def _time(seconds: float, where: str, received_at: int) -> int | None:
    if not seconds:
        return None
    if seconds < _RELATIVE:
        found = received_at + round(seconds * _MICRO)
        if found > 0:
            return found
    elif seconds < _LAST:
        return round(seconds * _MICRO)
    raise FrameRefused(Reason.TIME, f"{where}: {seconds}")


def readings(payload: bytes, received_at: int, *, strip: str = "") -> tuple[Reading, ...]:
    """The readings of a pack; ``strip`` is taken off names that begin with it (a device's own URN)."""
    found = []
    for record in records(payload, received_at):
        name = record.name
        if strip and name.startswith(strip) and len(name) > len(strip):
            name = name[len(strip) :].lstrip(":/_.-") or name
        unit = UNITS.get(record.unit, record.unit)
        if record.value is not None:
            found.append(Reading(name, record.value, unit, record.time))
        if record.total is not None:
            found.append(Reading(f"{name}#sum", record.total, unit, record.time))
    return tuple(found)
