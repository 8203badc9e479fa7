"""演示数据 (模拟): rules of the water pack in force over the synthetic stations, written and approved by two people."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.watch import actions, queries
from quancheng.capabilities.watch.models import State
from quancheng.capabilities.watch.sync import sync
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import QuanchengError

DEMO = ("ponding-deep", "river-rise", "rain-silent", "level-stuck")


def seed(city: Any, random: Any) -> str | None:
    """The packs' drafts, of which four are tried and put in force; nothing when some are already."""
    sync()
    if queries.in_force().exists():
        return None
    approver = Actor(ActorKind.SYSTEM, "模拟批准人", grants=(RoleGrant("watch.approver"),), simulated=True)
    made = 0
    for code in DEMO:
        version = queries.version(Actor.system("watch"), code)
        if version.state != State.DRAFT:
            continue
        try:
            actions.simulate(Call.system("watch", simulated=True), code=code, days=7)
            actions.approve(Call(approver), code=code)
        except QuanchengError:
            continue  # no store or no streams in this city: the drafts are there all the same
        made += 1
    return f"{made} 条规则生效 rules in force"
