"""What the tables of these tests share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quancheng.core import feel

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


def value(text: str, scope: dict[str, Any] | None = None, names: tuple[str, ...] = ()) -> Any:
    """The value of an expression on a fixed clock."""
    given = scope or {}
    return feel.parse(text, (*given, *names)).evaluate(given, feel.Environment(now=NOW))


def shown(text: str, scope: dict[str, Any] | None = None) -> str:
    """The value as FEEL text."""
    return feel.display(value(text, scope))


def warnings(text: str, scope: dict[str, Any] | None = None) -> list[str]:
    """What the evaluation complains about."""
    env = feel.Environment(now=NOW)
    feel.parse(text, tuple(scope or ())).evaluate(scope or {}, env)
    return env.warnings
