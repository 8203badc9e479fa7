"""Sets of characters: single ones, ranges, classes, categories, and differences of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Predicate = Callable[[str], bool]

# The blocks that forms ask for; others are refused as unknown.
BLOCKS = {
    "BasicLatin": (0x0000, 0x007F),
    "Latin-1Supplement": (0x0080, 0x00FF),
    "LatinExtended-A": (0x0100, 0x017F),
    "LatinExtended-B": (0x0180, 0x024F),
    "Greek": (0x0370, 0x03FF),
    "GreekandCoptic": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x04FF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "Bopomofo": (0x3100, 0x312F),
    "CJKUnifiedIdeographsExtensionA": (0x3400, 0x4DBF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7A3),
    "CJKCompatibilityIdeographs": (0xF900, 0xFAFF),
    "HalfwidthandFullwidthForms": (0xFF00, 0xFFEF),
}
_ALL = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po Z Zs Zl Zp S Sm Sc Sk So C Cc Cf Co Cn"
_CATEGORIES = frozenset(_ALL.split())


def category(name: str) -> Predicate | None:
    """``\\p{name}``: a general category or a block ``Is...``; None when unknown."""
    if name in _CATEGORIES:
        return lambda c: unicodedata.category(c).startswith(name)
    bounds = BLOCKS.get(name[2:]) if name.startswith("Is") else None
    if bounds is None:
        return None
    low, high = bounds
    return lambda c: low <= ord(c) <= high


def _space(c: str) -> bool:
    return c in " \t\n\r"


def _digit(c: str) -> bool:
    return unicodedata.category(c) == "Nd"


def _word(c: str) -> bool:
    return unicodedata.category(c)[0] not in "PZC"


def _name_start(c: str) -> bool:
    return c in "_:" or unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "Nl"


def _name_part(c: str) -> bool:
    return c in "-.·" or _name_start(c) or unicodedata.category(c) in ("Nd", "Mn", "Mc")


CLASSES: dict[str, Predicate] = {"s": _space, "d": _digit, "w": _word, "i": _name_start, "c": _name_part}


def negated(test: Predicate) -> Predicate:
    """All other characters."""
    return lambda c: not test(c)


def union(
    singles: set[str], ranges: list[tuple[str, str]], tests: list[Predicate], fold: bool = False
) -> Predicate:
    """Any of the members; ``fold`` lets the case of characters and ranges vary, not that of classes."""
    alone = frozenset(singles)

    def listed(c: str) -> bool:
        return c in alone or any(low <= c <= high for low, high in ranges)

    written = folded(listed) if fold else listed
    return lambda c: written(c) or any(test(c) for test in tests)


def difference(base: Predicate, removed: Predicate) -> Predicate:
    """``[base-[removed]]``."""
    return lambda c: base(c) and not removed(c)


# Pairs that one step of lower() or upper() does not reach (Kelvin, Ångström, long s, micro).
_ODD = {"k": "\u212a", "å": "\u212b", "s": "\u017f", "μ": "\u00b5", "ω": "\u2126"}


def variants(c: str) -> frozenset[str]:
    """The characters that differ from ``c`` only in case."""
    lower = c.casefold() if len(c.casefold()) == 1 else c.lower()
    return frozenset({c, lower, c.upper(), lower.upper(), _ODD.get(lower, c)})


def folded(test: Predicate) -> Predicate:
    """Without regard to case (flag ``i``)."""
    return lambda c: any(test(variant) for variant in variants(c))
