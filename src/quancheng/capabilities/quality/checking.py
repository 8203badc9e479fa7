"""检查一张表: what is in force is run over the newest version; nothing is written here."""

from __future__ import annotations

from dataclasses import replace

from quancheng.capabilities.quality import engine
from quancheng.capabilities.quality.models import RuleVersion, Sheet, TableProfile
from quancheng.capabilities.quality.values import Checked
from quancheng.core.quality import profile_from


def rules_in_force(sheet: Sheet) -> list[RuleVersion]:
    """Versions in force, by code (生效规则)."""
    return list(RuleVersion.objects.filter(sheet=sheet, state=RuleVersion.State.ACTIVE).order_by("code"))


def look(sheet: Sheet) -> Checked:
    """Run the rules in force, profile what changed, see whether doubts are settled. Raises NotFound."""
    from quancheng.capabilities.quality.actions.issues import doubts_settled

    baseline = TableProfile.objects.filter(sheet=sheet, baseline=True).first()
    last = TableProfile.objects.filter(sheet=sheet).order_by("-id").values_list("version", flat=True).first()
    info = engine.info_of(sheet.table_id)
    found = engine.check(
        sheet,
        rules_in_force(sheet),
        baseline=profile_from(baseline.data) if baseline is not None else None,
        profiled=last is None or last != info.version,
    )
    return replace(found, doubts=doubts_settled(sheet))
