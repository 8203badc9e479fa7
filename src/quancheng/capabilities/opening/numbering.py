"""行号: each row of an opened copy keeps one number for its life, as rows of CKAN's DataStore do (``_id``)."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from quancheng.capabilities.tables.queries import View

ROW_ID = "_id"


def numbered(source: View, names: Sequence[str], before: View | None, last: int) -> tuple[pa.Table, int]:
    """The chosen columns of a source with their numbers, and the highest number now given.

    Rows whose key was there ``before`` keep their number, new ones get the next after ``last`` in key order.
    """
    key = source.schema.key
    if before is None:
        rows = source.arrow(list(names))
        ids = pa.array(range(last + 1, last + 1 + rows.num_rows), type=pa.int64())
        return rows.add_column(0, ROW_ID, ids), last + rows.num_rows
    on = ", ".join(_quoted(name) for name in key)
    shown = ", ".join(f"t.{_quoted(name)}" for name in names)
    query = (
        f'SELECT coalesce(old."{ROW_ID}", ? + row_number() OVER '  # noqa: S608  names are of the schema, and quoted
        f'(PARTITION BY old."{ROW_ID}" IS NULL ORDER BY {on}))::BIGINT AS "{ROW_ID}", {shown} '
        f"FROM t LEFT JOIN old USING ({on})"
    )
    with source.duckdb() as connection:
        connection.register("old", before.arrow([ROW_ID, *key]))
        rows = connection.execute(query, [last]).to_arrow_table()
    highest = pc.max(rows.column(0)).as_py() if rows.num_rows else None
    return rows, max(last, highest or 0)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
