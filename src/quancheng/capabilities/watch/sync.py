"""入库: rules of the packs become drafts once; what people made of them since is theirs."""

from __future__ import annotations

from quancheng.capabilities.watch import actions, packs
from quancheng.capabilities.watch.models import WatchRule
from quancheng.kernel import registry
from quancheng.kernel.actions import Call


def sync() -> registry.SyncReport:
    """Write the rules that are not there yet."""
    report = registry.SyncReport()
    known = set(WatchRule.objects.values_list("code", flat=True))
    for row, draft in packs.drafts():
        if row["code"] in known:
            report.note("unchanged", row["code"])
            continue
        actions.write_rule(
            Call.system("watch"), code=row["code"], zh=row["zh"], en=row["en"], draft=draft, pack=row["pack"]
        )
        report.note("created", f"watch_rule {row['code']}")
    return report
