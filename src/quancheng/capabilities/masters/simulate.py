"""模拟: departmental tables with slips, moves and twins over the synthetic city, and masters built from them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quancheng.capabilities.masters import actions, running, synthesis
from quancheng.capabilities.masters.models import Build, Golden, Master, Source, Theme
from quancheng.capabilities.masters.recipe import FOLDER
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.tabular import Kind
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

SYSTEM = Actor.system("masters", simulated=True)
ENOUGH = 2_000
"""A city larger than this is seeded for one district only, so that a demo is ready in seconds."""
DISTRICT, CITY = "370102", "3701"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of an organ and how a master reads it."""

    master: str
    code: str
    zh: str
    en: str
    organ: str
    columns: tuple[tuple[str, str, str, str, Kind], ...]
    """(column, field of the master, Chinese, English, kind); the first is the key."""
    trust: int

    @property
    def schema(self) -> TableSchema:
        """As a data table."""
        personal = {"id_no", "name", "phone", "address", "holder", "holder_no"}
        return TableSchema(
            tuple(
                ColumnSpec(name, kind, zh, en, required=place == 0, level=3 if name in personal else 2,
                           personal=name in personal)
                for place, (name, _field, zh, en, kind) in enumerate(self.columns)
            ),
            (self.columns[0][0],),
        )  # fmt: skip

    @property
    def mapping(self) -> dict[str, str]:
        """Field of the master by column."""
        return {field: name for name, field, _zh, _en, _kind in self.columns if field}


def sheets() -> tuple[Sheet, ...]:
    """Every table of ``resources/simulated.toml``."""
    said = tomllib.loads((FOLDER / "simulated.toml").read_text("utf-8"))["table"]
    return tuple(
        Sheet(
            one["master"], one["code"], one["zh"], one["en"], one["organ"],
            tuple(_column(line) for line in one["columns"]), int(one["trust"]),
        )
        for one in said
    )  # fmt: skip


def _column(line: str) -> tuple[str, str, str, str, Kind]:
    name, field, zh, en, kind = (part.strip() for part in line.split("|"))
    return name, field, zh, en, Kind(kind)


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Tables, sources and builds, once; the same city gives the same tables."""
    actions.sync_masters(Call.system("masters"))
    if Source.objects.filter(simulated=True).exists():
        return None
    del random  # the city's own seed decides
    region = DISTRICT if city.persons > ENOUGH else CITY
    rng = np.random.default_rng([int(city.seed), 1010])
    rows = synthesis.city_tables(_persons(region), _firms(region), clock.today(), rng)
    call = Call(SYSTEM)
    masters = {one.code: one for one in Master.objects.all()}
    _registrations(call, masters, region)
    for sheet in sheets():
        _table(call, sheet, masters[sheet.master], rows[sheet.code])
    for code in masters:
        build = actions.ask_build(
            call, master=masters[code], mode=Build.Mode.WHOLE, reason="演示数据初次建库"
        )
        running.run(build.pk, lambda fraction, text: None)
    _theme(call)
    return f"{Golden.objects.count()} 条黄金记录 golden records"


def _persons(region: str) -> list[synthesis.Person]:
    found = people.search_people(SYSTEM, {"region": region}).select_related("household").order_by("pk")
    return [
        synthesis.Person(
            one.id_number,
            one.name,
            one.birth_date,
            one.phone,
            one.address,
            one.region_code,
            one.household_id or 0,
        )
        for one in found
    ]


def _firms(region: str) -> list[synthesis.Firm]:
    found = people.search_firms(SYSTEM, {"region": region}).select_related("legal_person").order_by("pk")
    return [
        synthesis.Firm(one.uscc, one.name, one.legal_person.name, one.address, one.region_code, one.industry)
        for one in found
    ]


def _registrations(call: Call, masters: Mapping[str, Master], region: str) -> None:
    actions.add_source(
        call, master=masters["population"], code="people", zh="公安人口登记", en="Population register",
        organ="jn-police", mapping={}, kind=Source.Kind.PEOPLE, region=region, trust=1, simulated=True,
    )  # fmt: skip
    actions.add_source(
        call, master=masters["legal"], code="firms", zh="市场主体登记", en="Register of firms", organ="jn-market",
        mapping={}, kind=Source.Kind.FIRMS, region=region, trust=1, simulated=True,
    )  # fmt: skip


def _table(call: Call, sheet: Sheet, master: Master, rows: Sequence[Mapping[str, Any]]) -> None:
    info = tables.create_table(
        call, name=f"sim_{sheet.master}_{sheet.code}", zh=f"{sheet.zh}（模拟）", en=f"{sheet.en} (simulated)",
        schema=sheet.schema, owner=sheet.organ, simulated=True,
    )  # fmt: skip
    tables.apply_changes(call, table_id=info.table_id, upserts=list(rows), run="masters-seed")
    actions.add_source(
        call, master=master, code=sheet.code, zh=sheet.zh, en=sheet.en, organ=sheet.organ, mapping=sheet.mapping,
        table_id=info.table_id, updated_column="updated", trust=sheet.trust, simulated=True,
    )  # fmt: skip


def _theme(call: Call) -> None:
    made = actions.create_theme(
        call, code="food-firms", zh="餐饮企业主题库", en="Catering firms", owner="jn-market",
        purpose="食品安全风险分级与检查名单", base="master:legal",
        fields=["uscc", "name", "representative", "address", "industry", "taxpayer"],
        condition=[("industry", "eq", "H")], refresh=Theme.Refresh.CHANGE,
    )  # fmt: skip
    actions.refresh_theme(call, theme=made)
