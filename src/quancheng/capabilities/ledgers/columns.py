"""字段: reading designs and cells, purely. Faults are values: (place, text)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from quancheng.capabilities.ledgers.values import Column, Filling
from quancheng.core.identity import IdentityNumberError, parse_resident_id, parse_uscc
from quancheng.core.tabular import Kind, Reason, explain, read_value
from quancheng.core.text import Text

MOST_COLUMNS, LONGEST_NAME, LONGEST_CELL, MOST_CHOICES = 60, 40, 1000, 60
_NAME = re.compile(r"[^\x00-\x1f<>{}\"\\]+\Z")
Faults = dict[str, Text]


def column_of(row: Mapping[str, Any]) -> Column:
    """A column from its JSON form, as kept."""
    return Column(
        name=str(row["name"]), kind=Kind(row.get("kind", Kind.TEXT)),
        filling=Filling(row.get("filling", Filling.ASKED)),
        choices=tuple(str(one) for one in row.get("choices", ())),
        required=bool(row.get("required", False)), help=str(row.get("help", "")),
        table=str(row.get("table", "")), source=str(row.get("source", "")),
        exception=str(row.get("exception", "")),
    )  # fmt: skip


def columns_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
    """The columns of a book from their JSON form."""
    return tuple(column_of(row) for row in rows)


def read_columns(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[Column, ...], Faults]:
    """Columns as somebody sent them, with the faults of each (``columns.3.kind``)."""
    faults: Faults = {}
    found: list[Column] = []
    if not isinstance(rows, list | tuple) or len(rows) > MOST_COLUMNS:
        return (), {"columns": Text(f"字段最多{MOST_COLUMNS}个。", f"At most {MOST_COLUMNS} columns.")}
    for at, row in enumerate(rows):
        try:
            found.append(column_of(row))
        except (ValueError, KeyError, TypeError, AttributeError):
            faults[f"columns.{at}"] = Text(
                "字段的类型或填写方式无效。", "Its kind or way of filling is not known."
            )
    return tuple(found), faults or design_faults(found)


def design_faults(columns: Sequence[Column]) -> Faults:
    """What is wrong with the columns of a book."""
    faults: Faults = {}
    seen: set[str] = set()
    for at, one in enumerate(columns):
        if fault := _column_fault(one):
            faults[f"columns.{at}"] = fault
        elif one.name in seen:
            faults[f"columns.{at}"] = Text(
                f"字段名“{one.name}”重复。", f"Two columns are called “{one.name}”."
            )
        seen.add(one.name)
    if not columns:
        faults["columns"] = Text("至少要有一个字段。", "A book needs a column.")
    elif not faults and not any(one.filling is Filling.ASKED for one in columns):
        faults["columns"] = Text(
            "全部字段都已预填，没有要填写的内容，不需要发台账。",
            "Every column is pre-filled; nothing is asked, so no ledger is needed.",
        )
    return faults


def _column_fault(one: Column) -> Text | None:
    if not one.name.strip() or len(one.name) > LONGEST_NAME or not _NAME.match(one.name):
        return Text(f"字段名应为1至{LONGEST_NAME}个字。", f"A name has 1 to {LONGEST_NAME} characters.")
    if one.prefilled and not (one.table and one.source):
        return Text(
            "预填字段要选定来源数据和字段。", "A pre-filled column needs the table and column it comes from."
        )
    if one.choices and one.kind is not Kind.TEXT:
        return Text("只有文本字段可以列出选项。", "Only text columns have choices.")
    if len(one.choices) == 1 or len(one.choices) > MOST_CHOICES or len(set(one.choices)) < len(one.choices):
        return Text(f"选项应为2至{MOST_CHOICES}个，不能重复。", f"2 to {MOST_CHOICES} choices, each once.")
    if len(one.help) > 200 or len(one.exception) > 300:
        return Text("说明过长。", "The explanation is too long.")
    return None


def canonical(value: Any, kind: Kind) -> str:
    """A value of a data table or a spreadsheet as the text of a cell; what cannot be read stays as it is."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime) and kind is Kind.DATE:
        return value.date().isoformat()
    text = _plain(value)
    if not text:
        return ""
    read = read_value(text, kind)
    return text if isinstance(read, Reason) else _plain(read)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return format(value, "f").rstrip("0").rstrip(".") if _is_fraction(value) else str(value).strip()


def _is_fraction(value: Any) -> bool:
    return hasattr(value, "as_tuple") and value.as_tuple().exponent < 0


def read_cell(text: str, column: Column, today: date) -> tuple[str, Text | None]:
    """The cell as it is kept, and what is wrong with it."""
    text = text.strip()
    if not text:
        return "", None
    if len(text) > LONGEST_CELL:
        return text[:LONGEST_CELL], Text(f"最多{LONGEST_CELL}个字", f"At most {LONGEST_CELL} characters")
    if "\x00" in text:
        return text.replace("\x00", ""), Text(
            "含有不能使用的字符", "It holds a character that cannot be used"
        )
    if column.choices:
        return text, None if text in column.choices else Text("请从选项中选一个", "Choose one of the choices")
    read = read_value(text, column.kind)
    if isinstance(read, Reason):
        return text, explain(read)
    return _plain(read), _number_fault(str(read), column.kind, today)


def _number_fault(text: str, kind: Kind, today: date) -> Text | None:
    """Check characters: a slip is found while the worker still stands at the door."""
    try:
        if kind is Kind.RESIDENT_ID:
            parse_resident_id(text, on=today)
        elif kind is Kind.USCC:
            parse_uscc(text)
    except IdentityNumberError as wrong:
        return wrong.text
    return None


def read_cells(
    columns: Sequence[Column], sent: Mapping[str, Any], base: Mapping[str, str], today: date
) -> tuple[dict[str, str], Faults]:
    """Cells as they are kept and the faults by column. A cell left as the base has it is not judged: it is
    the source's. Names that are no column are faults."""
    known = {one.name: one for one in columns}
    cells: dict[str, str] = {}
    faults: Faults = {}
    for name, value in sent.items():
        column = known.get(name)
        if column is None:
            faults[str(name)[:60]] = Text("台账里没有这个字段。", "The book has no such column.")
            continue
        raw = "" if value is None else str(value)
        if raw.strip() == base.get(name, ""):
            cells[name] = raw.strip()
            continue
        cells[name], fault = read_cell(raw, column, today)
        if fault:
            faults[name] = fault
    return cells, faults


def missing_cells(columns: Sequence[Column], cells: Mapping[str, str]) -> list[str]:
    """Required columns without a value."""
    return [one.name for one in columns if one.required and not cells.get(one.name, "").strip()]


def counted(columns: Sequence[Column], base: Mapping[str, str], cells: Mapping[str, str]) -> tuple[int, int]:
    """(pre-filled cells, cells typed) of a row: what the city spared the worker and what it did not."""
    filled = sum(1 for one in columns if one.prefilled and base.get(one.name, ""))
    typed = sum(1 for one in columns if cells.get(one.name, "") and cells[one.name] != base.get(one.name, ""))
    return filled, typed
