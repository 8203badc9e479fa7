"""约定的校验与建议: faults in columns and mapping by field; proposals from a sample. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from quancheng.capabilities.collection.values import Layout
from quancheng.core.tabular import Kind, Row
from quancheng.core.tabular.model import is_blank, show
from quancheng.core.text import Text

LEVELS = (1, 2, 3, 4)
_SPACE = re.compile(r"\s+")
_PERSONAL_KINDS = frozenset((Kind.RESIDENT_ID, Kind.PHONE))
_PERSONAL_NAME = re.compile(
    r"姓名|身份|证件号|电话|手机|住址|家庭地址|出生|银行卡|账号|name|phone|birth", re.IGNORECASE
)
_ID_NAME = re.compile(r"编号|编码|代码|证号|号码|序号|_?id\Z|code", re.IGNORECASE)


def faults_of_columns(columns: Sequence[Mapping[str, Any]], key: Sequence[str]) -> dict[str, Text]:
    """What is wrong with the table's columns, by field."""
    names = [str(one.get("name", "")).strip() for one in columns]
    if not names or not all(names) or any(len(name) > 63 or name.startswith("_") for name in names):
        return {
            "columns": Text(
                "每列要有名称，不超过63字，不以下划线开头。",
                "Each column has a name of at most 63 characters, none begins with an underscore.",
            )
        }
    if len({name.lower() for name in names}) < len(names):
        return {"columns": Text("列名重复（不分大小写）。", "A column is named twice (case does not count).")}
    kinds = {kind.value for kind in Kind}
    if any(one.get("kind") not in kinds or one.get("level", 1) not in LEVELS for one in columns):
        return {"columns": Text("列的类型或级别不正确。", "The kind or level of a column is wrong.")}
    if not key or not set(key) <= set(names) or len(set(key)) < len(key) or len(key) > 8:
        return {
            "key": Text(
                "请选择能唯一确定一行的主键列，至多8列。",
                "Choose the columns that identify a row, eight at most.",
            )
        }
    return {}


def faults_of_layout(
    layout: Layout, columns: Sequence[Mapping[str, Any]], key: Sequence[str]
) -> dict[str, Text]:
    """What is wrong with the mapping, by field."""
    names = {str(one["name"]) for one in columns if "name" in one}
    targets = list(layout.columns.values())
    if not set(targets) <= names:
        return {
            "layout": Text(
                "来源列对应到了不存在的列。", "A source column is mapped to a column that is not there."
            )
        }
    if len(set(targets)) < len(targets):
        return {"layout": Text("两个来源列对应到了同一列。", "Two source columns are mapped to one column.")}
    lacking = [name for name in key if name not in targets]
    if lacking:
        return {
            "layout": Text(
                f"主键列“{lacking[0]}”没有来源列。", f"The key column “{lacking[0]}” has no source."
            )
        }
    return {}


def propose_name(source: str) -> str:
    """The name of a column from what the source calls it."""
    return _SPACE.sub("", source).strip("_")[:63] or "列"


def looks_personal(name: str, kind: Kind) -> bool:
    """Whether a column probably says something about a person (疑似个人信息)."""
    return kind in _PERSONAL_KINDS or bool(_PERSONAL_NAME.search(name))


def propose_keys(names: Sequence[str], rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Columns, or pairs of them, that are filled and different in every sample row; likely ones first."""
    if not rows:
        return []
    cells = [
        [show(row.cells[at]) if at < len(row.cells) and not is_blank(row.cells[at]) else None for row in rows]
        for at in range(len(names))
    ]
    full = [at for at, column in enumerate(cells) if None not in column]
    single = [at for at in full if len(set(cells[at])) == len(rows)]
    single.sort(key=lambda at: (not _ID_NAME.search(names[at]), at))
    found: list[tuple[str, ...]] = [(names[at],) for at in single[:5]]
    if found:
        return found
    for a in full[:12]:
        for b in full[:12]:
            if a < b and len(set(zip(cells[a], cells[b], strict=True))) == len(rows):
                found.append((names[a], names[b]))
    return found[:5]
