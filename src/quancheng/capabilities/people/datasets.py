"""数据集 of the bases: population, households, firms, as the data bureau may collect them.

The population dataset has no phone and no photograph: they were given to offices for a purpose and are
not part of the base table that other organs may ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from quancheng.capabilities.people.models import Firm, Household, NaturalPerson
from quancheng.core.tabular import Column, Dataset, Kind, Typed

CHUNK = 2000


def _column(
    name: str, kind: Kind, zh: str, en: str, *, required: bool = False, personal: bool = False
) -> Column:
    level = 3 if personal else 2
    return Column(name=name, kind=kind, zh=zh, en=en, required=required, level=level, personal=personal)


def _rows(names: Mapping[str, str], query: object) -> Iterator[Mapping[str, Typed]]:
    columns = list(names)
    for values in query.values_list(*names.values()).iterator(chunk_size=CHUNK):  # type: ignore[attr-defined]
        yield {name: value if value != "" else None for name, value in zip(columns, values, strict=True)}


def population(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """人口: everybody alive or dead, by resident number."""
    names = {
        "id_number": "id_number", "name": "name", "sex": "sex", "birth_date": "birth_date", "region_code": "region_code",
        "address": "address", "household": "household__number", "relation": "relation", "alive": "alive",
    }  # fmt: skip
    yield from _rows(names, NaturalPerson.objects.order_by("id_number"))


def households(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """家庭户."""
    names = {"number": "number", "region_code": "region_code", "address": "address"}
    yield from _rows(names, Household.objects.order_by("number"))


def firms(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """法人: with the name of its representative, not his number."""
    names = {
        "uscc": "uscc", "name": "name", "kind": "kind", "legal_person": "legal_person__name", "region_code": "region_code",
        "address": "address", "industry": "industry", "established": "established", "active": "active",
    }  # fmt: skip
    yield from _rows(names, Firm.objects.order_by("uscc"))


DATASETS = (
    Dataset(
        name="population", zh="人口基本信息", en="Population", owner="jn-police", key=("id_number",), rows=population,
        simulated=True,
        columns=(
            _column("id_number", Kind.RESIDENT_ID, "公民身份号码", "Resident number", personal=True),
            _column("name", Kind.TEXT, "姓名", "Name", required=True, personal=True),
            _column("sex", Kind.TEXT, "性别代码", "Sex", required=True),
            _column("birth_date", Kind.DATE, "出生日期", "Date of birth", required=True, personal=True),
            _column("region_code", Kind.TEXT, "居住地代码", "Region", required=True),
            _column("address", Kind.TEXT, "住址", "Address", personal=True),
            _column("household", Kind.TEXT, "户号", "Household"),
            _column("relation", Kind.TEXT, "与户主关系", "Relation to the head"),
            _column("alive", Kind.BOOLEAN, "在世", "Alive", required=True),
        ),
    ),
    Dataset(
        name="households", zh="家庭户", en="Households", owner="jn-police", key=("number",), rows=households, simulated=True,
        columns=(
            _column("number", Kind.TEXT, "户号", "Number"),
            _column("region_code", Kind.TEXT, "社区代码", "Region", required=True),
            _column("address", Kind.TEXT, "住址", "Address", personal=True),
        ),
    ),
    Dataset(
        name="firms", zh="法人基本信息", en="Firms", owner="jn-market", key=("uscc",), rows=firms, simulated=True,
        columns=(
            _column("uscc", Kind.USCC, "统一社会信用代码", "Unified social credit code"),
            _column("name", Kind.TEXT, "名称", "Name", required=True),
            _column("kind", Kind.TEXT, "类型", "Kind"),
            _column("legal_person", Kind.TEXT, "法定代表人", "Legal representative", personal=True),
            _column("region_code", Kind.TEXT, "住所地代码", "Region"),
            _column("address", Kind.TEXT, "住所", "Address"),
            _column("industry", Kind.TEXT, "行业门类", "Industry"),
            _column("established", Kind.DATE, "成立日期", "Established"),
            _column("active", Kind.BOOLEAN, "存续", "Active"),
        ),
    ),
)  # fmt: skip
