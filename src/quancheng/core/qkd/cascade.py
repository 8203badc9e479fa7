"""Cascade: error correction by parities, executed; every parity told counts as leaked.

Brassard and Salvail, EUROCRYPT '93: in pass 1 the key is cut into blocks of about 0.73/QBER bits, in
each later pass it is shuffled and the blocks double. A block whose parity differs is searched by
halving; a bit corrected makes blocks of earlier passes differ, which are searched again (the cascade).
All differing blocks of one pass are searched together, as real devices batch their messages: one
request carries many parities. The reply is the only thing the other side ever says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quancheng.core.qkd.channel import Bits
from quancheng.core.qkd.errors import QkdError, QkdReason

__all__ = ["Corrected", "KeyHolder", "ParityAnswers", "correct"]

Indices = NDArray[np.int64]
_BLOCK_FACTOR = 0.73  # Brassard and Salvail 1993, section 5
_LEAST_QBER = 0.001  # an estimate of 0 must not make one endless block


class ParityAnswers(Protocol):
    """The side that keeps its key as it is (应答方): tells parities of ranges of the key as shuffled."""

    def shuffle(self, order: Indices) -> None:
        """Begin another pass in this public order."""

    def parities(self, number: int, starts: Indices, stops: Indices) -> Bits:
        """Parities of [start, stop) in the order of pass ``number``."""


class KeyHolder:
    """The answering side over its own key; counts what it told."""

    def __init__(self, key: Bits) -> None:
        self._key = key
        self._sums: list[Bits] = []
        self.leaked = 0
        self.requests = 0

    def shuffle(self, order: Indices) -> None:
        """Begin another pass in this public order."""
        self._sums.append(_running(self._key[order]))

    def parities(self, number: int, starts: Indices, stops: Indices) -> Bits:
        """Parities of [start, stop) in the order of pass ``number``; each is one bit leaked."""
        self.leaked += len(starts)
        self.requests += 1
        sums = self._sums[number]
        return sums[starts] ^ sums[stops]


@dataclass(frozen=True, slots=True)
class Corrected:
    """The asking side's key after correction (纠错结果): ``flipped`` bits were changed in ``passes`` passes."""

    key: Bits
    flipped: int
    passes: int


@dataclass
class _Pass:
    order: Indices  # position in this pass -> bit of the key
    place: Indices  # bit of the key -> position in this pass
    bounds: Indices
    differs: Bits  # per block: whether its parity differs from the other side's

    def block_of(self, bits: Indices) -> Indices:
        return np.searchsorted(self.bounds, self.place[bits], side="right") - 1


def correct(
    key: Bits, other: ParityAnswers, qber: float, random: np.random.Generator, passes: int = 4
) -> Corrected:
    """Correct ``key`` towards the other side's. ``random`` gives the public shuffles.

    Whether both are equal afterwards must be verified: an even number of errors can hide.
    Raises QkdError (SETTING) for an error rate outside 0–0.5.
    """
    if not 0 <= qber < 0.5:
        raise QkdError(QkdReason.SETTING, "qber", "0 to 0.5")
    mine = key.copy()
    done: list[_Pass] = []
    flipped = 0
    for number in range(passes):
        done.append(_begin(mine, other, number, _block_size(len(key), qber, number), random))
        while (chosen := _worst(done)) is not None:
            wrong = _search(mine, other, chosen, done[chosen])
            mine[wrong] ^= 1
            flipped += len(wrong)
            _toggle(done, wrong)
    return Corrected(mine, flipped, passes)


def _block_size(length: int, qber: float, number: int) -> int:
    first = math.ceil(_BLOCK_FACTOR / max(qber, _LEAST_QBER))
    return max(1, min(first << number, (length + 1) // 2))


def _running(bits: Bits) -> Bits:
    """Parities of all prefixes: the parity of any range is two of them."""
    sums = np.zeros(len(bits) + 1, dtype=np.uint8)
    np.bitwise_xor.accumulate(bits, out=sums[1:])
    return sums


def _begin(mine: Bits, other: ParityAnswers, number: int, size: int, random: np.random.Generator) -> _Pass:
    length = len(mine)
    order = random.permutation(length) if number else np.arange(length)
    place = np.empty_like(order)
    place[order] = np.arange(length)
    bounds = np.append(np.arange(0, length, size), length)
    other.shuffle(order)
    sums = _running(mine[order])
    starts, stops = bounds[:-1], bounds[1:]
    return _Pass(order, place, bounds, other.parities(number, starts, stops) ^ sums[starts] ^ sums[stops])


def _worst(done: Sequence[_Pass]) -> int | None:
    """The pass to search next: the earliest with a differing block, since its blocks are the smallest."""
    return next((number for number, one in enumerate(done) if one.differs.any()), None)


def _search(mine: Bits, other: ParityAnswers, number: int, one: _Pass) -> Indices:
    """One wrong bit of each differing block, by halving all of them together."""
    blocks = np.flatnonzero(one.differs)
    low, high = one.bounds[blocks], one.bounds[blocks + 1]
    sums = _running(mine[one.order])
    while (wide := np.flatnonzero(high - low > 1)).size:
        left, right = low[wide], high[wide]
        middle = (left + right) // 2
        odd = (other.parities(number, left, middle) ^ sums[left] ^ sums[middle]) == 1
        high[wide] = np.where(odd, middle, right)
        low[wide] = np.where(odd, left, middle)
    return one.order[low]


def _toggle(done: Sequence[_Pass], wrong: Indices) -> None:
    for one in done:
        np.bitwise_xor.at(one.differs, one.block_of(wrong), 1)
