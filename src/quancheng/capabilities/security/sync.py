"""入库: the key purposes of ``resources/purposes.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from quancheng.capabilities.security.actions import publish_purpose
from quancheng.capabilities.security.models import KeyPurpose
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport

FILE = Path(__file__).parent / "resources" / "purposes.toml"


def sync() -> SyncReport:
    """Publish the purposes that are new or changed."""
    report = SyncReport()
    known = {row.code: row for row in KeyPurpose.objects.all()}
    for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["purpose"]:
        before = known.get(row["code"])
        same = before is not None and all(getattr(before, key) == value for key, value in row.items())
        if not same:
            publish_purpose(Call.system("security"), **row)
        report.note("unchanged" if same else "changed" if before else "created", f"key purpose {row['code']}")
    return report
