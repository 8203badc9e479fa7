"""演示数据: two officers, so that one can ask and the other agree; keys of the demo city (模拟)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.people import actions as people
from quancheng.capabilities.people import queries as organisation
from quancheng.capabilities.security import actions, queries
from quancheng.capabilities.security.models import Key
from quancheng.kernel.actions import Call

OFFICERS = {"guard-auditor": "jn-guard", "data-officer": "jn-data"}
"""Demo identities who look after keys, and their departments."""


def seed(city: Any, random: Any) -> str:
    """Once; by the same actions as people."""
    call = Call.system("security", simulated=True)
    for key, department in OFFICERS.items():
        for role in ("security.officer", "security.custodian"):
            _give(call, key, role, department)
    for purpose in queries.purposes():
        actions.ensure_key(call, purpose=purpose)
    return f"{Key.objects.count()}把密钥 keys"


def _give(call: Call, demo_key: str, role: str, department: str) -> None:
    user = get_user_model().objects.filter(demo_key=demo_key).first()
    if user is None or user.role_grants.filter(role=role, revoked_at=None).exists():
        return
    people.grant_role(
        call, user=user, role=role, department=organisation.department(department), region_code="370100",
        reason="演示身份",
    )  # fmt: skip
