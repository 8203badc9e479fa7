"""JSON 载荷: the platform's own simple format, three ways to say the same.

* ``{"t": 1767225600000, "v": {"pm25": 35.5, "door": true}}``: one time, any number of elements;
* an array of those (a bulk of at most ``Limits.readings`` readings);
* ``{"pm25": 35.5, "ts": "2026-01-01T08:00:00+08:00"}``: flat, or an array of those.

The time (``t`` or ``ts``) is whole milliseconds since 1970-01-01 UTC or an ISO 8601 text *with*
its zone, or left out (the time of receipt is meant). A value is a number, text, boolean or ``null``
(missing). ``NaN`` and ``Infinity`` are no JSON and refused. A key that stands twice in one object
counts once, with its last value (RFC 8259 §4 leaves it open). One bad row refuses the message whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason
from quancheng.core.text import Text

from .limits import DEFAULT, Limits

__all__ = ["decode_json", "decode_ndjson", "instant", "quick_values"]

Value = float | str | bool | None

_FIRST = 946_684_800_000
_LAST = 4_102_444_800_000
_MISSING = int(Quality.MISSING)
_TIMES = ("ts", "t")


class _Row(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    v: dict[str, Value]
    t: int | str | None = None


_rows = msgspec.json.Decoder(list[_Row])
_row = msgspec.json.Decoder(_Row)
_flat_rows = msgspec.json.Decoder(list[dict[str, Value]])
_flat_row = msgspec.json.Decoder(dict[str, Value])
_anything = msgspec.json.Decoder()


def decode_json(payload: bytes, *, limits: Limits = DEFAULT) -> list[Reading]:
    """Read one JSON message; raises :class:`FrameRefused` with the place that is wrong."""
    return _decode(payload, limits, (_quick, _flat), _any)


def quick_values(payload: bytes) -> tuple[int | None, dict[str, Value]] | None:
    """Time (µs) and values of a message of one row in the nested spelling, names and texts unchecked.

    For callers that look every name up in their own list; None means :func:`decode_json` must say.
    """
    try:
        row = _row.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    moment = row.t
    if moment is None:
        return None, row.v
    if type(moment) is int and _FIRST <= moment < _LAST:
        return moment * 1000, row.v
    return None


def decode_ndjson(payload: bytes, *, limits: Limits = DEFAULT) -> list[Reading]:
    """Read one object a line (NDJSON); empty lines are passed over."""
    return _decode(payload, limits, (_quick_lines, _flat_lines), _lines)


def _quick(payload: bytes) -> list[_Row]:
    """The way of almost every message: checked by msgspec while it reads."""
    return _rows.decode(payload) if payload.lstrip()[:1] == b"[" else [_row.decode(payload)]


def _quick_lines(payload: bytes) -> list[_Row]:
    return _row.decode_lines(payload)


def _flat(payload: bytes) -> list[_Row]:
    """The same for flat rows; a number is a float here, which holds every millisecond exactly."""
    if payload.lstrip()[:1] == b"[":
        return [_lifted(row, number) for number, row in enumerate(_flat_rows.decode(payload))]
    return [_lifted(_flat_row.decode(payload), 0)]


def _flat_lines(payload: bytes) -> list[_Row]:
    return [_lifted(row, number) for number, row in enumerate(_flat_row.decode_lines(payload))]


def _lifted(row: dict[str, Value], number: int) -> _Row:
    """Take the time out of a flat row."""
    if "ts" in row:
        _one_time(row, number)
        moment, key = row.pop("ts"), "ts"
    elif "t" in row:
        moment, key = row.pop("t"), "t"
    else:
        return _Row(row)
    if type(moment) is float and _FIRST <= moment < _LAST and moment.is_integer():
        return _Row(row, int(moment))
    if moment is not None:
        instant(moment, f"[{number}].{key}")
    return _Row(row, str(moment) if moment is not None else None)


def _one_time(row: dict[str, Any], number: int) -> None:
    if "t" in row:
        where = f"[{number}]"
        raise FrameRefused(Reason.TIME, Text(f"{where} 同时有 t 和 ts", f"{where} has both t and ts"))


def _any(payload: bytes) -> list[Any]:
    document = _anything.decode(payload)
    return document if isinstance(document, list) else [document]


def _lines(payload: bytes) -> list[Any]:
    return _anything.decode_lines(payload)


def _decode(
    payload: bytes,
    limits: Limits,
    ways: tuple[Callable[[bytes], list[_Row]], ...],
    careful: Callable[[bytes], list[Any]],
) -> list[Reading]:
    if len(payload) > limits.size:
        raise FrameRefused(
            Reason.LIMIT,
            Text(f"{len(payload)} 字节，上限 {limits.size}", f"{len(payload)} > {limits.size} bytes"),
        )
    found = _readings(_rows_of(payload, ways, careful), limits)
    if not found:
        raise FrameRefused(Reason.NOTHING)
    return found


def _rows_of(
    payload: bytes, ways: tuple[Callable[[bytes], list[_Row]], ...], careful: Callable[[bytes], list[Any]]
) -> list[_Row]:
    """The rows by the first way that fits; where none does, the careful one says what is wrong."""
    try:
        for way in ways:
            try:
                return way(payload)
            except msgspec.ValidationError:
                continue
        documents = careful(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameRefused(Reason.SYNTAX, str(error)) from error
    return [_checked(document, number) for number, document in enumerate(documents)]


def _readings(rows: Sequence[_Row], limits: Limits) -> list[Reading]:
    found: list[Reading] = []
    add = found.append
    longest, most = limits.name, limits.readings
    for number, row in enumerate(rows):
        moment = row.t
        if moment is None:
            time = None
        elif type(moment) is int and _FIRST <= moment < _LAST:
            time = moment * 1000
        else:
            time = instant(moment, f"[{number}].t")
        for name, value in row.v.items():
            if not 0 < len(name) <= longest:
                raise FrameRefused(Reason.FIELD, f"[{number}].v: {name[:longest]!r}")
            if type(value) is float:
                add(Reading(name, value, "", time))
                continue
            if value is None:
                add(Reading(name, None, "", time, _MISSING))
                continue
            if type(value) is str and len(value) > limits.text:
                raise FrameRefused(Reason.LIMIT, f"[{number}].v.{name}: {len(value)} > {limits.text}")
            add(Reading(name, value, "", time))
        if len(found) > most:
            raise FrameRefused(
                Reason.LIMIT, Text(f"[{number}]：超过 {most} 个读数", f"[{number}]: > {most} readings")
            )
    return found


def instant(moment: object, where: str) -> int:
    """Read a time in milliseconds or ISO 8601; µs since 1970-01-01 UTC, 2000 to 2099."""
    if isinstance(moment, float) and moment.is_integer():
        moment = int(moment)
    if isinstance(moment, int) and not isinstance(moment, bool):
        if _FIRST <= moment < _LAST:
            return moment * 1000
        hint = Text("；须为毫秒", "; milliseconds are wanted") if 0 <= moment < _FIRST else Text("", "")
        raise FrameRefused(Reason.TIME, Text(f"{where}：{moment}{hint.zh}", f"{where}: {moment}{hint.en}"))
    if not isinstance(moment, str):
        raise FrameRefused(Reason.TIME, f"{where}: {moment!r:.40}")
    try:
        when = datetime.fromisoformat(moment)
    except ValueError as error:
        raise FrameRefused(Reason.TIME, f"{where}: {moment[:40]!r}") from error
    if when.tzinfo is None:
        zone = Text(f"{where}：{moment} 没有时区", f"{where}: {moment} has no time zone")
        raise FrameRefused(Reason.TIME, zone)
    micros = round(when.timestamp() * 1_000_000)
    if not _FIRST * 1000 <= micros < _LAST * 1000:
        raise FrameRefused(Reason.TIME, f"{where}: {moment}")
    return micros


def _checked(document: object, number: int) -> _Row:
    where = f"[{number}]"
    if not isinstance(document, dict):
        shape = Text(f"{where} 不是对象", f"{where} is not an object")
        raise FrameRefused(Reason.FIELD, shape)
    row: dict[str, Any] = document
    nested = isinstance(row.get("v"), dict)
    if nested:
        stranger = next((name for name in row if name not in ("v", "t", "ts")), None)
        if stranger is not None:
            raise FrameRefused(Reason.FIELD, f"{where}.{stranger[:40]}")
    times = [name for name in _TIMES if name in row]
    if len(times) > 1:
        _one_time(row, number)
    moment = row[times[0]] if times else None
    if moment is not None:
        instant(moment, f"{where}.{times[0]}")
    values = row["v"] if nested else {name: row[name] for name in row if name not in _TIMES}
    place = f"{where}.v" if nested else where
    return _Row({name: _value(value, f"{place}.{name[:40]}") for name, value in values.items()}, moment)


def _value(value: object, where: str) -> Value:
    if value is None or isinstance(value, str | bool | float):
        return value
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError as error:
            raise FrameRefused(Reason.VALUE, where) from error
    kind = Text(f"{where} 是对象或数组", f"{where} is an object or array")
    raise FrameRefused(Reason.VALUE, kind)
