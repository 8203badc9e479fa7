"""Details a running action adds to the audit entry it will leave."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_details: ContextVar[dict[str, Any] | None] = ContextVar("quancheng_audit_notes", default=None)


@contextmanager
def collecting() -> Iterator[dict[str, Any]]:
    """Collect what :func:`note` says inside; nested actions each have their own."""
    details: dict[str, Any] = {}
    token = _details.set(details)
    try:
        yield details
    finally:
        _details.reset(token)


def note(**detail: Any) -> None:
    """Add details to the entry of the running action; raises RuntimeError outside of one."""
    details = _details.get()
    if details is None:
        raise RuntimeError("audit.note 只能在 @action 内使用。 audit.note has no action to add to here.")
    details.update(detail)
