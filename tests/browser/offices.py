"""Officials of every department, for stories whose demo identities are too few.

They act by the actions of ``services`` in a process of the story's city, with the same database,
outbox and rights as the pages; one command is one official's deed.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

from quancheng.testing.server import CityServer

SCRIPT = """
import json, sys
from quancheng.capabilities.people.models import User
from quancheng.capabilities.services import actions
from quancheng.capabilities.services.models import Case, CaseTask
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

def official(department, role="services.clerk"):
    user = User.objects.get(demo_key="clerk-civil")
    return Call(Actor(ActorKind.OFFICIAL, "模拟审批员", user.pk, grants=(RoleGrant(role, frozenset({department.pk})),)))

def case(receipt):
    return Case.objects.select_related("version", "matter", "department").get(receipt=receipt)

def tasks(receipt, side):
    rows = CaseTask.objects.select_related("case", "department").filter(case__receipt=receipt, side=side, state="open")
    return list(rows.order_by("pk"))

def answer(receipt, side, outcome, opinion="情况属实"):
    role = "services.manager" if side == "appeal" else "services.clerk"
    for task in tasks(receipt, side):
        actions.answer_task(official(task.department, role), task=task, outcome=outcome, opinion=opinion)

def claim(receipt):
    actions.claim_case(official(case(receipt).department), case=case(receipt))

def refuse(receipt, reason):
    ground = case(receipt).version.spec.grounds()[0].id
    actions.refuse_case(official(case(receipt).department), case=case(receipt), ground=ground, reason=reason)

def send_back(receipt, reason):
    actions.return_case(official(case(receipt).department), case=case(receipt), reason=reason)

def grant(receipt):
    actions.approve_case(official(case(receipt).department), case=case(receipt), opinion="符合条件")
"""


def today() -> date:
    """The day in Jinan."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def deed(city: CityServer, code: str) -> None:
    """Run some of the functions above in the city."""
    city.command("django", "shell", "-v", "0", "-c", SCRIPT + code)


def approve(city: CityServer, receipt: str) -> None:
    """Accept, have the others agree, approve."""
    name = json.dumps(receipt)
    deed(
        city,
        f"claim({name}); answer({name}, 'review', 'agree'); answer({name}, 'visit', 'passed'); grant({name})\n",
    )
