"""自校验号码: check characters as arithmetic of the engine, without a call per row.

Digits that weigh w_k at place 10^k add up, modulo m, to Σ w_k·(n mod 10^(k+1) − n mod 10^k)·10^(−k); the
inverse of 10 exists modulo 11 and modulo 31, so whole numbers and the remainder are enough: no digit has
to be cut out. Letters are found in their alphabet. The oracle is ``quancheng.core.identity``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import add, or_
from typing import Any

from quancheng.core.quality.model import Fault, Scheme
from quancheng.core.quality.patterns import whole

__all__ = ["SHAPES", "any_of", "faults_of", "remainder", "sum_of"]

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
SHAPES = {
    Scheme.RESIDENT_ID: "[0-9]{17}[0-9X]",
    Scheme.USCC: f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}",
    Scheme.BANK_CARD: "[0-9]{12,19}",
}
"""Characters of a number before its check character is computed."""

_DOUBLED = "0516273849"
"""Digits by the last digit of their double's digit sum: place of d is d doubled (ISO/IEC 7812-1)."""


def remainder(number: Any, weights: Sequence[int], modulus: int) -> Any:
    """Σ weight·digit of whole numbers, congruent modulo ``modulus`` (加权和); first weight, first digit.

    ``modulus`` must be coprime to 10. Every term is below 10^(k+1)·modulus, so 17 digits modulo 31 stay
    within 64 bits, whatever number comes in.
    """
    inverse = pow(10, -1, modulus)
    units = [weight * pow(inverse, place, modulus) for place, weight in enumerate(reversed(weights))]
    factors = [(unit - above) % modulus for unit, above in zip(units, [*units[1:], 0], strict=True)]
    terms = [number % 10 ** (place + 1) * factor for place, factor in enumerate(factors) if factor]
    return reduce(add, terms)


def sum_of(scheme: Scheme, text: Any) -> Any:
    """The number that tells whether the check character fits: a whole number, NULL for other texts (校验和)."""
    if scheme is Scheme.RESIDENT_ID:
        return _resident_sum(text)
    return _uscc_sum(text) if scheme is Scheme.USCC else _luhn_sum(text)


def faults_of(scheme: Scheme, text: Any, total: Any, today: date | None) -> list[tuple[Any, Fault]]:
    """Conditions under which a text is not such a number, with the reason, first the first (校验条件).

    ``total`` is its ``sum_of``, computed once in a column of its own: engines do not find again, inside a
    condition, what they have computed already.
    """
    shape = (~text.re_search(whole(SHAPES[scheme])), Fault.CHARACTERS)
    if scheme is Scheme.RESIDENT_ID:
        return [shape, *_resident(text, total, today)]
    return [shape, (total != 0, Fault.CHECK_DIGIT)]


def _resident(text: Any, total: Any, today: date | None) -> list[tuple[Any, Fault]]:
    import ibis

    year = text.substr(6, 4)
    born = (year + "-" + text.substr(10, 2) + "-" + text.substr(12, 2)).try_cast("date")
    found = [(born.isnull() | (year == "0000"), Fault.BIRTH_DATE), (total != 1, Fault.CHECK_DIGIT)]
    return [*found, (born > ibis.literal(today, type="date"), Fault.FUTURE_BIRTH)] if today else found


def _resident_sum(text: Any) -> Any:
    """GB 11643-1999: Σ W·a modulo 11 is to be 1, with W = 2^(18−i), X for ten."""
    import ibis

    last = text.substr(17, 1)
    check = ibis.ifelse(last == "X", 10, last.try_cast("int64"))
    weights = [pow(2, 17 - place, 11) for place in range(17)]
    return (remainder(text.substr(0, 17).try_cast("int64"), weights, 11) + check) % 11


def _uscc_sum(text: Any) -> Any:
    """GB 32100-2015 annex A: Σ C·3^(i−1) with the check character itself is to be 0 modulo 31."""
    import ibis

    alphabet = ibis.literal(USCC_ALPHABET)
    letters = [place for place in range(17) if not 2 <= place < 8]
    terms = [alphabet.find(text.substr(place, 1)) * pow(3, place, 31) for place in letters]
    region = text.substr(2, 6).try_cast("int64")
    terms.append(remainder(region, [pow(3, place, 31) for place in range(2, 8)], 31))
    return reduce(add, terms, alphabet.find(text.substr(17, 1))) % 31


def _luhn_sum(text: Any) -> Any:
    """ISO/IEC 7812-1 annex B: from the right every second digit doubled, its digits added, is to be 0 modulo 10."""
    import ibis

    right = (ibis.literal("0" * 19) + text).right(19)
    digits, doubled = ibis.literal("0123456789"), ibis.literal(_DOUBLED)
    terms = [(digits if place % 2 == 0 else doubled).find(right.substr(place, 1)) for place in range(19)]
    return reduce(add, terms) % 10


def any_of(conditions: Sequence[Any]) -> Any:
    """One of several conditions (任一成立)."""
    return reduce(or_, conditions)
