"""帧 (§5.2): from the first ``68`` to ``16``, strict both ways; ``FE`` before it is passed over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType

from quancheng.core.text import Text

from ..framing import each, only
from ..refusal import FrameRefused, Reason, byte_count

__all__ = ["ERRORS", "Edition", "Frame", "Function", "decode", "encode", "read_request", "split"]

_MARK, _END, _PREAMBLE = 0x68, 0x16, 0xFE
_HEAD, _TAIL = 10, 2
_ADDRESS = 6
_OFFSET = 0x33
_ANSWER, _FAILED, _MORE = 0x80, 0x40, 0x20
_UNMASK = bytes((byte - _OFFSET) & 0xFF for byte in range(256))
_MASK = bytes((byte + _OFFSET) & 0xFF for byte in range(256))


class Edition(StrEnum):
    """版本: told by the control code, since the editions share the frame."""

    Y2007 = "2007"
    Y1997 = "1997"


class Function(IntEnum):
    """功能码 (§5.2.4, D4–D0). 01–04 and 0A–0F are those of 1997, 08 belongs to both."""

    READ_1997 = 0x01
    READ_MORE_1997 = 0x02
    READ_AGAIN_1997 = 0x03
    WRITE_1997 = 0x04
    SET_TIME = 0x08
    WRITE_ADDRESS_1997 = 0x0A
    BAUD_RATE_1997 = 0x0C
    PASSWORD_1997 = 0x0F
    CLEAR_DEMAND_1997 = 0x10
    READ = 0x11
    READ_MORE = 0x12
    READ_ADDRESS = 0x13
    WRITE = 0x14
    WRITE_ADDRESS = 0x15
    FREEZE = 0x16
    BAUD_RATE = 0x17
    PASSWORD = 0x18
    CLEAR_DEMAND = 0x19
    CLEAR_METER = 0x1A
    CLEAR_EVENTS = 0x1B
    MULTI_FUNCTION = 0x1C
    RELAY = 0x1D

    @property
    def edition(self) -> Edition:
        """The edition that defines it."""
        return Edition.Y1997 if self < Function.READ and self is not Function.SET_TIME else Edition.Y2007


_FUNCTIONS = {int(function): function for function in Function}

ERRORS: MappingProxyType[int, Text] = MappingProxyType(
    {
        0x01: Text("其他错误", "other error"),
        0x02: Text("无请求数据", "no such data"),
        0x04: Text("密码错或未授权", "wrong password or not authorized"),
        0x08: Text("通信速率不能更改", "baud rate cannot be changed"),
        0x10: Text("年时区数超", "too many yearly zones"),
        0x20: Text("日时段数超", "too many daily periods"),
        0x40: Text("费率数超", "too many tariffs"),
    }
)
"""错误信息字 ERR (附录C): one bit each."""


@dataclass(frozen=True, slots=True)
class Frame:
    """帧的值. ``address`` is twelve digits, the highest first; ``data`` is without the 33H."""

    address: str
    function: Function
    data: bytes = b""
    answer: bool = True
    failed: bool = False
    more: bool = False

    @property
    def errors(self) -> tuple[Text, ...]:
        """What a failed answer says is wrong."""
        word = self.data[0] if self.failed and self.data else 0
        return tuple(text for bit, text in ERRORS.items() if word & bit)


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
    if raw[start] != _MARK or raw[start + 7] != _MARK:
        raise FrameRefused(Reason.START, f"{raw[start]:02X}…{raw[start + 7]:02X} at {start}")
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
    return _frame(raw[start + 1 : start + 7], raw[start + 8], raw[body : end - _TAIL]), end


def _frame(address: bytes, code: int, data: bytes) -> Frame:
    function = _FUNCTIONS.get(code & 0x1F)
    answer, failed, more = bool(code & _ANSWER), bool(code & _FAILED), bool(code & _MORE)
    if function is None or (not answer and (failed or more)) or (failed and more):
        raise FrameRefused(Reason.FUNCTION, f"{code:02X}")
    return Frame(_unpack_address(address), function, bytes(data).translate(_UNMASK), answer, failed, more)


def _unpack_address(raw: bytes) -> str:
    """Twelve digits; AA stands for "any" (缩位寻址, §5.2.2), so only A and digits may be there."""
    text = raw[::-1].hex().upper()
    if text.strip("0123456789A"):
        raise FrameRefused(Reason.ADDRESS, text)
    return text


def encode(frame: Frame, preamble: int = 0) -> bytes:
    """Write a frame behind so many ``FE``; whatever :func:`decode` would not read back is refused."""
    try:
        address = bytes.fromhex(frame.address)[::-1]
    except ValueError as error:
        raise FrameRefused(Reason.ADDRESS, frame.address) from error
    if len(address) != _ADDRESS or _unpack_address(address) != frame.address:
        raise FrameRefused(Reason.ADDRESS, frame.address)
    if (not frame.answer and (frame.failed or frame.more)) or (frame.failed and frame.more):
        raise FrameRefused(Reason.FUNCTION, f"{frame.function.name}")
    if len(frame.data) > 0xFF:
        raise FrameRefused(Reason.LENGTH, byte_count(len(frame.data)))
    code = frame.function | (_ANSWER * frame.answer) | (_FAILED * frame.failed) | (_MORE * frame.more)
    body = bytes((_MARK,)) + address + bytes((_MARK, code, len(frame.data))) + frame.data.translate(_MASK)
    return bytes((_PREAMBLE,)) * preamble + body + bytes((sum(body) & 0xFF, _END))


def read_request(address: str, identifier: int, edition: Edition = Edition.Y2007) -> Frame:
    """A request to read one data identifier, as a master sends it."""
    if edition is Edition.Y1997:
        return Frame(address, Function.READ_1997, identifier.to_bytes(2, "little"), answer=False)
    return Frame(address, Function.READ, identifier.to_bytes(4, "little"), answer=False)
