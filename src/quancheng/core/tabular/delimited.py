"""分隔文本: CSV and its kin as streams of rows (RFC 4180, and what Excel and clerks make of it).

A stray quote must not swallow the rest of the file. A record is read as long as its quotes allow; when
they do not close within ``_LINES`` lines and ``Limits.row`` characters, or something stands behind a
closing quote, only its first line is refused and reading starts again at the second.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from quancheng.core.tabular.encoding import TextSource, undecoded
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.model import Broken, Found, Limits, Place, Row, Value

__all__ = ["read_delimited", "tell_delimiter"]

_LINES = 256
_PARSER_CELL = csv.field_size_limit()  # of the whole process; not ours to change
_CANDIDATES = ",\t;|，、^"

Line = tuple[int, str, bool]


class _UnclosedError(Exception):
    """A quote that does not close where it may."""


class _Feed:
    """Gives the parser the lines of one record and remembers them."""

    def __init__(self, source: TextSource, limit: int) -> None:
        self.source = source
        self.limit = limit
        self.taken: list[Line] = []
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.taken and (len(self.taken) >= _LINES or self.size > self.limit):
            raise _UnclosedError
        line = self.source.line()
        if line is None:
            if self.taken:
                raise _UnclosedError
            raise StopIteration
        self.taken.append(line)
        self.size += len(line[1])
        if line[2]:
            raise _UnclosedError
        return line[1]

    def start(self) -> None:
        self.taken = []
        self.size = 0


def read_delimited(stream: BinaryIO, found: Found, limits: Limits) -> Iterator[Row]:
    """Rows of a delimited text (读取分隔文本); empty cells are ``None``, all others ``str``.

    Rows with nothing in them are passed over. Line ends inside quoted cells become ``\\n``. A line
    ``sep=;`` at the beginning, which Excel writes and obeys, is no row. ``TableError`` when the limits
    of bytes or rows are passed.
    """
    source = TextSource(stream, found.encoding, limits)
    first = source.line()
    if first is None:
        return
    if separator_line(first[1]) is None:
        source.push_back([first])
    number = 0
    for line, cells, fault in _records(source, found, limits):
        if fault is None and not any(cells):
            continue
        number += 1
        if number > limits.rows:
            raise TableError(Reason.TOO_MANY_ROWS, f"> {limits.rows}")
        place = Place("", number, line)
        if fault is None and len(cells) > limits.columns:
            fault, cells = Reason.TOO_MANY_COLUMNS, cells[: limits.columns]
        yield Row(place, tuple([_value(cell, limits.cell) for cell in cells]), fault)


def _records(
    source: TextSource, found: Found, limits: Limits
) -> Iterator[tuple[int, list[str], Reason | None]]:
    feed = _Feed(source, limits.row)
    parser = _parser(feed, found)
    while True:
        feed.start()
        try:
            cells = next(parser)
        except StopIteration:
            return
        except (_UnclosedError, csv.Error) as error:
            yield _fault(feed, error)
            parser = _parser(feed, found)
        else:
            yield feed.taken[0][0], cells, None


def _parser(feed: _Feed, found: Found) -> Iterator[list[str]]:
    if not found.quote:
        return csv.reader(feed, delimiter=found.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(feed, delimiter=found.delimiter, quotechar=found.quote, strict=True)


def _fault(feed: _Feed, error: Exception) -> tuple[int, list[str], Reason]:
    """Refuse the first line, give the others back."""
    number, text, cut = feed.taken[0]
    feed.source.push_back(feed.taken[1:])
    if cut:
        reason = Reason.ROW_TOO_LONG
    elif "field larger" in str(error):
        reason = Reason.CELL_TOO_LONG
    else:
        reason = Reason.BAD_QUOTES
    return number, [text.rstrip("\n")[:_PARSER_CELL]], reason


def _value(cell: str, limit: int) -> Value:
    if not cell:
        return None
    if len(cell) > limit:
        return Broken(Reason.CELL_TOO_LONG, cell[:limit])
    if not cell.isascii() and undecoded(cell):
        return Broken(Reason.BAD_ENCODING, printable(cell))
    if "\0" in cell:
        return Broken(Reason.CONTROL_CHARACTER, cell.replace("\0", "�"))
    return cell


def printable(text: str) -> str:
    """Text whose undecoded bytes are shown as ``�``, so that it can be stored (可存文本)."""
    return text.encode("utf-8", "replace").decode("utf-8") if not undecoded(text) else _replace(text)


def _replace(text: str) -> str:
    return "".join("�" if "\udc80" <= character <= "\udcff" else character for character in text)


def separator_line(line: str) -> str | None:
    """The delimiter that a line ``sep=;`` names, else ``None`` (Excel 的分隔符声明)."""
    text = line.rstrip("\r\n").strip('"')
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") else None


def tell_delimiter(sample: str, *, prefer: str = "") -> tuple[str, str]:
    """Delimiter and quote of a text from its first lines (判定分隔符).

    A delimiter is good when most rows have the same number of cells, more than one. Among equals the
    preferred one wins, then the order comma, tab, semicolon, bar. One column gives a comma.
    """
    lines = [line for line in sample.splitlines(keepends=True)[:200] if line.strip()]
    declared = separator_line(lines[0]) if lines else None
    if declared:
        return declared, '"'
    candidates = prefer + _CANDIDATES.replace(prefer, "") if prefer else _CANDIDATES
    best, best_score = prefer or ",", 0.0
    for delimiter in candidates:
        score = _evenness(lines, delimiter)
        if score > best_score * 1.05:
            best, best_score = delimiter, score
    return best, '"'


def _evenness(lines: list[str], delimiter: str) -> float:
    """Share of the rows that have the commonest number of cells; 0 if that is one."""
    try:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    except csv.Error:
        return 0.0
    many = Counter({width: count for width, count in widths.items() if width > 1})
    if not many:
        return 0.0
    width, count = max(many.items(), key=lambda item: (item[1], item[0]))
    return count / sum(widths.values()) * (1 + min(width, 50) / 1000)
