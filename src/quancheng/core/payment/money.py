"""金额: whole fen, splits that lose nothing, fees with a stated rounding.

No floating point anywhere: an amount is a number of fen (1 CNY = 100 fen), a rate a number of
millionths. ``allocate`` is the method of largest remainders (Hamilton; M. L. Balinski and
H. P. Young, *Fair Representation*, 1982, chapter 2): every share is the exact quota rounded down
or up, and the shares sum to the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.text import Text

__all__ = ["CURRENCY", "LARGEST", "ZERO", "Amount", "FeeRule", "Rounding", "allocate", "discounted", "total"]

CURRENCY = "CNY"
"""Renminbi, ISO 4217; the one currency here."""

LARGEST = 10**15
"""Ten trillion yuan in fen: a bound against nonsense, far below 2^53 and 2^63."""

_YUAN = re.compile(r"(-?)(0|[1-9][0-9]{0,13})\.([0-9]{2})", re.ASCII)
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Amount:
    """A sum of money in fen (金额，单位分). May be negative: a balance, a difference."""

    fen: int

    def __post_init__(self) -> None:
        if type(self.fen) is not int:
            raise PaymentError(PaymentReason.AMOUNT, "fen", Text("须为整数分", "whole fen are needed"))
        if abs(self.fen) > LARGEST:
            raise PaymentError(PaymentReason.AMOUNT, "fen", Text("超出范围", "out of range"))

    @classmethod
    def of(cls, yuan: str, place: str = "amount") -> Amount:
        """Read ``"12.34"``: yuan with exactly two decimals, ASCII digits, no sign but ``-``.

        Anything else (``"1,234.00"``, ``"1e3"``, ``"012.00"``, ``"-0.00"``) raises ``PaymentError``.
        """
        found = _YUAN.fullmatch(yuan)
        if found is None or yuan == "-0.00":
            raise PaymentError(PaymentReason.AMOUNT, place, Text("应形如 12.34", "write it as 12.34"))
        fen = int(found[2]) * 100 + int(found[3])
        if fen > LARGEST:
            raise PaymentError(PaymentReason.AMOUNT, place, Text("超出范围", "out of range"))
        return cls(-fen if found[1] else fen)

    def __str__(self) -> str:
        yuan, fen = divmod(abs(self.fen), 100)
        return f"{'-' if self.fen < 0 else ''}{yuan}.{fen:02}"

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.fen + other.fen)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.fen - other.fen)

    def __neg__(self) -> Amount:
        return Amount(-self.fen)

    def __bool__(self) -> bool:
        return self.fen != 0


ZERO = Amount(0)


def total(amounts: Iterable[Amount]) -> Amount:
    """Sum of amounts (合计)."""
    return Amount(sum(amount.fen for amount in amounts))


def allocate(whole: Amount, weights: Sequence[int]) -> tuple[Amount, ...]:
    """Split an amount by weights so that the parts sum to it exactly (最大余额法分摊).

    Each part is the quota whole·wᵢ/Σw rounded down, or up for those with the largest remainders;
    ties go to the earlier part. No part exceeds its quota by a whole fen, so with weights that are
    themselves amounts (``whole`` ≤ Σw) no part exceeds its weight. Negative wholes mirror.
    """
    if not weights or any(type(weight) is not int or weight < 0 for weight in weights) or not sum(weights):
        raise PaymentError(
            PaymentReason.AMOUNT, "weights", Text("权重须非负且不全为零", "weights must be ≥ 0, one above")
        )
    if whole.fen < 0:
        return tuple(-part for part in allocate(-whole, weights))
    base = sum(weights)
    parts = [whole.fen * weight // base for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(whole.fen * weights[i] % base), i))
    for index in by_remainder[: whole.fen - sum(parts)]:
        parts[index] += 1
    return tuple(map(Amount, parts))


def discounted(prices: Sequence[Amount], discount: Amount) -> tuple[Amount, ...]:
    """Prices less a discount spread by price (减免分摊); they sum to Σprices − discount."""
    if any(price.fen < 0 for price in prices) or not 0 <= discount.fen <= total(prices).fen:
        raise PaymentError(
            PaymentReason.AMOUNT, "discount", Text("减免不得超过总价", "a discount is at most the price")
        )
    if not discount:
        return tuple(prices)
    parts = allocate(discount, [price.fen for price in prices])
    return tuple(price - part for price, part in zip(prices, parts, strict=True))


class Rounding(StrEnum):
    """How a part of a fen is rounded (舍入方式)."""

    HALF_UP = "HALF_UP"
    HALF_EVEN = "HALF_EVEN"
    DOWN = "DOWN"
    UP = "UP"


@dataclass(frozen=True, slots=True)
class FeeRule:
    """A channel's fee by contract (手续费规则): millionths of the amount, a floor and a cap.

    ``returned`` says whether the channel gives the fee of a refunded part back.
    """

    millionths: int
    rounding: Rounding = Rounding.HALF_UP
    least: Amount = ZERO
    most: Amount | None = None
    returned: bool = False

    def __post_init__(self) -> None:
        most = self.least if self.most is None else self.most
        if not 0 <= self.millionths <= _MILLION or not 0 <= self.least.fen <= most.fen:
            raise PaymentError(PaymentReason.RATE, "fee")

    def on(self, amount: Amount) -> Amount:
        """Fee of a payment, never more than the payment itself (应收手续费)."""
        if amount.fen < 0:
            raise PaymentError(PaymentReason.AMOUNT, "fee", Text("金额不得为负", "not below zero"))
        fee = max(_rounded(amount.fen * self.millionths, self.rounding), self.least.fen)
        if self.most is not None:
            fee = min(fee, self.most.fen)
        return Amount(min(fee, amount.fen))

    def given_back(self, paid: Amount, before: Amount, now: Amount) -> Amount:
        """Fee given back for a refund of ``now`` when ``before`` was refunded already (退还手续费).

        By the fee on what remains, so that a payment refunded in any pieces gives back exactly its fee.
        """
        if not self.returned:
            return ZERO
        return self.on(paid - before) - self.on(paid - before - now)


def _rounded(millionths: int, rounding: Rounding) -> int:
    down, rest = divmod(millionths, _MILLION)
    if rounding is Rounding.UP:
        return down + (rest > 0)
    if rounding is Rounding.DOWN or 2 * rest < _MILLION:
        return down
    if 2 * rest == _MILLION and rounding is Rounding.HALF_EVEN:
        return down + (down & 1)
    return down + 1
