"""表格: spreadsheets that come in (a design, a list to compare) and lists that go out, safe for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from quancheng.capabilities.ledgers import limits
from quancheng.capabilities.ledgers.columns import canonical
from quancheng.capabilities.ledgers.values import Column
from quancheng.core.tabular import (
    Row,
    TableError,
    body,
    explain,
    head_of_names,
    infer,
    propose_head,
    read,
    safe_cell,
    sniff,
)
from quancheng.core.tabular.errors import Reason
from quancheng.core.tabular.model import is_blank, show
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, TooLarge

_SAMPLE, _LOOKED = 60, 2000
_CHOICES = 8


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, with place and reason."""

    place: Text
    reason: Text


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """读入的表格: in = rows + refused. ``confidence`` of the head is 0 to 1."""

    name: str
    names: tuple[str, ...]
    rows: list[dict[str, str]]
    refused: list[Refusal]
    columns: tuple[Column, ...]
    confidence: float

    @property
    def total(self) -> int:
        return len(self.rows) + len(self.refused)


def read_sheet(upload: Any) -> ReadSheet:
    """Read an uploaded spreadsheet; raises InvalidInput or TooLarge with the reason at the field ``file``."""
    bounds = limits.upload()
    if upload.size > bounds.bytes:
        raise TooLarge(Text(f"表格不能超过{bounds.bytes // 1_048_576} MB。", "The spreadsheet is too large."))
    try:
        upload.seek(0)
        found = sniff(upload, upload.name, bounds)
        rows = read(upload, found, bounds)
        if found.names:
            head, rest = head_of_names(found.names), rows
        else:
            sample = list(islice(rows, _SAMPLE))
            head = propose_head(sample)
            rest = _chain(sample, rows)
        kept = list(body(rest, head))
    except TableError as wrong:
        text = explain(wrong.reason)
        raise InvalidInput(text, fields={"file": text}) from wrong
    if not head.names:
        text = explain(Reason.EMPTY)
        raise InvalidInput(text, fields={"file": text})
    columns = _columns(kept, head.names)
    taken, refused = _sorted_out(kept, head.names, columns)
    return ReadSheet(str(upload.name)[:80], head.names, taken, refused, columns, head.confidence)


def _chain(first: Sequence[Row], rest: Iterable[Row]) -> Iterable[Row]:
    yield from first
    yield from rest


def _columns(rows: Sequence[Row], names: Sequence[str]) -> tuple[Column, ...]:
    """A column for each head cell: its kind, and choices where few words come again and again."""
    guesses = infer(rows[:_LOOKED], names, tolerance=0.02)
    return tuple(
        Column(name[:40], guess.field.kind, choices=_choices(rows, at) if guess.field.kind == "text" else ())
        for at, (name, guess) in enumerate(zip(names, guesses, strict=True))
    )


def _choices(rows: Sequence[Row], at: int) -> tuple[str, ...]:
    texts = [
        show(row.cells[at]).strip() for row in rows[:_LOOKED] if row.fault is None and at < len(row.cells)
    ]
    filled = [one for one in texts if one]
    words = sorted(set(filled))
    few = (
        2 <= len(words) <= _CHOICES and len(filled) >= 4 * len(words) and all(len(one) <= 12 for one in words)
    )
    return tuple(words) if few else ()


def _sorted_out(
    rows: Sequence[Row], names: Sequence[str], columns: Sequence[Column]
) -> tuple[list[dict[str, str]], list[Refusal]]:
    taken: list[dict[str, str]] = []
    refused: list[Refusal] = []
    for row in rows:
        if row.fault is not None:
            if row.fault is not Reason.NOT_DATA:
                refused.append(Refusal(row.place.text(), explain(row.fault)))
            continue
        cells = {
            column.name: canonical(show(cell), column.kind)
            for column, cell in zip(columns, row.cells, strict=False)
            if not is_blank(cell)
        }
        if cells:
            taken.append(cells)
    return taken, refused


def csv_of(
    names: Sequence[str], rows: Iterable[Mapping[str, Any] | Sequence[Any]], marks: Sequence[str] = ()
) -> str:
    """A CSV that Excel opens in Chinese and that runs nothing; ``marks`` are lines below the rows (watermark)."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in names])
    for row in rows:
        values = [row.get(name, "") for name in names] if isinstance(row, Mapping) else row
        writer.writerow([safe_cell("" if one is None else str(one)) for one in values])
    for mark in marks:
        writer.writerow([safe_cell(mark)])
    return out.getvalue()
