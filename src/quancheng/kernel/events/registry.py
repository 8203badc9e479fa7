"""Who listens to what: ``@subscribe`` and the table of subscriptions of this process."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from quancheng.kernel.events.envelope import Event
from quancheng.kernel.events.retry import Backoff, exponential

Handler = TypeVar("Handler", bound=Callable[[Event], Any])

_PATTERN = re.compile(r"\*|([a-z0-9_]+|\*)(\.([a-z0-9_]+|\*))*")
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_subscriptions: dict[str, Subscription] = {}


@dataclass(frozen=True, slots=True)
class Subscription:
    """One listener: its lasting name, what it wants and how failures are retried."""

    name: str
    pattern: str
    handler: Callable[[Event], Any]
    max_attempts: int
    backoff: Backoff

    def wants(self, event_type: str) -> bool:
        """Whether an event type matches the pattern."""
        return _expression(self.pattern).fullmatch(event_type) is not None


def subscribe(
    pattern: str, name: str, *, max_attempts: int = 8, backoff: Backoff | None = None
) -> Callable[[Handler], Handler]:
    """Listen to event types matching ``pattern`` under a lasting, unique ``name``.

    ``*`` as the last segment stands for one or more segments, elsewhere for exactly one. The
    handler runs in a transaction with the mark "done": keep it to the database and enqueue a
    job for anything slow or outside. Renaming a subscription loses its waiting deliveries.
    """
    if not _PATTERN.fullmatch(pattern):
        raise ValueError(f"{pattern!r}: a pattern is an event type with * for segments")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a subscription is named module.what, in lower case")
    if max_attempts < 1:
        raise ValueError("max_attempts must be at least 1")

    def register(handler: Handler) -> Handler:
        earlier = _subscriptions.get(name)
        if earlier is not None and _identity(earlier.handler) != _identity(handler):
            raise ValueError(f"订阅名 {name} 已被占用。 The subscription name {name} is taken.")
        _subscriptions[name] = Subscription(name, pattern, handler, max_attempts, backoff or exponential())
        return handler

    return register


def subscriptions() -> list[Subscription]:
    """All subscriptions of this process, by name."""
    return [_subscriptions[name] for name in sorted(_subscriptions)]


def find(name: str) -> Subscription | None:
    """The subscription called ``name``."""
    return _subscriptions.get(name)


def type_filter(pattern: str) -> dict[str, str]:
    """The pattern as a lookup on a column ``type``."""
    if pattern == "*":
        return {"type__gt": ""}
    if "*" not in pattern:
        return {"type": pattern}
    if pattern.index("*") == len(pattern) - 1:
        return {"type__startswith": pattern[:-1]}
    return {"type__regex": f"^{_expression(pattern).pattern}$"}


@contextmanager
def isolated() -> Iterator[None]:
    """Start with no subscriptions and restore them afterwards (for tests)."""
    kept = dict(_subscriptions)
    _subscriptions.clear()
    try:
        yield
    finally:
        _subscriptions.clear()
        _subscriptions.update(kept)


def _identity(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__


def _expression(pattern: str) -> re.Pattern[str]:
    *segments, last = pattern.split(".")
    parts = [r"[^.]+" if segment == "*" else re.escape(segment) for segment in segments]
    parts.append(r".+" if last == "*" else re.escape(last))
    return re.compile(r"\.".join(parts))
