"""演示数据 (模拟): requests at every stage, grants in use with stamped evidence, people who can see who used their data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from quancheng.capabilities.catalogue import actions as catalogue
from quancheng.capabilities.catalogue import queries as entries
from quancheng.capabilities.exchange import actions, holdings, ledger, trying
from quancheng.capabilities.exchange.models import Grant, ShareRequest
from quancheng.capabilities.exchange.values import Asked, Given
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as table_queries
from quancheng.capabilities.tables.values import ColumnSpec, TableInfo, TableSchema
from quancheng.core import catalogue as core_catalogue
from quancheng.core.exchange import Mask, ShareType
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

CARDS = "civil.elder_cards"
PARTIES = ("jn-civil", "jn-market", "jn-emergency", "jn-approval", "jn-lixia-data", "jn-police")
_CARD = TableSchema(
    (
        ColumnSpec("id_number", Kind.RESIDENT_ID, "公民身份号码", "Resident number", level=3, personal=True),
        ColumnSpec("name", Kind.TEXT, "姓名", "Name", level=3, personal=True),
        ColumnSpec("district", Kind.TEXT, "区县代码", "District"),
        ColumnSpec("card", Kind.TEXT, "优待证号", "Card number"),
        ColumnSpec("issued", Kind.DATE, "发证日期", "Issued"),
    ),
    ("id_number",),
)
_SHARE = core_catalogue.ShareType
BASIS = ("山东省老年人优待规定", "第十二条")


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Once: six requests, three grants in use, stamps; nothing when requests are there already."""
    if ShareRequest.objects.exists():
        return None
    with _past(40):
        for code in PARTIES:
            actions.register_party(_call(), department=code, simulated=True)
    cards = _cards(random)
    codes = {
        CARDS: _entry(cards, _SHARE.CONDITIONAL),
        "homes": _known("civil.elder_homes", _SHARE.UNCONDITIONAL),
        "allowances": _known("civil.elder_allowances", _SHARE.CONDITIONAL),
        "licences": _known("market.food_licences", _SHARE.CONDITIONAL),
    }
    used = _served(codes[CARDS], random)
    if codes["homes"]:
        _unconditional(codes["homes"])
    _waiting(codes)
    while actions.stamp_waiting(_call()):
        pass
    return f"{ShareRequest.objects.count()} 件共享申请 requests, {used} 次交换 exchanges"


def _call() -> Call:
    return Call.system("exchange", simulated=True)


@contextmanager
def _past(days: int, hour: int = 10) -> Iterator[datetime]:
    """So many days ago, in office hours."""
    moment = datetime.combine(clock.today() - timedelta(days=days), time(hour), clock.LOCAL)
    ledger.intake.forget()
    with clock.at(moment):
        yield moment


def _cards(random: np.random.Generator) -> TableInfo:
    """Cards of old people of the synthetic base, the demo citizens among them."""
    made = tables.create_table(
        _call(), name=CARDS, zh="老年人优待证", en="Cards for the elderly", schema=_CARD, owner="jn-civil", simulated=True,
        key="exchange.demo.cards",
    )  # fmt: skip
    everybody = people.search_people(Actor.system("exchange"), {})
    old = list(everybody.filter(birth_date__lt=people.years_before(clock.today(), 60)).order_by("id")[:60])
    known = list(everybody.filter(name__in=("王秀英", "李静")).order_by("id")[:4])
    rows = {
        one.id_number: {
            "id_number": one.id_number, "name": one.name, "district": one.region_code[:6],
            "card": f"SIM-YD-{at:05d}", "issued": date(2025, 1, 1) + timedelta(days=int(random.integers(0, 500))),
        }
        for at, one in enumerate([*known, *old], 1)
    }  # fmt: skip
    tables.apply_changes(_call(), table_id=made.table_id, upserts=list(rows.values()), run="demo-cards")
    return made


def _known(name: str, share: core_catalogue.ShareType) -> str:
    info = table_queries.named(name)
    return "" if info is None else _entry(info, share)


def _entry(info: TableInfo, share: core_catalogue.ShareType) -> str:
    """Code of the table's entry; registered when nobody has."""
    found = entries.entry_of_table(info.table_id)
    if found is not None:
        return found.code
    organ = people.department(info.owner)
    items = tuple(
        core_catalogue.Item(
            one.name, one.text, _TYPES.get(one.kind, core_catalogue.DataType.TEXT),
            50 if one.kind not in _TYPES else None, personal=one.personal,
            level=core_catalogue.Level.THREE if one.personal else None,
        )
        for one in info.schema.columns
    )  # fmt: skip
    personal = any(one.personal for one in info.schema.columns)
    conditional = share is _SHARE.CONDITIONAL
    resource = core_catalogue.Resource(
        "", info.text, core_catalogue.Organ(organ.code, organ.text),
        Text(f"{info.zh}的基本信息，用于部门间共享（模拟数据）。", f"{info.text.en}, shared between departments (simulated)."),
        (_home_class(info.owner),), ("CSV",), share,
        core_catalogue.Openness.CLOSED,
        core_catalogue.Level.THREE if personal else core_catalogue.Level.TWO,
        core_catalogue.UpdateCycle.MONTHLY, clock.today(), clock.today(), items,
        share_modes=(core_catalogue.ShareMode.API,),
        share_condition="用于本部门履职，按最小必要范围提供" if conditional else "",
        keywords=(info.zh[:8],),
    )  # fmt: skip
    row = catalogue.register_entry(
        Call.system("catalogue", simulated=True), resource=resource, table_id=info.table_id, simulated=True
    )
    code: str = row.code
    return code


def _home_class(organ: str) -> str:
    """A class other entries of the organ use."""
    known = entries.entries(Actor.system("exchange"), organ=organ, live=True, limit=1)
    return known[0].resource.classes[0] if known else _HOMES.get(organ, "311001")


_HOMES = {"jn-civil": "311001", "jn-market": "319001"}
_TYPES = {
    Kind.INTEGER: core_catalogue.DataType.INTEGER,
    Kind.DECIMAL: core_catalogue.DataType.NUMBER,
    Kind.DATE: core_catalogue.DataType.DATE,
    Kind.DATETIME: core_catalogue.DataType.DATETIME,
    Kind.BOOLEAN: core_catalogue.DataType.LOGICAL,
}


def _ask(
    consumer: str, code: str, purpose: str, way: str = "api", basis: tuple[str, str] = BASIS
) -> ShareRequest:
    holding = holdings.trusted(code)
    fields = tuple(one.name for one in holding.columns if one.share is not ShareType.NOT_SHARED)
    asked = Asked(
        code, fields, purpose, *basis, way, clock.today(), clock.today() + timedelta(days=360), 2000,
        contact="模拟联系人 0531-00000000",
    )  # fmt: skip
    return actions.ask(_call(), consumer=consumer, asked=asked, simulated=True)


def _served(code: str, random: np.random.Generator) -> int:
    """A request that was agreed and is in use: the market bureau checks cards."""
    with _past(24):
        row = _ask("jn-market", code, "老年人优待商家核验")
    with _past(21):
        masks = {"name": Mask.NAME, "id_number": Mask.RESIDENT_ID}
        given = Given(
            {name: masks.get(name, Mask.KEEP) for name in row.fields}, row.ends, 2000, search=("id_number",),
            rate_per_second=100.0,
        )  # fmt: skip
        grant = actions.agree(_call(), number=row.number, given=given)
    with _past(20):
        actions.advance(_call(), number=row.number, deed="confirm")
    numbers = [
        one["id_number"] for one in table_queries.view(grant.table_id).arrow(["id_number"]).to_pylist()
    ]
    return sum(_used(grant, numbers, days, random) for days in (18, 15, 11, 8, 4, 2, 1))


def _used(grant: Grant, numbers: list[str], days: int, random: np.random.Generator) -> int:
    count = int(random.integers(2, 5))
    chosen = [numbers[int(at)] for at in random.integers(0, len(numbers), count - 1)]
    for minute, number in enumerate([numbers[days % min(4, len(numbers))], *chosen]):
        with _past(days), clock.at(clock.now() + timedelta(minutes=3 * minute)):
            case = f"SIM-{clock.today():%m%d}-{minute + 1}"
            trying.try_call(_call(), grant=grant.number, field="id_number", value=number, case=case)
            actions.stamp_waiting(_call())
    return count


def _unconditional(code: str) -> None:
    with _past(9):
        row = _ask(
            "jn-emergency", code, "汛期重点场所转移避险", basis=("中华人民共和国突发事件应对法", "第七十八条")
        )
        grant = Grant.objects.filter(request=row).first()
        if grant is not None:
            actions.advance(_call(), number=row.number, deed="confirm")
            trying.try_call(_call(), grant=grant.number, limit=20)
            actions.stamp_waiting(_call())


def _waiting(codes: dict[str, str]) -> None:
    """One in the inbox, one late, one waiting for more, one before the bureau, one draft returned."""
    licences, allowances, cards = codes["licences"], codes["allowances"], codes[CARDS]
    if licences:
        with _past(2):
            _ask("jn-civil", licences, "养老助餐场所许可核验", basis=("养老机构管理办法", "第二十一条"))
        with _past(6):
            row = _ask(
                "jn-approval", licences, "餐饮单位“一件事”办理", basis=("优化营商环境条例", "第三十七条")
            )
        with _past(5):
            actions.advance(_call(), number=row.number, deed="accept")
            actions.advance(_call(), number=row.number, deed="ask", reason="请说明为何需要许可到期日")
    if allowances:
        with _past(30):
            late = _ask(
                "jn-lixia-data",
                allowances,
                "基层走访服务核对",
                way="table",
                basis=("山东省养老服务条例", "第二十条"),
            )
            actions.advance(_call(), number=late.number, deed="accept")
        actions.tick(_call(), number=late.number)
    with _past(12):
        refused = _ask(
            "jn-police", cards, "重点人群走访", way="file", basis=("中华人民共和国人民警察法", "第六条")
        )
        actions.advance(_call(), number=refused.number, deed="accept")
    with _past(8):
        actions.advance(
            _call(), number=refused.number, deed="decline", reason="所列依据未规定需要优待证信息",
            basis="《政务数据共享条例》按需共享的规定",
        )  # fmt: skip
    with _past(6):
        actions.advance(_call(), number=refused.number, deed="object", reason="走访老年人需要确认身份")
    with _past(4):
        actions.advance(_call(), number=refused.number, deed="escalate", reason="双方对范围未达成一致")
