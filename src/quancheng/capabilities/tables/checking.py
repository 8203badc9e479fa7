"""结构的校验: whether a table's name and schema can be kept, and whether a changed one can hold the old rows."""

from __future__ import annotations

import re
from collections.abc import Mapping

from quancheng.capabilities.tables.values import ColumnSpec, TableSchema, arrow_type
from quancheng.core.text import Text

MOST_COLUMNS = 500
MOST_KEY = 8
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,99}")


def wrong_name(name: str) -> Text | None:
    """Why a table cannot be called so."""
    if _NAME.fullmatch(name):
        return None
    return Text(
        "表名以小写字母开头，只含小写字母、数字、下划线、点和连字符，至多 100 个字符",
        "a name begins with a lower-case letter and has only lower-case letters, digits, _ . and -, 100 at most",
    )


def wrong_schema(schema: TableSchema) -> dict[str, Text]:
    """Faults by column; empty when it can be kept."""
    wrong: dict[str, Text] = {}
    if not 0 < len(schema.columns) <= MOST_COLUMNS:
        wrong["columns"] = Text(f"应有 1 至 {MOST_COLUMNS} 列", f"1 to {MOST_COLUMNS} columns")
    seen: set[str] = set()
    for column in schema.columns:
        if text := _wrong_column(column, seen):
            wrong[column.name or "columns"] = text
        seen.add(column.name.casefold())
    if not 0 < len(schema.key) <= MOST_KEY or len(set(schema.key)) != len(schema.key):
        wrong["key"] = Text(
            f"主键应为 1 至 {MOST_KEY} 个不同的列", f"a key of 1 to {MOST_KEY} different columns"
        )
    elif missing := [name for name in schema.key if schema.column(name) is None]:
        names = "、".join(missing)
        wrong["key"] = Text(f"主键列不在表中：{names}", f"key columns that are not there: {names}")
    return wrong


def _wrong_column(column: ColumnSpec, seen: set[str]) -> Text | None:
    name = column.name
    if not 0 < len(name) <= 63 or not name.isprintable() or name != name.strip():
        return Text("列名应为 1 至 63 个可见字符", "a name of 1 to 63 printable characters")
    if name.startswith("_") and name != "_id":  # the number of a row that clients of CKAN's DataStore know
        return Text("下划线开头的列名由系统保留", "names that begin with _ are the system's")
    if name.casefold() in seen:
        return Text("列名重复（不分大小写）", "the name comes twice, case apart")
    if not 1 <= column.level <= 4:
        return Text("数据级别为 1 至 4", "the level is 1 to 4")
    return None


def breaking(before: TableSchema, after: TableSchema) -> Mapping[str, Text]:
    """What of a new schema the rows of the old one cannot bear; empty when it is compatible."""
    wrong: dict[str, Text] = {}
    if before.key != after.key:
        wrong["key"] = Text("主键不能改变", "the key cannot change")
    for old in before.columns:
        new = after.column(old.name)
        if new is None:
            wrong[old.name] = Text("已有的列不能删除", "a column cannot be taken away")
        elif arrow_type(new.kind) != arrow_type(old.kind):
            wrong[old.name] = Text(
                f"类型不能从 {old.kind} 改为 {new.kind}",
                f"the kind cannot change from {old.kind} to {new.kind}",
            )
        elif new.required and not old.required:
            wrong[old.name] = Text("已有的列不能改为必填", "a column cannot become required")
    for new in after.columns:
        if before.column(new.name) is None and new.required:
            wrong[new.name] = Text("新增的列不能必填", "a new column cannot be required")
    return wrong
