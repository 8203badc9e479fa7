"""表头: where the head of a clerk's table is and what its columns are called.

Above the head stand titles and lines such as 填报单位：…; the head may have several rows with merged
cells, which become names like ``地址/街道``; below it may stand a row of column numbers. What is found is
a proposal with a confidence and the doubts it rests on: a person may take it, or say which rows it is
(``head_at``) and rename columns (``dataclasses.replace``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from quancheng.core.tabular.errors import Reason
from quancheng.core.tabular.kinds import looks_like_data
from quancheng.core.tabular.model import Row, Value, is_blank, show
from quancheng.core.text import Text

__all__ = ["Doubt", "Head", "body", "head_at", "head_of_names", "propose_head"]

_LONGEST_LABEL = 60
_LEVELS = 5
_SPACE = re.compile(r"\s+")
_COLON = re.compile(r"[:：]")
_TOTAL = re.compile(r"(?:合|总|小|累|共)\s*计\s*[:：]?\Z")
_NOTE = re.compile(
    r"\s*(?:填\s*表\s*人|制\s*表\s*人|审\s*核\s*人|填报人|经办人|负责人|联系人|备\s*注|说\s*明|注)\s*[:：]"
)


class Doubt(StrEnum):
    """What a head's confidence suffers from (存疑)."""

    NO_HEAD = "no_head"
    TITLES = "titles"
    SEVERAL_ROWS = "several_rows"
    DOUBLED_NAMES = "doubled_names"
    UNNAMED_COLUMNS = "unnamed_columns"
    EMPTY_COLUMNS = "empty_columns"
    COLUMN_NUMBERS = "column_numbers"
    ONLY_TEXT = "only_text"

    @property
    def text(self) -> Text:
        """The doubt in words."""
        return _DOUBTS[self][0]


_DOUBTS = {
    Doubt.NO_HEAD: (
        Text("第一行像数据，没有表头。", "The first row looks like data; there is no head."),
        0.7,
    ),
    Doubt.TITLES: (Text("表头上方有标题行。", "There are title lines above the head."), 0.05),
    Doubt.SEVERAL_ROWS: (
        Text("表头有多行，已逐级合并。", "The head has several rows; they were joined."),
        0.1,
    ),
    Doubt.DOUBLED_NAMES: (Text("列名重复，已加序号。", "Names are doubled; they were numbered."), 0.15),
    Doubt.UNNAMED_COLUMNS: (Text("有的列没有名称。", "Some columns have no name."), 0.15),
    Doubt.EMPTY_COLUMNS: (Text("有空列，已略去。", "There are empty columns; they were left out."), 0.05),
    Doubt.COLUMN_NUMBERS: (Text("表头下有栏次行，已略去。", "A row of column numbers was left out."), 0.02),
    Doubt.ONLY_TEXT: (
        Text("全是文字，难以分清表头与数据。", "All is text; head and data cannot be told apart."),
        0.1,
    ),
}


@dataclass(frozen=True, slots=True)
class Head:
    """A head (表头): names of the columns kept and where they stand.

    ``columns``: index of each name's column in ``Row.cells``. ``width``: cells the head spans. ``last``:
    number of the last row that is not data (0: there is none). ``rows``: numbers of the head's rows.
    ``titles``: the text above. ``labels``: the lowest head row, to know it again further down.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    width: int
    last: int = 0
    rows: tuple[int, ...] = ()
    titles: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    confidence: float = 1.0
    doubts: frozenset[Doubt] = frozenset()


def head_of_names(names: Sequence[str]) -> Head:
    """The head of a format that carries its names (自带列名)."""
    return Head(tuple(names), tuple(range(len(names))), len(names))


def propose_head(sample: Sequence[Row]) -> Head:
    """Find the head in the first rows of a table, some dozens (推断表头). An empty sample has no columns."""
    rows = [row for row in sample if row.fault is None]
    typical = _typical_fill(rows)
    at = 0
    while at < len(rows) - 1 and _is_title(rows[at], typical):
        at += 1
    if at >= len(rows) or not _is_label_row(rows[at]):
        return _headless(rows, at)
    levels = [rows[at]]
    while at + len(levels) < len(rows) - 1 and len(levels) < _LEVELS:
        below = rows[at + len(levels)]
        if not _is_level(levels, below):
            break
        levels.append(below)
    return _build(rows, at, levels)


def head_at(sample: Sequence[Row], numbers: Sequence[int]) -> Head:
    """The head made of the rows a person names (人工指定表头); ``ValueError`` if one is not in the sample."""
    rows = [row for row in sample if row.fault is None]
    levels = [row for row in rows if row.place.row in set(numbers)]
    if not levels or len(levels) != len(set(numbers)):
        raise ValueError(f"rows {list(numbers)} are not all in the sample")
    return replace(_build(rows, rows.index(levels[0]), levels), confidence=1.0)


def body(rows: Iterable[Row], head: Head) -> Iterator[Row]:
    """The rows below the head, cut to its columns (数据行); what is no data gets a fault, nothing is lost.

    Cells outside the head are ``EXTRA_CELLS``; a row of delimited text that ends early is
    ``MISSING_CELLS``; totals, notes, signatures and repeated heads are ``NOT_DATA``.
    """
    kept = frozenset(head.columns)
    straight = head.columns == tuple(range(head.width))
    for row in rows:
        if row.place.row <= head.last:
            continue
        fault = row.fault or _fault(row, head, kept)
        if fault:
            yield replace(row, fault=fault)
        elif straight and len(row.cells) == head.width:
            yield row
        else:
            yield replace(row, cells=tuple([_at(row, column) for column in head.columns]))


def _fault(row: Row, head: Head, kept: frozenset[int]) -> Reason | None:
    cells = row.cells
    if len(cells) != head.width or len(kept) != head.width:
        for at, cell in enumerate(cells):
            if at not in kept and not is_blank(cell):
                return Reason.EXTRA_CELLS
    if _is_note(cells, head):
        return Reason.NOT_DATA
    if row.place.line and len(cells) < head.width:
        return Reason.MISSING_CELLS
    return None


def _is_note(cells: tuple[Value, ...], head: Head) -> bool:
    first = next((cell for cell in cells if not is_blank(cell)), None)
    if not isinstance(first, str):
        return False
    if _TOTAL.match(first.strip()) and head.width > 1:
        return True
    if _NOTE.match(first) and sum(not is_blank(cell) for cell in cells) * 2 <= head.width:
        return True
    return bool(head.labels) and first == head.labels[0] and _labels(cells, head.width) == head.labels


def _labels(cells: Sequence[Value], width: int) -> tuple[str, ...]:
    shown = [show(cell) for cell in cells[:width]]
    return tuple(shown + [""] * (width - len(shown)))


def _at(row: Row, column: int) -> Value:
    return row.cells[column] if column < len(row.cells) else None


def _typical_fill(rows: Sequence[Row]) -> int:
    fills = sorted(sum(not is_blank(cell) for cell in row.cells) for row in rows)
    return fills[len(fills) // 2] if fills else 0


def _is_title(row: Row, typical: int) -> bool:
    filled = [cell for cell in row.cells if not is_blank(cell)]
    if typical < 2 or not filled:
        return False
    if len({show(cell) for cell in filled}) == 1:
        return not any(
            is_blank(cell) for cell in row.cells[: len(filled)]
        )  # one cell, or merged from the left
    return all(_COLON.search(show(cell)) for cell in filled) or (
        len(filled) * 2 <= typical and any(_COLON.search(show(cell)) for cell in filled)
    )


def _is_label_row(row: Row) -> bool:
    filled = [cell for cell in row.cells if not is_blank(cell)]
    return bool(filled) and all(
        isinstance(cell, str) and len(cell) <= _LONGEST_LABEL and not looks_like_data(cell) for cell in filled
    )


def _is_level(levels: Sequence[Row], below: Row) -> bool:
    """Whether a row continues the head: it only says something new under merged or empty labels."""
    if not _is_label_row(below):
        return False
    width = max(len(levels[-1].cells), len(below.cells))
    above = [_at(levels[-1], column) for column in range(width)]
    new = False
    for column in range(width):
        value = _at(below, column)
        if is_blank(value) or value == above[column]:
            continue
        if not _is_open(above, column):
            return False
        new = True
    return new


def _is_open(above: Sequence[Value], column: int) -> bool:
    """A label that spans several columns: equal to a neighbour, empty, or with an empty one to its right."""
    label = above[column]
    if is_blank(label):
        return True
    neighbours = above[max(column - 1, 0) : column] + above[column + 1 : column + 2]  # type: ignore[operator]
    return label in neighbours or (column + 1 < len(above) and is_blank(above[column + 1]))


def _headless(rows: Sequence[Row], at: int) -> Head:
    width = max((len(row.cells) for row in rows), default=0)
    titles = tuple(_title(row) for row in rows[:at])
    last = rows[at - 1].place.row if at else 0
    doubts = {Doubt.NO_HEAD} | ({Doubt.TITLES} if titles else set())
    names = tuple(f"列{number}" for number in range(1, width + 1))
    return Head(
        names, tuple(range(width)), width, last, (), titles, (), _confidence(doubts), frozenset(doubts)
    )


def _title(row: Row) -> str:
    return " ".join(dict.fromkeys(show(cell) for cell in row.cells if not is_blank(cell)))


def _build(rows: Sequence[Row], at: int, levels: Sequence[Row]) -> Head:
    below = list(rows[at + len(levels) :])
    last = levels[-1].place.row
    doubts: set[Doubt] = set()
    if below and _is_numbering(below[0]):
        last = below.pop(0).place.row
        doubts.add(Doubt.COLUMN_NUMBERS)
    width = _width(levels, below)
    labels = _join(levels, width)
    used = {column for row in below for column, cell in enumerate(row.cells[:width]) if not is_blank(cell)}
    columns = tuple(column for column in range(width) if labels[column] or column in used)
    names = _unique([labels[column] or f"列{column + 1}" for column in columns])
    if len(columns) < width:
        doubts.add(Doubt.EMPTY_COLUMNS)
    if not all(labels[column] for column in columns):
        doubts.add(Doubt.UNNAMED_COLUMNS)
    if len({labels[column] for column in columns}) < len(columns):
        doubts.add(Doubt.DOUBLED_NAMES)
    if len(levels) > 1:
        doubts.add(Doubt.SEVERAL_ROWS)
    if at:
        doubts.add(Doubt.TITLES)
    if not any(looks_like_data(cell) for row in below for cell in row.cells):
        doubts.add(Doubt.ONLY_TEXT)
    return Head(
        names=names,
        columns=columns,
        width=width,
        last=last,
        rows=tuple(row.place.row for row in levels),
        titles=tuple(_title(row) for row in rows[:at]),
        labels=_labels(levels[-1].cells, width),
        confidence=_confidence(doubts),
        doubts=frozenset(doubts),
    )


def _width(levels: Sequence[Row], below: Sequence[Row]) -> int:
    """Columns the head spans, and those beyond it that at least half of the rows fill: less is raggedness."""
    ends = [_end(row) for row in below]
    spanned = max(_end(row) for row in levels)
    wide = sorted(ends)[len(ends) // 2] if ends else 0
    return max(spanned, wide)


def _end(row: Row) -> int:
    return max((at for at, cell in enumerate(row.cells, 1) if not is_blank(cell)), default=0)


def _confidence(doubts: Iterable[Doubt]) -> float:
    return round(max(1.0 - sum(_DOUBTS[doubt][1] for doubt in doubts), 0.05), 2)


def _is_numbering(row: Row) -> bool:
    """A row of column numbers 1 2 3 … (栏次), perhaps after 甲 乙 丙."""
    filled = [show(cell).strip() for cell in row.cells if not is_blank(cell)]
    numbers = [text for text in filled if text.isdecimal()]
    words = filled[: len(filled) - len(numbers)]
    return (
        len(numbers) >= 3
        and [int(text) for text in numbers] == list(range(1, len(numbers) + 1))
        and all(text in "甲乙丙丁栏次" for text in words)
    )


def _join(levels: Sequence[Row], width: int) -> list[str]:
    """Labels of all levels from above, joined by “/”; an empty one takes its left neighbour's if below it says more."""
    joined: list[list[str]] = [[] for _ in range(width)]
    for depth, row in enumerate(levels):
        carried = ""
        for column in range(width):
            label = _SPACE.sub("", show(_at(row, column)))
            deeper = any(not is_blank(_at(lower, column)) for lower in levels[depth + 1 :])
            if label:
                carried = label if deeper else ""
            elif deeper:
                label = carried
            else:
                carried = ""
            if label and (not joined[column] or joined[column][-1] != label):
                joined[column].append(label)
    return ["/".join(parts) for parts in joined]


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Doubled names get “_2”, “_3” …"""
    given: set[str] = set(names)
    seen: set[str] = set()
    unique = []
    for name in names:
        chosen, number = name, 1
        while chosen in seen or (number > 1 and chosen in given):
            number += 1
            chosen = f"{name}_{number}"
        seen.add(chosen)
        unique.append(chosen)
    return tuple(unique)
