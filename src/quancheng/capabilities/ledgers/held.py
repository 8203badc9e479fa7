"""全市已有: whether the city holds what a column asks for, by name and kind.

Names of columns are short and full of filler (所属社区名称, 本人联系电话): they are folded, fillers go, words
that mean the same become one, then likeness is that of character bigrams (Dice 1945) or of containment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from quancheng.capabilities.ledgers.values import Column, Filling, Held
from quancheng.core.tabular import Kind

_NOISE = re.compile(r"[\s\W_（）()]+")
_UNITS = re.compile(r"[（(][^）)]*[）)]")
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
_TIMES = frozenset({Kind.DATE, Kind.DATETIME})
IDENTIFYING = frozenset({Kind.RESIDENT_ID, Kind.USCC})
CONTAINED = 0.85
"""Likeness of two names when one ends with all of the other (户籍地址 and 地址)."""


@dataclass(frozen=True, slots=True)
class Item:
    """已有信息项: one column of the city's data."""

    name: str
    kind: Kind
    data: str
    organ: str
    table: str = ""
    source: str = ""
    subjects: frozenset[str] = frozenset()
    """What the data is about (person, firm, home), see :func:`subjects_of`."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words of the city that mean one thing, fillers that mean nothing, names too general to compare, and the
    columns that tell what a list is about (词表); data, not code."""

    same: Mapping[str, str]
    fillers: tuple[str, ...]
    general: frozenset[str] = frozenset()
    subjects: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bounds:
    """From which likeness a column is refused, from which warned about (0 to 1)."""

    refuse: float
    warn: float


def fold(name: str, words: Vocabulary) -> str:
    """A column's name in the form that is compared (字段名归一)."""
    plain = unicodedata.normalize("NFKC", _UNITS.sub("", name)).casefold()
    plain = _NOISE.sub("", plain)
    for filler in words.fillers:
        if len(plain) > len(filler) + 1:
            plain = plain.replace(filler, "", 1)
    return words.same.get(plain, plain)


def likeness(first: str, second: str) -> float:
    """How alike two folded names are, 0 to 1."""
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) >= 2 and longer.endswith(shorter):
        return CONTAINED
    a, b = _bigrams(first), _bigrams(second)
    shared = sum(min(a[one], b.get(one, 0)) for one in a)
    return 2 * shared / (sum(a.values()) + sum(b.values()))


def _bigrams(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for at in range(max(1, len(text) - 1)):
        part = text[at : at + 2]
        found[part] = found.get(part, 0) + 1
    return found


def subjects_of(names: Iterable[str], words: Vocabulary) -> frozenset[str]:
    """What a list with such columns is about: a 身份证号 or 姓名 makes it one of persons."""
    folded = {fold(name, words) for name in names}
    return frozenset(subject for subject, marks in words.subjects.items() if folded & marks)


def same_kind(first: Kind, second: Kind) -> bool:
    """Whether two kinds can hold the same fact; text can hold anything."""
    if first is second or Kind.TEXT in (first, second):
        return True
    return {first, second} <= _NUMBERS or {first, second} <= _TIMES


def held(
    columns: Sequence[Column],
    items: Iterable[Item],
    bounds: Bounds,
    words: Vocabulary,
    *,
    key: str = "",
) -> list[Held]:
    """For each asked column the best match among the city's items, if it reaches the lower bound.

    The ``key`` column is what rows are found by and may always be asked. Data about something else is only
    warned about: the telephone of a park is no reason not to ask a person's.
    """
    folded = [(name, one) for one in items if (name := fold(one.name, words)) not in words.general]
    about = subjects_of([one.name for one in columns], words)
    found = []
    for column in columns:
        if column.filling is not Filling.ASKED or column.name == key:
            continue
        name = fold(column.name, words)
        if name in words.general:
            continue
        scored = [
            (score, item)
            for other, item in folded
            if (score := _score(name, column, other, item)) >= bounds.warn
        ]
        if scored:
            score, item = max(
                scored, key=lambda pair: (bool(pair[1].subjects & about), pair[0], bool(pair[1].table))
            )
            refused = score >= bounds.refuse and bool(item.subjects & about)
            found.append(_held(column, item, score, refused))
    return found


def _held(column: Column, item: Item, score: float, refused: bool) -> Held:
    return Held(
        column.name, item.name, item.data, item.organ, round(score, 3), refused, item.table, item.source
    )


def _score(name: str, column: Column, other: str, item: Item) -> float:
    if not same_kind(column.kind, item.kind):
        return 0.0
    return likeness(name, other)
