"""规范形式: the one byte string that a header, stamp or evidence leaf has, so that it can be signed.

The form is the subset of RFC 8785 (JSON Canonicalization Scheme) without fractions: members sorted
by UTF-16 code units (section 3.2.3), no white space, the shortest escapes, UTF-8. Numbers are
integers of at most 53 bits (section 3.2.2.3 would print larger ones as doubles); amounts and times
travel as strings. Reading is strict: a repeated member, NaN, a fraction or a lone surrogate is
refused, so two readers can never see different things in one signed text.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from quancheng.core.exchange.errors import FormatError

__all__ = [
    "Json",
    "b64decode",
    "b64encode",
    "canonical",
    "read_json",
    "read_time",
    "write_time",
]

Json: TypeAlias = bool | int | str | Sequence["Json"] | Mapping[str, "Json"] | None

_LARGEST = 2**53 - 1
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_DEPTH = 32


def canonical(value: Json) -> bytes:
    """Canonical UTF-8 bytes of a JSON value (规范序列化); ``FormatError`` for what has none."""
    try:
        return json.dumps(_ordered(value, "$", 0), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise FormatError("$", "含有无效的代理码点", "a lone surrogate") from error


def read_json(data: bytes, limit: int) -> Json:
    """Read JSON strictly (严格读取), at most ``limit`` bytes; ``FormatError`` otherwise."""
    if len(data) > limit:
        raise FormatError("$", f"超过 {limit} 字节", f"more than {limit} bytes")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_members,
            parse_float=_no_number,
            parse_constant=_no_number,
            parse_int=_integer,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FormatError("$", "不是有效的 UTF-8 JSON", "not valid UTF-8 JSON") from error
    return _ordered(value, "$", 0)


def write_time(moment: datetime) -> str:
    """An aware moment as UTC with six digits, the only form used here (时间写法)."""
    if moment.tzinfo is None:
        raise FormatError("time", "时间缺少时区", "a time without a zone")
    return moment.astimezone(UTC).strftime(_TIME)


def read_time(text: Json, place: str) -> datetime:
    """The moment of ``write_time``; any other spelling is refused (读取时间)."""
    if isinstance(text, str) and len(text) == 27:
        try:
            moment = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
        except ValueError:
            moment = None
        if moment is not None and write_time(moment) == text:
            return moment
    raise FormatError(place, "时间格式应为 2026-01-02T03:04:05.000006Z", "not a UTC time with six digits")


def b64encode(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def b64decode(text: Json, place: str) -> bytes:
    """Bytes of strict base64: only the one spelling that ``b64encode`` gives (RFC 4648 3.5)."""
    if isinstance(text, str):
        try:
            data = base64.b64decode(text.encode("ascii"), validate=True)
        except (UnicodeEncodeError, binascii.Error):
            data = None
        if data is not None and b64encode(data) == text:
            return data
    raise FormatError(place, "不是规范的 Base64", "not canonical base64")


def _ordered(value: Json, place: str, depth: int) -> Json:
    if depth > _DEPTH:
        raise FormatError(place, "嵌套过深", "nested too deeply")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        _encodable(value, place)
        return value
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise FormatError(place, "整数超出 53 位", "an integer of more than 53 bits")
        return value
    if isinstance(value, Mapping):
        return {name: _ordered(value[name], f"{place}.{name}", depth + 1) for name in _names(value, place)}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_ordered(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    raise FormatError(place, "不允许的取值类型", f"a value of type {type(value).__name__}")


def _names(value: Mapping[str, Json], place: str) -> list[str]:
    for name in value:
        if not isinstance(name, str):
            raise FormatError(place, "成员名必须是字符串", "a member name that is not a string")
        _encodable(name, place)
    return sorted(value, key=lambda name: name.encode("utf-16-be"))


def _encodable(text: str, place: str) -> None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise FormatError(place, "含有无效的代理码点", "a lone surrogate")


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise FormatError("$", "成员名重复", "a repeated member")
    return members


def _integer(text: str) -> int:
    if len(text) > 17 or text == "-0":
        raise FormatError("$", "整数超出范围", "an integer out of range")
    return int(text)


def _no_number(text: str) -> Json:
    raise FormatError("$", f"不允许的数 {text}", f"a number that is not an integer: {text}")
