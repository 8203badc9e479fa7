"""字符串相似度: one pair at a time, in plain Python; the oracle of :mod:`kernels` and its answer for long text.

Sources: M. A. Jaro, JASA 84 (1989); W. E. Winkler, "String comparator metrics and enhanced decision
rules in the Fellegi-Sunter model of record linkage", ASA 1990, with strcmp95.c for its details
(transpositions halved and rounded down, prefix bonus only above 0.7); V. I. Levenshtein 1966;
"optimal string alignment" is the restricted distance of Damerau 1964: a swap of neighbours counts one.
"""

from __future__ import annotations

__all__ = [
    "PREFIX",
    "PREFIX_FROM",
    "PREFIX_SCALE",
    "alignment_distance",
    "jaro",
    "jaro_winkler",
    "levenshtein",
]

PREFIX, PREFIX_SCALE, PREFIX_FROM = 4, 0.1, 0.7
"""Winkler's constants: characters of prefix that count, their weight, similarity from which they count."""


def jaro(first: str, second: str) -> float:
    """Jaro similarity, 0 to 1 (Jaro相似度); two empty strings are equal, one empty is nothing alike."""
    if first == second:
        return 1.0
    window = max(0, max(len(first), len(second)) // 2 - 1)
    taken = [False] * len(second)
    matched: list[str] = []
    for place, character in enumerate(first):
        for other in range(max(0, place - window), min(len(second), place + window + 1)):
            if not taken[other] and second[other] == character:
                taken[other] = True
                matched.append(character)
                break
    count = len(matched)
    if not count:
        return 0.0
    partners = [character for character, used in zip(second, taken, strict=True) if used]
    swaps = sum(a != b for a, b in zip(matched, partners, strict=True)) // 2
    return (count / len(first) + count / len(second) + (count - swaps) / count) / 3


def jaro_winkler(first: str, second: str) -> float:
    """Jaro–Winkler similarity, 0 to 1: a common beginning counts more (Winkler 1990)."""
    value = jaro(first, second)
    if value <= PREFIX_FROM:
        return value
    common = 0
    for a, b in zip(first[:PREFIX], second[:PREFIX], strict=False):
        if a != b:
            break
        common += 1
    return value + common * PREFIX_SCALE * (1 - value)


def levenshtein(first: str, second: str) -> int:
    """Fewest insertions, deletions and substitutions (编辑距离)."""
    return _distance(first, second, swaps=False)


def alignment_distance(first: str, second: str) -> int:
    """As ``levenshtein``, a swap of two neighbours counting one (含相邻换位的编辑距离)."""
    return _distance(first, second, swaps=True)


def _distance(first: str, second: str, *, swaps: bool) -> int:
    older, last = [0], list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        row = [i]
        for j, b in enumerate(second, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if swaps and i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                best = min(best, older[j - 2] + 1)
            row.append(best)
        older, last = last, row
    return last[-1]
