"""Cursor pagination: stable under inserts, indexable, never counts.

The cursor is the order values of the last row, so page N costs what page 1 costs. It is opaque
to clients (base64 JSON) and checked on return.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q, QuerySet

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

T = TypeVar("T", bound=Model)
DEFAULT_SIZE, MAXIMUM_SIZE = 25, 200
_BROKEN = (ValueError, TypeError, OverflowError, ValidationError)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of rows and the cursors of its neighbours (None at the ends)."""

    items: list[T]
    next: str | None
    previous: str | None
    size: int

    def __iter__(self) -> Any:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class _Key:
    field: str
    descending: bool


def page(
    queryset: QuerySet[T],
    order: Sequence[str],
    params: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    late: bool = False,
) -> Page[T]:
    """The page that ``params`` (``cursor``, ``size``) ask for, ordered by ``order``.

    ``late`` finds the keys of the page first and fetches its rows afterwards: where an index covers
    filter and order, a million wide rows are sorted by their narrow index entries alone.

    ``order`` must end with a unique field; nullable fields may not be used.
    Raises InvalidInput for a broken cursor or size.
    """
    params = params or {}
    wanted = _size(params.get("size"), size)
    keys = [_Key(name.lstrip("-"), name.startswith("-")) for name in order]
    backwards, position = _decode(params.get("cursor") or None, keys)
    ordering = [_order(key, backwards) for key in keys]
    try:
        rows = queryset
        if position is not None:
            typed = [_typed(rows.model, key.field, value) for key, value in zip(keys, position, strict=True)]
            rows = rows.filter(_beyond(keys, typed, backwards))
        rows = rows.order_by(*ordering)
        found = _late(queryset, rows, wanted + 1) if late else list(rows[: wanted + 1])
    except _BROKEN as broken:
        raise _bad_cursor() from broken
    more = len(found) > wanted
    found = found[:wanted]
    if backwards:
        found.reverse()
    has_next = bool(found) and (more if not backwards else True)
    has_previous = bool(found) and (more if backwards else position is not None)
    return Page(
        found,
        next=_encode(found[-1], keys, False) if has_next else None,
        previous=_encode(found[0], keys, True) if has_previous else None,
        size=wanted,
    )


def _late(queryset: QuerySet[T], rows: QuerySet[T], count: int) -> list[T]:
    """The first ``count`` of ``rows``, fetched as ``queryset`` fetches (related rows, deferred columns)."""
    keys = list(rows.select_related(None).values_list("pk", flat=True)[:count])
    fetched = {one.pk: one for one in queryset.order_by().filter(pk__in=keys)}
    return [fetched[key] for key in keys if key in fetched]


def _typed(model: type[Model], path: str, value: Any) -> Any:
    """A cursor's value as the field it orders by holds it; raises one of ``_BROKEN``."""
    try:
        parts = path.split("__")
        for part in parts[:-1]:
            model = model._meta.get_field(part).related_model  # type: ignore[assignment]
        field: Any = model._meta.get_field(parts[-1])
    except FieldDoesNotExist:
        return value  # an annotation: the database compares it as it is
    found = field.to_python(value)
    if isinstance(found, datetime) and found.tzinfo is None:
        raise ValueError("a cursor's time needs its zone")
    return found


def _size(raw: Any, default: int | None) -> int:
    if raw in (None, ""):
        return default or DEFAULT_SIZE
    try:
        number = int(str(raw))
    except ValueError:
        number = 0
    if not 1 <= number <= MAXIMUM_SIZE:
        raise InvalidInput(
            Text(f"每页条数应在1到{MAXIMUM_SIZE}之间。", f"The page size must be 1 to {MAXIMUM_SIZE}."),
            fields={"size": Text(f"1–{MAXIMUM_SIZE}", f"1–{MAXIMUM_SIZE}")},
        )
    return number


def _order(key: _Key, backwards: bool) -> Any:
    return F(key.field).desc() if key.descending != backwards else F(key.field).asc()


def _beyond(keys: Sequence[_Key], values: Sequence[Any], backwards: bool) -> Q:
    """Rows strictly after ``values`` in the order (before, when going backwards)."""
    total = Q()
    equal: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        comparison = "lt" if key.descending != backwards else "gt"
        total |= Q(**equal, **{f"{key.field}__{comparison}": value})
        equal[key.field] = value
    return total


def _encode(row: Model, keys: Sequence[_Key], backwards: bool) -> str:
    values = [_plain(_value(row, key.field)) for key in keys]
    raw = json.dumps([1 if backwards else 0, *values], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _value(row: Any, path: str) -> Any:
    for part in path.split("__"):
        row = getattr(row, part)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | UUID) else value


def _decode(cursor: str | None, keys: Sequence[_Key]) -> tuple[bool, list[Any] | None]:
    if cursor is None:
        return False, None
    try:
        padded = str(cursor) + "=" * (-len(str(cursor)) % 4)
        loaded = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        direction, *values = loaded
    except (binascii.Error, UnicodeError, ValueError, TypeError) as broken:
        raise _bad_cursor() from broken
    simple = all(isinstance(value, str | int | float) for value in values)
    if direction not in (0, 1) or len(values) != len(keys) or not simple:
        raise _bad_cursor()
    return direction == 1, values


def _bad_cursor() -> InvalidInput:
    return InvalidInput(
        Text("翻页位置无效。", "The page cursor is not valid."),
        todo=Text("请从第一页重新开始。", "Start again from the first page."),
    )
