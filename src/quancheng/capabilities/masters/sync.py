"""Masters of the release become rows."""

from __future__ import annotations

from quancheng.capabilities.masters import actions
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport


def sync() -> SyncReport:
    """同步基础库定义."""
    made = actions.sync_masters(Call.system("masters"))
    return SyncReport(created=[f"master {code}" for code in made])
