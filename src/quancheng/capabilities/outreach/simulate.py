"""演示数据: some citizens have agreed; one comparison has run."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.outreach import actions, sweeping
from quancheng.capabilities.outreach.models import Consent, Theme
from quancheng.capabilities.people import queries as people
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind

NAMES = ("王秀英", "孟广田", "李静", "赵建军")
"""Demo citizens who have agreed (the others have not, and hear nothing)."""
OTHERS = 60


def seed(city: Any, random: Any) -> str:
    """Once; by the same actions as people."""
    if Consent.objects.exists() or not Theme.objects.exists():
        return "-"
    system = Actor.system("outreach", simulated=True)
    everybody = people.search_people(system, {}).filter(simulated=True)
    elders = people.search_people(system, {"age_from": "59", "age_to": "64"}).filter(
        simulated=True, user=None
    )
    chosen = [
        *everybody.filter(name__in=NAMES, user__demo_key__isnull=False),
        *elders.order_by("pk")[:OTHERS],
    ]
    codes = list(Theme.objects.values_list("code", flat=True))
    account = _account()
    for one in chosen:
        who = Actor(ActorKind.PERSON, one.name, account, one.pk, simulated=True)
        actions.set_consents(Call(who), general=True, agreed=codes)
    done = sweeping.sweep()
    return f"{len(chosen)}人同意，{done.told}条提示"


def _account() -> int:
    """The account that stands for citizens of the synthetic base."""
    user, made = get_user_model().objects.get_or_create(
        username="demo-consents",
        defaults={"kind": "service", "display_name": "模拟市民", "simulated": True, "is_active": False},
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return int(user.pk)
