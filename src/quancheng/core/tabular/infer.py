"""类型推断: the kind of each column from its cells, with what does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from quancheng.core.tabular.errors import Reason
from quancheng.core.tabular.kinds import Kind, narrow, read_value
from quancheng.core.tabular.model import Broken, Place, Row, Value, is_blank, show
from quancheng.core.tabular.schema import Field, Schema

__all__ = ["Guess", "infer", "schema_of"]

_ORDER = (
    Kind.RESIDENT_ID,
    Kind.USCC,
    Kind.PHONE,
    Kind.DATE,
    Kind.DATETIME,
    Kind.BOOLEAN,
    Kind.INTEGER,
    Kind.DECIMAL,
)
_DATE_NAME = re.compile(r"日期|时间|年月日|生日|date|time|day", re.IGNORECASE)
_ID_NAME = re.compile(r"身份|证件号|公民")
_BOOLEAN_NUMBER = ("1", "0")
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Guess:
    """The kind a column seems to have (类型猜测).

    ``share``: part of the filled cells that fit. ``counts``: how many fit each kind, so that a column
    that changes its kind half way shows. ``misfits``: the first that do not fit, with their places.
    """

    field: Field
    share: float
    filled: int
    blank: int
    counts: dict[Kind, int]
    misfits: tuple[tuple[Place, str], ...]

    @property
    def mixed(self) -> bool:
        """Whether it became text only because its cells are of different kinds (类型混杂)."""
        return self.field.kind is Kind.TEXT and any(
            count * 10 >= self.filled for count in self.counts.values()
        )


class _Column:
    def __init__(self, name: str) -> None:
        self.name = name
        self.filled = 0
        self.blank = 0
        self.zeros = 0
        self.old_ids = 0
        self.counts = dict.fromkeys(_ORDER, 0)
        self.firsts: dict[Kind, list[tuple[Place, str]]] = {kind: [] for kind in _ORDER}

    def add(self, value: Value, place: Place) -> None:
        if is_blank(value):
            self.blank += 1
            return
        self.filled += 1
        text = narrow(show(value))
        self.zeros += isinstance(value, str) and len(text) > 1 and text[0] == "0" and text.isdecimal()
        self.old_ids += len(text) == 15 and text.isdecimal()
        fitting = _fitting(value, text)
        for kind in _ORDER:
            if kind in fitting:
                self.counts[kind] += 1
            elif len(self.firsts[kind]) < _EXAMPLES:
                self.firsts[kind].append((place, show(value)))

    def guess(self, tolerance: float) -> Guess:
        kind = next((kind for kind in _ORDER if self._fits(kind, tolerance)), Kind.TEXT)
        share = self.counts[kind] / self.filled if kind is not Kind.TEXT else 1.0
        misfits = tuple(self.firsts[kind]) if kind is not Kind.TEXT else ()
        return Guess(Field(self.name, kind), share, self.filled, self.blank, dict(self.counts), misfits)

    def _fits(self, kind: Kind, tolerance: float) -> bool:
        if not self.filled or self.counts[kind] < self.filled * (1 - tolerance):
            return False
        if kind in (Kind.INTEGER, Kind.DECIMAL):
            return not self.zeros
        if kind is Kind.RESIDENT_ID:
            return self.old_ids * 2 < self.filled or bool(_ID_NAME.search(self.name))
        if kind is Kind.DATE and self.counts[Kind.INTEGER] * 2 > self.filled:
            return bool(_DATE_NAME.search(self.name)) or (self.filled >= 3 and not self.firsts[kind])
        return True


def _fitting(value: Value, text: str) -> set[Kind]:
    if isinstance(value, Broken):
        return set()
    if isinstance(value, bool):
        return {Kind.BOOLEAN}
    if isinstance(value, datetime):
        return {Kind.DATETIME} | ({Kind.DATE} if value.time() == time() else set())
    if isinstance(value, date):
        return {Kind.DATE, Kind.DATETIME}
    if isinstance(value, float | Decimal):
        return {
            kind for kind in (Kind.INTEGER, Kind.DECIMAL) if not isinstance(read_value(value, kind), Reason)
        }
    if isinstance(value, time):
        return set()
    return {kind for kind in _ORDER if _reads(text, kind)}


def _reads(text: str, kind: Kind) -> bool:
    """Whether a text is plausibly of a kind: stricter than reading, since nobody said it is."""
    if kind is Kind.BOOLEAN and text in _BOOLEAN_NUMBER:
        return False
    if isinstance(read_value(text, kind), Reason):
        return False
    if kind is Kind.RESIDENT_ID:
        born = text[6:14] if len(text) == 18 else f"19{text[6:12]}"
        return not isinstance(read_value(born, Kind.DATE), Reason)
    if kind in (Kind.DATE, Kind.DATETIME) and text.isdecimal():
        return "1900" <= text[:4] < "2100"
    return True


def infer(rows: Iterable[Row], names: Iterable[str], *, tolerance: float = 0.0) -> tuple[Guess, ...]:
    """Guess the kind of each column (推断列类型) from rows of ``body``; all of them, or some thousands.

    ``tolerance`` is the share of filled cells that may not fit: with 0.02 a column of dates with a few
    wrong ones is still dates, and these are refused later; with 0 it is text. Rows with a fault are left
    out. Numbers with leading zeros are text. Eight digits are dates only where the name says so or all
    of at least three are valid days from 1900 to 2099. Memory: a few counters per column.
    """
    columns = [_Column(name) for name in names]
    for row in rows:
        if row.fault is None:
            for at, column in enumerate(columns):
                column.add(row.cells[at] if at < len(row.cells) else None, row.place)
    return tuple(column.guess(tolerance) for column in columns)


def schema_of(guesses: Iterable[Guess], *, key: tuple[str, ...] = ()) -> Schema:
    """The schema that guesses propose (推断模式)."""
    return Schema(tuple(guess.field for guess in guesses), key)
