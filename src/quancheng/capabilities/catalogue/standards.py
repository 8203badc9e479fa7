"""校验依据: code rules, classes, formats and limits of this city, read from dated resource files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.core.catalogue import Category, ClassTree, CodeRule, Level, Standards, View
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook

HERE = Path(__file__).parent / "resources"
ORGANS = "catalogue-organs.toml"
FORMATS = (
    "CSV", "XLSX", "XLS", "ODS", "JSON", "GEOJSON", "XML", "PARQUET", "SHP", "PDF", "HTML", "TXT", "DOCX",
    "OFD", "JPG", "PNG", "MP4", "ZIP", "API", "DATABASE",
)  # fmt: skip


def standards() -> Standards:
    """What entries are measured against today."""
    rule = code_rule(clock.today())
    return Standards(
        rule=rule[0],
        tree=tree(),
        class_segments=rule[1],
        lengths={"name": _number("name_length"), "abstract": _number("abstract_length"), "item.name": 60,
                 "share_condition": 500, "share_basis": 500, "open_condition": 500, "keywords": 30},
        formats=frozenset(FORMATS),
        open_up_to=public_level(),
    )  # fmt: skip


def public_level() -> Level:
    """The highest level the public may see."""
    return Level(str(_number("public_level")))


def official_level() -> Level:
    """The highest level officials of other organs may see."""
    return Level(str(_number("official_level")))


def code_rule(on: date) -> tuple[CodeRule, tuple[str, ...]]:
    """The rule of new codes on a day and the segments that make the class; the nearest region wins."""
    city = rulebook.city_region()
    rows = [row for row in _rules() if row["valid_from"] <= on and _covers(str(row["region"]), city)]
    row = max(rows, key=lambda one: (len(str(one["region"]).rstrip("0")), one["valid_from"]))
    return CodeRule.of(row), tuple(row["class_segments"])


@lru_cache(maxsize=1)
def tree() -> ClassTree:
    """The three views with the organs of the city."""
    rows = tomllib.loads((HERE / "classes.toml").read_text(encoding="utf-8"))["class"]
    found = [
        Category(row["code"], Text.of(row["name"]), View(row["view"]), row.get("parent", "")) for row in rows
    ]
    for organ in organs():
        item = f"3{organ['number']}"
        found.append(Category(item, Text.of(organ["name"]), View.DEPARTMENT, "3"))
        found.append(Category(f"{item}001", Text("业务信息", "Operational data"), View.DEPARTMENT, item))
        found.append(Category(f"{item}002", Text("管理信息", "Administration"), View.DEPARTMENT, item))
    return ClassTree(found)


def class_of(organ: str) -> str:
    """The class of an organ's own data in the department view."""
    best = ""
    number = "99"
    for row in organs():
        for prefix in (row["code"], *row.get("also", ())):
            if len(prefix) > len(best) and (organ == prefix or organ.startswith(_joint(prefix))):
                best, number = prefix, row["number"]
    return f"3{number}001"


def label_of(code: str) -> Text:
    """A class with the class above it, for people."""
    if code not in tree():
        return Text.of(code)
    steps = [one.name for one in tree().path(code)[1:]] or [tree()[code].name]
    return Text(" › ".join(one.zh for one in steps), " › ".join(one.en for one in steps))


@lru_cache(maxsize=1)
def organs() -> tuple[Mapping[str, Any], ...]:
    """Rows of the city's file; a city without one has all in 399."""
    path = Path(settings.CITY_FOLDER) / ORGANS
    if not path.is_file():
        return ({"code": "", "number": "99", "name": {"zh": "其他机构", "en": "Other organs"}},)
    return tuple(tomllib.loads(path.read_text(encoding="utf-8"))["organ"])


@lru_cache(maxsize=1)
def _rules() -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads((HERE / "code-rules.toml").read_text(encoding="utf-8"))["code_rule"])


def _covers(region: str, city: str) -> bool:
    return city.startswith(region.rstrip("0"))


def _joint(prefix: str) -> str:
    """Codes go on behind a hyphen; the digits of a region go on without one."""
    return prefix if prefix[-1:].isdigit() else f"{prefix}-"


def _number(name: str) -> int:
    return int(rulebook.find(f"catalogue.{name}").number())
