"""词法: the words of ``$filter`` and ``$orderby``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quancheng.core.sensorthings.faults import BadQuery

MAXIMUM_LENGTH = 20_000
"""Characters of one expression; longer ones are refused before anything is read."""

_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?"
_STAMP = rf"{_DATE}T{_TIME}(?:Z|z|[+ -]\d\d:?\d\d)?"
_LENGTH = r"P(?=[\dT])[\dYMWDTHS.]+"
_WORDS = re.compile(
    rf"""(?P<space>\s+)
    |(?P<period>{_STAMP}/(?:{_STAMP}|{_LENGTH})|{_LENGTH}/{_STAMP})
    |(?P<instant>{_STAMP})
    |(?P<day>{_DATE})(?![\w])
    |(?P<clock>{_TIME})(?![\w])
    |(?P<typed>(?:duration|geography|geometry|datetimeoffset|datetime|date|timeofday|time)'(?:[^']|'')*')
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?P<suffix>[mMdDfFlL](?![\w]))?(?![\w])
    |(?P<string>'(?:[^']|'')*')
    |(?P<name>[^\W\d][\w$]*(?:[.-](?=[^\W\d])[\w$]+)*|@[\w]+\.[\w]+)
    |(?P<mark>[(),/\[\]:*-])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its kind (the group names above), its text, where it begins."""

    kind: str
    text: str
    at: int


def tokens(source: str) -> list[Token]:
    """The words of an expression, without spaces, and an ``end``. Raises BadQuery."""
    if len(source) > MAXIMUM_LENGTH:
        raise BadQuery(
            f"表达式过长（最多{MAXIMUM_LENGTH}字符）。",
            f"Expression longer than {MAXIMUM_LENGTH} characters.",
        )
    found, place = [], 0
    while place < len(source):
        match = _WORDS.match(source, place)
        if match is None:
            raise BadQuery(
                f"第{place + 1}个字符处无法理解：{source[place : place + 20]}",
                f"Cannot understand from character {place + 1}: {source[place : place + 20]}",
            )
        kind = str(match.lastgroup if match.lastgroup != "suffix" else "number")
        if kind != "space":
            word = match.group("number") if kind == "number" else match.group()
            found.append(Token(kind, word, place))
        place = match.end()
    found.append(Token("end", "", len(source)))
    return found
