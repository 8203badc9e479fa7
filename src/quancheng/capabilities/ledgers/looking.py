"""查询: one page of a returned table for an area, as texts, with the mark of who looks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from quancheng.capabilities.ledgers import base
from quancheng.capabilities.ledgers.columns import canonical
from quancheng.capabilities.ledgers.models import Returned
from quancheng.core.exchange import Comparison, Condition, Operator
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import InvalidInput

SIZE = 25
_TEXTS = frozenset({Kind.TEXT, Kind.RESIDENT_ID, Kind.USCC, Kind.PHONE})


def look(found: Returned, prefix: str, asked: Mapping[str, Any], *, size: int = SIZE) -> dict[str, Any]:
    """Rows as lists of ``{name, text, key}``, the total, and the offsets of neighbouring pages."""
    specs = base.shown_columns(found)
    offset = _offset(asked.get("offset"))
    answer = base.view_of(found).search(
        base.area(found, prefix, _condition(found, asked)), str(asked.get("text") or "").strip()[:60],
        [one.name for one in specs], _sort(found, str(asked.get("sort") or "")), size, offset,
    )  # fmt: skip
    rows = [
        [
            {"name": one.zh or one.name, "label": one.text, "text": canonical(row.get(one.name), one.kind)}
            for one in specs
        ]
        for row in answer.rows
    ]
    more = offset + len(rows) < answer.total
    return {
        "columns": specs, "rows": rows, "total": answer.total, "estimated": answer.total_estimated,
        "offset": offset, "next": offset + size if more and rows else None,
        "previous": max(0, offset - size) if offset else None,
    }  # fmt: skip


def _offset(raw: Any) -> int:
    text = str(raw or "0")
    if not text.isdecimal() or int(text) > 100_000:
        raise InvalidInput(Text("翻页位置无效。", "The position is not valid."))
    return int(text)


def _condition(found: Returned, asked: Mapping[str, Any]) -> Condition | None:
    column, value = str(asked.get("column") or ""), str(asked.get("value") or "").strip()
    if not column or not value:
        return None
    spec = base.column_spec(found, column)
    if spec.kind in _TEXTS:
        return Comparison(column, Operator.STARTS, value)
    return Comparison(column, Operator.EQ, base.typed(value, spec.kind))


def _sort(found: Returned, wanted: str) -> list[str]:
    """The wanted order, then the key: pages neither repeat nor lose rows."""
    key = list(base.schema_of(found).key)
    if not wanted:
        return key
    base.column_spec(found, wanted.lstrip("-"))
    return [wanted, *(one for one in key if one != wanted.lstrip("-"))]


def watermark(call: Call) -> dict[str, str]:
    """Who looks, when, and a short code that finds the look in the audit."""
    local: datetime = call.at.astimezone(clock.LOCAL)
    seed = f"{call.actor.user_id}|{call.actor}|{call.at.isoformat()}|{call.request_id}"
    code = hashlib.sha256(seed.encode()).hexdigest()[:10].upper()
    return {"text": f"{call.actor} {local:%Y-%m-%d %H:%M} 溯源码{code}", "code": code}
