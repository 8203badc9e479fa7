"""Money: read and written exactly, split without loss, fees rounded as told."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.payment import (
    LARGEST,
    ZERO,
    Amount,
    FeeRule,
    PaymentError,
    PaymentReason,
    Rounding,
    allocate,
    discounted,
    total,
)
from tests.core.payment.world import CALM

FEN = st.integers(0, 10**9)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)
DECIMAL = {
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.DOWN: ROUND_DOWN,
    Rounding.UP: ROUND_UP,
}


@CALM
@given(st.integers(-LARGEST, LARGEST))
def test_an_amount_is_written_and_read_alike(fen: int) -> None:
    amount = Amount(fen)
    assert Amount.of(str(amount)) == amount
    assert Decimal(str(amount)) * 100 == fen


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "1.234", "01.00", "-0.00", "+1.00", "1,234.00", "1e3", " 1.00", "1.00\n", "１.00", "NaN",
     "99999999999999.99", "٣.00", "0x1.00", "--1.00"],
)  # fmt: skip
def test_doubtful_amounts_are_refused(text: str) -> None:
    with pytest.raises(PaymentError) as caught:
        Amount.of(text, "cell 5")
    assert (caught.value.reason, caught.value.place) == (PaymentReason.AMOUNT, "cell 5")
    assert "cell 5" in caught.value.text.zh and caught.value.text.zh.endswith("。")


@pytest.mark.parametrize("fen", [1.0, True, "1", LARGEST + 1, None])
def test_only_whole_fen_within_reason_are_money(fen: object) -> None:
    with pytest.raises(PaymentError):
        Amount(fen)  # type: ignore[arg-type]


def test_ten_yuan_among_three() -> None:
    assert allocate(Amount(1000), [1, 1, 1]) == (Amount(334), Amount(333), Amount(333))
    assert allocate(Amount(-1000), [1, 1, 1]) == (Amount(-334), Amount(-333), Amount(-333))


def test_seats_of_the_classical_example() -> None:
    """Largest remainders: 100 seats by votes 47000, 16000, 15900, 12000, 6000, 3100, ten seats.

    The worked example of the Wikipedia article "Largest remainder method" (Hare quota).
    """
    votes = [47000, 16000, 15900, 12000, 6000, 3100]
    assert [part.fen for part in allocate(Amount(10), votes)] == [5, 2, 1, 1, 1, 0]


@CALM
@given(FEN, WEIGHTS)
def test_a_split_loses_nothing_and_is_within_a_fen_of_fair(fen: int, weights: list[int]) -> None:
    parts = allocate(Amount(fen), weights)
    assert total(parts) == Amount(fen)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.fen - Fraction(fen * weight, sum(weights))) < 1


@CALM
@given(st.data(), WEIGHTS)
def test_a_part_of_a_sum_of_amounts_never_exceeds_its_amount(data: st.DataObject, weights: list[int]) -> None:
    whole = data.draw(st.integers(0, sum(weights)))
    parts = allocate(Amount(whole), weights)
    assert all(0 <= part.fen <= weight for part, weight in zip(parts, weights, strict=True))


@CALM
@given(st.data(), st.lists(FEN.map(Amount), min_size=1, max_size=8))
def test_a_discount_is_spread_exactly(data: st.DataObject, prices: list[Amount]) -> None:
    discount = Amount(data.draw(st.integers(0, total(prices).fen)))
    left = discounted(prices, discount)
    assert total(left) == total(prices) - discount
    assert all(ZERO <= now <= before for now, before in zip(left, prices, strict=True))


def test_a_discount_above_the_price_is_refused() -> None:
    with pytest.raises(PaymentError):
        discounted([Amount(100)], Amount(101))
    for weights in ([], [0, 0], [-1, 2]):
        with pytest.raises(PaymentError):
            allocate(Amount(1), weights)


@CALM
@given(FEN, st.integers(0, 10**6), st.sampled_from(Rounding))
def test_fees_round_as_decimal_arithmetic_does(fen: int, millionths: int, rounding: Rounding) -> None:
    exact = Decimal(fen) * millionths / 1_000_000
    expected = int(exact.quantize(Decimal(1), rounding=DECIMAL[rounding]))
    assert FeeRule(millionths, rounding).on(Amount(fen)).fen == min(expected, fen)


def test_floor_and_cap_of_a_fee() -> None:
    rule = FeeRule(6000, least=Amount(10), most=Amount(2500))
    assert rule.on(Amount(100)) == Amount(10)
    assert rule.on(Amount(10_000)) == Amount(60)
    assert rule.on(Amount(10_000_000)) == Amount(2500)
    assert rule.on(Amount(5)) == Amount(5)  # never more than the payment
    for wrong in ((-1, None), (1_000_001, None), (1, Amount(5))):
        with pytest.raises(PaymentError):
            FeeRule(wrong[0], least=Amount(10), most=wrong[1])


@CALM
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.integers(0, 10**5))
def test_a_payment_refunded_in_pieces_gives_back_its_whole_fee(pieces: list[int], millionths: int) -> None:
    rule, paid = FeeRule(millionths, returned=True), Amount(sum(pieces))
    back, before = ZERO, ZERO
    for piece in map(Amount, pieces):
        back, before = back + rule.given_back(paid, before, piece), before + piece
    assert back == rule.on(paid)
    assert FeeRule(millionths).given_back(paid, ZERO, paid) == ZERO
