"""按键翻页: observations after a cursor, as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quancheng.core.sensorthings.cursors import Cursor, Key
from quancheng.core.sensorthings.faults import BadQuery

Keys = Sequence[tuple[str, bool]] | None


def beyond(keys: Keys, after: Cursor, parameters: dict[str, Any]) -> str:
    """The condition of rows after a cursor in an order: keys ascending with unknown first, descending with
    unknown last, then ids. Its values become parameters. Raises BadQuery when it is of another order."""
    if keys is None or len(keys) != len(after.keys):
        raise BadQuery("$skiptoken 不属于这个查询。", "$skiptoken is not of this query.")
    found = f"id > {_bound(after.id, parameters)}"
    for (text, descending), value in reversed(list(zip(keys, after.keys, strict=True))):
        further, same = _pair(text, descending, value, parameters)
        found = f"({further} OR ({same} AND {found}))"
    return found


def _pair(text: str, descending: bool, value: Key, parameters: dict[str, Any]) -> tuple[str, str]:
    """That a key stands further than a value, and that it is the same."""
    if value is None:
        return ("FALSE" if descending else f"({text}) IS NOT NULL"), f"({text}) IS NULL"
    bound = _bound(value, parameters)
    if descending:
        return f"(({text}) < {bound} OR ({text}) IS NULL)", f"({text}) = {bound}"
    return f"({text}) > {bound}", f"({text}) = {bound}"


def _bound(value: Key, parameters: dict[str, Any]) -> str:
    name = f"p{len(parameters)}"
    parameters[name] = value
    return f"${name}"


def narrowed(
    keys: Keys, after: Cursor, since: int | None, until: int | None
) -> tuple[int | None, int | None]:
    """From when to when (µs) rows after a cursor can be: in an order by time the store need not read the rest."""
    value = after.keys[0] if after.keys else None
    if not keys or keys[0][0] != "time" or not isinstance(value, int) or isinstance(value, bool):
        return since, until
    if keys[0][1]:
        return since, value + 1 if until is None else min(until, value + 1)
    return value if since is None else max(since, value), until
