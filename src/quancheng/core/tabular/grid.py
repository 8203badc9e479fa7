"""合并单元格: merged ranges laid over a stream of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from quancheng.core.tabular.model import Limits, Row, Value

__all__ = ["Merge", "fill_merged"]


@dataclass(frozen=True, slots=True, order=True)
class Merge:
    """A merged range (合并区域): rows from 1 as shown, columns from 0, both ends inclusive."""

    top: int
    left: int
    bottom: int
    right: int


def fill_merged(rows: Iterable[Row], merges: list[Merge], limits: Limits) -> Iterator[Row]:
    """Give every cell of a merged range the value of its first cell (合并单元格填充).

    ``merges`` are sorted. Memory is that of the ranges open in one row. A row without cells of its own
    inside a range is not made up: rows come from the file.
    """
    waiting = 0
    active: list[tuple[Merge, Value]] = []
    for row in rows:
        number = row.place.row
        active = [item for item in active if item[0].bottom >= number]
        while waiting < len(merges) and merges[waiting].top <= number:
            merge = merges[waiting]
            waiting += 1
            if merge.bottom >= number and merge.right < limits.columns:
                value = _at(row, merge.left) if merge.top == number else None
                active.append((merge, value))
        yield _filled(row, active) if active else row


def _at(row: Row, column: int) -> Value:
    return row.cells[column] if column < len(row.cells) else None


def _filled(row: Row, active: list[tuple[Merge, Value]]) -> Row:
    cells = list(row.cells)
    for merge, value in active:
        if value is None:
            continue
        if len(cells) <= merge.right:
            cells.extend([None] * (merge.right + 1 - len(cells)))
        for column in range(merge.left, merge.right + 1):
            if cells[column] is None:
                cells[column] = value
    return replace(row, cells=tuple(cells))
