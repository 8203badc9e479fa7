"""入库: alarm rules of all modules become rows."""

from __future__ import annotations

from quancheng.capabilities.things import actions, evaluation, judging, rules
from quancheng.capabilities.things.models import AlarmRule
from quancheng.kernel import registry
from quancheng.kernel.actions import Call


def sync() -> registry.SyncReport:
    """Versions of every ``[[alarm_rule]]``; writes nothing when nothing changed."""
    report = registry.SyncReport()
    evaluation.forget_amounts()
    judging.forget_terms()
    rows = rules.declared()
    digests = {rules.rule_of(module, row).digest for module, row in rows}
    active = set(AlarmRule.objects.filter(active=True).values_list("digest", flat=True))
    if digests == active:
        report.unchanged = len(rows)
        return report
    for code, outcome in actions.sync_rules(Call.system("things"), rows=rows).items():
        report.note(outcome, f"alarm_rule {code}")
    return report
