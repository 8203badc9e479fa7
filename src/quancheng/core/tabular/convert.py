"""转换: rows to typed records; what cannot be converted is refused with reason and place. In = out + refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo

from quancheng.core.tabular.errors import Reason, explain
from quancheng.core.tabular.kinds import Kind, Typed, read_value
from quancheng.core.tabular.model import Broken, Place, Row, is_blank, show
from quancheng.core.tabular.schema import Schema
from quancheng.core.text import Text

__all__ = ["Converter", "Problem", "Record", "Refused", "Tally"]

_SHOWN = 200  # characters of an original text that are kept with a refusal


@dataclass(frozen=True, slots=True)
class Record:
    """A row whose cells all have the kinds of its schema (记录)."""

    place: Place
    values: tuple[Typed, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason against a row (问题): the column (empty if the whole row) and what stands there."""

    reason: Reason
    column: str
    original: str

    @property
    def text(self) -> Text:
        """The problem in words, for the clerk who repairs it."""
        text = explain(self.reason)
        if not self.column:
            return text
        shown = (f"（{self.original}）", f" ({self.original})") if self.original else ("", "")
        return Text(f"{self.column}{shown[0]}：{text.zh}", f"{self.column}{shown[1]}: {text.en}")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken (拒收行): where it stands, what it says, and at least one problem."""

    place: Place
    original: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def reason(self) -> Reason:
        """The first reason."""
        return self.problems[0].reason


class Tally:
    """Counts of a run (计数): ``rows_in == rows_out + rows_refused``, at any moment."""

    __slots__ = ("reasons", "rows_in", "rows_out", "rows_refused")

    def __init__(self) -> None:
        self.rows_in = 0
        self.rows_out = 0
        self.rows_refused = 0
        self.reasons: Counter[Reason] = Counter()

    def take(self) -> None:
        """A row went through."""
        self.rows_in += 1
        self.rows_out += 1

    def refuse(self, refused: Refused, *, taken: bool = False) -> None:
        """A row was refused; ``taken``: it had been counted as out before (a doubled key)."""
        if taken:
            self.rows_out -= 1
        else:
            self.rows_in += 1
        self.rows_refused += 1
        self.reasons.update({problem.reason for problem in refused.problems})


class Converter:
    """Converts rows of ``body`` by a schema and counts them (转换器).

    ``zone`` is where times with an offset are brought to; without it they are refused. ``hidden``: take
    rows that are hidden or filtered out in the sheet, too.
    """

    def __init__(self, schema: Schema, *, zone: tzinfo | None = None, hidden: bool = True) -> None:
        self.schema = schema
        self.tally = Tally()
        self._zone = zone
        self._hidden = hidden

    def run(self, rows: Iterable[Row]) -> Iterator[Record | Refused]:
        """One result for each row, in order (逐行转换)."""
        for row in rows:
            result = self.convert(row)
            if isinstance(result, Record):
                self.tally.take()
            else:
                self.tally.refuse(result)
            yield result

    def convert(self, row: Row) -> Record | Refused:
        """One row, not counted."""
        if row.fault or row.unknown or (row.hidden and not self._hidden):
            return self._refuse(row, [_row_problem(row)])
        values: list[Typed] = []
        problems: list[Problem] = []
        cells = row.cells
        for at, field in enumerate(self.schema.fields):
            cell = cells[at] if at < len(cells) else None
            if is_blank(cell):
                if field.required:
                    problems.append(Problem(Reason.REQUIRED, field.name, ""))
                values.append(None)
                continue
            if field.kind is Kind.TEXT and type(cell) is str and len(cell) > 12:
                values.append(cell)  # nothing can be wrong with it any more
                continue
            value = read_value(cell, field.kind, self._zone)
            if isinstance(value, Reason):
                problems.append(Problem(value, field.name, show(cell)[:_SHOWN]))
            else:
                values.append(value)
        if not problems and any(not is_blank(cell) for cell in cells[len(self.schema.fields) :]):
            problems.append(Problem(Reason.EXTRA_CELLS, "", ""))
        return self._refuse(row, problems) if problems else Record(row.place, tuple(values))

    def _refuse(self, row: Row, problems: list[Problem]) -> Refused:
        return Refused(row.place, tuple([show(cell)[:_SHOWN] for cell in row.cells]), tuple(problems))


def _row_problem(row: Row) -> Problem:
    if row.fault:
        first = show(row.cells[0])[:_SHOWN] if row.cells else ""
        broken = next((cell for cell in row.cells if isinstance(cell, Broken)), None)
        return Problem(row.fault, "", broken.original[:_SHOWN] if broken else first)
    if row.unknown:
        return Problem(Reason.UNKNOWN_COLUMN, row.unknown[0][:_SHOWN], "")
    return Problem(Reason.HIDDEN, "", "")
