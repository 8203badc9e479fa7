"""Reads of watch, always from what the asker may see."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from quancheng.capabilities.watch import scopes
from quancheng.capabilities.watch.models import Episode, RuleVersion, State, Trial, WatchRule
from quancheng.capabilities.watch.values import Scope, StreamRow
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound


def versions(
    actor: Actor,
    *,
    state: str = "",
    kind: str = "",
    level: int | None = None,
    text: str = "",
    newest: bool = False,
) -> QuerySet[RuleVersion]:
    """Versions the actor may see, narrowed; ``newest``: of each rule the last one only."""
    found = access.visible(actor, RuleVersion).select_related("rule")
    if newest:
        latest = RuleVersion.objects.order_by().values("rule").annotate(last=Max("pk")).values("last")
        found = found.filter(pk__in=latest)
    if state:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if level is not None:
        found = found.filter(level=level)
    if words := text.strip():
        found = found.filter(
            Q(rule__zh__icontains=words) | Q(rule__en__icontains=words) | Q(rule__code__icontains=words)
        )
    return found


def rule(actor: Actor, code: str) -> WatchRule:
    """One rule; NotFound when there is none or the actor may not see it."""
    found = access.visible(actor, WatchRule).filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有规则 {code[:80]}。", f"There is no rule {code[:80]}."))
    return found


def version(actor: Actor, code: str, number: int | None = None) -> RuleVersion:
    """A version of a rule, the newest by default; raises NotFound."""
    found = access.visible(actor, RuleVersion).filter(rule=rule(actor, code)).select_related("rule")
    row = found.filter(number=number).first() if number is not None else found.order_by("-number").first()
    if row is None:
        raise NotFound(
            Text(f"没有规则 {code[:80]} 的这个版本。", f"There is no such version of rule {code[:80]}.")
        )
    return row


def history(actor: Actor, code: str) -> QuerySet[RuleVersion]:
    """All versions of a rule, newest first."""
    return access.visible(actor, RuleVersion).filter(rule=rule(actor, code)).order_by("-number")


def trials(actor: Actor, found: RuleVersion) -> QuerySet[Trial]:
    """Trials of a version, newest first."""
    return access.visible(actor, Trial).filter(version=found).order_by("-at")


def episodes(actor: Actor, *, code: str = "", open_only: bool = False) -> QuerySet[Episode]:
    """Episodes of rules in force, of one rule when named."""
    found = access.visible(actor, Episode).select_related("version", "version__rule")
    if code:
        found = found.filter(version__rule__code=code)
    return found.filter(ended=None) if open_only else found


def in_force() -> QuerySet[RuleVersion]:
    """Versions that are in force, for the runner."""
    return RuleVersion.objects.filter(state=State.IN_FORCE).select_related("rule").order_by("pk")


def stamp() -> tuple[Any, int]:
    """What changes whenever the rules in force may have changed."""
    row = RuleVersion.objects.aggregate(changed=Max("changed_at"), number=Count("pk"))
    return row["changed"], row["number"]


def covered(actor: Actor, scope: Scope) -> int:
    """How many streams a scope covers."""
    return scopes.count(actor, scope)


def covered_rows(actor: Actor, scope: Scope) -> list[StreamRow]:
    """The streams a scope covers."""
    return scopes.rows_of(actor, scope)
