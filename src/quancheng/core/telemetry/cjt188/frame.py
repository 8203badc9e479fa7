"""帧: from ``68`` to ``16``, strict both ways; the preamble of ``FE`` is passed over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from quancheng.core.text import Text

from ..framing import each, only
from ..refusal import FrameRefused, Reason, byte_count

__all__ = ["Control", "Frame", "decode", "encode", "read_request", "split"]

_MARK, _END, _PREAMBLE = 0x68, 0x16, 0xFE
_HEAD, _TAIL = 11, 2
_ADDRESS = 7
_ANSWER, _FAILED = 0x80, 0x40


class Control(IntEnum):
    """控制码 (D5–D0): what is asked; an answer adds 80H, an answer of failure C0H."""

    READ = 0x01
    READ_ADDRESS = 0x03
    WRITE = 0x04
    READ_KEY_VERSION = 0x09
    WRITE_ADDRESS = 0x15
    SYNCHRONIZE = 0x16


_CONTROLS = {int(control): control for control in Control}


@dataclass(frozen=True, slots=True)
class Frame:
    """帧的值. ``address`` is fourteen digits, the highest first (the last two bytes are the maker's)."""

    meter: int
    address: str
    control: Control
    data: bytes
    answer: bool = True
    failed: bool = False


def decode(raw: bytes) -> Frame:
    """Read exactly one frame; anything else raises :class:`FrameRefused`."""
    return only(_take, raw)


def split(raw: bytes) -> list[Frame]:
    """Read frames one behind the other, each with its own preamble or none."""
    return each(_take, raw)


def _take(raw: bytes, at: int) -> tuple[Frame, int]:
    start = at
    while start < len(raw) and raw[start] == _PREAMBLE:
        start += 1
    if len(raw) - start < _HEAD + _TAIL:
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(raw) - start, at=start))
    if raw[start] != _MARK:
        raise FrameRefused(Reason.START, f"{raw[start]:02X} at {start}")
    body = start + _HEAD
    end = body + raw[body - 1] + _TAIL
    if end > len(raw):
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(raw) - start, end - start, start))
    if raw[end - 1] != _END:
        raise FrameRefused(
            Reason.START, Text(f"结束字节 {raw[end - 1]:02X}", f"{raw[end - 1]:02X} at the end")
        )
    if sum(raw[start : end - _TAIL]) & 0xFF != raw[end - _TAIL]:
        raise FrameRefused(Reason.CHECKSUM, f"{raw[end - _TAIL]:02X}")
    code = raw[start + 9]
    control = _CONTROLS.get(code & 0x3F)
    if control is None or code & (_ANSWER | _FAILED) == _FAILED:
        raise FrameRefused(Reason.FUNCTION, f"{code:02X}")
    address = _address(raw[start + 2 : start + 9])
    data = bytes(raw[body : end - _TAIL])
    return Frame(raw[start + 1], address, control, data, bool(code & _ANSWER), bool(code & _FAILED)), end


def _address(raw: bytes) -> str:
    """Fourteen digits; the maker's two bytes are hexadecimal with some, and AA is the wildcard."""
    return raw[::-1].hex().upper()


def encode(frame: Frame, preamble: int = 0) -> bytes:
    """Write a frame behind so many ``FE``; whatever :func:`decode` would not read back is refused."""
    try:
        address = bytes.fromhex(frame.address)[::-1]
    except ValueError as error:
        raise FrameRefused(Reason.ADDRESS, frame.address) from error
    if len(address) != _ADDRESS or frame.address != _address(address):
        raise FrameRefused(Reason.ADDRESS, frame.address)
    if not 0 <= frame.meter <= 0xFF or len(frame.data) > 0xFF:
        raise FrameRefused(Reason.VALUE, f"meter {frame.meter:02X}, {len(frame.data)} bytes")
    if frame.failed and not frame.answer:
        raise FrameRefused(Reason.FUNCTION, "a failure is an answer")
    code = frame.control | (_ANSWER if frame.answer else 0) | (_FAILED if frame.failed else 0)
    body = bytes((_MARK, frame.meter)) + address + bytes((code, len(frame.data))) + frame.data
    return bytes((_PREAMBLE,)) * preamble + body + bytes((sum(body) & 0xFF, _END))


def read_request(meter: int, address: str, identifier: int = 0x901F, serial: int = 0) -> Frame:
    """A request to read one data identifier (计量数据 unless told), as a master sends it."""
    data = identifier.to_bytes(2, "little") + bytes((serial,))
    return Frame(meter, address, Control.READ, data, answer=False)
