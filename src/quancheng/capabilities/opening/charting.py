"""图表: one column counted or summed over another, as the configuration of a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from quancheng.capabilities.opening.numbering import ROW_ID
from quancheng.capabilities.tables.queries import View
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.tabular import Kind
from quancheng.core.text import Text

MOST = 200
FIGURES, DAYS = (Kind.INTEGER, Kind.DECIMAL), (Kind.DATE, Kind.DATETIME)
MEASURES = {
    "count": "count(*)",
    "sum": "sum({})",
    "average": "avg({})",
    "least": "min({})",
    "greatest": "max({})",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is drawn: ``measure`` of column ``y`` for each value of column ``x``."""

    x: str
    y: str = ""
    measure: str = "count"


def figures(schema: TableSchema) -> list[ColumnSpec]:
    """Columns that can be summed."""
    return [one for one in schema.columns if one.kind in FIGURES and one.name != ROW_ID]


def usual(schema: TableSchema) -> Wanted | None:
    """A first chart: the mean of the first figure by day, else counts by the last column of text."""
    day = next((one for one in schema.columns if one.kind in DAYS), None)
    numbers = figures(schema)
    if day is not None and numbers:
        return Wanted(day.name, numbers[0].name, "average")
    texts = [one for one in schema.columns if one.kind is Kind.TEXT]
    if not texts:
        return None
    return Wanted(texts[-1].name, numbers[0].name if len(texts) == 1 and numbers else "",
                  "sum" if len(texts) == 1 and numbers else "count")  # fmt: skip


def points(view: View, wanted: Wanted) -> tuple[list[tuple[Any, Any]], bool]:
    """Pairs of x and measure, and whether some were left out. Days: the last ones; others: the greatest."""
    column = view.schema.column(wanted.x)
    assert column is not None and (wanted.measure == "count" or view.schema.column(wanted.y))
    x, what = _quoted(wanted.x), MEASURES[wanted.measure].format(_quoted(wanted.y))
    days = column.kind in DAYS
    order = "x DESC" if days else "y DESC NULLS LAST, x"
    rows = view.sql(
        f"SELECT {x} AS x, {what} AS y FROM t WHERE {x} IS NOT NULL GROUP BY {x} ORDER BY {order} LIMIT {MOST + 1}"  # noqa: S608
    ).to_pylist()
    found = [(row["x"], _plain(row["y"])) for row in rows[:MOST]]
    return (found[::-1] if days else found), len(rows) > MOST


def config(view: View, wanted: Wanted, found: list[tuple[Any, Any]], label: Text) -> dict[str, Any]:
    """The chart island's configuration."""
    column = view.schema.column(wanted.x)
    line = column is not None and column.kind in DAYS
    return {
        "kind": "line" if line else "bar", "x": [shown(x) for x, _y in found],
        "series": [{"name": label, "data": [y for _x, y in found]}], "unit": "",
    }  # fmt: skip


def shown(value: Any) -> str:
    """A value as a label."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else f"{value}"


def _plain(value: Any) -> Any:
    return round(float(value), 4) if isinstance(value, Decimal | float) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
