"""演示数据: a social security card for each demo citizen, and licences in every state for the desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust import actions, queries
from quancheng.capabilities.trust.models import Licence, LicenceType
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

KIND = "social-security-card"
MALE = "1"
MARRIAGE, EQUIPMENT = "marriage-certificate", "special-equipment"


def seed(city: Any, random: Any) -> str:
    """Issue what is missing."""
    if not LicenceType.objects.filter(code=KIND).exists():
        return "-"
    return f"{_cards() + _marriages() + _equipment()}张证照"


def _cards() -> int:
    call, made = Call.system("trust", simulated=True), 0
    office = people.department("jn-hrss")
    users = get_user_model().objects.exclude(demo_key=None).exclude(person=None).select_related("person")
    for user in users.order_by("pk"):
        if KIND in queries.held_types(person_id=user.person_id):
            continue
        actions.issue_licence(
            call, type_code=KIND, department_id=office.pk, region_code=user.person.region_code,
            holder_name=user.person.name, person_id=user.person_id,
            items={"name": user.person.name, "resident_id": user.person.id_number},
        )  # fmt: skip
        made += 1
    return made


def _marriages() -> int:
    """结婚证 of the municipal civil affairs bureau: one good, one changed, one suspended, one revoked."""
    if Licence.objects.filter(type__code=MARRIAGE).exists():
        return 0
    system = Call.system("trust", simulated=True)
    office = people.department("jn-civil")
    couples = _couples(system, 4)
    made = []
    for number, (one, other) in enumerate(couples):
        with clock.at(clock.now() - timedelta(days=40 * (number + 1))):
            made.append(
                actions.issue_licence(
                    Call.system("trust", simulated=True), type_code=MARRIAGE, department_id=office.pk,
                    region_code="370100", holder_name=one.name, person_id=one.pk,
                    items={
                        "name": one.name, "resident_id": one.id_number, "spouse_name": other.name,
                        "spouse_id": other.id_number, "registered_on": clock.today().isoformat(),
                    },
                )
            )  # fmt: skip
    if len(made) < 4:
        return len(made)
    actions.change_licence(
        system, licence=made[1], items=made[1].items | {"spouse_name": made[1].items["spouse_name"] + "兰"},
        reason="配偶更名（模拟）",
    )  # fmt: skip
    actions.suspend_licence(system, licence=made[2], reason="登记材料待核实（模拟）")
    actions.revoke_licence(system, licence=made[3], reason="以虚假材料取得登记（模拟）")
    return len(made) + 1


def _couples(call: Call, count: int) -> list[tuple[Any, Any]]:
    grown = {"age_from": "28", "age_to": "60", "region": "370102"}
    found = list(people.search_people(call.actor, grown).filter(user=None).order_by("pk")[: 12 * count])
    men = [one for one in found if one.sex == MALE]
    women = [one for one in found if one.sex != MALE]
    return list(zip(women, men, strict=False))[:count]


def _equipment() -> int:
    """特种设备使用登记证 of the Tianqiao market bureau: checked, due soon, overdue."""
    if Licence.objects.filter(type__code=EQUIPMENT).exists():
        return 0
    office = people.department_for("370105", "jn-market")
    firms = list(people.search_firms(Call.system("trust").actor, {}).order_by("pk")[:3])
    ages = (30, 340, 400)
    for number, (firm, days) in enumerate(zip(firms, ages, strict=False)):
        with clock.at(clock.now() - timedelta(days=days)):
            actions.issue_licence(
                Call.system("trust", simulated=True), type_code=EQUIPMENT, department_id=office.pk,
                region_code="370105", holder_name=firm.name, firm_id=firm.pk,
                items={
                    "user": firm.name, "equipment": "电梯", "equipment_code": f"3010370105{2026000 + number}",
                    "location": "主楼", "next_inspection": (clock.today() + timedelta(days=365)).isoformat(),
                },
            )  # fmt: skip
    return len(firms)
