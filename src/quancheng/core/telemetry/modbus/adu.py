"""应用数据单元 ADU: a PDU on a serial line (RTU, CRC-16) or on TCP (MBAP header)."""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.text import Text

from ..crc import crc16_modbus
from ..refusal import FrameRefused, Reason, byte_count

__all__ = ["Adu", "split_rtu", "unwrap_rtu", "unwrap_tcp", "wrap_rtu", "wrap_tcp"]

_LONGEST_PDU = 253
_CRC = 2
_MBAP = 7
_READS = range(1, 5)
_WRITES = (5, 6, 15, 16)
_LAST_UNIT = 247


@dataclass(frozen=True, slots=True)
class Adu:
    """帧: the unit (slave address 0–247, 255 on TCP for the server itself) and its PDU."""

    unit: int
    pdu: bytes
    transaction: int = 0


def wrap_rtu(adu: Adu) -> bytes:
    """Write an RTU frame: unit, PDU, CRC with its low byte first."""
    if not 0 <= adu.unit <= _LAST_UNIT:
        raise FrameRefused(Reason.ADDRESS, Text(f"从站 {adu.unit}", f"unit {adu.unit}"))
    if not 1 <= len(adu.pdu) <= _LONGEST_PDU:
        raise FrameRefused(Reason.LENGTH, byte_count(len(adu.pdu)))
    body = bytes((adu.unit,)) + adu.pdu
    return body + crc16_modbus(body).to_bytes(_CRC, "little")


def unwrap_rtu(raw: bytes) -> Adu:
    """Read exactly one RTU frame; its CRC must agree."""
    if len(raw) < 1 + 1 + _CRC:
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(raw)))
    if len(raw) > 1 + _LONGEST_PDU + _CRC:
        raise FrameRefused(Reason.LENGTH, byte_count(len(raw)))
    if crc16_modbus(raw[:-_CRC]) != int.from_bytes(raw[-_CRC:], "little"):
        raise FrameRefused(Reason.CHECKSUM, raw[-_CRC:].hex())
    if raw[0] > _LAST_UNIT:
        raise FrameRefused(Reason.ADDRESS, Text(f"从站 {raw[0]}", f"unit {raw[0]}"))
    return Adu(raw[0], raw[1:-_CRC])


def _answer_size(raw: bytes, at: int) -> int:
    """The length of the answer that begins at ``at``, from its function and byte count."""
    if at + 3 > len(raw):
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(raw) - at, at=at))
    function = raw[at + 1]
    if function & 0x80:
        return 3 + _CRC
    if function in _READS:
        return 3 + raw[at + 2] + _CRC
    if function in _WRITES:
        return 6 + _CRC
    raise FrameRefused(Reason.FUNCTION, f"{function:02X} at {at}")


def split_rtu(raw: bytes) -> list[Adu]:
    """Read RTU answers one behind the other, as a serial gateway sends them in one message."""
    found = []
    at = 0
    while at < len(raw):
        end = at + _answer_size(raw, at)
        if end > len(raw):
            raise FrameRefused(Reason.TRUNCATED, byte_count(len(raw) - at, end - at, at))
        found.append(unwrap_rtu(raw[at:end]))
        at = end
    return found


def wrap_tcp(adu: Adu) -> bytes:
    """Write a TCP frame: transaction, protocol 0, length, unit, PDU."""
    if not 0 <= adu.unit <= 0xFF or not 0 <= adu.transaction <= 0xFFFF:
        raise FrameRefused(Reason.ADDRESS, f"unit {adu.unit}, transaction {adu.transaction}")
    if not 1 <= len(adu.pdu) <= _LONGEST_PDU:
        raise FrameRefused(Reason.LENGTH, byte_count(len(adu.pdu)))
    return (
        adu.transaction.to_bytes(2) + b"\0\0" + (len(adu.pdu) + 1).to_bytes(2) + bytes((adu.unit,)) + adu.pdu
    )


def unwrap_tcp(raw: bytes) -> Adu:
    """Read exactly one TCP frame; TCP itself looks after damage, so there is no checksum."""
    if len(raw) < _MBAP + 1:
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(raw)))
    if raw[2:4] != b"\0\0":
        raise FrameRefused(Reason.START, f"protocol {raw[2:4].hex()}")
    if int.from_bytes(raw[4:6]) != len(raw) - 6 or len(raw) > _MBAP + _LONGEST_PDU:
        raise FrameRefused(Reason.LENGTH, byte_count(len(raw)))
    return Adu(raw[6], raw[_MBAP:], int.from_bytes(raw[:2]))
