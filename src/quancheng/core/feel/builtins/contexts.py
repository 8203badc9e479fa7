"""Functions on contexts."""

from __future__ import annotations

from typing import Any

from ..limits import Environment
from .registry import builtin


@builtin("get value", "m: context, key: string")
def _get_value(env: Environment, m: dict[str, Any], key: str) -> Any:
    return m.get(key)


@builtin("get entries", "m: context")
def _get_entries(env: Environment, m: dict[str, Any]) -> list[Any]:
    env.tick(len(m))
    return [{"key": key, "value": value} for key, value in m.items()]


@builtin("context", "entries: list")
def _context(env: Environment, entries: list[Any]) -> dict[str, Any] | None:
    env.tick(len(entries))
    result: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict) or "value" not in entry:
            return None
        key = entry.get("key")
        if not isinstance(key, str) or key in result:
            return None
        result[key] = entry["value"]
    return result


@builtin("context put", "context: context, key: string, value: any")
def _put(env: Environment, context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    env.tick(len(context))
    return {**context, key: value}


@builtin("context put", "context: context, keys: list, value: any")
def _put_deep(
    env: Environment, context: dict[str, Any], keys: list[Any], value: Any
) -> dict[str, Any] | None:
    if not keys or not isinstance(keys[0], str):
        return None
    env.tick(len(context))
    if len(keys) == 1:
        return {**context, keys[0]: value}
    inner = context.get(keys[0])
    if not isinstance(inner, dict):
        return None
    deeper = _put_deep(env, inner, keys[1:], value)
    return None if deeper is None else {**context, keys[0]: deeper}


@builtin("context merge", "contexts: list")
def _merge(env: Environment, contexts: list[Any]) -> dict[str, Any] | None:
    result: dict[str, Any] = {}
    for context in contexts:
        if not isinstance(context, dict):
            return None
        env.tick(len(context))
        result.update(context)
    return result
