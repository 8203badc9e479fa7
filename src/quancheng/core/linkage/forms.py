"""取值形式: what a field's value becomes before it is compared; ``None`` or empty means nothing to compare."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from quancheng.core.identity import compute_check, normalise_resident_id

__all__ = [
    "ADDRESS",
    "DATE",
    "DATE_SWAPPED",
    "PHONE",
    "PLAIN",
    "RESIDENT_ID",
    "Form",
    "given_name",
    "name_folded",
    "name_pinyin",
    "prefix",
    "surname",
]


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is written for a comparison (取值形式). Equal forms are computed once."""

    name: str
    make: Callable[[str], str | None]


def _plain(value: str) -> str | None:
    if value.isascii() and value.isalnum():
        return value.lower()
    folded = unicodedata.normalize("NFKC", value).replace("\0", "").casefold()
    return " ".join(folded.split()) or None


PLAIN = Form("plain", _plain)
"""Full-width made half-width, case and spare white space gone (NFKC)."""


def _resident_id(value: str) -> str | None:
    number = value if value.isascii() and value.isdigit() else normalise_resident_id(value).upper()
    if len(number) == 15 and number.isascii() and number.isdigit():
        body = f"{number[:6]}19{number[6:]}"
        return body + compute_check(body)
    return number or None


RESIDENT_ID = Form("resident-id", _resident_id)
"""公民身份号码 of 18 characters; numbers of the first generation (15 digits, all born in 19xx) are
raised to 18 by GB 11643-1999. Wrong numbers stay as they are: the comparison forgives one slip."""


def _phone(value: str) -> str | None:
    digits = "".join(one for one in unicodedata.normalize("NFKC", value) if one.isdecimal() and one.isascii())
    if len(digits) > 11 and digits.startswith(("86", "0086")):
        digits = digits.removeprefix("00").removeprefix("86")
    return digits or None


PHONE = Form("phone", _phone)
"""Digits of a telephone number without the country's 86."""

_DATE = re.compile(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})\D?$")


def _date(value: str) -> str | None:
    text = unicodedata.normalize("NFKC", value).strip().split("T")[0].split(" ")[0]
    if len(text) == 8 and text.isascii() and text.isdigit():
        return text
    found = _DATE.match(text)
    return f"{found[1]}{int(found[2]):02}{int(found[3]):02}" if found else None


DATE = Form("date", _date)
"""A date as eight digits, year first; 1990年1月2日, 1990-01-02 and 19900102 are the same. It need not exist in the
calendar: 19901302 is a slip that a comparison can still use."""


def _swapped(value: str) -> str | None:
    digits = _date(value)
    return digits and digits[:4] + digits[6:] + digits[4:6]


DATE_SWAPPED = Form("date-swapped", _swapped)
"""As ``DATE``, day and month exchanged."""

_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･.．", "·"))


def _name(value: str) -> str | None:
    plain = _plain(value)
    return "".join(plain.translate(_DOTS).split()) if plain else None


def name_folded(variants: Mapping[str, str]) -> Form:
    """A Chinese name without spaces, each variant character replaced (异体字、繁体字归并)."""
    table = str.maketrans(dict(variants))

    def make(value: str) -> str | None:
        name = _name(value)
        return name.translate(table) if name else None

    return Form("name", make)


def name_pinyin(pinyin: Mapping[str, str]) -> Form:
    """A name by sound (同音): syllables of a table from character to pinyin; ``None`` if one is not in it."""

    def make(value: str) -> str | None:
        syllables = [pinyin.get(character) for character in _name(value) or ""]
        return " ".join(syllable for syllable in syllables if syllable) if all(syllables) else None

    return Form("pinyin", make)


def surname(compound: Iterable[str] = ()) -> Form:
    """The family name (姓): two characters for those of ``compound`` (复姓), else the first one."""
    known = frozenset(compound)
    return Form("surname", lambda value: _cut(value, known)[0])


def given_name(compound: Iterable[str] = ()) -> Form:
    """The given name (名): what follows the family name."""
    known = frozenset(compound)
    return Form("given", lambda value: _cut(value, known)[1])


def _cut(value: str, compound: frozenset[str]) -> tuple[str | None, str | None]:
    name = _name(value) or ""
    if "·" in name or name.isascii():  # not family name first
        return (name or None, None)
    size = 2 if len(name) > 2 and name[:2] in compound else 1
    return name[:size] or None, name[size:] or None


def prefix(form: Form, length: int) -> Form:
    """The first characters of a form; for blocking."""

    def make(value: str) -> str | None:
        made = form.make(value)
        return made[:length] if made else None

    return Form(f"{form.name}[:{length}]", make)


_PARTS = re.compile(
    r"(\d+[a-z]?)|([a-z]+)|"
    r"([^\Wa-z\d_]+?(?:自治[区州县]|街道|社区|小区|花园|公寓|大道|[省市区县镇乡村路街巷里苑]))|([^\Wa-z\d_]+)"
)
_UNITS = frozenset(
    ("号", "号楼", "楼", "栋", "幢", "座", "单元", "室", "户", "层", "弄", "号院", "院", "组", "号房")
)
_NUMERALS = {character: number for number, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_COUNTED = re.compile(r"([零〇一二两三四五六七八九十百]+)(?=号|栋|幢|楼|单元|室|层|组)")


def _count(match: re.Match[str]) -> str:
    text = match[1]
    if "十" not in text and "百" not in text:
        return "".join(str(_NUMERALS[character]) for character in text)
    total, last = 0, 0
    for character in text:
        if character in "十百":
            total += (last or 1) * (10 if character == "十" else 100)
            last = 0
        else:
            last = _NUMERALS[character]
    return str(total + last)


def _address(value: str) -> str | None:
    plain = unicodedata.normalize("NFKC", value).replace("\0", "").casefold()
    seen: dict[str, int] = {}
    words: list[str] = []
    for number, latin, place, rest in _PARTS.findall(_COUNTED.sub(_count, plain)):
        word = number.lstrip("0") or number[-1:] or latin or place or rest
        if word in _UNITS:
            continue
        seen[word] = seen.get(word, 0) + 1
        # the second 1 of 1号楼1单元 is a word of its own: an address is a bag, not a set
        words.append(word if seen[word] == 1 else f"{word}'{seen[word]}")
    return " ".join(words) or None


ADDRESS = Form("address", _address)
"""Words of an address between spaces: places cut after 区, 路, 小区 …, numbers without 号楼, 单元, 室, so that
3号楼2单元501室, 三号楼二单元501 and 3-2-501 are the same three numbers."""
