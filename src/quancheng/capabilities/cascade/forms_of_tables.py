"""表的形式: how a table travels: its columns, its key, which columns say place and organ; as a row of a stream.

The description of each shared table is itself a row of the stream ``TABLES``, so a new node learns the form
before the rows and makes the table by itself.
"""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.cascade.bodies import ORIGIN
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.cascade import Stream, StreamKind
from quancheng.core.tabular import Kind

__all__ = ["TABLES", "form_out", "landing_schema", "schema_in", "stream_of_table"]

TABLES = Stream(StreamKind.CATALOGUE, "tables")
"""Descriptions of shared tables."""
CATALOGUE = Stream(StreamKind.CATALOGUE, "catalogue")
"""Entries of the catalogue."""


def stream_of_table(name: str) -> Stream:
    """The stream of a shared table."""
    return Stream(StreamKind.TABLE, name)


def form_out(
    schema: TableSchema, zh: str, en: str, region: str, organ: str, region_column: str, organ_column: str
) -> dict[str, Any]:
    """The description of a table as JSON."""
    columns = [
        {
            "name": one.name, "kind": one.kind.value, "zh": one.zh, "en": one.en, "required": one.required,
            "level": one.level, "personal": one.personal,
        }
        for one in schema.columns
        if one.name != ORIGIN
    ]  # fmt: skip
    return {
        "zh": zh, "en": en, "columns": columns, "key": [name for name in schema.key if name != ORIGIN],
        "region": region, "organ": organ, "region_column": region_column, "organ_column": organ_column,
    }  # fmt: skip


def schema_in(form: dict[str, Any]) -> TableSchema:
    """The schema of a description, without the column of origin. Raises KeyError, ValueError, TypeError."""
    columns = tuple(
        ColumnSpec(
            str(one["name"]), Kind(one["kind"]), zh=str(one.get("zh", "")), en=str(one.get("en", "")),
            required=one.get("required") is True, level=int(one.get("level", 1)), personal=one.get("personal") is True,
        )
        for one in form["columns"]
    )  # fmt: skip
    return TableSchema(columns, tuple(str(name) for name in form["key"]))


def landing_schema(schema: TableSchema) -> TableSchema:
    """The schema of a table that takes rows of several nodes: the node of origin is part of the key."""
    if ORIGIN in schema.key:
        return schema
    origin = ColumnSpec(ORIGIN, Kind.TEXT, zh="来源节点", en="Node of origin", required=True)
    rest = tuple(one for one in schema.columns if one.name != ORIGIN)
    return TableSchema((origin, *rest), (ORIGIN, *schema.key))
