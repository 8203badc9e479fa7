"""入库: the shipped halls and partner cities become rows, idempotently."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from quancheng.capabilities.counter import actions
from quancheng.capabilities.counter.models import Hall, Partner
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport

_FOLDER = Path(__file__).parent / "resources"


def sync() -> SyncReport:
    """Publish what is new or changed; keys and addresses exchanged with partners are left alone."""
    report, call = SyncReport(), Call.system("counter")
    halls = {one.code: one for one in Hall.objects.all()}
    for row in _read("halls")["hall"]:
        before = halls.get(row["code"])
        if before is not None and all(getattr(before, key) == value for key, value in row.items()):
            report.note("unchanged", f"hall {row['code']}")
            continue
        actions.publish_hall(call, content=row)
        report.note("created" if before is None else "changed", f"hall {row['code']}")
    partners = {one.code: one for one in Partner.objects.all()}
    for row in _read("partners")["partner"]:
        known = partners.get(row["code"])
        if known is not None and all(getattr(known, key) == value for key, value in row.items()):
            report.note("unchanged", f"partner {row['code']}")
            continue
        actions.register_partner(call, content=row)
        report.note("created" if known is None else "changed", f"partner {row['code']}")
    return report


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
