"""状态名单: which credentials are stopped, as bit lists every gate can hold.

A list has 2^20 bits, least significant bit first in a byte, 1 = stopped (Token Status List, 1 bit a
status); zlib over it. A week's credentials are spread at random over sixteen lists, so that an index
tells nothing about its neighbours. A list with nobody stopped is not sent: absent means all valid.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterable
from datetime import datetime

SIZE = 1 << 20
LISTS_A_WEEK = 16
WEEKS = 256
"""After so many weeks numbers begin anew; no credential lives that long."""


def fresh_index(at: datetime) -> int:
    """A random place among the lists of the week of ``at``."""
    week = int(at.timestamp()) // (7 * 86400) % WEEKS
    number = week * LISTS_A_WEEK + secrets.randbelow(LISTS_A_WEEK)
    return number * SIZE + secrets.randbelow(SIZE)


def lists_of(indexes: Iterable[int]) -> dict[int, bytes]:
    """The lists, by number, in which these indexes are stopped: zlib of 2^20 bits each."""
    bits: dict[int, bytearray] = {}
    for index in indexes:
        number, place = divmod(index, SIZE)
        row = bits.setdefault(number, bytearray(SIZE // 8))
        row[place >> 3] |= 1 << (place & 7)
    return {number: zlib.compress(bytes(row), 9) for number, row in sorted(bits.items())}


class StatusLists:
    """The lists as a verifier holds them."""

    def __init__(self, packed: dict[int, bytes]) -> None:
        self._lists = {number: zlib.decompress(data) for number, data in packed.items()}

    def stopped(self, index: int) -> bool:
        """Whether the credential at this index is stopped."""
        number, place = divmod(index, SIZE)
        row = self._lists.get(number)
        return row is not None and bool(row[place >> 3] >> (place & 7) & 1)
