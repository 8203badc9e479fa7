"""统一社会信用代码: the unified social credit code of GB 32100-2015.

Eighteen characters (GB 32100-2015, clause 4): registration department 登记管理部门 (1), category
机构类别 (1), administrative division 登记管理机关行政区划码 (6), main identifier 主体标识码 (9, an
organisation code of GB 11714), check character 校验码 (1). The alphabet has 31 characters: digits
and capital letters without I, O, S, V, Z.

The main identifier carries a check character of its own (GB 11714-1997, clause 4). It is computed
and reported as ``organisation_check_ok`` but does not by itself refuse a code, because codes in
circulation whose inner character does not fit are the registry's affair and the outer check
already catches typing errors. Where it must hold, pass ``require_organisation_check=True``.
"""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.identity.errors import IdentityNumberError, IdentityReason
from quancheng.core.text import Text

__all__ = [
    "UnifiedCode",
    "compute_organisation_check",
    "compute_uscc_check",
    "is_uscc",
    "normalise_uscc",
    "organisation_code_ok",
    "parse_uscc",
]

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_VALUES = {char: value for value, char in enumerate(_ORGANISATION_ALPHABET)}
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_DIGITS = frozenset("0123456789")
_WIDE = "０１２３４５６７８９" + "".join(chr(0xFF21 + i) for i in range(26))
_FULL_WIDTH = str.maketrans(_WIDE, _ORGANISATION_ALPHABET)

_LENGTH = Text(
    "统一社会信用代码应为18位，请对照营业执照或登记证书重新填写。",
    "A unified social credit code has 18 characters. Please copy it from the licence again.",
)
_CHARACTERS = Text(
    "统一社会信用代码只含数字和大写字母，且不含I、O、S、V、Z；第3至8位为数字。"
    "请检查是否把1、0、5、2误填成了字母。",
    "The code has only digits and capital letters other than I, O, S, V, Z, and characters 3 to 8 "
    "are digits. Please look for a letter typed in place of 1, 0, 5 or 2.",
)
_CHECK = Text(
    "统一社会信用代码校验不通过，通常是有一位填错或两位填反，请对照证照逐位检查。",
    "The check character does not fit: usually one character is wrong or two are swapped. "
    "Please compare the code with the licence character by character.",
)
_ORGANISATION = Text(
    "统一社会信用代码第9至17位（组织机构代码）校验不通过，请向登记机关核实。",
    "Characters 9 to 17 (the organisation code) do not pass their own check. "
    "Please ask the registration authority.",
)


@dataclass(frozen=True, slots=True)
class UnifiedCode:
    """A parsed code (统一社会信用代码). It is public information and is shown in full."""

    number: str
    department_code: str
    category_code: str
    region_code: str
    organisation_code: str
    organisation_check_ok: bool

    @property
    def organisation_code_display(self) -> str:
        """Organisation code as printed by GB 11714, with a hyphen (组织机构代码)."""
        return f"{self.organisation_code[:8]}-{self.organisation_code[8]}"

    def __str__(self) -> str:
        return self.number


def normalise_uscc(text: str) -> str:
    """Remove white space and hyphens, make characters half-width and capital (规范化)."""
    return "".join(text.split()).replace("-", "").upper().translate(_FULL_WIDTH)


def compute_uscc_check(first17: str) -> str:
    """Return the check character of 17 characters (GB 32100-2015, annex A).

    C18 = 31 − Σ Ci·Wi mod 31 with Wi = 3^(i−1) mod 31; a result of 31 is character 0.
    """
    if len(first17) != 17 or any(character not in _VALUES for character in first17):
        raise ValueError("compute_uscc_check needs exactly 17 characters of the alphabet")
    pairs = zip(first17, _WEIGHTS, strict=True)
    return ALPHABET[-sum(_VALUES[character] * weight for character, weight in pairs) % 31]


def compute_organisation_check(body: str) -> str:
    """Return the check character of an organisation code's 8 characters (GB 11714-1997, clause 4).

    C9 = 11 − Σ Ci·Wi mod 11 with weights 3 7 9 10 5 8 4 2; ten is written X, eleven 0.
    """
    if len(body) != 8 or any(character not in _ORGANISATION_VALUES for character in body):
        raise ValueError("compute_organisation_check needs exactly 8 digits or capital letters")
    pairs = zip(body, _ORGANISATION_WEIGHTS, strict=True)
    return "0123456789X"[-sum(_ORGANISATION_VALUES[c] * weight for c, weight in pairs) % 11]


def organisation_code_ok(code: str) -> bool:
    """Whether nine characters, with hyphen or not, are an organisation code (GB 11714)."""
    code = normalise_uscc(code)
    if len(code) != 9 or any(character not in _ORGANISATION_VALUES for character in code):
        return False
    return compute_organisation_check(code[:8]) == code[8]


def parse_uscc(text: str, *, require_organisation_check: bool = False) -> UnifiedCode:
    """Parse and check a unified social credit code (校验统一社会信用代码).

    Raises ``IdentityNumberError``; the inner organisation code only decides on demand.
    """
    number = normalise_uscc(text)
    if len(number) != 18:
        raise IdentityNumberError(IdentityReason.LENGTH, _LENGTH)
    if any(character not in _VALUES for character in number) or not _DIGITS.issuperset(number[2:8]):
        raise IdentityNumberError(IdentityReason.CHARACTERS, _CHARACTERS)
    if compute_uscc_check(number[:17]) != number[17]:
        raise IdentityNumberError(IdentityReason.CHECK_DIGIT, _CHECK)
    organisation = number[8:17]
    inner_ok = organisation_code_ok(organisation)
    if require_organisation_check and not inner_ok:
        raise IdentityNumberError(IdentityReason.ORGANISATION_CHECK, _ORGANISATION)
    return UnifiedCode(number, number[0], number[1], number[2:8], organisation, inner_ok)


def is_uscc(text: str, *, require_organisation_check: bool = False) -> bool:
    """Whether ``parse_uscc`` would accept the text (代码是否有效)."""
    try:
        parse_uscc(text, require_organisation_check=require_organisation_check)
    except IdentityNumberError:
        return False
    return True
