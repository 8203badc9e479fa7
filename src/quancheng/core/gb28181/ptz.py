"""前端设备控制 Eight command bytes (GB/T 28181 annex A.3): pan, tilt, zoom, iris, focus, presets.

``A5`` version+checksum, low address, code, three data bytes: ``A5 0F 01 code d1 d2 zoom|address sum``;
byte 8 is the sum of the seven before it modulo 256 (A.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .errors import BadMessage, Reason

__all__ = ["Lens", "Move", "Preset", "decode", "lens", "move", "preset", "stop"]

_HEAD, _VERSION = 0xA5, 0
_ADDRESS = 1
_SIZE = 8
_BYTE = 255
_NIBBLE = 15


class Preset(StrEnum):
    """预置位 (A.3.4)."""

    SET = "set"
    CALL = "call"
    DELETE = "delete"


_PRESETS = {Preset.SET: 0x81, Preset.CALL: 0x82, Preset.DELETE: 0x83}


@dataclass(frozen=True, slots=True)
class Move:
    """云台 Directions are -1, 0, 1 (left/right, down/up, out/in); speeds 0–255 and zoom 0–15 (A.3.2)."""

    pan: int = 0
    tilt: int = 0
    zoom: int = 0
    pan_speed: int = 0
    tilt_speed: int = 0
    zoom_speed: int = 0


@dataclass(frozen=True, slots=True)
class Lens:
    """镜头 Iris and focus, -1 (close, near) 0 1 (open, far); speeds 0–255 (A.3.3)."""

    iris: int = 0
    focus: int = 0
    focus_speed: int = 0
    iris_speed: int = 0


def _frame(code: int, first: int, second: int, last: int) -> str:
    seven = bytes((_HEAD, 0, _ADDRESS, code, first, second, last << 4))
    # low nibble of byte 2: sum of the version nibble and both nibbles of byte 1 (A.3.1)
    check = ((_HEAD >> 4) + (_HEAD & 0xF) + _VERSION) % 16
    seven = bytes((_HEAD, _VERSION << 4 | check)) + seven[2:]
    return (seven + bytes((sum(seven) % 256,))).hex().upper()


def move(one: Move) -> str:
    """The command bytes as sixteen hexadecimal digits; raises BadMessage outside the ranges."""
    _within(_BYTE, one.pan_speed, one.tilt_speed)
    _within(_NIBBLE, one.zoom_speed)
    _directions(one.pan, one.tilt, one.zoom)
    code = {1: 0x01, -1: 0x02, 0: 0}[one.pan] | {1: 0x08, -1: 0x04, 0: 0}[one.tilt]
    code |= {1: 0x10, -1: 0x20, 0: 0}[one.zoom]
    return _frame(code, one.pan_speed, one.tilt_speed, one.zoom_speed)


def stop() -> str:
    """停止: everything stands still."""
    return move(Move())


def lens(one: Lens) -> str:
    """Iris and focus; raises BadMessage outside the ranges."""
    _within(_BYTE, one.focus_speed, one.iris_speed)
    _directions(one.iris, one.focus)
    code = 0x40 | {1: 0x04, -1: 0x08, 0: 0}[one.iris] | {1: 0x01, -1: 0x02, 0: 0}[one.focus]
    return _frame(code, one.focus_speed, one.iris_speed, 0)


def preset(what: Preset, number: int) -> str:
    """Set, call or delete preset 1–255."""
    if not 1 <= number <= _BYTE:
        raise BadMessage(Reason.COMMAND, f"preset {number}")
    return _frame(_PRESETS[what], 0, number, 0)


def decode(text: str) -> Move | Lens | tuple[Preset, int] | bytes:
    """Read command bytes; other codes of the annex come back as bytes. Raises BadMessage (checksum)."""
    try:
        raw = bytes.fromhex(text)
    except ValueError as odd:
        raise BadMessage(Reason.COMMAND, text) from odd
    if len(raw) != _SIZE or raw[0] != _HEAD or sum(raw[:7]) % 256 != raw[7]:
        raise BadMessage(Reason.COMMAND, text)
    code, first, second, last = raw[3], raw[4], raw[5], raw[6] >> 4
    for what, number in _PRESETS.items():
        if code == number:
            return what, second
    if code & 0xF0 == 0x40:
        _contrary(code, 0x0C, 0x03)
        iris = bool(code & 0x04) - bool(code & 0x08)
        return Lens(iris, bool(code & 0x01) - bool(code & 0x02), first, second)
    if code & 0xC0 == 0:
        _contrary(code, 0x03, 0x0C, 0x30)
        pan, tilt = bool(code & 0x01) - bool(code & 0x02), bool(code & 0x08) - bool(code & 0x04)
        return Move(pan, tilt, bool(code & 0x10) - bool(code & 0x20), first, second, last)
    return raw


def _contrary(code: int, *masks: int) -> None:
    """Both directions of one axis at once are refused."""
    if any(code & mask == mask for mask in masks):
        raise BadMessage(Reason.COMMAND, f"code {code:02X}")


def _within(limit: int, *values: int) -> None:
    if any(not 0 <= value <= limit for value in values):
        raise BadMessage(Reason.COMMAND, f"speed {values}")


def _directions(*values: int) -> None:
    if any(value not in (-1, 0, 1) for value in values):
        raise BadMessage(Reason.COMMAND, f"direction {values}")
