"""编号与票据: numbers with check digits, amounts in words, fields of an electronic receipt.

Check digits: ISO/IEC 7064, MOD 97-10 (as in IBAN and LEI): every single wrong digit and every
transposition is found. Amounts in words: 《支付结算办法》附一《正确填写票据和结算凭证的基本规定》
(银发〔1997〕393号). Codes of fiscal electronic receipts (财政电子票据): 8 + 10 digits as in
交通运输部 财政部 国家税务总局 国家档案局公告2020年第24号, 三(二): 1-2 supervising division,
3-4 class, 5-6 kind, 7-8 year; then a serial number of 10 digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.money import Amount, total
from quancheng.core.text import Text

__all__ = [
    "NonTaxReceipt",
    "ReceiptLine",
    "ReceiptNumber",
    "amount_in_words",
    "check_digits",
    "checks",
    "identifier",
]

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_FIGURES = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")


def identifier(value: str, place: str) -> str:
    """Return a well-formed number of an order, attempt, refund or trade, else ``PaymentError``.

    1 to 64 of ASCII letters, digits and ``_ . : -``, first a letter or digit: safe in a signature,
    a CSV cell and a path.
    """
    if _IDENTIFIER.fullmatch(value) is None:
        raise PaymentError(PaymentReason.NUMBER, place)
    return value


def check_digits(digits: str) -> str:
    """Two check digits of ISO/IEC 7064 MOD 97-10 for a string of digits (校验码)."""
    if _DIGITS.fullmatch(digits) is None:
        raise PaymentError(PaymentReason.NUMBER, "digits")
    return f"{98 - int(digits) * 100 % 97:02}"


def checks(digits: str) -> bool:
    """Whether a string of digits ends in its two check digits (校验是否通过)."""
    return (
        _DIGITS.fullmatch(digits) is not None and len(digits) > 2 and check_digits(digits[:-2]) == digits[-2:]
    )


@dataclass(frozen=True, slots=True)
class ReceiptNumber:
    """A number for receipts and payment notices (缴款通知编号): division, day, serial, check: 24 digits."""

    division: str
    day: date
    serial: int

    def __post_init__(self) -> None:
        if re.fullmatch(r"[0-9]{6}", self.division, re.ASCII) is None or not 0 <= self.serial < 10**8:
            raise PaymentError(PaymentReason.NUMBER, "receipt number")

    def __str__(self) -> str:
        body = f"{self.division}{self.day:%Y%m%d}{self.serial:08}"
        return body + check_digits(body)

    @classmethod
    def of(cls, text: str) -> ReceiptNumber:
        """Read a number of 24 digits; a wrong check or a day that is none raises ``PaymentError``."""
        if len(text) != 24 or not checks(text):
            raise PaymentError(PaymentReason.NUMBER, "receipt number", Text("校验不通过", "the check fails"))
        try:
            day = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
        except ValueError as error:
            raise PaymentError(PaymentReason.NUMBER, "receipt number") from error
        return cls(text[:6], day, int(text[14:22]))


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One charge on a receipt (收费项目): item code and name, unit, quantity, standard, amount."""

    item: str
    name: str
    amount: Amount
    unit: str = ""
    quantity: int = 1
    standard: str = ""


@dataclass(frozen=True, slots=True)
class NonTaxReceipt:
    """非税收入电子票据: the fields of a fiscal electronic receipt for non-tax revenue.

    ``code`` and ``number`` are given out by the finance department, ``check_code`` (6 signs) is for
    looking the receipt up. A receipt for a refund is a red one (``red_of`` names code and number
    of the first) with negative amounts. Wrong fields raise ``PaymentError``.
    """

    code: str
    number: str
    check_code: str
    payer: str
    issuer: str
    issuer_code: str
    issued: date
    lines: tuple[ReceiptLine, ...]
    payer_code: str = ""
    order: str = ""
    red_of: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        shapes = (("code", self.code, r"[0-9]{8}"), ("number", self.number, r"[0-9]{10}"))
        for place, value, shape in (*shapes, ("check code", self.check_code, r"[0-9A-Za-z]{6}")):
            if re.fullmatch(shape, value, re.ASCII) is None:
                raise PaymentError(PaymentReason.RECEIPT, place)
        if not self.payer.strip() or not self.issuer.strip() or not self.issuer_code.strip():
            raise PaymentError(PaymentReason.RECEIPT, "payer, issuer")
        sign = -1 if self.red_of else 1
        if not self.lines or any(line.amount.fen * sign <= 0 for line in self.lines):
            raise PaymentError(PaymentReason.RECEIPT, "lines")

    @property
    def total(self) -> Amount:
        """Sum of the lines (合计)."""
        return total(line.amount for line in self.lines)

    @property
    def words(self) -> str:
        """The sum in words (合计大写)."""
        return amount_in_words(self.total)


def amount_in_words(amount: Amount) -> str:
    """人民币大写: an amount as notes and receipts write it.

    银发〔1997〕393号附一: 整 after whole yuan and after jiao (there it may be left out, and is, as in
    the rule's own example ￥1,409.50 伍角); one 零 for zeros within; 零 before fen without jiao.
    Where the rule leaves a choice (￥1,680.32) the form without 零 for a zero 元 place is used.
    """
    sign, fen = ("负" if amount.fen < 0 else ""), abs(amount.fen)
    yuan, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    words = _integer(yuan) + "元" if yuan else ""
    if not fen:
        words = "零元"
    if jiao:
        words += _FIGURES[jiao] + "角"
    elif rest and yuan:
        words += "零"
    words += _FIGURES[rest] + "分" if rest else ("" if jiao else "整")
    return f"人民币{sign}{words}"


def _integer(number: int) -> str:
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return _integer(high) + name + gap + (_integer(low) if low else "")
    return _group(number)


def _group(number: int) -> str:
    words, gap = "", False
    for place in range(3, -1, -1):
        figure = number // 10**place % 10
        if not figure:
            gap = bool(words)
            continue
        words += ("零" if gap else "") + _FIGURES[figure] + _PLACES[place]
        gap = False
    return words
