"""目录表格: the catalogue and duty lists as spreadsheets, read row by row with a place and reason for each refusal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, BinaryIO

from quancheng.capabilities.catalogue.values import RowRefused
from quancheng.core.catalogue import (
    DataType,
    Item,
    Level,
    Openness,
    Resource,
    ShareMode,
    ShareType,
    Term,
    UpdateCycle,
)
from quancheng.core.tabular import (
    Limits,
    Place,
    Row,
    TableError,
    body,
    explain,
    head_of_names,
    propose_head,
    read,
    safe_cell,
    sniff,
)
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

LIMITS = Limits(
    bytes=20_000_000, in_memory=5_000_000, unpacked=200_000_000, ratio=200.0, parts=500, rows=200_000,
    columns=60, cell=5_000, row=100_000,
)  # fmt: skip
COLUMNS = (
    "信息资源代码", "信息资源名称", "提供部门代码", "信息资源摘要", "信息资源分类", "信息资源格式", "共享类型",
    "共享条件", "不予共享依据", "共享方式", "开放属性", "开放条件", "数据级别", "更新周期", "关键词", "权责事项",
    "字段名", "信息项名称", "数据类型", "长度", "信息项共享类型", "信息项开放属性", "信息项级别", "个人信息", "信息项说明",
)  # fmt: skip
NEEDED = (
    "信息资源名称",
    "提供部门代码",
    "共享类型",
    "开放属性",
    "更新周期",
    "字段名",
    "信息项名称",
    "数据类型",
)
DUTY_COLUMNS = ("事项代码", "事项名称", "产生数据", "设定依据")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file by the names of its columns, or why the row cannot be taken at all."""

    place: Place
    cells: Mapping[str, str]
    fault: Text | None = None


class CellFault(ValueError):
    """A cell that says nothing known, with its column."""

    def __init__(self, column: str, text: Text) -> None:
        super().__init__(text.en)
        self.text = Text(f"{column}：{text.zh}", f"{column}: {text.en}")


def lines(stream: BinaryIO, name: str, needed: Sequence[str]) -> list[Line]:
    """All rows below the head. Raises InvalidInput when the file cannot be read or lacks a column."""
    try:
        found = sniff(stream, name, LIMITS)
        stream.seek(0)
        rows = list(islice(read(stream, found, LIMITS), LIMITS.rows))
    except TableError as broken:
        raise InvalidInput(fields={"file": broken.text}) from broken
    head = head_of_names(found.names) if found.names else propose_head(rows[:40])
    names = [_name(label) for label in head.names]
    missing = [one for one in needed if one not in names]
    if missing:
        zh, en = "、".join(missing), ", ".join(missing)
        raise InvalidInput(fields={"file": Text(f"缺少列：{zh}。", f"Columns are missing: {en}.")})
    return [_line(names, row) for row in body(rows, head)]


def _name(label: str) -> str:
    return "".join(label.replace("*", "").split())


def _line(names: Sequence[str], row: Row) -> Line:
    if row.fault is not None:
        return Line(row.place, {}, explain(row.fault))
    cells = {name: _shown(cell) for name, cell in zip(names, row.cells, strict=False) if name}
    return Line(row.place, cells)


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell).strip()
    # the mark that safe_cell puts before what a spreadsheet would run
    return text[1:] if text.startswith("'") and safe_cell(text[1:]) == text else text


def refusal(line: Line, texts: Iterable[Text]) -> RowRefused:
    """A refused row with its place."""
    return RowRefused(line.place.text().to_dict(), tuple(one.to_dict() for one in texts))


def groups(found: Iterable[Line]) -> Iterator[list[Line]]:
    """Rows of one entry: those behind its first that repeat its name and organ, or leave them empty."""
    current: list[Line] = []
    for line in found:
        key = (line.cells.get("信息资源名称", ""), line.cells.get("提供部门代码", ""))
        if current and (not key[0] or key == _key(current[0])):
            current.append(line)
            continue
        if current:
            yield current
        current = [line]
    if current:
        yield current


def _key(line: Line) -> tuple[str, str]:
    return (line.cells.get("信息资源名称", ""), line.cells.get("提供部门代码", ""))


def values_of(first: Mapping[str, str], today: date) -> dict[str, Any]:
    """The core metadata of a row as JSON values. Raises CellFault for the first unknown word."""
    modes = [_term(ShareMode, "共享方式", one) for one in _parts(first.get("共享方式", ""))]
    return {
        "code": first.get("信息资源代码", ""),
        "name": first.get("信息资源名称", ""),
        "provider": {"code": first.get("提供部门代码", ""), "name": ""},
        "abstract": first.get("信息资源摘要", ""),
        "classes": _parts(first.get("信息资源分类", "")),
        "formats": [one.upper() for one in _parts(first.get("信息资源格式", ""))],
        "share": _term(ShareType, "共享类型", first.get("共享类型", "")),
        "share_condition": first.get("共享条件", ""),
        "share_basis": first.get("不予共享依据", ""),
        "share_modes": modes,
        "openness": _term(Openness, "开放属性", first.get("开放属性", "")),
        "open_condition": first.get("开放条件", ""),
        "level": _term(Level, "数据级别", first.get("数据级别", "") or "1"),
        "cycle": _term(UpdateCycle, "更新周期", first.get("更新周期", "")),
        "issued": today.isoformat(),
        "modified": today.isoformat(),
        "keywords": _parts(first.get("关键词", "")),
        "duties": _parts(first.get("权责事项", "")),
    }


def item_of(cells: Mapping[str, str]) -> dict[str, Any]:
    """One item as JSON values. Raises CellFault."""
    length = cells.get("长度", "")
    if length and not (length.isascii() and length.isdigit()):
        raise CellFault("长度", Text(f"“{length}”不是整数。", f"“{length}” is no whole number."))
    maybe = {
        "share": (ShareType, "信息项共享类型"),
        "openness": (Openness, "信息项开放属性"),
        "level": (Level, "信息项级别"),
    }
    return {
        "field": cells.get("字段名", ""),
        "name": cells.get("信息项名称", ""),
        "type": _term(DataType, "数据类型", cells.get("数据类型", "")),
        "length": int(length) if length else None,
        "personal": cells.get("个人信息", "") in ("是", "√", "1", "true", "True", "Y"),
        "note": cells.get("信息项说明", ""),
        **{key: _term(kind, column, cells[column]) if cells.get(column) else None
           for key, (kind, column) in maybe.items()},
    }  # fmt: skip


def exported(resources: Iterable[Resource]) -> Iterator[str]:
    """The catalogue as CSV that any spreadsheet opens: one row an item, ready to be imported again."""
    out = io.StringIO()
    writer = csv.writer(out)
    yield "\ufeff"
    writer.writerow(COLUMNS)
    for one in resources:
        for item in one.items or (None,):
            writer.writerow([safe_cell(cell) for cell in (*_core_cells(one), *_item_cells(item))])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _core_cells(one: Resource) -> tuple[str, ...]:
    return (
        one.code, one.name.zh, one.provider.code, one.abstract.zh, "；".join(one.classes), "；".join(one.formats),
        one.share.label.zh, one.share_condition, one.share_basis,
        "；".join(mode.label.zh for mode in one.share_modes), one.openness.label.zh, one.open_condition,
        one.level.label.zh, one.cycle.label.zh, "；".join(one.keywords), "；".join(one.duties),
    )  # fmt: skip


def _item_cells(item: Item | None) -> tuple[str, ...]:
    if item is None:
        return ("",) * 9
    return (
        item.field, item.name.zh, item.type.label.zh, str(item.length or ""), _label(item.share),
        _label(item.openness), _label(item.level), "是" if item.personal else "否", item.note,
    )  # fmt: skip


def _label(term: Term | None) -> str:
    return term.label.zh if term is not None else ""


def _parts(text: str) -> list[str]:
    for mark in ("；", ";", "，", ",", "、", "|"):
        text = text.replace(mark, "\n")
    return [one.strip() for one in text.splitlines() if one.strip()]


def _term(kind: type[Term], column: str, text: str) -> str:
    """A term by its label, value or official number."""
    for term in kind:
        if text and text in (term.label.zh, term.label.en, str(term.value), term.number):
            return str(term.value)
    known = "、".join(term.label.zh for term in kind)
    if not text:
        raise CellFault(column, Text(f"未填写，可填：{known}。", f"It is empty; one of: {known}."))
    raise CellFault(
        column, Text(f"“{text}”无法识别，可填：{known}。", f"“{text}” is unknown; one of: {known}.")
    )
