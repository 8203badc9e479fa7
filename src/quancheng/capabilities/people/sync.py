"""入库: departments of the city profile become rows when the registry is synced."""

from __future__ import annotations

from quancheng.capabilities.people.actions import sync_departments
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport


def sync() -> SyncReport:
    """Bring the department tree up to date."""
    report = sync_departments(Call.system("people"))
    found = SyncReport(unchanged=len(report["unchanged"]))
    found.created += [f"department {code}" for code in report["created"]]
    found.changed += [f"department {code}" for code in report["changed"]]
    return found
