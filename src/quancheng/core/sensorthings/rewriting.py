"""改写: an expression with its paths replaced."""

from __future__ import annotations

from collections.abc import Callable

from quancheng.core.sensorthings.expressions import Among, Binary, Expression, Function, Not, Path, Several

Steps = tuple[str | int, ...]


def map_paths(tree: Expression, change: Callable[[Steps], Steps]) -> Expression:
    """The same tree, each path's steps changed."""
    match tree:
        case Path(steps):
            return Path(change(steps))
        case Among(steps, ids):
            return Among(change(steps), ids)
        case Binary(op, left, right):
            return Binary(op, map_paths(left, change), map_paths(right, change))
        case Not(inner):
            return Not(map_paths(inner, change))
        case Function(name, arguments):
            return Function(name, tuple(map_paths(one, change) for one in arguments))
        case Several(items):
            return Several(tuple(map_paths(one, change) for one in items))
    return tree
