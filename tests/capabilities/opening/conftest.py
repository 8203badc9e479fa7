"""A bureau with a table and its entry of the catalogue, and those who open it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.catalogue import conftest as of_catalogue
from tests.capabilities.catalogue.conftest import item, resource

from quancheng.capabilities.catalogue import actions as catalogue
from quancheng.capabilities.opening import actions, queries
from quancheng.capabilities.opening.models import Dataset
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import packs
from quancheng.capabilities.tables.values import ColumnSpec, TableInfo, TableSchema
from quancheng.core.tabular import Kind
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

organs, sign_in, _fresh = of_catalogue.organs, of_catalogue.sign_in, of_catalogue._fresh
SYSTEM = Call.system("tests")
SCHEMA = TableSchema(
    (
        ColumnSpec("code", Kind.TEXT, "编号", "Code"),
        ColumnSpec("name", Kind.TEXT, "名称", "Name"),
        ColumnSpec("kind", Kind.TEXT, "类型", "Kind"),
        ColumnSpec("beds", Kind.INTEGER, "床位", "Beds"),
        ColumnSpec("price", Kind.DECIMAL, "价格", "Price"),
        ColumnSpec("since", Kind.DATE, "开业", "Since"),
        ColumnSpec("lon", Kind.DECIMAL, "经度", "Longitude"),
        ColumnSpec("lat", Kind.DECIMAL, "纬度", "Latitude"),
        ColumnSpec("phone", Kind.TEXT, "联系人电话", "Telephone", personal=True, level=3),
    ),
    ("code",),
)
OPENED = [name for name in SCHEMA.names if name != "phone"]


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A store of the test's own."""
    settings.STORE_FOLDER = tmp_path / "store"
    yield
    packs.forget()
    queries._COPIES.clear()


def row(number: int, **more: object) -> dict[str, object]:
    """A home."""
    return {
        "code": f"H{number:03d}", "name": f"第{number}养老院", "kind": "公办" if number % 2 else "民办",
        "beds": number * 10, "price": f"{number}.50", "since": "2020-05-01", "lon": "117.05", "lat": "36.66",
        "phone": "13800000000", **more,
    }  # fmt: skip


@dataclass
class Homes:
    """The table and what is done to it."""

    info: TableInfo
    organs: dict[str, int]

    @property
    def table_id(self) -> str:
        return self.info.table_id

    def put(self, *rows: dict[str, object], run: str, deletes: tuple[tuple[str, ...], ...] = ()) -> None:
        tables.apply_changes(SYSTEM, table_id=self.table_id, upserts=list(rows), deletes=deletes, run=run)

    def official(self, role: str, organ: str = "jn-civil", user: int = 7) -> Actor:
        grant = RoleGrant(f"opening.{role}", frozenset({self.organs[organ]}), "3701")
        steward = RoleGrant("tables.steward", frozenset({self.organs[organ]}), "3701")
        return Actor(ActorKind.OFFICIAL, f"{role}-{user}", user_id=user, grants=(grant, steward))

    def publish(self, *quasi: str) -> Dataset:
        made = actions.propose_dataset(
            Call(self.official("publisher")), table_id=self.table_id, fields=OPENED, quasi=list(quasi)
        )
        return actions.approve_dataset(Call(self.official("approver", user=8)), dataset=made.pk)


@pytest.fixture
def homes(organs: dict[str, int]) -> Homes:
    """Sixty homes; the entry names all columns, the telephone is closed."""
    info = tables.create_table(
        SYSTEM, name="civil.homes", zh="养老院", en="Homes", schema=SCHEMA, owner="jn-civil"
    )
    made = Homes(info, organs)
    made.put(*(row(number) for number in range(1, 61)), run="r1")
    items = tuple(item(one.name, one.zh) for one in SCHEMA.columns if not one.personal)
    catalogue.register_entry(
        SYSTEM, resource=resource("养老院名录", items=items, keywords=("养老",)), table_id=info.table_id
    )
    return made
