"""模拟: three tables of the city's offices with a few versions, marked 模拟; the same for the same seed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from quancheng.capabilities.tables import actions
from quancheng.capabilities.tables.models import DataTable
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.tabular import Kind
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

_DISTRICTS = (("370102", "历下区", 117.08, 36.67), ("370103", "市中区", 116.99, 36.65),
              ("370104", "槐荫区", 116.90, 36.65), ("370105", "天桥区", 116.99, 36.68),
              ("370112", "历城区", 117.06, 36.68), ("370113", "长清区", 116.75, 36.55))  # fmt: skip
_SURNAMES, _GIVEN = "王李张刘陈杨赵孙周徐", ("秀英", "建国", "桂兰", "志强", "淑珍", "国华", "玉梅", "德胜")
_TRADES = ("餐饮服务", "食品销售", "单位食堂", "食品生产")

HOMES = TableSchema(
    (
        ColumnSpec("code", Kind.TEXT, "机构编码", "Code"),
        ColumnSpec("name", Kind.TEXT, "机构名称", "Name", required=True),
        ColumnSpec("district", Kind.TEXT, "区县代码", "District"),
        ColumnSpec("beds", Kind.INTEGER, "床位数", "Beds"),
        ColumnSpec("occupied", Kind.INTEGER, "在住人数", "Occupied"),
        ColumnSpec("opened", Kind.DATE, "开业日期", "Opened"),
        ColumnSpec("lon", Kind.DECIMAL, "经度", "Longitude"),
        ColumnSpec("lat", Kind.DECIMAL, "纬度", "Latitude"),
    ),
    ("code",),
)
ALLOWANCES = TableSchema(
    (
        ColumnSpec("id_number", Kind.RESIDENT_ID, "公民身份号码", "Resident number", level=3, personal=True),
        ColumnSpec("month", Kind.TEXT, "发放月份", "Month"),
        ColumnSpec("name", Kind.TEXT, "姓名", "Name", level=3, personal=True),
        ColumnSpec("phone", Kind.PHONE, "联系电话", "Telephone", level=3, personal=True),
        ColumnSpec("district", Kind.TEXT, "区县代码", "District"),
        ColumnSpec("amount", Kind.DECIMAL, "金额(元)", "Amount (CNY)"),
        ColumnSpec("paid", Kind.BOOLEAN, "已发放", "Paid"),
    ),
    ("id_number", "month"),
)
LICENCES = TableSchema(
    (
        ColumnSpec("number", Kind.TEXT, "许可证编号", "Licence number"),
        ColumnSpec("holder", Kind.TEXT, "经营者名称", "Holder", required=True),
        ColumnSpec("trade", Kind.TEXT, "主体业态", "Trade"),
        ColumnSpec("district", Kind.TEXT, "区县代码", "District"),
        ColumnSpec("issued", Kind.DATE, "发证日期", "Issued"),
        ColumnSpec("expires", Kind.DATE, "有效期至", "Expires"),
    ),
    ("number",),
)


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Three tables, the second and third version of one; nothing when they are there already."""
    if DataTable.objects.filter(name="civil.elder_homes").exists():
        return None
    call = Call.system("tables", simulated=True)
    homes = [_home(random, number) for number in range(1, 181)]
    table_id = _table(
        call, "civil.elder_homes", "养老机构", "Homes for the elderly", HOMES, "jn-civil", homes
    )
    for turn in (1, 2):
        some = random.choice(len(homes), 12, replace=False)
        moved = [homes[at] | {"occupied": int(random.integers(0, homes[at]["beds"]))} for at in some]
        gone = [(homes[turn]["code"],)]
        rows = [row for row in moved if (row["code"],) not in gone]
        actions.apply_changes(call, table_id=table_id, upserts=rows, deletes=gone, run=f"demo-{turn}")
    paid = [_allowance(random, number) for number in range(1, 401)]
    _table(
        call,
        "civil.elder_allowances",
        "高龄津贴发放",
        "Allowances for the aged",
        ALLOWANCES,
        "jn-civil",
        paid,
    )
    shops = [_licence(random, number) for number in range(1, 601)]
    _table(call, "market.food_licences", "食品经营许可", "Food licences", LICENCES, "jn-market", shops)
    return "3 张数据表 data tables"


def _table(
    call: Call, name: str, zh: str, en: str, schema: TableSchema, owner: str, rows: list[dict[str, Any]]
) -> str:
    made = actions.create_table(call, name=name, zh=zh, en=en, schema=schema, owner=owner, simulated=True)
    actions.apply_changes(call, table_id=made.table_id, upserts=rows, run="demo-0")
    return made.table_id


def _home(random: np.random.Generator, number: int) -> dict[str, Any]:
    code, zh, lon, lat = _DISTRICTS[int(random.integers(len(_DISTRICTS)))]
    beds = int(random.integers(20, 400))
    return {
        "code": f"SIM-YL-{number:04d}", "name": f"{zh}模拟养老服务中心{number}号", "district": code, "beds": beds,
        "occupied": int(beds * random.uniform(0.3, 1)), "opened": _day(random, 3000),
        "lon": Decimal(str(round(lon + random.uniform(-0.06, 0.06), 5))),
        "lat": Decimal(str(round(lat + random.uniform(-0.04, 0.04), 5))),
    }  # fmt: skip


def _allowance(random: np.random.Generator, number: int) -> dict[str, Any]:
    born = date(1930, 1, 1) + timedelta(days=int(random.integers(0, 5400)))
    district = _DISTRICTS[int(random.integers(len(_DISTRICTS)))][0]
    name = _SURNAMES[int(random.integers(len(_SURNAMES)))] + _GIVEN[int(random.integers(len(_GIVEN)))]
    return {
        "id_number": f"{district}{born:%Y%m%d}9{number % 1000:03d}"[:17] + "X", "month": "2026-06", "name": name,
        "phone": f"1995319{number % 10000:04d}", "district": district,
        "amount": Decimal(int(random.choice([100, 200, 500]))), "paid": bool(random.random() < 0.95),
    }  # fmt: skip


def _licence(random: np.random.Generator, number: int) -> dict[str, Any]:
    code, zh, _, _ = _DISTRICTS[int(random.integers(len(_DISTRICTS)))]
    issued = _day(random, 1800)
    return {
        "number": f"SIMJY{code}{number:07d}", "holder": f"{zh}模拟商户{number}",
        "trade": _TRADES[int(random.integers(len(_TRADES)))], "district": code, "issued": issued,
        "expires": issued + timedelta(days=1826),
    }  # fmt: skip


def _day(random: np.random.Generator, back: int) -> date:
    return clock.today() - timedelta(days=int(random.integers(1, back)))
