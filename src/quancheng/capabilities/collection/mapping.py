"""列对应: the source's head against what the feed expects; each difference waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quancheng.capabilities.collection.values import Hold, HoldKind, Layout
from quancheng.core.tabular import DriftKind, Field, Kind, Schema, drift
from quancheng.core.text import Text

__all__ = ["column_holds", "reading_schema", "source_of", "type_holds"]


def source_of(layout: Layout) -> dict[str, str]:
    """Column of the table → source name."""
    return {column: source for source, column in layout.columns.items()}


def reading_schema(names: Sequence[str], layout: Layout, table: Schema) -> Schema:
    """How the rows of a delivery are read: fields in the source's order, called as the source calls them.

    Columns that are not taken are text without demands, so nothing in them can refuse a row.
    """
    fields = {field.name: field for field in table.fields}
    sources = source_of(layout)
    read = []
    for name in names:
        column = fields.get(layout.columns.get(name, ""))
        read.append(
            Field(name, column.kind, column.required or column.name in table.key)
            if column
            else Field(name, Kind.TEXT)
        )
    key = tuple(sources[name] for name in table.key if sources.get(name) in names)
    return Schema(tuple(read), key if len(key) == len(table.key) else ())


def column_holds(
    names: Sequence[str], guesses: Mapping[str, Kind], layout: Layout, table: Schema
) -> tuple[Hold, ...]:
    """What changed in the head since the columns were agreed (表头变化).

    A missing column is compared with every new one, whatever its kind: a person decides.
    """
    expected = tuple(Field(source, Kind.TEXT) for source in layout.columns)
    found = tuple(Field(name, Kind.TEXT) for name in names if name not in layout.ignored)
    holds = []
    for change in drift(Schema(expected), Schema(found)).changes:
        before, after = (one.name if one else "" for one in (change.before, change.after))
        if change.kind is DriftKind.RENAMED:
            text = Text(
                f"列“{before}”疑似改名为“{after}”。", f"Column “{before}” seems to be called “{after}” now."
            )
            holds.append(Hold(HoldKind.COLUMN_RENAMED, text, before, after))
        elif change.kind is DriftKind.MISSING:
            needed = _required(layout.columns[before], table)
            zh = f"缺少列“{before}”" + ("，它是必填列，不能置空。" if needed else "。")
            en = f"Column “{before}” is missing" + (" and may not be empty." if needed else ".")
            holds.append(Hold(HoldKind.COLUMN_MISSING, Text(zh, en), before))
        elif change.kind is DriftKind.ADDED:
            kind = guesses.get(after, Kind.TEXT)
            text = Text(f"新增列“{after}”。", f"Column “{after}” is new.")
            holds.append(Hold(HoldKind.COLUMN_ADDED, text, after, "", kind.value))
    return tuple(holds)


def _required(column: str, table: Schema) -> bool:
    return column in table.key or any(one.name == column and one.required for one in table.fields)


def type_holds(refused: Mapping[str, int], filled: Mapping[str, int], share: float) -> tuple[Hold, ...]:
    """Columns of which so many cells no longer fit that the column itself changed (类型变化)."""
    holds = []
    for name, count in refused.items():
        if count and count >= filled.get(name, 0) * share:
            text = Text(
                f"列“{name}”有 {count} 个单元格不再符合约定的类型。",
                f"{count} cells of column “{name}” no longer have the agreed type.",
            )
            holds.append(Hold(HoldKind.COLUMN_TYPE, text, name, number=count))
    return tuple(holds)
