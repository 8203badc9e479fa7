"""Boxed filter, for, some and every (DMN 1.5, 10.2.2.4–10.2.2.7)."""

from __future__ import annotations

from typing import Any

from quancheng.core.text import Text

from ..compile_flow import steps
from ..values.range import Range
from .run import Code, Run, Scope

__all__ = ["filtering", "mapping", "quantified"]

_NOT_BOOLEAN = Text("条件不是布尔值", "the condition is not a boolean")
_NOT_ITERABLE = Text("不能对这个值逐项处理", "this value can't be gone through")


def items_of(value: Any, run: Run, where: str) -> list[Any] | None:
    """The items to go through: of a list, of a range of whole numbers, or the one value."""
    if value is None:
        run.warn(where, _NOT_ITERABLE)
        return None
    if isinstance(value, Range):
        return _steps(value, run)
    found = value if isinstance(value, list) else [value]
    run.env.check_items(len(found))
    return found


def _steps(value: Range, run: Run) -> list[Any] | None:
    found = steps(value.start, value.end, run.env)
    if found is None:
        return None
    items = list(found)[0 if value.start_included else 1 :]
    return items if value.end_included else items[:-1]


def filtering(source: Code, match: Code, where: str) -> Code:
    """Keep the items for which ``match`` is true; a match that is no boolean makes all null."""

    def code(scope: Scope, run: Run) -> Any:
        items = items_of(source(scope, run), run, where)
        if items is None:
            return None
        kept = []
        for item in items:
            run.env.tick()
            members = item if isinstance(item, dict) else {}
            holds = match({**scope, **members, "item": members.get("item", item)}, run)
            if holds is not None and not isinstance(holds, bool):
                run.warn(where, _NOT_BOOLEAN)
                return None
            if holds:
                kept.append(item)
        return kept

    return code


def mapping(source: Code, body: Code, variable: str, where: str) -> Code:
    """``for``: the body of each item; ``partial`` is what was found so far."""

    def code(scope: Scope, run: Run) -> Any:
        items = items_of(source(scope, run), run, where)
        if items is None:
            return None
        found: list[Any] = []
        for item in items:
            run.env.tick()
            found.append(body({**scope, "partial": found, variable: item}, run))
        return found

    return code


def quantified(source: Code, body: Code, variable: str, where: str, decisive: bool) -> Code:
    """``some`` is decided by a true, ``every`` by a false; any other answer leaves it open."""

    def code(scope: Scope, run: Run) -> Any:
        items = items_of(source(scope, run), run, where)
        if items is None:
            return None
        answers = []
        for item in items:
            run.env.tick()
            answers.append(body({**scope, variable: item}, run))
        if any(answer is not None and not isinstance(answer, bool) for answer in answers):
            run.warn(where, _NOT_BOOLEAN)
            return None
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive

    return code
