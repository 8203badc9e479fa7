"""公民身份号码: the resident identity number of GB 11643-1999.

Eighteen characters (GB 11643-1999, clause 4.1): address code 地址码 (6), birth date 出生日期码 (8),
sequence code 顺序码 (3, odd for men and even for women), check character 校验码 (1), the last by
ISO 7064 MOD 11-2 (clause 4.2.4 and its annex).

The address code is *not* compared with a list of counties. Codes of abolished counties stay on
valid cards, residence permits for Hong Kong, Macao and Taiwan residents use 81, 82 and 83, and the
foreign permanent resident card in its 2023 form (starts with 9) has the same structure: a list
would turn real people away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from quancheng.core.identity.errors import IdentityNumberError, IdentityReason
from quancheng.core.identity.masking import mask_resident_id
from quancheng.core.text import Text

__all__ = [
    "ResidentId",
    "Sex",
    "compute_check",
    "is_resident_id",
    "normalise_resident_id",
    "parse_resident_id",
]

_CHECK_CHARACTERS = "10X98765432"
_WEIGHTS = tuple(pow(2, 17 - position, 11) for position in range(17))
_FULL_WIDTH = str.maketrans("０１２３４５６７８９Ｘｘx", "0123456789XXX")
_DIGITS = frozenset("0123456789")

_LENGTH = Text(
    "身份证号码应为18位，请对照证件重新填写。",
    "A resident identity number has 18 characters. Please copy it from the card again.",
)
_FIRST_GENERATION = Text(
    "这是15位的旧号码，第一代居民身份证已停止使用。请填写18位公民身份号码。",
    "This is an old 15-digit number; first generation cards are no longer in use. "
    "Please give the 18-character number.",
)
_CHARACTERS = Text(
    "身份证号码前17位只能是数字，最后一位是数字或X。请检查是否误填了字母或符号。",
    "The first 17 characters must be digits and the last a digit or X. "
    "Please look for a letter or sign typed by mistake.",
)
_BIRTH_DATE = Text(
    "身份证号码第7至14位不是有效的出生日期，请对照证件检查这8位数字。",
    "Characters 7 to 14 are not a valid date of birth. Please check these 8 digits on the card.",
)
_FUTURE_BIRTH = Text(
    "身份证号码中的出生日期晚于办理日期，请对照证件检查第7至14位。",
    "The date of birth in the number lies in the future. Please check characters 7 to 14.",
)
_CHECK_DIGIT = Text(
    "身份证号码校验不通过，通常是有一位填错或两位填反，请对照证件逐位检查。",
    "The check character does not fit: usually one digit is wrong or two are swapped. "
    "Please compare the number with the card digit by digit.",
)


class Sex(StrEnum):
    """Sex as the sequence code tells it (性别; codes of GB/T 2261.1: 1 男, 2 女)."""

    MALE = "1"
    FEMALE = "2"

    @property
    def text(self) -> Text:
        """Label (性别名称)."""
        return Text("男", "male") if self is Sex.MALE else Text("女", "female")


@dataclass(frozen=True, slots=True, repr=False)
class ResidentId:
    """A parsed number (公民身份号码). ``str`` and ``repr`` show it masked: logs do not leak it."""

    number: str
    region_code: str
    birth_date: date
    sequence: str
    sex: Sex

    @property
    def masked(self) -> str:
        """The number with the birth date hidden (脱敏号码)."""
        return mask_resident_id(self.number)

    def age_on(self, day: date) -> int:
        """Full years of age (周岁) on a day.

        A year is completed on the birthday. For 29 February, in a year without that day, on 28
        February: 《民法典》第二百零二条, without a corresponding day the month's last day ends the
        period. Criminal liability counts from the day *after* the birthday
        (法释〔2006〕1号第二条): pass the day before.
        """
        if day < self.birth_date:
            raise ValueError(f"{day} is before the date of birth")
        years = day.year - self.birth_date.year
        return years if day >= _birthday(self.birth_date, day.year) else years - 1

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"ResidentId({self.masked})"


def _birthday(birth: date, year: int) -> date:
    try:
        return birth.replace(year=year)
    except ValueError:  # 29 February in a common year
        return date(year, 2, 28)


def compute_check(first17: str) -> str:
    """Return the check character of 17 digits (ISO 7064 MOD 11-2, GB 11643-1999 annex).

    Weights are W(i) = 2^(i-1) mod 11 with i counted from the right, check character included;
    the character makes the weighted sum congruent to 1 modulo 11, with X for ten.
    """
    if len(first17) != 17 or not _DIGITS.issuperset(first17):
        raise ValueError("compute_check needs exactly 17 ASCII digits")
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def normalise_resident_id(text: str) -> str:
    """Remove white space, make full-width digits half-width and x an X (全角转半角)."""
    return "".join(text.split()).translate(_FULL_WIDTH)


def parse_resident_id(text: str, *, on: date | None = None) -> ResidentId:
    """Parse and check a resident identity number (校验公民身份号码).

    ``on`` is the day of the check; without it a birth date in the future cannot be noticed, since
    the core has no clock. Raises ``IdentityNumberError``.
    """
    number = normalise_resident_id(text)
    if len(number) != 18:
        old = len(number) == 15 and _DIGITS.issuperset(number)
        raise IdentityNumberError(IdentityReason.LENGTH, _FIRST_GENERATION if old else _LENGTH)
    body, check = number[:17], number[17]
    if not _DIGITS.issuperset(body) or check not in _CHECK_CHARACTERS:
        raise IdentityNumberError(IdentityReason.CHARACTERS, _CHARACTERS)
    try:
        birth = date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        raise IdentityNumberError(IdentityReason.BIRTH_DATE, _BIRTH_DATE) from None
    if compute_check(body) != check:
        raise IdentityNumberError(IdentityReason.CHECK_DIGIT, _CHECK_DIGIT)
    if on is not None and birth > on:
        raise IdentityNumberError(IdentityReason.FUTURE_BIRTH, _FUTURE_BIRTH)
    sex = Sex.MALE if int(body[16]) % 2 else Sex.FEMALE
    return ResidentId(number, body[:6], birth, body[14:17], sex)


def is_resident_id(text: str, *, on: date | None = None) -> bool:
    """Whether ``parse_resident_id`` would accept the text (号码是否有效)."""
    try:
        parse_resident_id(text, on=on)
    except IdentityNumberError:
        return False
    return True
