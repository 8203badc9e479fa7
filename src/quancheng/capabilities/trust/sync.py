"""入库: licence types this capability itself knows; matters bring their own."""

from __future__ import annotations

from quancheng.capabilities.trust.actions import publish_type
from quancheng.capabilities.trust.models import LicenceType
from quancheng.capabilities.trust.profiles import documents
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport


def sync() -> SyncReport:
    """Publish the types of ``resources/*.toml`` that are new or changed."""
    report = SyncReport()
    known = {row.code: row for row in LicenceType.objects.all()}
    for document in documents():
        if "owner" in document:  # its matter publishes it; only the rules of its life stand here
            continue
        row = {key: value for key, value in document.items() if key != "profile"}
        before = known.get(row["code"])
        same = before is not None and all(getattr(before, key) == value for key, value in row.items())
        if not same:
            publish_type(Call.system("trust"), module="trust", **row)
        report.note(
            "unchanged" if same else "changed" if before else "created", f"licence type {row['code']}"
        )
    return report
