"""入库: licence types this capability itself knows; matters bring their own."""

from __future__ import annotations

import tomllib
from pathlib import Path

from quancheng.capabilities.trust.actions import publish_type
from quancheng.capabilities.trust.models import LicenceType
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport

FOLDER = Path(__file__).parent / "resources"


def sync() -> SyncReport:
    """Publish the types of ``resources/*.toml`` that are new or changed."""
    report = SyncReport()
    known = {row.code: row for row in LicenceType.objects.all()}
    for path in sorted(FOLDER.glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["type"]:
            before = known.get(row["code"])
            same = before is not None and all(getattr(before, key) == value for key, value in row.items())
            if not same:
                publish_type(Call.system("trust"), module="trust", **row)
            report.note(
                "unchanged" if same else "changed" if before else "created", f"licence type {row['code']}"
            )
    return report
