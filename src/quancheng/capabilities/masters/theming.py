"""主题库的形式: a base, fields and a row condition, checked and turned into an Ibis expression. Pure.

Users never write SQL: the condition is a tree of comparisons (``core.exchange``) that cannot carry code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from quancheng.capabilities.masters.recipe import FieldSpec, Recipe
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.exchange import (
    AllOf,
    Comparison,
    Condition,
    ConditionError,
    FieldType,
    IbisAlgebra,
    IsIn,
    IsMissing,
    Literal,
    Not,
    Operator,
    fold,
)
from quancheng.core.tabular import Kind

MASTER = "master:"
NUMBER = ColumnSpec("record", Kind.TEXT, "记录编号", "Record number", required=True)
_KINDS = {"id": Kind.RESIDENT_ID, "date": Kind.DATE, "phone": Kind.PHONE, "number": Kind.DECIMAL}
_PERSONAL = frozenset({"id", "name", "phone", "address"})


def column_of(spec: FieldSpec, personal: bool) -> ColumnSpec:
    """A master's field as a column of a data table."""
    kind = _KINDS.get(spec.kind, Kind.TEXT)
    return ColumnSpec(
        spec.name,
        kind,
        spec.text.zh,
        spec.text.en,
        level=spec.level,
        personal=personal and spec.kind in _PERSONAL,
    )


def master_schema(made: Recipe) -> TableSchema:
    """What a master offers: its fields under the number of the record."""
    return TableSchema((NUMBER, *(column_of(one, made.personal) for one in made.fields)), ("record",))


def chosen_schema(base: TableSchema, fields: Sequence[str]) -> TableSchema:
    """The base narrowed to fields; its key always comes along."""
    wanted = {*base.key, *fields}
    return TableSchema(tuple(one for one in base.columns if one.name in wanted), base.key)


_TESTS = {
    "eq": Operator.EQ, "ne": Operator.NE, "lt": Operator.LT, "le": Operator.LE, "gt": Operator.GT,
    "ge": Operator.GE, "starts": Operator.STARTS,
}  # fmt: skip


def condition_of(lines: Sequence[tuple[str, str, str]], base: TableSchema) -> Condition | None:
    """Lines (field, test, value) that must all hold. Raises ``ConditionError`` naming the field.

    Tests: eq ne lt le gt ge starts, in (values with commas), known, missing.
    """
    types = base.field_types()
    parts: list[Condition] = []
    for field, test, said in lines:
        if field not in types:
            raise ConditionError(field, "没有这个字段", "no such field")
        kind = types[field]
        if test in ("missing", "known"):
            parts.append(IsMissing(field) if test == "missing" else Not(IsMissing(field)))
        elif test == "in":
            values = tuple(
                literal(field, kind, one) for one in said.replace("，", ",").split(",") if one.strip()
            )
            parts.append(IsIn(field, values))
        elif test in _TESTS:
            parts.append(Comparison(field, _TESTS[test], literal(field, kind, said)))
        else:
            raise ConditionError(field, "请选择比较方式", "choose a test")
    return AllOf(tuple(parts)) if parts else None


def literal(field: str, kind: FieldType, said: str) -> Literal:
    """A typed value from what was typed."""
    text = said.strip()
    try:
        match kind:
            case FieldType.INTEGER:
                return int(text)
            case FieldType.DECIMAL:
                return Decimal(text)
            case FieldType.DATE:
                return date.fromisoformat(text)
            case FieldType.BOOLEAN:
                return {"yes": True, "no": False, "是": True, "否": False}[text]
            case _:
                if text:
                    return text
    except (ValueError, InvalidOperation, KeyError):
        pass
    raise ConditionError(field, f"“{text}”不是该字段的值", f"“{text}” is no value of this field")


def selected(table: Any, fields: Sequence[str], condition: Condition | None) -> Any:
    """The Ibis expression: rows that hold, fields that were chosen."""
    if condition is not None:
        table = table.filter(fold(condition, IbisAlgebra(table)))
    return table.select(*fields)


def typed(values: Mapping[str, str], schema: TableSchema) -> dict[str, Any]:
    """A golden record's texts as a row of the schema; what does not fit its kind is left empty."""
    row: dict[str, Any] = {}
    for column in schema.columns:
        said = values.get(column.name) or None
        row[column.name] = _cell(said, column.kind) if said else None
    return row


def _cell(said: str, kind: Kind) -> Any:
    try:
        if kind is Kind.DATE:
            return date.fromisoformat(said[:10])
        return Decimal(said) if kind is Kind.DECIMAL else said
    except (ValueError, InvalidOperation):
        return None
