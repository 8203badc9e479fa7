"""资源入库: turns declared resources into rows, idempotently, in module order.

A capability that owns a kind registers one function at import (in its ``sync.py``)::

    @registry.syncer("matter")
    def matter(module: Module, row: Any, path: Path | None) -> str:
        return "created"  # or "changed", "unchanged"

A module may also have ``sync.py`` with ``def sync() -> SyncReport`` for rows of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quancheng.kernel.registry import load
from quancheng.kernel.registry.manifest import KINDS, ResourceRow, key_of

OUTCOMES = ("created", "changed", "unchanged")
Syncer = Callable[[load.Module, Any, Path | None], str]
_syncers: dict[str, Syncer] = {}


@dataclass(slots=True)
class SyncReport:
    """What a sync did: keys of rows created and changed, number of unchanged ones (入库结果)."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0

    def note(self, outcome: str, key: str) -> None:
        """Count one row; ``outcome`` is created, changed or unchanged."""
        if outcome == "created":
            self.created.append(key)
        elif outcome == "changed":
            self.changed.append(key)
        elif outcome == "unchanged":
            self.unchanged += 1
        else:
            raise ValueError(f"{key}: {outcome!r}, a syncer returns one of {OUTCOMES}")

    def add(self, other: SyncReport) -> None:
        """Take another report in."""
        self.created += other.created
        self.changed += other.changed
        self.unchanged += other.unchanged

    def to_dict(self) -> dict[str, Any]:
        return {"created": self.created, "changed": self.changed, "unchanged": self.unchanged}


def syncer(kind: str) -> Callable[[Syncer], Syncer]:
    """Register the function that turns rows of ``[[kind]]`` into tables; one owner a kind."""
    if kind not in KINDS:
        raise ValueError(f"没有 [[{kind}]]。 There is no kind {kind}; use one of {', '.join(KINDS)}.")

    def register(function: Syncer) -> Syncer:
        before = _syncers.get(kind)
        same = before is not None and _place(before) == _place(function)
        if before is not None and not same:
            raise ValueError(f"[[{kind}]] 已由 {_place(before)} 负责。 It already has an owner.")
        _syncers[kind] = function
        return function

    return register


def sync() -> SyncReport:
    """Make declared resources into rows: all of them, or none when one fails."""
    from django.db import transaction

    report = SyncReport()
    own = {one.name: _room(one) for one in load.modules()}
    with transaction.atomic():
        for owner in load.modules():
            for kind, function in _syncers.items():
                for row in owner.rows(kind):
                    path = load.resource_path(owner, row.file) if isinstance(row, ResourceRow) else None
                    report.note(function(owner, row, path), f"{kind} {key_of(kind, row)}")
            hook = getattr(own[owner.name], "sync", None)
            if hook is not None:
                report.add(hook())
    return report


def _room(owner: load.Module) -> Any:
    """The module's ``sync.py``, imported so that it can register; None when it has none."""
    name = f"{owner.dotted}.sync"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _place(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
