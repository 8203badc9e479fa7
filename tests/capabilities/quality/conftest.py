"""Two organs of the city and one of a district, with tables that have real faults, on a fixed day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.quality import actions, checking
from quancheng.capabilities.quality.models import Issue, RuleVersion, Run, Sheet
from quancheng.capabilities.tables import actions as table_actions
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.identity import compute_check
from quancheng.core.tabular import Kind
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.models import writing

MORNING = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)
ELDERS = TableSchema(
    (
        ColumnSpec("code", Kind.TEXT, "补贴编号", "Code", required=True),
        ColumnSpec("name", Kind.TEXT, "姓名", "Name", required=True, personal=True),
        ColumnSpec("idn", Kind.RESIDENT_ID, "身份证号", "Resident number", personal=True),
        ColumnSpec("phone", Kind.PHONE, "手机号", "Mobile", personal=True),
        ColumnSpec("district", Kind.TEXT, "区县", "District"),
        ColumnSpec("amount", Kind.DECIMAL, "金额", "Amount"),
        ColumnSpec("born", Kind.DATE, "出生日期", "Born"),
        ColumnSpec("updated", Kind.DATETIME, "更新时间", "Updated"),
    ),
    ("code",),
)


def idn(number: int) -> str:
    body = f"3701021950{number % 12 + 1:02d}15{number % 1000:03d}"
    return body + compute_check(body)


def elder(number: int, **other: Any) -> dict[str, Any]:
    row = {
        "code": f"E{number:04d}", "name": f"王{'一二三四五六七八九十'[number % 10]}", "idn": idn(number),
        "phone": f"139{number:08d}", "district": ("历下区", "市中区")[number % 2], "amount": None,
        "born": date(1950, number % 12 + 1, 15), "updated": MORNING,
    }  # fmt: skip
    return row | other


def broken_elders(count: int = 30) -> list[dict[str, Any]]:
    """Four with no phone, two with a wrong check character, one born in the future."""
    rows = [elder(number) for number in range(count)]
    for number in [one for one in (3, 7, 11, 15) if one < count]:
        rows[number]["phone"] = None
    for number in (4, 8):
        good = str(rows[number]["idn"])
        rows[number]["idn"] = good[:-1] + ("1" if good[-1] != "1" else "2")
    rows[5]["born"] = date(2030, 1, 1)
    return rows


class World:
    """Organs, people and tables of the tests."""

    def __init__(self) -> None:
        with writing("tests"):
            root = self.organ("jn", "370100000000", None, "济南市")
            self.civil = self.organ("jn-civil", "370100000000", root, "市民政局")
            self.market = self.organ("jn-market", "370100000000", root, "市市场监管局")
            self.lixia = self.organ("jn-lixia-civil", "370102000000", root, "历下区民政局")
        self.officer = self.official("officer-civil", "quality.officer", self.civil)
        self.colleague = self.official("colleague-civil", "quality.officer", self.civil)
        self.stranger = self.official("officer-market", "quality.officer", self.market)
        self.district = self.official("officer-lixia", "quality.officer", self.lixia)
        self.bureau = self.official("bureau", "quality.bureau", region="3701")
        self.second = self.official("bureau-2", "quality.bureau", region="3701")
        self.district_bureau = self.official("bureau-lixia", "quality.bureau", region="370102")

    @staticmethod
    def organ(code: str, region: str, parent: Department | None, zh: str) -> Department:
        path = f"{parent.path}{code}/" if parent else f"{code}/"
        level = Department.Level.CITY if region.startswith("370100") else Department.Level.DISTRICT
        made: Department = Department.objects.create(
            code=code, parent=parent, path=path, level=level, region_code=region, zh=zh, en=code
        )
        return made

    @staticmethod
    def official(name: str, role: str, organ: Department | None = None, region: str = "") -> Actor:
        user = User.objects.create(username=name)
        grant = RoleGrant(role, frozenset({organ.pk}) if organ else frozenset(), region)
        return Actor(ActorKind.OFFICIAL, name, user_id=user.pk, grants=(grant,))

    @staticmethod
    def table(
        rows: Sequence[Mapping[str, Any]],
        *,
        owner: str = "jn-civil",
        name: str = "elders",
        schema: TableSchema = ELDERS,
    ) -> str:
        """A data table with rows; its id."""
        info = table_actions.create_table(
            Call.system("tests"),
            name=name,
            zh=f"高龄补贴{name}",
            en=name,
            schema=schema,
            owner=owner,
            simulated=True,
        )
        if rows:
            table_actions.apply_changes(
                Call.system("tests"), table_id=info.table_id, upserts=list(rows), run=f"seed-{name}"
            )
        return str(info.table_id)

    def sheet(self, rows: Sequence[Mapping[str, Any]] | None = None, **other: Any) -> Sheet:
        """A table under watch."""
        table = self.table(broken_elders() if rows is None else rows, **other)
        sheet: Sheet = actions.watch_table(Call.system("quality"), table_id=table)
        return sheet

    def rule(self, sheet: Sheet, orders: bool = True, **document: Any) -> RuleVersion:
        """A rule in force: drafted by one of the bureau, approved by another."""
        document = {"name": {"zh": "规则", "en": "Rule"}, **document}
        made = actions.draft_rule(Call(self.bureau), sheet=sheet, document=document, orders=orders)
        actions.try_rule(Call(self.bureau), rule=made)
        made = actions.submit_rule(Call(self.bureau), rule=made)
        if orders:
            made = actions.decide_rule(Call(self.second), rule=made, approve=True)
        return made

    def check(self, sheet: Sheet, trigger: str = "change") -> Run:
        """Run the rules in force, as the job does."""
        sheet = Sheet.objects.get(pk=sheet.pk)
        run: Run = actions.keep_run(
            Call.system("quality"), sheet=sheet, checked=checking.look(sheet), trigger=trigger
        )
        return run

    def issue(self, sheet: Sheet, code: str) -> Issue:
        """The newest issue of a rule."""
        found = Issue.objects.filter(sheet=sheet, code=code).select_related("sheet", "organ", "rule")
        newest: Issue = found.order_by("-id")[0]
        return newest

    @staticmethod
    def change(sheet: Sheet, *rows: Mapping[str, Any], run: str = "") -> None:
        """Rows written by whoever collects the table."""
        run = run or f"run-{UUID(int=abs(hash(str(rows))))}"
        table_actions.apply_changes(
            Call.system("tests"), table_id=str(sheet.table_id), upserts=list(rows), run=run
        )


@pytest.fixture
def morning() -> Iterator[datetime]:
    with clock.at(MORNING):
        yield MORNING


@pytest.fixture
def world(db: None, morning: datetime) -> World:
    return World()


@pytest.fixture
def signed_in(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """A client of one of the world's people; nobody without."""

    def make(actor: Actor | None = None) -> Client:
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actor if actor and who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        if actor is not None:
            client.force_login(User.objects.get(pk=actor.user_id))
        return client

    return make
