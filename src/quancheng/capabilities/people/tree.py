"""机构树: the departments of the city profile, with those made by rule, parents first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.people import city
from quancheng.capabilities.people.city import RegionLevel

ROOT = "jn"


@dataclass(frozen=True, slots=True)
class Node:
    """One department as the profile says it should be."""

    code: str
    parent: str
    path: str
    level: str
    region_code: str
    zh: str
    en: str
    duty_zh: str = ""
    duty_en: str = ""
    plan: str = ""
    inferred: bool = False
    follows: str = ""
    active: bool = True
    order: int = 0


def nodes() -> list[Node]:
    """All departments, each after its parent, in order."""
    document = city.document("departments")
    paths: dict[str, str] = {"": "/"}
    found: list[Node] = []
    for order, row in enumerate(_rows(document)):
        parent = row["parent"]
        path = f"{paths[parent]}{row['code']}/"
        paths[row["code"]] = path
        found.append(Node(path=path, order=order, **row))
    return found


def _rows(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Municipal departments as written, then districts, their bureaus and streets by rule."""
    whole = city.profile()["code"]
    pending = [*document["department"]]
    for row in [one for one in pending if "parent" not in one]:
        root = row["code"] == ROOT
        yield _written(row, "" if root else ROOT, "city", whole)
        below = (one for one in pending if one.get("parent") == row["code"])
        for unit in below:
            yield _written(unit, row["code"], "unit", whole)
    yield from _districts(document)


def _districts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    known = city.all_regions()
    for district, slug in document["districts"].items():
        place = known[district]
        code = f"jn-{slug}"
        yield {
            "code": code,
            "parent": ROOT,
            "level": "district",
            "region_code": district,
            "zh": f"{place.text.zh}人民政府",
            "en": f"{place.text.en} Government",
        }
        for bureau in document["district_bureau"]:
            yield {
                "code": f"{code}-{bureau['suffix']}",
                "parent": code,
                "level": "district",
                "region_code": district,
                "zh": place.text.zh + bureau["zh"],
                "en": f"{place.text.en} {bureau['en']}",
                "follows": bureau["follows"],
                "plan": bureau.get("plan", ""),
                "inferred": "plan" not in bureau,
            }
        for extra in document.get("district_extra", []):
            if extra["parent"] == code:
                yield _written(extra, code, "unit", district)
        for street in known.values():
            if street.level is RegionLevel.STREET and street.lies_in == district:
                yield {
                    "code": f"jn-st-{street.code}",
                    "parent": code,
                    "level": "street",
                    "region_code": street.code,
                    "zh": _street_office(street.text.zh),
                    "en": f"{street.text.en} Office",
                }


def _street_office(name: str) -> str:
    if name.endswith("街道"):
        return f"{name}办事处"
    return f"{name}人民政府" if name.endswith(("镇", "乡")) else name


def _written(row: dict[str, Any], parent: str, level: str, region: str) -> dict[str, Any]:
    duty = row.get("duty", {})
    return {
        "code": row["code"],
        "parent": parent,
        "level": level,
        "region_code": row.get("region", region),
        "zh": row["zh"],
        "en": row["en"],
        "duty_zh": duty.get("zh", ""),
        "duty_en": duty.get("en", ""),
        "plan": row.get("plan", ""),
        "inferred": bool(row.get("inferred", False)),
        "follows": row.get("follows", ""),
    }
