"""入库: the shipped themes become rows, idempotently."""

from __future__ import annotations

import tomllib
from pathlib import Path

from quancheng.capabilities.outreach import actions, themes
from quancheng.capabilities.outreach.models import Theme
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport

_FILE = Path(__file__).parent / "resources" / "themes.toml"


def sync() -> SyncReport:
    """Publish what is new or changed."""
    report, call = SyncReport(), Call.system("outreach")
    known = dict(Theme.objects.values_list("code", "digest"))
    for row in tomllib.loads(_FILE.read_text(encoding="utf-8"))["theme"]:
        spec = themes.read(row)
        if known.get(spec.code) == themes.digest_of(spec):
            report.note("unchanged", f"theme {spec.code}")
            continue
        actions.publish_theme(call, content=row)
        report.note("changed" if spec.code in known else "created", f"theme {spec.code}")
    return report
