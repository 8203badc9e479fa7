"""批量相似度: the comparators of :mod:`strings` for many pairs at once, bit-parallel in numpy.

A string is a row of characters (code points, zero filled) and a length; a row is at most 64 wide, so
"where does this character occur" fits one machine word. Every kernel takes two such matrices of the
same rows and width and gives one number per row.

Sources: G. Myers, J. ACM 46 (1999), for the distance; H. Hyyrö, "A bit-vector algorithm for computing
Levenshtein and Damerau edit distances" (2003), for neighbours swapped; for Jaro the same masks, the
lowest free partner in the window being the one that the scalar algorithm takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quancheng.core.linkage.strings import PREFIX, PREFIX_FROM, PREFIX_SCALE

__all__ = ["WIDEST", "distances", "jaro_winklers"]

WIDEST = 64
"""Longest string the kernels take, in characters."""

_WORDS: dict[int, Any] = {8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}

Chars = NDArray[Any]
Lengths = NDArray[Any]


def jaro_winklers(a: Chars, la: Lengths, b: Chars, lb: Lengths) -> NDArray[np.float64]:
    """Jaro–Winkler similarity of every row (批量Jaro–Winkler)."""
    values = _jaros(a, la, b, lb)
    columns = min(PREFIX, a.shape[1])
    same = (a[:, :columns] == b[:, :columns]) & (np.arange(columns) < np.minimum(la, lb)[:, None])
    common = np.logical_and.accumulate(same, axis=1).sum(axis=1)
    return np.where(values > PREFIX_FROM, values + common * PREFIX_SCALE * (1 - values), values)


def _jaros(a: Chars, la: Lengths, b: Chars, lb: Lengths) -> NDArray[np.float64]:
    word = _word(b)
    one = word(1)
    window = np.maximum(np.maximum(la, lb).astype(np.int64) // 2 - 1, 0)
    valid = _ones(lb, word)
    used_a, used_b = np.zeros(len(a), word), np.zeros(len(a), word)
    for place in range(int(la.max(initial=0))):
        reach = _ones(window + place + 1, word) & ~_ones(np.maximum(place - window, 0), word)
        free = _occurrences(b, a[:, place], word) & reach & valid & ~used_b
        free[la <= place] = 0
        lowest = free & (~free + one)
        used_b |= lowest
        used_a |= (lowest != 0).astype(word) << word(place)
    count = np.bitwise_count(used_a).astype(np.float64)
    rows = np.repeat(np.arange(len(a)), count.astype(np.int64))
    # both lists hold the matched characters row by row in order, and each row has equally many in both
    apart = a[_bits(used_a, a.shape[1])] != b[_bits(used_b, b.shape[1])]
    swaps = np.bincount(rows, weights=apart, minlength=len(a)) // 2
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (count / la + count / lb + (count - swaps) / count) / 3
    return np.where(count > 0, values, ((la == 0) & (lb == 0)).astype(np.float64))


def distances(a: Chars, la: Lengths, b: Chars, lb: Lengths, *, swaps: bool = True) -> NDArray[np.int64]:
    """Edit distance of every row; ``swaps``: two neighbours swapped count one (批量编辑距离)."""
    word = _word(a)
    one = word(1)
    positive, negative = np.full(len(a), ~word(0), word), np.zeros(len(a), word)
    diagonal, before = np.zeros(len(a), word), np.zeros(len(a), word)
    shift = np.maximum(la.astype(np.int64) - 1, 0).astype(word)
    last = (np.ones(len(a), word) << shift) * (la > 0).astype(word)
    score = la.astype(np.int64)
    for place in range(int(lb.max(initial=0))):
        match = _occurrences(a, b[:, place], word)
        swapped = ((~diagonal & match) << one) & before if swaps else word(0)
        diagonal = (((match & positive) + positive) ^ positive) | match | negative | swapped
        up, down = negative | ~(diagonal | positive), diagonal & positive
        alive = lb > place
        score += ((up & last) != 0) & alive
        score -= ((down & last) != 0) & alive
        up, down = (up << one) | one, down << one
        positive, negative = down | ~(diagonal | up), up & diagonal
        before = match
    return np.where(la == 0, lb.astype(np.int64), score)


def _word(chars: Chars) -> Any:
    try:
        return _WORDS[chars.shape[1]]
    except KeyError:
        raise ValueError(f"rows of characters are 8, 16, 32 or 64 wide, not {chars.shape[1]}") from None


def _ones(count: NDArray[Any], word: Any) -> NDArray[Any]:
    """Words with the lowest ``count`` bits set; a shift by the whole width or more gives 0 in numpy."""
    clipped = np.minimum(count, np.iinfo(word).bits).astype(word)
    return np.asarray((np.ones(len(clipped), word) << clipped) - word(1))


def _occurrences(chars: Chars, character: NDArray[Any], word: Any) -> NDArray[Any]:
    """Bit p of a row: its p-th character is this one."""
    packed = np.packbits(chars == character[:, None], axis=1, bitorder="little")
    return np.asarray(packed.view(word).reshape(len(chars)))


def _bits(words: NDArray[Any], width: int) -> NDArray[np.bool_]:
    octets = words.view(np.uint8).reshape(len(words), width // 8)
    return np.unpackbits(octets, axis=1, bitorder="little").astype(np.bool_)
