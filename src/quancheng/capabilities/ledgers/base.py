"""来源数据: what the city knows, from returned tables; the one place of this module that reads ``tables``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from quancheng.capabilities.ledgers.columns import canonical
from quancheng.capabilities.ledgers.models import Returned
from quancheng.capabilities.ledgers.values import Cells, Column
from quancheng.capabilities.tables import queries as tables
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.exchange import (
    AllOf,
    Comparison,
    Condition,
    Operator,
    condition_from_json,
    condition_to_json,
)
from quancheng.core.exchange.errors import ConditionError
from quancheng.core.tabular import Kind, Reason, read_value
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, NotFound


def view_of(returned: Returned, version: int | None = None) -> Any:
    """The trusted reading of a returned table; the caller has narrowed it to what the asker may see."""
    return tables.view(returned.table, version)


def schema_of(returned: Returned) -> TableSchema:
    """Columns and key of a returned table."""
    found: TableSchema = view_of(returned).schema
    return found


def shown_columns(returned: Returned) -> list[ColumnSpec]:
    """Columns that are returned, in order; key and region are always among them."""
    schema = schema_of(returned)
    wanted = {*returned.fields, *schema.key, returned.region_column} if returned.fields else set()
    return [one for one in schema.columns if not wanted or one.name in wanted]


def column_spec(returned: Returned, name: str) -> ColumnSpec:
    """One returned column; raises InvalidInput."""
    for one in shown_columns(returned):
        if one.name == name:
            return one
    wrong = Text(
        f"《{returned.zh}》没有返还字段“{name}”。",
        f"“{name}” is not returned with {returned.en or returned.zh}.",
    )
    raise InvalidInput(wrong)


def area(returned: Returned, prefix: str, where: Condition | None = None) -> Condition:
    """Rows of an area: its prefix on the declared column, and what else is asked."""
    mine = Comparison(returned.region_column, Operator.STARTS, prefix)
    return AllOf((mine, where)) if where is not None else mine


def condition_of(kept: Mapping[str, Any]) -> Condition | None:
    """A condition from its kept form; raises InvalidInput."""
    if not kept:
        return None
    try:
        return condition_from_json(dict(kept))
    except ConditionError as wrong:
        text = Text("来源条件无效。", "The condition on the source is not valid.")
        raise InvalidInput(text, fields={"base_where": text}) from wrong


def simple_condition(returned: Returned, column: str, operator: str, value: str) -> dict[str, Any]:
    """One comparison as a person enters it, in the kept form; raises InvalidInput with the field."""
    spec = column_spec(returned, column)
    typed = read_value(value.strip(), spec.kind)
    if isinstance(typed, Reason) or typed is None or not value.strip():
        wrong = Text("条件的值与字段类型不符。", "The value does not fit the column.")
        raise InvalidInput(wrong, fields={"where_value": wrong})
    try:
        kept = condition_to_json(Comparison(column, Operator(operator), typed))
    except (ConditionError, ValueError) as fault:
        wrong = Text("这个字段不能这样比较。", "The column cannot be compared this way.")
        raise InvalidInput(wrong, fields={"where_operator": wrong}) from fault
    return dict(kept) if isinstance(kept, Mapping) else {}


def rows_of(returned: Returned, prefix: str, where: Condition | None, limit: int) -> list[dict[str, Any]]:
    """Rows of an area as the table holds them, at most ``limit`` + 1 (so that the caller sees there are more)."""
    fields = [one.name for one in shown_columns(returned)]
    found = view_of(returned).arrow(fields, where=area(returned, prefix, where), limit=limit + 1)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def key_of(schema: TableSchema, row: Mapping[str, Any]) -> list[str]:
    """The key of a row as texts."""
    kinds = {one.name: one.kind for one in schema.columns}
    return [canonical(row.get(name), kinds[name]) for name in schema.key]


def typed_key(schema: TableSchema, key: Sequence[str]) -> tuple[Any, ...]:
    """A key of texts as the table holds it."""
    kinds = {one.name: one.kind for one in schema.columns}
    return tuple(typed(text, kinds[name]) for name, text in zip(schema.key, key, strict=True))


def typed(text: str, kind: Kind) -> Any:
    """A cell's text as the table's value; raises InvalidInput."""
    if not text.strip():
        return None
    value = read_value(text, kind)
    if isinstance(value, Reason):
        raise InvalidInput(
            Text(f"“{text[:40]}”与来源字段的类型不符。", f"“{text[:40]}” does not fit the source.")
        )
    return value


def look_up(returned: Returned, keys: Iterable[Sequence[str]]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Rows by key; keys the table does not hold, or that cannot be its keys, are left out."""
    view = view_of(returned)
    schema: TableSchema = view.schema
    wanted = []
    for key in keys:
        if len(key) != len(schema.key) or not all(key):
            continue
        try:
            wanted.append(typed_key(schema, key))
        except InvalidInput:
            continue
    if not wanted:
        return {}
    return {tuple(key_of(schema, row)): row for row in view.lookup(wanted)}


def cells_of(columns: Iterable[Column], returned: Returned, row: Mapping[str, Any]) -> dict[str, str]:
    """Pre-filled cells of one row of one table; blank ones are left out."""
    found = {}
    for one in columns:
        if one.table == returned.table:
            text = canonical(row.get(one.source), one.kind)
            if text:
                found[one.name] = text
    return found


def fill_by_key(
    columns: Sequence[Column], keys: Sequence[str], prefixes: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Pre-filled cells by the text of a key (身份证号, 户号 …), from every table the columns name.

    Only rows of the given areas are used: who fills a ledger learns nothing about other areas by typing keys.
    """
    found: dict[str, dict[str, str]] = {key: {} for key in keys}
    for table in sorted({one.table for one in columns if one.prefilled}):
        returned = Returned.objects.filter(table=table, active=True).first()
        if returned is None:
            continue
        for key, row in look_up(returned, [[key] for key in keys]).items():
            place = str(row.get(returned.region_column) or "")
            if key[0] in found and any(place.startswith(one) for one in prefixes if one):
                found[key[0]].update(cells_of(columns, returned, row))
    return found


def counts_by_area(returned: Returned, length: int) -> dict[str, int]:
    """Rows of the newest version by the first ``length`` digits of the region; "" for rows without a region."""
    column = view_of(returned).arrow([returned.region_column]).column(0)
    areas = pc.utf8_slice_codeunits(pc.fill_null(column, ""), 0, length)
    counts: dict[str, int] = {one["values"]: one["counts"] for one in pc.value_counts(areas).to_pylist()}
    return counts


def taken(returned: Returned, prefix: str, version: int) -> tuple[int, str]:
    """What an area really reads of a version: rows and a digest over them, in the order of their keys."""
    view = view_of(returned, version)
    schema: TableSchema = view.schema
    fields = [one.name for one in shown_columns(returned)]
    rows = view.arrow(fields, where=area(returned, prefix)).to_pylist()
    lines = sorted("\x1f".join(f"{name}={row.get(name)}" for name in fields) for row in rows)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return len({tuple(key_of(schema, row)) for row in rows}), digest


def returned_or_none(table: str) -> Returned | None:
    """The declaration of a table, if it is returned."""
    found: Returned | None = Returned.objects.filter(table=table, active=True).first()
    return found


def sole(returned: Returned, key: Sequence[str]) -> Mapping[str, Any]:
    """One row by key; raises NotFound."""
    found = look_up(returned, [key])
    for row in found.values():
        return row
    raise NotFound(Text("来源数据中已没有这一行。", "The source does not hold this row any more."))


def texts_of(returned: Returned, row: Mapping[str, Any]) -> Cells:
    """A row of a table as texts under the Chinese names of its columns."""
    return {one.zh or one.name: canonical(row.get(one.name), one.kind) for one in shown_columns(returned)}
