"""GB/T 26875.3 编解码 (§6.6): ``@@`` control unit, application data unit, sum check, ``##``.

The check is the low byte of the sum of all bytes between the start mark and itself: it finds every
flipped bit, but of random damage one frame in 256 passes, and two errors may cancel. Length, end
mark, types, times and addresses are therefore checked as well.
"""

from __future__ import annotations

from ..bcd import micros, of_micros
from ..framing import Splitter
from ..refusal import FrameRefused, Reason
from .frame import Frame
from .tables import Command

__all__ = ["PAYLOAD_LIMIT", "FrameBuffer", "decode", "encode", "pack_time", "unpack_time"]

MARK, TAIL = b"@@", b"##"
PAYLOAD_LIMIT = 1024
"""应用数据单元长度不应大于 1024 (§6.6 表1)."""
_HEAD = 27
_END = 3
_TIME = 6
_ADDRESS = 6
_CENTURY = 2000
_NO_TIME = bytes(_TIME)


def unpack_time(raw: bytes) -> int | None:
    """时间标签: second, minute, hour, day, month, year; zeros are no time. Raises FrameRefused (TIME)."""
    if len(raw) != _TIME:
        raise FrameRefused(Reason.TRUNCATED, f"time of {len(raw)} bytes")
    if raw == _NO_TIME:
        return None
    second, minute, hour, day, month, year = raw
    return micros(_CENTURY + year, month, day, hour, minute, second)


def pack_time(at: int | None) -> bytes:
    """Microseconds UTC as a time label, whole seconds only. Raises FrameRefused (TIME)."""
    if at is None:
        return _NO_TIME
    local = of_micros(at)
    if local.microsecond or not _CENTURY <= local.year < _CENTURY + 256:
        raise FrameRefused(Reason.TIME, f"{local}")
    year = local.year - _CENTURY
    return bytes((local.second, local.minute, local.hour, local.day, local.month, year))


def _size(raw: bytes | bytearray) -> int:
    """The size of the whole frame as its head says."""
    if raw[:2] != MARK:
        raise FrameRefused(Reason.START, bytes(raw[:2]).hex())
    if len(raw) < _HEAD:
        raise FrameRefused(Reason.TRUNCATED, f"{len(raw)} bytes")
    length = raw[24] | raw[25] << 8
    if length > PAYLOAD_LIMIT:
        raise FrameRefused(Reason.LENGTH, f"{length} bytes of data")
    return _HEAD + length + _END


def decode(raw: bytes) -> Frame:
    """Read exactly one frame. Raises FrameRefused."""
    size = _size(raw)
    if len(raw) != size:
        reason = Reason.TRUNCATED if len(raw) < size else Reason.LENGTH
        raise FrameRefused(reason, f"{len(raw)} of {size} bytes")
    if raw[-2:] != TAIL:
        raise FrameRefused(Reason.START, f"ends with {raw[-2:].hex()}")
    if sum(raw[2:-3]) & 0xFF != raw[-3]:
        raise FrameRefused(Reason.CHECKSUM, f"{raw[-3]:02X}")
    if raw[26] not in Command._value2member_map_ and raw[26] < 128:
        raise FrameRefused(Reason.FUNCTION, f"command {raw[26]}")
    return Frame(
        serial=raw[2] | raw[3] << 8,
        version=raw[4],
        user_version=raw[5],
        sent_at=unpack_time(raw[6:12]),
        source=int.from_bytes(raw[12:18], "little"),
        destination=int.from_bytes(raw[18:24], "little"),
        command=raw[26],
        payload=raw[_HEAD:-_END],
    )


def encode(frame: Frame) -> bytes:
    """Write a frame; refuses whatever :func:`decode` would not read back as the same value."""
    if len(frame.payload) > PAYLOAD_LIMIT:
        raise FrameRefused(Reason.LIMIT, f"{len(frame.payload)} bytes of data")
    try:
        unit = b"".join(
            (
                frame.serial.to_bytes(2, "little"),
                bytes((frame.version, frame.user_version)),
                pack_time(frame.sent_at),
                frame.source.to_bytes(_ADDRESS, "little"),
                frame.destination.to_bytes(_ADDRESS, "little"),
                len(frame.payload).to_bytes(2, "little"),
                bytes((frame.command,)),
                frame.payload,
            )
        )
    except (OverflowError, ValueError) as error:
        if isinstance(error, FrameRefused):
            raise
        raise FrameRefused(Reason.VALUE, str(error)) from error
    raw = MARK + unit + bytes((sum(unit) & 0xFF,)) + TAIL
    if frame.command not in Command._value2member_map_ and frame.command < 128:
        raise FrameRefused(Reason.FUNCTION, f"command {frame.command}")
    return raw


class _Framing:
    """How the splitter finds GB/T 26875.3 frames."""

    mark = MARK
    limit = _HEAD + PAYLOAD_LIMIT + _END

    def measure(self, held: bytearray) -> int | None:
        """The control unit tells the size."""
        return None if len(held) < _HEAD else _size(held)

    def decode(self, raw: bytes) -> Frame:
        """One frame."""
        return decode(raw)


class FrameBuffer(Splitter[Frame]):
    """Feed bytes of one line, take frames and bad frames in order."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_Framing())
