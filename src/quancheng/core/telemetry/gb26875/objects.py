"""GB/T 26875.3 应用数据单元 (§7、§8): type flag, number of objects, objects; layouts as data, both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..refusal import FrameRefused, Reason
from .codec import pack_time, unpack_time
from .frame import Body, Frame
from .tables import TypeFlag

__all__ = ["LAYOUTS", "bodies", "pack"]

_MOST = 102
_DESCRIPTION = 31


def _number(size: int, *, signed: bool = False) -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    def unpack(raw: bytes) -> int:
        return int.from_bytes(raw, "little", signed=signed)

    def pack_number(value: int) -> bytes:
        return value.to_bytes(size, "little", signed=signed)

    return unpack, pack_number


def _unpack_text(raw: bytes) -> str:
    try:
        return raw.rstrip(b"\x00 ").decode("gb18030")
    except UnicodeDecodeError as error:
        raise FrameRefused(Reason.SYNTAX, f"description {raw[:20].hex()}") from error


def _pack_description(value: str) -> bytes:
    raw = value.encode("gb18030")
    if len(raw) > _DESCRIPTION:
        raise FrameRefused(Reason.LIMIT, f"description of {len(raw)} bytes")
    return raw.ljust(_DESCRIPTION, b"\x00")


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of an object: its attribute of Body, its size in bytes, how it is read and written."""

    name: str
    size: int
    unpack: Callable[[bytes], Any]
    pack: Callable[[Any], bytes]


def _field(name: str, size: int, *, signed: bool = False) -> _Field:
    return _Field(name, size, *_number(size, signed=signed))


_SYSTEM = (_field("system", 1), _field("system_address", 1))
_COMPONENT = (_field("component", 1), _field("component_address", 4))
_TEXT = _Field("text", _DESCRIPTION, _unpack_text, _pack_description)
_AT = _Field("at", 6, unpack_time, pack_time)
_VERSION = _Field("version", 2, tuple, bytes)
_OPERATION = (_field("state", 1), _field("operator", 1))

LAYOUTS: dict[int, tuple[_Field, ...]] = {
    TypeFlag.SYSTEM_STATE: (*_SYSTEM, _field("state", 2), _AT),
    TypeFlag.COMPONENT_STATE: (*_SYSTEM, *_COMPONENT, _field("state", 2), _TEXT, _AT),
    TypeFlag.COMPONENT_ANALOGUE: (
        *_SYSTEM, *_COMPONENT, _field("analogue", 1), _field("number", 2, signed=True), _AT,
    ),
    TypeFlag.SYSTEM_OPERATION: (*_SYSTEM, *_OPERATION, _AT),
    TypeFlag.SYSTEM_VERSION: (*_SYSTEM, _VERSION),
    TypeFlag.COMPONENT_CONFIG: (*_SYSTEM, *_COMPONENT, _TEXT),
    TypeFlag.SYSTEM_TIME: (*_SYSTEM, _AT),
    TypeFlag.DEVICE_STATE: (_field("state", 1), _AT),
    TypeFlag.DEVICE_OPERATION: (*_OPERATION, _AT),
    TypeFlag.DEVICE_VERSION: (_VERSION,),
    TypeFlag.DEVICE_TIME: (_AT,),
    TypeFlag.READ_SYSTEM_STATE: _SYSTEM,
    TypeFlag.READ_COMPONENT_STATE: (*_SYSTEM, *_COMPONENT),
    TypeFlag.READ_COMPONENT_ANALOGUE: (*_SYSTEM, *_COMPONENT),
    TypeFlag.READ_DEVICE_STATE: (_field("state", 1),),
    TypeFlag.INITIALISE: (_field("state", 1),),
    TypeFlag.SET_TIME: (_AT,),
    TypeFlag.INSPECT: (_field("minutes", 1),),
}  # fmt: skip
"""Objects of fixed size (§8.2). Configurations (6, 26) carry a length of their own."""
_LONG: dict[int, tuple[_Field, ...]] = {TypeFlag.SYSTEM_CONFIG: _SYSTEM, TypeFlag.DEVICE_CONFIG: ()}


def bodies(frame: Frame) -> list[Body]:
    """The information objects of a frame, none where there is no data unit.

    Raises FrameRefused: ITEM for types of users' own (128–255) or reserved ones, LENGTH where the
    objects do not fill the unit exactly, TIME and SYNTAX for what they hold.
    """
    payload = frame.payload
    if not payload:
        return []
    if len(payload) < 2:
        raise FrameRefused(Reason.TRUNCATED, "type without number of objects")
    kind, count = payload[0], payload[1]
    if kind not in LAYOUTS and kind not in _LONG:
        raise FrameRefused(Reason.ITEM, f"type {kind}")
    if not 1 <= count <= _MOST:
        raise FrameRefused(Reason.LENGTH, f"{count} objects")
    found, at = [], 2
    for _ in range(count):
        body, at = _one(kind, payload, at)
        found.append(body)
    if at != len(payload):
        raise FrameRefused(Reason.LENGTH, f"{len(payload) - at} bytes too many")
    return found


def _one(kind: int, payload: bytes, at: int) -> tuple[Body, int]:
    values: dict[str, Any] = {}
    for field in LAYOUTS.get(kind, _LONG.get(kind, ())):
        raw = payload[at : at + field.size]
        if len(raw) < field.size:
            raise FrameRefused(Reason.LENGTH, f"type {kind}: cut in {field.name}")
        values[field.name] = field.unpack(raw)
        at += field.size
    if kind in _LONG:
        size = payload[at] if at < len(payload) else 256
        raw = payload[at + 1 : at + 1 + size]
        if len(raw) < size:
            raise FrameRefused(Reason.LENGTH, f"type {kind}: cut in text")
        values["text"] = _unpack_text(raw)
        at += 1 + size
    return Body(type=kind, **values), at


def pack(objects: Iterable[Body]) -> bytes:
    """The data unit of objects of one type. Refuses what :func:`bodies` would not read back."""
    found = list(objects)
    kinds = {body.type for body in found}
    if len(kinds) != 1 or len(found) > _MOST:
        raise FrameRefused(Reason.VALUE, f"{len(found)} objects of {len(kinds)} types")
    kind = kinds.pop()
    if kind not in LAYOUTS and kind not in _LONG:
        raise FrameRefused(Reason.ITEM, f"type {kind}")
    raw = bytes((kind, len(found))) + b"".join(_packed(body) for body in found)
    if bodies(Frame(0, 0, 0, 2, payload=raw)) != [replace(body) for body in found]:
        raise FrameRefused(Reason.VALUE, "objects that cannot be written")
    return raw


def _packed(body: Body) -> bytes:
    parts = []
    try:
        for field in LAYOUTS.get(body.type, _LONG.get(body.type, ())):
            parts.append(field.pack(getattr(body, field.name)))
        if body.type in _LONG:
            raw = (body.text or "").encode("gb18030")
            parts.append(bytes((len(raw),)) + raw)
    except (OverflowError, AttributeError, TypeError, UnicodeEncodeError) as error:
        raise FrameRefused(Reason.VALUE, f"type {body.type}: {error}") from error
    except ValueError as error:
        if isinstance(error, FrameRefused):
            raise
        raise FrameRefused(Reason.VALUE, f"type {body.type}: {error}") from error
    return b"".join(parts)
