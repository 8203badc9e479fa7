"""A street with three communities: a table of elders given back to it, and everybody who works with ledgers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.ledgers import actions
from quancheng.capabilities.ledgers.models import Book, Returned
from quancheng.capabilities.people.models import Department, RoleGrant, User
from quancheng.capabilities.people.queries import actor_for
from quancheng.capabilities.people.tree import nodes
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.identity import compute_check
from quancheng.core.tabular import Kind
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.models import writing

STREET, OTHER_STREET, OFFICE = "370102001", "370103002", "jn-st-370102001"
DEPARTMENTS = {
    "jn", "jn-data", "jn-civil", "jn-lixia", "jn-lixia-data", "jn-lixia-civil", OFFICE, "jn-shizhong", f"jn-st-{OTHER_STREET}"
}  # fmt: skip
COMMUNITIES = ("370102001001", "370102001002", "370102001003")
SCHEMA = TableSchema(
    (
        ColumnSpec(
            "id_number", Kind.RESIDENT_ID, "身份证号", "Identity number", required=True, personal=True
        ),
        ColumnSpec("name", Kind.TEXT, "姓名", "Name", required=True, personal=True),
        ColumnSpec("birth_date", Kind.DATE, "出生日期", "Date of birth"),
        ColumnSpec("phone", Kind.PHONE, "手机号", "Phone", personal=True),
        ColumnSpec("region", Kind.TEXT, "社区代码", "Community"),
    ),
    ("id_number",),
)


def id_number(at: int, region: str = "370102") -> str:
    """A valid number of somebody born in the thirties."""
    first17 = f"{region}{date(1935, 1, 1) + timedelta(days=40 * at):%Y%m%d}{100 + at:03d}"
    return first17 + compute_check(first17)


def elder(at: int, region: str) -> dict[str, Any]:
    return {
        "id_number": id_number(at), "name": f"王秀{chr(0x4E00 + at)}", "region": region,
        "birth_date": date(1935, 1, 1) + timedelta(days=40 * at), "phone": f"1995310{at:04d}",
    }  # fmt: skip


ELDERS = [elder(at, COMMUNITIES[at % 3]) for at in range(9)] + [
    elder(at, f"{OTHER_STREET}001") for at in range(9, 13)
]
COLUMNS: list[dict[str, Any]] = [
    {"name": "是否健在", "choices": ["健在", "已去世"], "required": True},
    {"name": "走访日期", "kind": "date"},
    {"name": "走访备注"},
]


@pytest.fixture
def office(db: None) -> None:
    """The few departments these tests need, as the city profile has them (all of them would take seconds a test)."""
    known: dict[str, Department] = {}
    with writing("tests"):
        for node in nodes():
            if node.code in DEPARTMENTS:
                facts = {
                    key: getattr(node, key)
                    for key in ("code", "path", "level", "region_code", "zh", "en", "order")
                }
                known[node.code] = Department.objects.create(parent=known.get(node.parent), **facts)


@pytest.fixture
def official(office: None) -> Callable[..., Actor]:
    """An official with one role of this module, in an area."""

    def make(name: str, role: str, region: str = STREET, department: str = OFFICE) -> Actor:
        with writing("tests"):
            user, _ = User.objects.get_or_create(
                username=name, defaults={"kind": "official", "display_name": name}
            )
            RoleGrant.objects.create(
                user=user, role=f"ledgers.{role}", department=Department.objects.get(code=department),
                region_code=region, valid_from=clock.today(), granted_by="tests", granted_at=clock.now(),
            )  # fmt: skip
        return actor_for(user)

    return make


@pytest.fixture
def client_of() -> Callable[[Actor], Client]:
    """A browser of somebody."""

    def make(actor: Actor) -> Client:
        client = Client()
        client.force_login(User.objects.get(pk=actor.user_id))
        return client

    return make


@pytest.fixture
def staff(official: Callable[..., Actor]) -> SimpleNamespace:
    """Clerk, head, two workers of two communities, the district, the source's officer, the bureau, another street."""
    return SimpleNamespace(
        clerk=official("曲晓彤", "clerk"), head=official("靳立民", "approver"),
        worker=official("栾春燕", "worker"), neighbour=official("邻居", "worker", COMMUNITIES[1]),
        district=official("历下区", "viewer", "370102", "jn-lixia-data"),
        source=official("民政数据官", "source", "370100", "jn-civil"),
        bureau=official("大数据局", "city", "370100", "jn-data"),
        asker=official("区民政", "asker", "370102", "jn-lixia-civil"),
        stranger=official("别的街道", "clerk", OTHER_STREET, f"jn-st-{OTHER_STREET}"),
    )  # fmt: skip


@pytest.fixture
def returned(office: None) -> Returned:
    """A table of 13 elders, nine of them of the street, given back."""
    call = Call.system("tests")
    made = tables.create_table(
        call, name="elders", zh="高龄津贴", en="Elders", schema=SCHEMA, owner="jn-civil"
    )
    tables.apply_changes(call, table_id=made.table_id, upserts=ELDERS, run="tests")
    return actions.declare_returned(
        call,
        table=made.table_id,
        zh="高龄津贴领取人员",
        en="Elders",
        organ="jn-civil",
        region_column="region",
    )


def base_columns(returned: Returned) -> list[dict[str, Any]]:
    """Columns pre-filled from the elders' table."""
    kinds = {"身份证号": "resident_id", "姓名": "text", "手机号": "phone"}
    sources = {"身份证号": "id_number", "姓名": "name", "手机号": "phone"}
    return [
        {"name": name, "kind": kind, "filling": "base", "table": returned.table, "source": sources[name]}
        for name, kind in kinds.items()
    ]


def draft(actor: Actor, returned: Returned | None = None, **facts: Any) -> Book:
    """A draft of the clerk's."""
    columns = [*(base_columns(returned) if returned else []), *COLUMNS]
    given: dict[str, Any] = {
        "zh": "高龄津贴核查", "purpose": "核查是否健在", "department": OFFICE, "region_code": STREET,
        "due_on": clock.today() + timedelta(days=7), "columns": columns, "photos": 2,
        "base": returned.pk if returned else None, "key_column": "身份证号" if returned else "",
    }  # fmt: skip
    return actions.create_book(Call(actor), **(given | facts))


@pytest.fixture
def book(staff: SimpleNamespace, returned: Returned) -> Book:
    """An open ledger with the street's nine elders."""
    made = draft(staff.clerk, returned)
    actions.propose_book(Call(staff.clerk), book=made.pk)
    return actions.decide_book(Call(staff.head), book=made.pk, approve=True)
