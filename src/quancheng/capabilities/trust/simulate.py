"""演示数据: a social security card for each demo citizen, so that a wallet is not empty."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust import queries
from quancheng.capabilities.trust.actions import issue_licence
from quancheng.capabilities.trust.models import LicenceType
from quancheng.kernel.actions import Call

KIND = "social-security-card"


def seed(city: Any, random: Any) -> str:
    """Issue the cards that are missing."""
    if not LicenceType.objects.filter(code=KIND).exists():
        return "-"
    call, made = Call.system("trust", simulated=True), 0
    office = people.department("jn-hrss")
    users = get_user_model().objects.exclude(demo_key=None).exclude(person=None).select_related("person")
    for user in users.order_by("pk"):
        if KIND in queries.held_types(person_id=user.person_id):
            continue
        issue_licence(
            call, type_code=KIND, department_id=office.pk, region_code=user.person.region_code,
            holder_name=user.person.name, person_id=user.person_id,
            items={"name": user.person.name, "resident_id": user.person.id_number},
        )  # fmt: skip
        made += 1
    return f"{made}张证照"
