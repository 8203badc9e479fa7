"""预案入库: makes the plans of ``[[plan]]`` rows into tables."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from quancheng.capabilities.command.actions import register_plan
from quancheng.capabilities.command.models import Plan
from quancheng.kernel import registry
from quancheng.kernel.actions import Call


def plan(module: registry.Module, row: Any, path: Path | None) -> str:
    """One plan file; unchanged when its current version says the same."""
    if path is None:
        return "unchanged"
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    before = Plan.objects.filter(code=str(document.get("code", ""))[:60], current=True).first()
    after = register_plan(Call.system("command"), document=document)
    if before is None:
        return "created"
    return "unchanged" if (before.pk, before.digest) == (after.pk, after.digest) else "changed"


if "plan" in registry.KINDS:
    registry.syncer("plan")(plan)
