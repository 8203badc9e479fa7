"""比对: accepted rows against the present version of the table, counted in DuckDB without keeping either in Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from quancheng.capabilities.collection.values import Mode

EXAMPLES = 10
_PLAIN = re.compile(r'"')


@dataclass(frozen=True, slots=True)
class Compared:
    """What applying would do; examples as ``{kind: [{key, before, after}]}``."""

    inserted: int
    updated: int
    deleted: int
    unchanged: int
    before: int
    examples: dict[str, list[dict[str, Any]]]


def compare(
    accepted: Path,
    old: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    key: Sequence[str],
    mode: Mode,
    spill: Path,
) -> Compared:
    """Count what changes between the table's rows and the accepted ones; incremental deliveries delete nothing."""
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set memory_limit = '1GB'")
        connection.execute("set temp_directory = " + _text(str(spill)))
        connection.execute("set threads = 2")
        connection.register("old_rows", pa.RecordBatchReader.from_batches(schema, iter(old)))
        connection.execute(
            f"create temp view n as select *, true as _n from read_parquet({_text(str(accepted))})"  # noqa: S608  a path of ours, quoted
        )
        connection.execute("create temp table o as select *, true as _o from old_rows")
        return _counted(connection, schema, key, mode)
    finally:
        connection.close()


def _counted(
    connection: duckdb.DuckDBPyConnection, schema: pa.Schema, key: Sequence[str], mode: Mode
) -> Compared:
    others = [name for name in schema.names if name not in key]
    differs = " or ".join(f"n.{_name(one)} is distinct from o.{_name(one)}" for one in others) or "false"
    joined = "n full join o on " + " and ".join(f"n.{_name(one)} = o.{_name(one)}" for one in key)
    states = f"""case when o._o is null then 'inserted' when n._n is null then 'deleted'
                when {differs} then 'updated' else 'unchanged' end"""
    counts = dict(connection.execute(f"select {states} as s, count(*) from {joined} group by 1").fetchall())  # noqa: S608
    before = connection.execute("select count(*) from o").fetchone()
    examples = _examples(connection, schema, key, joined, states, mode)
    incremental = mode is Mode.INCREMENTAL
    return Compared(
        inserted=counts.get("inserted", 0),
        updated=counts.get("updated", 0),
        deleted=0 if incremental else counts.get("deleted", 0),
        unchanged=counts.get("unchanged", 0),
        before=before[0] if before else 0,
        examples=examples,
    )


def _examples(
    connection: duckdb.DuckDBPyConnection,
    schema: pa.Schema,
    key: Sequence[str],
    joined: str,
    states: str,
    mode: Mode,
) -> dict[str, list[dict[str, Any]]]:
    """The first changes of each kind by key, with the columns that differ."""
    names = list(schema.names)
    columns = ", ".join(_shown(side, field) for side in ("n", "o") for field in schema)
    order = ", ".join(f"coalesce(n.{_name(one)}, o.{_name(one)})" for one in key)
    kinds = ["inserted", "updated"] + ([] if mode is Mode.INCREMENTAL else ["deleted"])
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in kinds:
        rows = connection.execute(
            f"select {columns} from {joined} where ({states}) = '{kind}' order by {order} limit {EXAMPLES}"  # noqa: S608
        ).fetchall()
        found[kind] = [
            _example(
                dict(zip(names, row, strict=False)),
                dict(zip(names, row[len(names) :], strict=True)),
                key,
                kind,
            )
            for row in rows
        ]
    return {kind: rows for kind, rows in found.items() if rows}


def _shown(side: str, field: pa.Field) -> str:
    """A cell as people write it: numbers without the zeros of their scale."""
    cell = f"{side}.{_name(field.name)}::varchar"
    if not pa.types.is_decimal(field.type):
        return cell
    return f"rtrim(rtrim({cell}, '0'), '.')"


def _example(new: dict[str, Any], old: dict[str, Any], key: Sequence[str], kind: str) -> dict[str, Any]:
    shown = old if kind == "deleted" else new
    if kind != "updated":
        return {"key": [shown[one] for one in key], "row": shown}
    changes = {one: [old[one], new[one]] for one in new if old[one] != new[one]}
    return {"key": [shown[one] for one in key], "changes": changes}


def _name(name: str) -> str:
    return '"' + _PLAIN.sub('""', name) + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
