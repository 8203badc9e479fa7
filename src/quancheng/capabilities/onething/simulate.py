"""演示数据: some newborn one-things in different states, made by the same actions as people."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.onething import actions
from quancheng.capabilities.onething.models import Bundle, BundleItem, Theme
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import actions as services
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import QuanchengError

PLANS = (
    ("birth",), ("birth", "vaccination"), ("birth", "household"), ("birth", "household", "vaccination", "insurance"),
    (),
)  # fmt: skip
"""Items approved in each demo bundle; the rest is where it hangs."""
NAMES = ("泽宇", "雨桐", "一诺", "浩然", "思涵")


def seed(city: Any, random: Any) -> str:
    """Once; demo citizens stay free to apply."""
    theme = Theme.objects.filter(code="newborn").first()
    if theme is None or Bundle.objects.filter(simulated=True).exists():
        return "-"
    officer = _account("demo-onething-officer", "模拟审批员", None)
    made = sum(_story(random, theme, officer, number, plan) for number, plan in enumerate(PLANS))
    return f"{made}件“一件事”"


def _story(random: Any, theme: Theme, officer: int, number: int, plan: tuple[str, ...]) -> int:
    found = people.search_people(
        Actor.system("onething", simulated=True), {"age_from": "24", "age_to": "38"}
    ).filter(user=None, simulated=True, sex="2", cases=None)
    count = min(found.count(), 100)
    if not count:
        return 0
    person = found.order_by("pk")[int(random.integers(count))]
    account = _account(f"demo-onething-{number}", person.name, person.pk)
    actor = Actor(ActorKind.PERSON, person.name, account, person.pk, simulated=True)
    day = clock.today() - timedelta(days=int(random.integers(1, 6)))
    try:
        with clock.at(datetime.combine(day, time(9, 10 + number), clock.LOCAL)):
            bundle = _submit(actor, theme, person, number)
        with clock.at(datetime.combine(day, time(10, 10 + number), clock.LOCAL)):
            for key in plan:
                _approve(bundle, key, officer)
    except QuanchengError:
        return 0
    return 1


def _submit(actor: Actor, theme: Theme, person: Any, number: int) -> Bundle:
    call = Call(actor)
    yes = dict.fromkeys(("household", "vaccination", "insurance", "card"), "yes")
    facts = {
        "child_name": f"{person.name[:1]}{NAMES[number]}", "child_sex": "女" if number % 2 else "男",
        "child_birth_date": (clock.today() - timedelta(days=3)).isoformat(), "child_birth_time": "08:30",
        "hospital": "济南市某医院（模拟）", "follows": "mother", "delivery": "electronic",
        "phone": person.phone or "13900000000", "household_address": person.address or "济南市历下区",
    }  # fmt: skip
    answers = {"who": "mother", "second": "no", "certificate": "no", **yes}
    bundle = actions.save_draft(call, theme=theme, answers=answers, facts=facts)
    for one in bundle.spec.consent:
        actions.consent(call, bundle=bundle, key=one.key, given=True)
    return actions.submit_bundle(call, bundle=bundle, declared=True)


def _approve(bundle: Bundle, key: str, officer: int) -> None:
    row = BundleItem.objects.select_related("case__department", "case__version", "case__matter").get(
        bundle=bundle, key=key
    )
    if row.case is None:
        return
    grant = RoleGrant("services.clerk", frozenset({row.case.department_id}))
    call = Call(Actor(ActorKind.OFFICIAL, "模拟审批员", officer, simulated=True, grants=(grant,)))
    case = services.claim_case(call, case=row.case)
    services.approve_case(call, case=case, opinion="材料齐全，符合条件。")
    actions.follow_case(Call.system("onething", simulated=True), receipt=row.case.receipt)


def _account(username: str, name: str, person: int | None) -> int:
    user, made = get_user_model().objects.get_or_create(
        username=username,
        defaults={
            "kind": "person" if person else "service", "display_name": name, "simulated": True, "is_active": False,
            "person_id": person,
        },
    )  # fmt: skip
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return int(user.pk)


__all__ = ["seed"]
