"""循环冗余校验: CRC-16/Modbus, the check of SL 651-2014 §6.5.2 (表20).

Polynomial x¹⁶+x¹⁵+x²+1 reflected (A001), initial value FFFF, no final XOR; SL 651 sends the high
byte first. It finds every error of one, two or three bits in a frame shorter than 4,095 bytes and
every burst of up to 16 bits; of any other damage it misses one in 65,536, so a gateway adds the
plausibility checks of :mod:`quancheng.core.telemetry.sl651.plausibility`.
"""

from __future__ import annotations

__all__ = ["crc16_modbus"]

_POLYNOMIAL = 0xA001
_INITIAL = 0xFFFF


def _row(index: int) -> int:
    for _ in range(8):
        index = (index >> 1) ^ _POLYNOMIAL if index & 1 else index >> 1
    return index


_TABLE: tuple[int, ...] = tuple(_row(index) for index in range(256))


def crc16_modbus(data: bytes | bytearray | memoryview) -> int:
    """Return the CRC-16/Modbus of ``data`` (check value of ``b"123456789"`` is 4B37)."""
    crc = _INITIAL
    table = _TABLE
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc
