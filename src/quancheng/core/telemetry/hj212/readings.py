"""HJ 212 数据区 → 读数: factors with their fields, marks, times and plausible ranges.

Element names: ``<factor>-<field>`` as sent, with ``:minute``, ``:hour`` or ``:day`` for the statistics
of 2051, 2061 and 2031, because the mean of an hour is another quantity than the mean of a minute:
``a21026-Rtd``, ``a21026-Avg:hour``, ``SB1-RS``. Fields of a factor: Rtd, Min, Avg, Max, Cou (amount),
and Zs… (折算, at standard oxygen).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from ..bcd import micros
from ..reading import Quality, Reading
from ..refusal import FrameRefused, Reason
from .factors import Factor, factor
from .frame import Frame, Item
from .tables import MARKS, PERIODS

__all__ = ["DATA_COMMANDS", "readings", "unpack_time"]

DATA_COMMANDS = frozenset(
    {"2011", "2013", "2021", "2031", "2041", "2051", "2052", "2061", "2062", "2081", "2111", "3015"}
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
_MISSING = frozenset({"", "-", "--"})
_MARKS = frozenset({"Flag", "EFlag"})
_HEAD = frozenset({"DataTime", "BeginTime", "EndTime", "PolId", "Flag", "SampleType", "DataType"})
_WORDS = frozenset({"RestartTime", "SpectrumFile"})
"""Items of a frame that are no numbers: kept as text."""
_TIME = re.compile(r"\d{14}(\d{3})?")
_TIMES = frozenset({"SampleTime", "Stime", "CstartTime", "SstartTime"})


def unpack_time(text: str) -> int:
    """``YYYYMMDDhhmmss[zzz]`` of Beijing time as microseconds UTC. Raises FrameRefused (TIME)."""
    if not text.isascii() or not _TIME.fullmatch(text):
        raise FrameRefused(Reason.TIME, text[:40])
    year, rest = int(text[:4]), [int(text[at : at + 2]) for at in range(4, 14, 2)]
    month, day, hour, minute, second = rest
    return micros(year, month, day, hour, minute, second, int(text[14:] or 0))


def readings(frame: Frame, started: int | None = None) -> list[Reading]:
    """Readings of a data frame, none of other commands.

    ``started`` is the DataTime (µs) that an earlier packet of the same request gave, used where this
    one has none. Raises FrameRefused: TIME without any DataTime, VALUE for a value that is no number.
    """
    if frame.cn not in DATA_COMMANDS:
        return []
    found: list[Reading] = []
    at = started
    suffix = PERIODS.get(frame.cn, "")
    for group in frame.groups:
        for code, items in _factors(group):
            if not code:
                at = _moved(at, items)
                items = [(name, value) for name, value in items if name not in _HEAD]
            if items and at is None:
                raise FrameRefused(Reason.TIME, "no DataTime")
            if items:
                found.extend(_factor_readings(code, items, at or 0, suffix))
    if frame.late:
        found = [Reading(r.element, r.value, r.unit, r.time, r.quality | int(Quality.LATE)) for r in found]
    return found


def _factors(group: Iterable[Item]) -> Iterator[tuple[str, list[Item]]]:
    """The items of a group by factor, in order of their first appearance; plain items alone."""
    found: dict[str, list[Item]] = {}
    for name, value in group:
        code, dash, field = name.rpartition("-")
        found.setdefault(code if dash else "", []).append((field, value))
    yield from found.items()


def _moved(at: int | None, items: Iterable[Item]) -> int | None:
    """The time of what follows: a DataTime moves it."""
    return next((unpack_time(value) for name, value in items if name == "DataTime"), at)


def _factor_readings(code: str, items: list[Item], at: int, suffix: str) -> Iterator[Reading]:
    """Readings of one factor; ``code`` is empty for items of the frame itself (VaseNo of 3015 …)."""
    row = factor(code)
    quality = 0
    for field, value in items:
        if field in _MARKS:
            quality |= MARKS.get(value, int(Quality.SUSPECT))
        elif field in _TIMES and value:
            at = unpack_time(value)
    for field, value in items:
        if field not in _MARKS and field not in _TIMES:
            name = f"{code}-{field}{suffix}" if code else field
            yield _reading(name, field, value, row, at, quality)


def _reading(element: str, field: str, text: str, row: Factor | None, at: int, quality: int) -> Reading:
    total = field.endswith("Cou")
    unit = "" if row is None else row.total if total else row.unit
    if text in _MISSING:
        return Reading(element, None, unit, at, quality | int(Quality.MISSING))
    if element in _WORDS:
        return Reading(element, text, unit, at, quality)
    if not (text.isascii() and _NUMBER.fullmatch(text)):
        if element.startswith("p"):  # 关键生产工况 (2025, ST=45): states are words
            return Reading(element, text, unit, at, quality)
        raise FrameRefused(Reason.VALUE, f"{element}={text[:40]}")
    value = float(text)
    if not math.isfinite(value):
        raise FrameRefused(Reason.VALUE, f"{element}={text[:40]}")
    if row is not None and not total and not row.low <= value <= row.high:
        quality |= int(Quality.SUSPECT)
    return Reading(element, value, unit, at, quality)
