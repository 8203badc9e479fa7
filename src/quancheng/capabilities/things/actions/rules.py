"""规则入库: versions of the declared alarm rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quancheng.capabilities.things.models import AlarmRule
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action


@action("things.sync_rules", idempotent=False)
def sync_rules(call: Call, *, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """规则入库: each ``(module, row)`` becomes a version when it is new or changed; absent ones end."""
    access.require(call.actor, "sync", AlarmRule)
    from quancheng.capabilities.things.rules import rule_of

    active = {rule.code: rule for rule in AlarmRule.objects.filter(active=True)}
    versions: dict[str, int] = {}
    for code, version in AlarmRule.objects.values_list("code", "version"):
        versions[code] = max(versions.get(code, 0), version)
    done: dict[str, str] = {}
    for module, row in rows:
        rule = rule_of(module, row)
        before = active.pop(rule.code, None)
        if before is not None and before.digest == rule.digest:
            done[rule.code] = "unchanged"
            continue
        if before is not None:
            before.active = False
            before.save(update_fields=["active"])
        rule.version = versions.get(rule.code, 0) + 1
        rule.save()
        done[rule.code] = "created" if before is None else "changed"
    AlarmRule.objects.filter(pk__in=[rule.pk for rule in active.values()]).update(active=False)
    audit.note(rules=done, ended=sorted(active), at=clock.today().isoformat())
    return done
