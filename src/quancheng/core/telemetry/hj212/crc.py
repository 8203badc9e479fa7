"""HJ 212 附录A 循环冗余校验: what the standard calls ANSI CRC16, and what it is worth.

The register starts at FFFF; for each byte it is shifted right by eight *before* the byte is XORed
into it, then eight steps with polynomial A001. The usual CRC-16 XORs the byte into the whole
register; here its low half is thrown away at every byte. So the register after a byte depends on
eight bits only, takes 256 values, and those eight bits come round again every eight bytes
(the tests prove it). Consequences:

- every error within one byte is found, and so is every odd number of flipped bits in one column;
- of random damage one frame in 256 passes, not one in 65,536;
- the same damage in two bytes that stand 8, 16, 24 … bytes apart is *never* found.

A receiver must therefore look at the content as well: the syntax, the times, the plausible ranges.
Check values: ``123456789`` gives 2F80; the standard's own example (附录A) gives 1C80.
"""

from __future__ import annotations

__all__ = ["crc16"]

_POLYNOMIAL = 0xA001
_INITIAL = 0xFF
"""The half of the initial register FFFF that has an effect."""
_EMPTY = 0xFFFF
_WORD = 64


def _row(index: int) -> int:
    """Eight steps of the register from a low half and an empty high half."""
    for _ in range(8):
        index = (index >> 1) ^ _POLYNOMIAL if index & 1 else index >> 1
    return index


_ROWS = tuple(_row(index) for index in range(256))


def _powers() -> tuple[tuple[int, ...], ...]:
    """Tables of M⁰ … M⁷, where M is what one further byte does to the eight bits of state; M⁸ is M⁰."""
    found = [tuple(range(256))]
    for _ in range(7):
        found.append(tuple(_ROWS[value] >> 8 for value in found[-1]))
    return tuple(found)


_POWERS = _powers()


def crc16(data: bytes | bytearray | memoryview) -> int:
    """The checksum of a data segment (HJ 212-2017 and HJ 212-2025, 附录A.1).

    Since the state comes round after eight bytes, words of eight bytes are XORed together first; the
    tests compare it with the algorithm as printed.
    """
    size = len(data)
    if not size:
        return _EMPTY
    number = int.from_bytes(data)
    words = -(-size // 8)
    while words > 1:
        words = (words + 1) // 2
        number = (number >> words * _WORD) ^ (number & ((1 << words * _WORD) - 1))
    state = _POWERS[(size - 1) % 8][_INITIAL]
    for power in _POWERS:
        state ^= power[number & 0xFF]
        number >>= 8
    return _ROWS[state]
