"""Numbers with check digits and amounts in words, against published examples."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.payment import (
    Amount,
    NonTaxReceipt,
    PaymentError,
    PaymentReason,
    ReceiptLine,
    ReceiptNumber,
    amount_in_words,
    check_digits,
    checks,
    identifier,
)
from tests.core.payment.world import CALM

NUMBERS = st.builds(
    ReceiptNumber,
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.dates(date(1000, 1, 1)),
    st.integers(0, 10**8 - 1),
)


@pytest.mark.parametrize(
    ("yuan", "words"),
    [
        ("1409.50", "人民币壹仟肆佰零玖元伍角"),
        ("6007.14", "人民币陆仟零柒元壹角肆分"),
        ("1680.32", "人民币壹仟陆佰捌拾元叁角贰分"),
        ("16409.02", "人民币壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "人民币叁佰贰拾伍元零肆分"),
    ],
)
def test_the_examples_of_the_central_bank(yuan: str, words: str) -> None:
    """《支付结算办法》附一《正确填写票据和结算凭证的基本规定》 第五条 (银发〔1997〕393号)."""
    assert amount_in_words(Amount.of(yuan)) == words


def test_the_example_with_a_choice() -> None:
    """￥107,000.53: 壹拾万柒仟元零伍角叁分 or 壹拾万零柒仟元伍角叁分; a 零 may be left out."""
    assert amount_in_words(Amount.of("107000.53")) == "人民币壹拾万柒仟元伍角叁分"


@pytest.mark.parametrize(
    ("yuan", "words"),
    [
        ("0.00", "零元整"),
        ("0.07", "柒分"),
        ("0.30", "叁角"),
        ("1.00", "壹元整"),
        ("10.00", "壹拾元整"),
        ("10001.00", "壹万零壹元整"),
        ("100000001.00", "壹亿零壹元整"),
        ("1000100000000.00", "壹万零壹亿元整"),
        ("100010000.00", "壹亿零壹万元整"),
        ("20003000.00", "贰仟万叁仟元整"),
    ],
)
def test_other_amounts_in_words(yuan: str, words: str) -> None:
    assert amount_in_words(Amount.of(yuan)) == f"人民币{words}"


@CALM
@given(st.integers(0, 10**14))
def test_words_can_be_read_back(fen: int) -> None:
    words = amount_in_words(Amount(fen)).removeprefix("人民币")
    assert "零零" not in words
    yuan, _, rest = words.partition("元") if "元" in words else ("", "", words)
    figures = dict(zip("零壹贰叁肆伍陆柒捌玖", range(10), strict=True))
    jiao = figures[rest[rest.index("角") - 1]] if "角" in rest else 0
    last = figures[rest[rest.index("分") - 1]] if "分" in rest else 0
    assert _read(yuan) * 100 + jiao * 10 + last == fen


def _read(words: str) -> int:
    for name, size in (("亿", 10**8), ("万", 10**4), ("仟", 1000), ("佰", 100), ("拾", 10)):
        high, found, low = words.rpartition(name)
        if found:
            return _read(high) * size + _read(low)
    return "零壹贰叁肆伍陆柒捌玖".index(words.strip("零") or "零")


def test_check_digits_are_those_of_bank_accounts() -> None:
    """ISO 13616 prints IBAN GB82 WEST 1234 5698 7654 32: MOD 97-10 over letters as numbers, then GB."""
    letters = "".join(str(int(sign, 36)) for sign in "WEST12345698765432GB")
    assert check_digits(letters) == "82"
    assert checks(letters + "82") and not checks(letters + "28")


@CALM
@given(NUMBERS)
def test_a_receipt_number_is_written_and_read_alike(number: ReceiptNumber) -> None:
    assert ReceiptNumber.of(str(number)) == number and len(str(number)) == 24


@CALM
@given(NUMBERS, st.integers(0, 23), st.integers(1, 9))
def test_every_wrong_digit_is_found(number: ReceiptNumber, place: int, step: int) -> None:
    text = str(number)
    wrong = text[:place] + str((int(text[place]) + step) % 10) + text[place + 1 :]
    assert not checks(wrong)


@CALM
@given(NUMBERS, st.integers(0, 22))
def test_every_swap_of_neighbours_is_found(number: ReceiptNumber, place: int) -> None:
    text = str(number)
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert checks(swapped) == (swapped == text)


def test_numbers_that_are_none() -> None:
    day = "37010220260230" + "00000001"
    for text in ("", "1" * 24, day + check_digits(day), "٣" * 24):
        with pytest.raises(PaymentError):
            ReceiptNumber.of(text)
    for value in ("", "=1+1", "-5", "a b", "a,b", "x" * 65, "订单", "a\n", "../a"):
        with pytest.raises(PaymentError) as caught:
            identifier(value, "order")
        assert caught.value.reason is PaymentReason.NUMBER
    with pytest.raises(PaymentError):
        check_digits("12a")


def receipt(**changes: object) -> NonTaxReceipt:
    line = ReceiptLine("103042750", "车辆号牌工本费", Amount.of("100.00"), "副", 1, "100元/副")
    values: dict[str, object] = {
        "code": "37020126",
        "number": "0000012345",
        "check_code": "a1B2c3",
        "payer": "王某",
        "issuer": "济南市公安局交通警察支队",
        "issuer_code": "370100031",
        "issued": date(2026, 11, 23),
        "lines": (line, ReceiptLine("103042751", "登记证书工本费", Amount.of("20.05"))),
    } | changes
    return NonTaxReceipt(**values)  # type: ignore[arg-type]


def test_a_receipt_adds_up_and_says_it_in_words() -> None:
    assert receipt().total == Amount.of("120.05")
    assert receipt().words == "人民币壹佰贰拾元零伍分"


def test_a_red_receipt_takes_back() -> None:
    line = ReceiptLine("103042751", "登记证书工本费", Amount.of("-20.05"))
    red = receipt(number="0000012346", lines=(line,), red_of=("37020126", "0000012345"))
    assert red.total == Amount.of("-20.05") and red.words == "人民币负贰拾元零伍分"
    with pytest.raises(PaymentError):
        receipt(lines=(line,))


@pytest.mark.parametrize(
    "wrong", [{"code": "3702012"}, {"number": "12345"}, {"check_code": "!"}, {"payer": " "}, {"lines": ()}]
)
def test_wrong_receipts_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(PaymentError) as caught:
        receipt(**wrong)
    assert caught.value.reason is PaymentReason.RECEIPT
