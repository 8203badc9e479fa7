"""模拟数据: the audit fills itself; only the demo auditor needs the role of this module."""

from __future__ import annotations

import numpy as np
from django.contrib.auth import get_user_model

from quancheng.capabilities.people import actions as people
from quancheng.capabilities.people import queries
from quancheng.kernel.actions import Call
from quancheng.kernel.simulation.demo import DemoCity

ROLE = "protect.auditor"
PROFILE_ROLE = "guard.auditor"
"""What the city profile calls the auditor; a role of a module begins with the module's name."""


def seed(city: DemoCity, random: np.random.Generator) -> str:
    """Whoever the profile made an auditor gets the role the pages ask for."""
    call = Call.system("protect", simulated=True)
    given = 0
    for user in get_user_model().objects.filter(simulated=True, role_grants__role=PROFILE_ROLE).distinct():
        live = user.role_grants.filter(revoked_at=None)
        held = live.filter(role=PROFILE_ROLE).select_related("department").first()
        if held is None or live.filter(role=ROLE).exists():
            continue
        department = held.department or queries.department("jn")
        people.grant_role(
            call, user=user, role=ROLE, department=department, region_code=held.region_code,
            valid_from=held.valid_from, reason="演示身份",
        )  # fmt: skip
        given += 1
    return f"{given} 审计员 auditors" if given else "无需数据 needs none"
