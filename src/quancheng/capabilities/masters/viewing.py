"""主题库的取数: the base of a theme as a schema, and its chosen rows as a table with what they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa

from quancheng.capabilities.masters import theming
from quancheng.capabilities.masters.models import Golden, Master
from quancheng.capabilities.masters.recipe import recipe, recipes
from quancheng.capabilities.tables import queries as tables
from quancheng.capabilities.tables.values import TableSchema
from quancheng.core.exchange import Condition
from quancheng.core.text import Text
from quancheng.kernel.errors import QuanchengError


@dataclass(frozen=True, slots=True)
class Selected:
    """Rows of a theme, and the versions they came from."""

    schema: TableSchema
    rows: pa.Table
    inputs: list[dict[str, Any]]


def known(base: str) -> bool:
    """Whether there is such a base."""
    if base.startswith(theming.MASTER):
        return base.removeprefix(theming.MASTER) in recipes()
    try:
        tables.view(base)
    except QuanchengError:
        return False
    return True


def personal(base: str) -> bool:
    """Whether a base holds data of persons."""
    if base.startswith(theming.MASTER):
        return recipe(base.removeprefix(theming.MASTER)).personal
    return bool(schema_of(base).personal)


def name_of(base: str) -> Text:
    """What people call a base."""
    if base.startswith(theming.MASTER):
        return recipe(base.removeprefix(theming.MASTER)).text
    return tables.info(base).text


def schema_of(base: str) -> TableSchema:
    """Columns a theme may choose from."""
    if base.startswith(theming.MASTER):
        return theming.master_schema(recipe(base.removeprefix(theming.MASTER)))
    found: TableSchema = tables.view(base).schema
    return found


def select(base: str, fields: Sequence[str], condition: Condition | None) -> Selected:
    """The rows now."""
    whole = schema_of(base)
    schema = theming.chosen_schema(whole, fields)
    if base.startswith(theming.MASTER):
        code = base.removeprefix(theming.MASTER)
        table = goldens(code, whole)
        expression = theming.selected(ibis.memtable(table), schema.names, condition)
        rows = ibis.duckdb.connect().to_pyarrow(expression)
        build = Master.objects.get(code=code).builds.filter(state="done").order_by("-id").first()
        inputs = [
            {"master": code, "build": build.pk if build else 0, "versions": build.versions if build else {}}
        ]
    else:
        view = tables.view(base)
        with view.ibis() as table:
            rows = theming.selected(table, schema.names, condition).to_pyarrow()
        inputs = [{"table": base, "version": int(view.version)}]
    return Selected(schema, rows.cast(schema.arrow()), inputs)


def goldens(code: str, schema: TableSchema) -> pa.Table:
    """Active golden records of a master as typed columns."""
    found = Golden.objects.filter(master__code=code, state=Golden.State.ACTIVE).select_related("master")
    rows = [
        {**theming.typed(one.values, schema), "record": one.code}
        for one in found.order_by("number").iterator(2000)
    ]
    return pa.Table.from_pylist(rows, schema=schema.arrow())
