"""演示数据: a returned table of the very old, three ledgers of one street: half filled, in use, a draft. 模拟."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.ledgers import actions, words
from quancheng.capabilities.ledgers.models import Book, Returned, Row
from quancheng.capabilities.ledgers.pages.designing import fitted
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.identity import compute_check
from quancheng.core.tabular import Kind
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

STREET, OFFICE = "370102001", "jn-st-370102001"
ELSEWHERE = ("370102012", "370103002", "370105001")
ELDERS = 48
_NAMES = ("王李张刘陈杨赵孙周徐", "秀桂淑玉凤建国德金兰", "英兰珍荣华民生福友芳")
_STREETS = ("解放路", "历山路", "山大南路", "和平路", "文化东路", "青龙街")


ASKED_ANYWAY = {"租赁用途": "登记信息中的用途是规划用途，出租后的实际用途只有走访才知道"}
"""Why a column is asked although the catalogue has one of a like name; the street head decides on it."""


def seed(city: Any, random: Any) -> str:
    """Once; by the same actions as people."""
    if Book.objects.filter(simulated=True).exists():
        return "-"
    chance = random if isinstance(random, Random) else Random(11)
    returned = _returned(chance)
    books = [_elders(returned, chance), _homes(chance), _hazards()]
    return f"{len(books)}本台账，{Row.objects.filter(book__in=books).count()}行"


def _call(demo_key: str = "") -> Call:
    """As a demo identity, or as the platform when the city has none."""
    user = get_user_model().objects.filter(demo_key=demo_key).first() if demo_key else None
    if user is None:
        return Call.system("ledgers", simulated=True)
    return Call(people.actor_for(user))


# -- the city's data ----------------------------------------------------------------------------
SCHEMA = TableSchema(
    (
        ColumnSpec("id_number", Kind.RESIDENT_ID, "身份证号", "Identity number", True, 3, True),
        ColumnSpec("name", Kind.TEXT, "姓名", "Name", True, 3, True),
        ColumnSpec("sex", Kind.TEXT, "性别", "Sex"),
        ColumnSpec("birth_date", Kind.DATE, "出生日期", "Date of birth", True, 3, True),
        ColumnSpec("address", Kind.TEXT, "住址", "Address", False, 3, True),
        ColumnSpec("phone", Kind.PHONE, "手机号", "Phone", False, 3, True),
        ColumnSpec("allowance", Kind.INTEGER, "月津贴标准", "Allowance a month (yuan)"),
        ColumnSpec("region", Kind.TEXT, "社区代码", "Community code", True),
    ),
    ("id_number",),
)


def _returned(chance: Random) -> Returned:
    call = Call.system("ledgers", simulated=True)
    made = tables.create_table(
        call, name="demo_elder_allowance", zh="高龄津贴领取人员（模拟）", en="Receivers of the allowance of the very old (simulated)",
        schema=SCHEMA, owner="jn-civil", simulated=True,
    )  # fmt: skip
    tables.apply_changes(call, table_id=made.table_id, upserts=list(_people(chance)), run="ledgers:demo")
    return actions.declare_returned(
        call, table=made.table_id, zh="高龄津贴领取人员", en="Receivers of the allowance of the very old",
        organ="jn-civil", region_column="region", simulated=True,
    )  # fmt: skip


def _people(chance: Random) -> Iterator[dict[str, Any]]:
    for place in (STREET, *ELSEWHERE):
        communities = [one.code for one in people.regions(place)] or [f"{place}001"]
        for number in range(ELDERS if place == STREET else ELDERS // 3):
            yield _person(communities[number % len(communities)], number, chance)


def _person(region: str, number: int, chance: Random) -> dict[str, Any]:
    birth = date(1930, 1, 1) + timedelta(days=chance.randrange(5800))
    first17 = f"{region[:6]}{birth:%Y%m%d}{chance.randrange(100, 998):03d}"
    age = clock.today().year - birth.year
    return {
        "id_number": first17 + compute_check(first17),
        "name": "".join(chance.choice(part) for part in _NAMES), "sex": "男" if int(first17[-1]) % 2 else "女",
        "birth_date": birth, "phone": f"1995310{chance.randrange(10_000):04d}", "region": region,
        "address": f"{chance.choice(_STREETS)}{chance.randrange(1, 180)}号{number % 9 + 1}号楼{number % 4 + 1}单元{chance.randrange(101, 604)}室",
        "allowance": 500 if age >= 100 else 200 if age >= 90 else 100,
    }  # fmt: skip


# -- ledgers ------------------------------------------------------------------------------------
def _book(code: str, **facts: Any) -> Book:
    found = words.starter(code)
    assert found is not None
    columns, source = fitted(found)
    columns = [
        one | {"exception": ASKED_ANYWAY[one["name"]]} if one["name"] in ASKED_ANYWAY else one
        for one in columns
    ]
    return actions.create_book(
        _call("clerk-town"), zh=found.name.zh, en=found.name.en, purpose=found.purpose, legal_basis=found.legal_basis,
        department=OFFICE, region_code=STREET, due_on=clock.today() + timedelta(days=found.days), columns=columns,
        key_column=found.key, may_add=found.may_add, photos=found.photos, base=source, simulated=True, **facts,
    )  # fmt: skip


def _send_out(book: Book) -> Book:
    clerk = _call("clerk-town")
    actions.check_book(clerk, book=book.pk)
    actions.propose_book(clerk, book=book.pk)
    return actions.decide_book(_call("street-head"), book=book.pk, approve=True, note="同意下发")


def _elders(returned: Returned, chance: Random) -> Book:
    """Half filled, with differences that wait at the source."""
    book = _send_out(_book("elder-allowance"))
    worker = _call("community-worker")
    rows = list(Row.objects.filter(book=book).order_by("number")[: ELDERS // 2])
    for at, row in enumerate(rows):
        standing, note = ("absent", "已随子女迁往外地，邻居证实") if at == 5 else ("", "")
        actions.save_row(
            worker,
            row=row.pk,
            base_revision=row.revision,
            cells=_answers(row, at, chance),
            standing=standing,
            note=note,
        )
    actions.send_differences(_call("clerk-town"), book=book.pk)
    return book


def _answers(row: Row, at: int, chance: Random) -> dict[str, str]:
    visited = clock.today() - timedelta(days=at % 3)
    cells = {
        "是否健在": "已去世" if at == 9 else "健在", "走访日期": visited.isoformat(),
        "自理能力": chance.choice(["完全自理", "完全自理", "部分自理", "不能自理"]),
    }  # fmt: skip
    if at % 8 == 2:
        cells["手机号"] = f"1995319{chance.randrange(10_000):04d}"
    if at % 8 == 6:
        cells["住址"] = row.base.get("住址", "").replace("号楼", "号楼东") or "解放路"
    return cells


def _homes(chance: Random) -> Book:
    """In use: what a community has entered so far."""
    book = _send_out(_book("rented-homes"))
    communities = [one.code for one in people.regions(STREET)] or [f"{STREET}001"]
    rows = [
        {"房屋坐落": f"{chance.choice(_STREETS)}{chance.randrange(1, 180)}号{at % 7 + 1}号楼{chance.randrange(101, 604)}室",
         "社区代码": communities[at % len(communities)]}
        for at in range(18)
    ]  # fmt: skip
    actions.import_rows(_call("clerk-town"), book=book.pk, rows=rows)
    worker = _call("community-worker")
    for at, row in enumerate(Row.objects.filter(book=book).order_by("number")[:7]):
        cells = {
            "出租间数": str(1 + at % 3), "租住人数": str(1 + at % 5), "租赁用途": "居住" if at % 4 else "居住兼经营",
            "有无群租": "否", "灭火器": ("有且有效", "有但过期", "没有")[at % 3],
        }  # fmt: skip
        actions.save_row(worker, row=row.pk, base_revision=row.revision, cells=cells)
    return book


def _hazards() -> Book:
    """A draft, checked and not yet proposed."""
    book = _book("flood-hazards")
    actions.check_book(_call("clerk-town"), book=book.pk)
    return book
