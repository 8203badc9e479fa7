"""规范化: printed words made comparable, check digits verified. Pure."""

from __future__ import annotations

import re
from datetime import date
from difflib import SequenceMatcher

from quancheng.core.identity import is_resident_id, is_uscc

__all__ = ["alike", "best_fit", "checked", "compact", "date_of", "end_of", "masked", "normal"]

_PUNCTUATION = str.maketrans("（），：；．。·—–－～！？", "(),:;..·----!?")
_HAN = "\u4e00-\u9fff"
_WIDE = str.maketrans(
    "０１２３４５６７８９" + "".join(chr(0xFF21 + n) for n in range(26)),
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
)
_DATE = re.compile(r"(\d{4})[年./-]?(\d{1,2})[月./-]?(\d{1,2})")
_NUMBERS = frozenset({"uscc", "resident", "disability", "number"})
LONG = "长期"


def compact(text: str) -> str:
    """Without white space, half-width digits and punctuation; a dash between characters is 一."""
    text = "".join(text.split()).translate(_WIDE)
    text = re.sub(rf"(?<=[{_HAN}])[—–-](?=[{_HAN}])", "一", text)
    return text.translate(_PUNCTUATION)


def normal(kind: str, text: str) -> str:
    """A printed value in the form in which values of its kind are compared."""
    text = compact(text).strip(",;.:·-")
    match kind:
        case "uscc" | "resident" | "disability" | "number":
            return text.upper().replace("O", "0") if kind != "number" else text.upper()
        case "date":
            found = date_of(text)
            return found.isoformat() if found else text
        case "period":
            return _period(text)
        case "name":
            return text.strip("()") if text.startswith("(") else text
    return text


def checked(kind: str, value: str, pattern: str = "") -> bool | None:
    """Whether a value passes the check of its kind; None when there is nothing to check."""
    match kind:
        case "uscc":
            return is_uscc(value)
        case "resident":
            return is_resident_id(value)
        case "disability":
            return (
                len(value) == 20
                and is_resident_id(value[:18])
                and value[18] in "1234567"
                and value[19] in "1234"
            )
        case "date":
            return date_of(value) is not None
        case "period":
            return end_of(value) is not None or value.endswith(LONG)
    return re.fullmatch(pattern, value) is not None if pattern else None


def date_of(text: str) -> date | None:
    """The first date in a text."""
    found = _DATE.search(text)
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def end_of(text: str) -> date | None:
    """The last day of a validity: the last date in the text; None for 长期 or nothing readable."""
    found = _DATE.findall(text)
    return date_of("-".join(found[-1])) if found and not text.endswith(LONG) else None


def alike(one: str, other: str) -> float:
    """How alike two names are, 0…1.

    The shorter is laid where it fits best on the longer, so characters a seal's star or edge adds
    at both ends do not count; a name that is much shorter must fit exactly.
    """
    shorter, longer = sorted((_letters(one), _letters(other)), key=len)
    if not shorter:
        return 0.0
    if len(shorter) < 4 or len(shorter) < 0.6 * len(longer):
        return 1.0 if shorter == longer else SequenceMatcher(None, shorter, longer, autojunk=False).ratio()
    return 1 - best_fit(shorter, longer) / len(shorter)


def best_fit(shorter: str, longer: str) -> int:
    """Fewest edits that make ``shorter`` a part of ``longer`` (Sellers 1980)."""
    row = [0] * (len(longer) + 1)
    for at, sign in enumerate(shorter, 1):
        above, row = row, [at]
        for place, wanted in enumerate(longer, 1):
            row.append(min(above[place - 1] + (sign != wanted), above[place] + 1, row[place - 1] + 1))
    return min(row)


def masked(kind: str, value: str) -> str:
    """A number with its middle hidden, for reasons and lists."""
    if kind not in _NUMBERS or kind == "uscc" or len(value) < 12:
        return value
    return f"{value[:6]}{'*' * (len(value) - 10)}{value[-4:]}"


def _letters(text: str) -> str:
    return re.sub(rf"[^0-9A-Za-z{_HAN}]", "", compact(text))


def _period(text: str) -> str:
    begin = date_of(text)
    if begin is None:
        return text
    end = end_of(text) if len(_DATE.findall(text)) > 1 else None
    return f"{begin.isoformat()}/{end.isoformat() if end else LONG if LONG in text else ''}"
