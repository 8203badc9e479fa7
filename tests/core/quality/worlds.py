"""Tables, rules and an engine for the tests of quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa

from quancheng.core.quality import Findings, Plan, RuleSet, compile_rules, parse_rules

AS_OF = datetime(2026, 3, 2, 9, 30)
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("idn", pa.string()),
        ("uscc", pa.string()),
        ("card", pa.string()),
        ("phone", pa.string()),
        ("age", pa.int32()),
        ("price", pa.float64()),
        ("total", pa.float64()),
        ("amount", pa.decimal128(12, 2)),
        ("written", pa.string()),
        ("born", pa.date32()),
        ("moved", pa.date32()),
        ("updated", pa.timestamp("us")),
        ("active", pa.bool_()),
    ]
)
PARENTS = [{"code": "汉"}, {"code": "回族"}, {"code": None}, {"code": "汉"}, {"code": ""}]
TEST_ENGINE = ibis.duckdb.connect(threads=1)
Row = Mapping[str, object]


def rules(*each: Mapping[str, object], missing: Sequence[str] = (), key: Sequence[str] = ("id",)) -> RuleSet:
    """A rule set; ids and names are filled in."""
    filled = [{"id": f"r{number}", "name": "规则", **rule} for number, rule in enumerate(each)]
    document: dict[str, object] = {"table": "人口", "key": list(key), "rules": filled}
    if missing:
        document["missing"] = list(missing)
    return parse_rules(document)


def full(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Rows with all columns."""
    return [{**dict.fromkeys(SCHEMA.names), "id": number, **row} for number, row in enumerate(rows)]


def table(rows: Sequence[Row], schema: pa.Schema = SCHEMA) -> Any:
    """The rows as a table of the engine."""
    return TEST_ENGINE.create_table(
        "people", pa.Table.from_pylist([dict(row) for row in rows], schema=schema), overwrite=True
    )


def parents() -> dict[str, Any]:
    """The table that references point to."""
    rows = pa.Table.from_pylist(PARENTS, schema=pa.schema([("code", pa.string())]))
    return {"民族": TEST_ENGINE.create_table("nations", rows, overwrite=True)}


def one(query: Any) -> dict[str, object]:
    """The only row of a query."""
    (row,) = query.to_pyarrow().to_pylist()
    return dict(row)


def run(plan: Plan) -> Findings:
    """Execute a plan."""
    return plan.read([one(query) for query in plan.queries()])


def check(*each: Mapping[str, object], rows: Sequence[Row], **options: Any) -> Findings:
    """Rules over rows by the engine."""
    plan = compile_rules(rules(*each, **options), table(full(rows)), tables=parents(), as_of=AS_OF)
    return run(plan)
