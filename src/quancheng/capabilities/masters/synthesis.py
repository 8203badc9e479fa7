"""合成部门数据: what departments would hold of a synthetic city, with the slips that clerks make. Pure, seeded.

Not the core's test registry: here the tables stand on persons and firms the platform registers already. Typed wrong
3 % of numbers, missing 8 %, changed a quarter of the phones, moved 12 %; a pair of twins; a few who died.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from quancheng.core.identity import compute_check

Rows = list[dict[str, Any]]
TWINS = ("一心", "一意")


@dataclass(frozen=True, slots=True)
class Person:
    """What the platform registers of a person."""

    id_number: str
    name: str
    birth: date
    phone: str
    address: str
    region: str
    household: int


@dataclass(frozen=True, slots=True)
class Firm:
    """What the platform registers of a firm."""

    uscc: str
    name: str
    representative: str
    address: str
    region: str
    industry: str


def city_tables(
    persons: Sequence[Person], firms: Sequence[Firm], on: date, rng: np.random.Generator
) -> dict[str, Rows]:
    """Rows of every departmental table by its code."""
    made = _of_persons(persons, on, rng)
    return {
        **made,
        **_of_firms(firms, on, rng),
        **_of_homes(persons, on, rng),
        **_of_licences(persons, firms, on, rng),
    }


def _day(on: date, rng: np.random.Generator, most: int = 1500) -> date:
    return on - timedelta(days=int(rng.integers(1, most)))


def _number(one: str, rng: np.random.Generator) -> str | None:
    """An identity number as a clerk types it."""
    dice = rng.random()
    if dice < 0.08:
        return None
    if dice < 0.11:
        at = int(rng.integers(6, 17))
        return one[:at] + str((int(one[at]) + int(rng.integers(1, 9))) % 10) + one[at + 1 :]
    return one


def _phone(one: str, rng: np.random.Generator) -> str | None:
    if not one:
        return None
    return f"199{int(rng.integers(0, 10**8)):08d}" if rng.random() < 0.25 else one


def _address(one: Person, others: Sequence[Person], rng: np.random.Generator) -> str:
    """Where a department thinks somebody lives: as registered, written otherwise, or somewhere else."""
    dice = rng.random()
    if dice < 0.12:
        return others[int(rng.integers(0, len(others)))].address
    return one.address.replace("单元", "-").replace("室", "") if dice < 0.4 else one.address


def _of_persons(persons: Sequence[Person], on: date, rng: np.random.Generator) -> dict[str, Rows]:
    made: dict[str, Rows] = {code: [] for code in ("hrss", "health", "civil", "relief", "housing")}
    for number, one in enumerate(persons):
        age = (on - one.birth).days // 365
        base = {"id_no": _number(one.id_number, rng), "name": one.name, "updated": _day(on, rng)}
        if age >= 18 and rng.random() < 0.6:
            status = "领取待遇" if age >= 60 else "正常参保"
            made["hrss"].append(
                {**base, "person_no": f"SB{number:07d}", "phone": _phone(one.phone, rng), "status": status}
            )
        if rng.random() < 0.7:
            made["health"].append(
                {
                    **base, "id_no": _number(one.id_number, rng), "archive_no": f"JK{number:07d}", "birth": one.birth,
                    "phone": _phone(one.phone, rng), "address": _address(one, persons, rng),
                    "alive": "no" if age > 85 and rng.random() < 0.2 else "yes", "updated": _day(on, rng),
                }
            )  # fmt: skip
        if age >= 22 and rng.random() < 0.35:
            made["civil"].append(
                {
                    **base, "id_no": _number(one.id_number, rng), "register_no": f"HY{number:07d}", "birth": one.birth,
                    "address": _address(one, persons, rng), "marriage": "已婚" if rng.random() < 0.85 else "离异",
                    "updated": _day(on, rng, 6000),
                }
            )  # fmt: skip
        if rng.random() < 0.04:
            made["relief"].append(
                {
                    **base, "case_no": f"JZ{number:07d}", "birth": one.birth, "income": Decimal(int(rng.integers(600, 1900))),
                    "disability": ("二级", "三级", None)[int(rng.integers(0, 3))],
                }
            )  # fmt: skip
        if age >= 18 and rng.random() < 0.12:
            made["housing"].append(
                {
                    **base, "id_no": _number(one.id_number, rng), "contract_no": f"ZL{number:07d}",
                    "phone": _phone(one.phone, rng), "address": _address(one, persons, rng), "updated": _day(on, rng, 700),
                }
            )  # fmt: skip
    if persons:
        made["health"] += _twins(persons[0], on)
        made["housing"].append(_doubtful(persons[0], on))
    return made


def _twins(neighbour: Person, on: date) -> Rows:
    """Two children of one day, place and telephone; only the last digits of their numbers differ."""
    birth = date(on.year - 9, 6, 1)
    rows: Rows = []
    for place, given in enumerate(TWINS):
        body = f"{neighbour.region[:6]}{birth:%Y%m%d}{981 + 2 * place}"
        rows.append(
            {
                "archive_no": f"JKTWIN{place}", "id_no": body + compute_check(body), "name": neighbour.name[:1] + given,
                "birth": birth, "phone": "19900000000", "address": neighbour.address, "alive": "yes",
                "updated": on - timedelta(days=30),
            }
        )  # fmt: skip
    return rows


def _doubtful(neighbour: Person, on: date) -> dict[str, Any]:
    """A tenant without number who may be either twin: a person has to look."""
    return {
        "contract_no": "ZLTWIN", "id_no": None, "name": neighbour.name[:1] + TWINS[0], "phone": "19900000000",
        "address": neighbour.address, "updated": on - timedelta(days=10),
    }  # fmt: skip


def _of_firms(firms: Sequence[Firm], on: date, rng: np.random.Generator) -> dict[str, Rows]:
    tax: Rows = []
    employers: Rows = []
    for number, one in enumerate(firms):
        phone = f"0531-{int(rng.integers(8000_0000, 8999_9999))}"
        code = None if rng.random() < 0.05 else one.uscc
        if rng.random() < 0.9:
            tax.append(
                {
                    "taxpayer_no": f"NS{number:07d}", "uscc": code, "name": one.name, "representative": one.representative,
                    "address": one.address, "phone": phone, "grade": "ABBMCD"[int(rng.integers(0, 6))],
                    "updated": _day(on, rng),
                }
            )  # fmt: skip
        if rng.random() < 0.7:
            name = one.name.replace("有限公司", "公司") if rng.random() < 0.2 else one.name
            employers.append(
                {
                    "employer_no": f"DW{number:07d}", "uscc": one.uscc, "name": name, "phone": phone,
                    "employees": Decimal(int(rng.integers(1, 200))), "updated": _day(on, rng),
                }
            )  # fmt: skip
    return {"tax": tax, "employers": employers}


def _of_homes(persons: Sequence[Person], on: date, rng: np.random.Generator) -> dict[str, Rows]:
    """Every address people live at, and one in eight beside it where nobody is registered."""
    lived: dict[str, str] = {}
    for one in persons:
        lived.setdefault(one.address, one.region)
    homes = [(address, region, True) for address, region in lived.items()]
    for address, region in list(lived.items())[::8]:
        if address.endswith("室"):
            homes.append((address[:-2] + "9室", region, False))
    made: dict[str, Rows] = {
        code: [] for code in ("standard", "estate", "water_meters", "electricity_meters", "gas_meters")
    }
    for number, (address, region, used) in enumerate(homes):
        empty = not used or rng.random() < 0.04
        made["standard"].append(
            {
                "address_no": f"DZ{number:07d}", "address": address, "region": region,
                "building": address.partition("号楼")[0] + "号楼" if "号楼" in address else "", "updated": _day(on, rng),
            }
        )  # fmt: skip
        if rng.random() < 0.8:
            made["estate"].append(
                {
                    "unit_no": f"370100{number:09d}", "address": address, "area": Decimal(int(rng.integers(45, 160))),
                    "use": "住宅", "updated": _day(on, rng, 6000),
                }
            )  # fmt: skip
        for kind, low, high, share in (
            ("water", 4, 16, 0.95),
            ("electricity", 70, 320, 0.97),
            ("gas", 3, 25, 0.8),
        ):
            if rng.random() < share:
                figure = float(rng.random() * 0.2) if empty else float(low + rng.random() * (high - low))
                made[f"{kind}_meters"].append(
                    {
                        "account": f"{kind[0].upper()}{number:07d}", "address": address,
                        "monthly": Decimal(str(round(figure, 1))), "updated": on - timedelta(days=12),
                    }
                )  # fmt: skip
    return made


def _of_licences(
    persons: Sequence[Person], firms: Sequence[Firm], on: date, rng: np.random.Generator
) -> dict[str, Rows]:
    issued: Rows = []
    checked: Rows = []
    for number, firm in enumerate(firms):
        if firm.industry == "H" or rng.random() < 0.15:
            issued.append(
                _licence(
                    f"JY{number:011d}",
                    "食品经营许可证",
                    firm.name,
                    firm.uscc,
                    "历下区行政审批服务局",
                    firm.region,
                    on,
                    rng,
                )
            )
    for number, one in enumerate(persons):
        if (on - one.birth).days // 365 >= 65 and rng.random() < 0.5:
            issued.append(
                _licence(
                    f"LN{number:09d}",
                    "老年人优待证",
                    one.name,
                    one.id_number,
                    "历下区民政局",
                    one.region,
                    on,
                    rng,
                )
            )
    for number, row in enumerate(issued):
        if rng.random() < 0.3:
            status = "过期" if row["valid_to"] < on else "有效"
            checked.append(
                {"check_no": f"HC{number:07d}", "number": row["number"], "status": status, "updated": on}
            )
    penalties: Rows = []
    centre: Rows = []
    for number, firm in enumerate(firms):
        if rng.random() < 0.08:
            decided = _day(on, rng, 900)
            document = f"济市监罚〔{decided.year}〕{number + 1}号"
            penalties.append(
                {
                    "document": document, "subject": firm.name, "subject_no": firm.uscc, "category": "行政处罚",
                    "content": "未按规定公示年度报告，责令改正", "organ": "市市场监管局", "decided": decided,
                    "region": firm.region, "updated": decided,
                }
            )  # fmt: skip
            centre.append(
                {
                    "entry_no": f"GJ{number:07d}", "document": document, "subject": firm.name,
                    "public_to": decided + timedelta(days=365), "updated": decided + timedelta(days=7),
                }
            )  # fmt: skip
    return {"approval": issued, "inspection": checked, "penalties": penalties, "centre": centre}


def _licence(
    number: str,
    kind: str,
    holder: str,
    code: str,
    issuer: str,
    region: str,
    on: date,
    rng: np.random.Generator,
) -> dict[str, Any]:
    day = _day(on, rng, 2200)
    return {
        "number": number, "type": kind, "holder": holder, "holder_no": code, "issuer": issuer, "issued": day,
        "valid_to": day + timedelta(days=1826), "status": "有效", "region": region, "updated": day,
    }  # fmt: skip
