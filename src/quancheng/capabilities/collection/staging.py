"""整备: a raw file becomes accepted rows in the table's shape and refused rows with place and reason.

Everything here is derived from the raw file and can be made again at any time; nothing is written but the
run's own folder. One pass, a second one only when keys are doubled.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from quancheng.capabilities.collection.mapping import reading_schema, source_of
from quancheng.capabilities.collection.shapes import batch_of, fitting
from quancheng.capabilities.collection.values import Layout
from quancheng.core.tabular import (
    Converter,
    Doubles,
    Formulas,
    Found,
    Guess,
    Head,
    Kind,
    Limits,
    Problem,
    Reason,
    Record,
    Refused,
    Row,
    Schema,
    TableError,
    Tally,
    Value,
    body,
    digest,
    head_at,
    head_of_names,
    infer,
    propose_head,
    read,
    safe_cell,
    settle_doubles,
    sniff,
)
from quancheng.core.tabular.keys import key_of
from quancheng.core.tabular.model import is_blank, show
from quancheng.kernel import clock

SAMPLE, HEAD_SAMPLE, BATCH = 2000, 60, 4096
PLACE, WHY = "_拒收位置", "_拒收原因"
"""Columns that the file of refused rows has and that are never taken when it comes back."""
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is and how its table looks (识别): before any agreement about columns."""

    found: Found
    head: Head
    guesses: tuple[Guess, ...]
    rows: tuple[Row, ...]
    """The first rows below the head."""


@dataclass(slots=True)
class Staged:
    """What became of a raw file."""

    found: Found
    head: Head
    tally: Tally = field(default_factory=Tally)
    filled: Counter[str] = field(default_factory=Counter)
    refused_by_column: Counter[str] = field(default_factory=Counter)
    guesses: dict[str, Kind] = field(default_factory=dict)
    usable: bool = True
    """False when a column the table cannot do without is missing: then no row was read."""


def look(stream: BinaryIO, name: str, limits: Limits, layout: Layout | None = None) -> Looked:
    """Recognise a file, its head and the kinds of its columns from the first rows."""
    found, head, rows = _begin(stream, name, limits, layout or Layout({}))
    first = tuple(islice(body(rows, head), SAMPLE))
    return Looked(found, head, infer(first, head.names, tolerance=0.02), first)


def _begin(stream: BinaryIO, name: str, limits: Limits, layout: Layout) -> tuple[Found, Head, Iterator[Row]]:
    found = sniff(stream, name, limits)
    if layout.sheet and found.sheets and layout.sheet not in {one.name for one in found.sheets}:
        raise TableError(Reason.NO_SUCH_SHEET, layout.sheet)
    rows = read(stream, found, limits, sheet=layout.sheet, formulas=Formulas(layout.formulas))
    if found.names:
        return found, head_of_names(found.names), rows
    first = list(islice(rows, HEAD_SAMPLE))
    if not first:
        raise TableError(Reason.EMPTY, "no rows")
    head = _head(first, layout)
    return found, head, chain(first, rows)


def _head(first: list[Row], layout: Layout) -> Head:
    if not layout.head:
        return propose_head(first)
    try:
        return head_at(first, layout.head)
    except ValueError as wrong:
        raise TableError(Reason.NOT_DATA, f"head rows {list(layout.head)}") from wrong


class _Reader:
    """Rows of one pass, with the row that is being converted at hand."""

    def __init__(self, staged: Staged, schema: Schema, layout: Layout, table: Mapping[str, Kind]) -> None:
        self.row: Row | None = None
        self.converter = Converter(schema, zone=clock.LOCAL, hidden=layout.hidden)
        self._staged = staged
        self._returned = PLACE in staged.head.names
        self._kinds = [table.get(layout.columns.get(name, "")) for name in staged.head.names]

    def run(self, rows: Iterable[Row], *, count: bool) -> Iterator[Record | Refused]:
        tally, names, filled = self.converter.tally, self._staged.head.names, self._staged.filled
        for row in rows:
            if self._returned:
                row = replace(row, cells=tuple(_unmarked(cell) for cell in row.cells))
            if count:
                filled.update(
                    [name for name, cell in zip(names, row.cells, strict=False) if not is_blank(cell)]
                )
            self.row = row
            result = self._fit(self.converter.convert(row))
            if isinstance(result, Record):
                tally.take()
            else:
                tally.refuse(result)
            yield result

    def _fit(self, result: Record | Refused) -> Record | Refused:
        """Values as the table keeps them."""
        if isinstance(result, Refused):
            return result
        values = []
        for name, kind, value in zip(self._staged.head.names, self._kinds, result.values, strict=True):
            kept = fitting(value, kind) if kind and value is not None else value
            if isinstance(kept, Reason):
                shown = tuple(show(cell) for cell in (self.row.cells if self.row else ()))
                return Refused(result.place, shown, (Problem(kept, name, show(value)[:200]),))
            values.append(kept)
        return Record(result.place, tuple(values))


def _unmarked(cell: Value) -> Value:
    """A cell of a returned file of refused rows without the apostrophe our own export put before it."""
    if isinstance(cell, str) and cell.startswith("'") and safe_cell(cell[1:]) == cell:
        return cell[1:]
    return cell


def stage(
    stream: BinaryIO,
    name: str,
    *,
    layout: Layout,
    table: Schema,
    arrow: pa.Schema,
    folder: Path,
    limits: Limits,
    progress: Progress = lambda rows: None,
) -> Staged:
    """Read a raw file into ``accepted.parquet`` and ``refused.ndjson`` of ``folder``.

    Raises TableError when the file as a whole is refused.
    """
    found, head, rows = _begin(stream, name, limits, layout)
    staged = Staged(found, head)
    schema = reading_schema(head.names, layout, table)
    sources = source_of(layout)
    needed = [one.name for one in table.fields if one.required or one.name in table.key]
    if any(sources.get(column) not in head.names for column in needed):
        staged.usable = False
        first = islice(body(rows, head), SAMPLE)
        staged.guesses = {guess.field.name: guess.field.kind for guess in infer(first, head.names)}
        return staged
    sample = list(islice(body(rows, head), SAMPLE))
    staged.guesses = {guess.field.name: guess.field.kind for guess in infer(sample, head.names)}
    kinds = {one.name: one.kind for one in table.fields}
    order = [
        head.names.index(sources[one.name]) if sources.get(one.name) in head.names else -1
        for one in table.fields
    ]
    reader = _Reader(staged, schema, layout, kinds)
    doubles = _write(reader, chain(sample, body(rows, head)), None, schema, order, arrow, folder, progress)
    staged.tally = reader.converter.tally
    if doubles:
        found, head, rows = _begin(stream, name, limits, layout)
        reader = _Reader(staged, schema, layout, kinds)
        settled = (doubles, layout.on_double)
        _write(reader, body(rows, head), settled, schema, order, arrow, folder, progress)
        staged.tally = reader.converter.tally
    staged.refused_by_column = _by_column(folder)
    return staged


def _write(
    reader: _Reader,
    rows: Iterable[Row],
    settled: tuple[Doubles, Any] | None,
    schema: Schema,
    order: list[int],
    arrow: pa.Schema,
    folder: Path,
    progress: Progress,
) -> Doubles | None:
    """One pass; gives the doubled keys it met, unless they are settled already."""
    results = reader.run(rows, count=settled is None)
    if settled:
        results = settle_doubles(results, schema, settled[0], settled[1], reader.converter.tally)
    keys, seen, counts = schema.key_columns, set[bytes](), dict[bytes, int]()
    waiting: list[tuple[Any, ...]] = []
    with (
        pq.ParquetWriter(folder / "accepted.parquet", arrow, compression="zstd") as accepted,
        (folder / "refused.ndjson").open("w", encoding="utf-8") as refused,
    ):
        for number, result in enumerate(results, 1):
            if number % BATCH == 0:
                progress(number)
            if isinstance(result, Refused):
                refused.write(_line(result, reader.row))
                continue
            key = key_of(result, keys) if settled is None else None
            if key is not None:
                name = digest(key)
                if name in seen:
                    counts[name] = counts.get(name, 1) + 1
                seen.add(name)
            waiting.append(tuple(result.values[at] if at >= 0 else None for at in order))
            if len(waiting) >= BATCH:
                accepted.write_batch(batch_of(waiting, arrow))
                waiting = []
        if waiting:
            accepted.write_batch(batch_of(waiting, arrow))
    return Doubles(counts) if counts else None


def _line(refused: Refused, row: Row | None) -> str:
    """A refused row as one line of JSON, its cells in full."""
    cells = [show(cell) for cell in row.cells] if row is not None else list(refused.original)
    facts = {
        "sheet": refused.place.sheet, "row": refused.place.row, "line": refused.place.line,
        "problems": [[one.reason.value, one.column, one.original] for one in refused.problems],
        "cells": cells,
    }  # fmt: skip
    return json.dumps(facts, ensure_ascii=False) + "\n"


def refused_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The refused rows of a run's folder, in order."""
    path = folder / "refused.ndjson"
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _by_column(folder: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in refused_rows(folder):
        counts.update({column for reason, column, _ in row["problems"] if column and reason in _OF_KIND})
    return counts


_OF_KIND = frozenset(
    reason.value
    for reason in (
        Reason.NOT_INTEGER, Reason.NOT_DECIMAL, Reason.NOT_DATE, Reason.NOT_DATETIME, Reason.NOT_BOOLEAN,
        Reason.NOT_RESIDENT_ID, Reason.NOT_USCC, Reason.NOT_PHONE, Reason.DIGITS_LOST,
    )
)  # fmt: skip
"""Reasons that say a cell is not of its column's kind."""
