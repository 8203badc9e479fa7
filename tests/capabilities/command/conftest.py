"""A few departments, people in their seats, a small plan, a fixed afternoon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from quancheng.capabilities.command import actions
from quancheng.capabilities.command.models import Incident
from quancheng.capabilities.people.actions import sync_departments
from quancheng.capabilities.people.models import Department, RoleGrant, User
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.actor import RoleGrant as Held
from quancheng.kernel.models import writing

AFTERNOON = datetime(2026, 7, 18, 9, 0, tzinfo=UTC)
PLAN: dict[str, Any] = {
    "code": "test-flood",
    "version": "1",
    "name": {"zh": "测试防汛预案", "en": "Test flood plan"},
    "authority": "测试",
    "citation": "测试第五章",
    "issued": "2026-06-01",
    "level": [{"level": n, "name": {"zh": f"{n}级", "en": f"Level {n}"}} for n in (1, 2, 3, 4)],
    "input": [
        {"id": "warning", "kind": "colour", "name": {"zh": "预警", "en": "Warning"}},
        {"id": "rain", "kind": "number", "name": {"zh": "雨量", "en": "Rain"}, "unit": "mm"},
    ],
    "row": [
        {"id": "I-1", "level": 1, "when": {"warning": "red"}, "text": {"zh": "红", "en": "Red"}, "cite": "5.1"},
        {
            "id": "III-1", "level": 3, "when": {"warning": ">= yellow", "affected_districts": ">= 2"},
            "text": {"zh": "黄且两区", "en": "Yellow in two districts"}, "cite": "5.3",
        },
        {"id": "IV-1", "level": 4, "when": {"warning": "yellow"}, "text": {"zh": "黄", "en": "Yellow"}, "cite": "5.4"},
        {"id": "IV-2", "level": 4, "when": {"rain": ">= 50"}, "text": {"zh": "雨", "en": "Rain"}, "cite": "5.4"},
    ],
    "task": [
        {
            "id": "pumps", "levels": [4, 3, 1], "title": {"zh": "泵站待命", "en": "Pumps ready"}, "department": "jn-water",
            "priority": 1, "due_minutes": 30,
        },
        {
            "id": "patrol", "levels": [3, 1], "title": {"zh": "巡查", "en": "Patrol"}, "department": "jn-city-management",
            "district": True, "due_minutes": 60, "proof": "photo",
        },
    ],
}  # fmt: skip


@pytest.fixture
def afternoon() -> Iterator[datetime]:
    with clock.at(AFTERNOON):
        yield AFTERNOON


@pytest.fixture
def organisation(db: None) -> None:
    sync_departments(Call.system("people"))
    User.objects.bulk_create([User(pk=n, username=f"user{n}") for n in (55, 66, 77, 901, 902, 903, 910)])


def account(name: str, role: str, department: str, *, person: bool = False) -> User:
    """An account with one role."""
    user = User.objects.create_user(name, password="x" * 12)
    user.kind = "person" if person else "official"
    user.display_name = name
    user.save()
    if role:
        office = Department.objects.get(code=department)
        with writing("test"):
            RoleGrant.objects.create(
                user=user, role=role, department=office, region_code="370100", valid_from=datetime(2020, 1, 1).date(),
                granted_by="test", granted_at=AFTERNOON,
            )  # fmt: skip
    return user


@pytest.fixture
def plan(organisation: None) -> Any:
    return actions.register_plan(Call.system("command"), document=PLAN)


def official(name: str, role: str, user_id: int = 1, departments: frozenset[int] = frozenset()) -> Actor:
    """An actor without an account."""
    return Actor(ActorKind.OFFICIAL, name, user_id=user_id, grants=(Held(role, departments, "3701"),))


DUTY = official("韩涛", "command.duty", 901)
SECOND = official("李敏", "command.duty", 902)
COMMANDER = official("秦岚", "command.commander", 903)


def responder(code: str = "jn-water", user_id: int = 910) -> Actor:
    office = Department.objects.get(code=code)
    return official(f"{code}人员", "command.responder", user_id, frozenset({office.pk}))


def report(ref: str = "a", *, call: Call | None = None, **other: Any) -> Incident:
    """One report of a flooded road."""
    facts: dict[str, Any] = {
        "type": "command.flooding", "level": 3, "lon": 117.0, "lat": 36.67, "region": "370105",
        "title": {"zh": "积水", "en": "Flooded"}, "occurred_at": clock.now(), "source_kind": "hotline", "source_ref": ref,
    } | other  # fmt: skip
    return actions.report_incident(call or Call(DUTY), **facts)
