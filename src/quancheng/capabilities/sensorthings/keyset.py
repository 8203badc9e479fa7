"""按键翻页: rows of entities after a cursor, in an order the database gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import OrderBy

from quancheng.core.sensorthings.cursors import Cursor
from quancheng.core.sensorthings.faults import BadQuery


def keyed(rows: QuerySet[Any], order: Sequence[OrderBy]) -> QuerySet[Any]:
    """Rows with the values of the order's keys (but the id, the last) beside them."""
    found: QuerySet[Any] = rows.annotate(
        **{_name(place): one.expression for place, one in enumerate(order[:-1])}
    )
    return found


def beyond(rows: QuerySet[Any], order: Sequence[OrderBy], after: Cursor) -> QuerySet[Any]:
    """Keyed rows after a cursor. Raises BadQuery when it is of another order."""
    if len(after.keys) != len(order) - 1:
        raise _other()
    found = Q(pk__gt=after.id)
    for place in reversed(range(len(after.keys))):
        name, key = _name(place), after.keys[place]
        if isinstance(key, bool) or not isinstance(key, str if _is_text(rows, name) else int):
            raise _other()
        way = "lt" if order[place].descending else "gt"
        found = Q(**{f"{name}__{way}": key}) | (Q(**{name: key}) & found)
    return rows.filter(found)


def cursor_of(row: Any, order: Sequence[OrderBy]) -> Cursor | None:
    """The cursor of a keyed row; None when a key is unknown."""
    keys = tuple(getattr(row, _name(place)) for place in range(len(order) - 1))
    return None if None in keys else Cursor(keys, row.pk)


def _name(place: int) -> str:
    return f"key{place}"


def _is_text(rows: QuerySet[Any], name: str) -> bool:
    kind = rows.query.annotations[name].output_field.get_internal_type()
    return kind in ("TextField", "CharField")


def _other() -> BadQuery:
    return BadQuery("$skiptoken 不属于这个查询。", "$skiptoken is not of this query.")
