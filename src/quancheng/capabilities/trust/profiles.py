"""证照类型规则: by which rules the licences of a type live, and what a face may say. Data of ``resources/types.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from quancheng.capabilities.trust import lifecycle
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.errors import InvalidInput

__all__ = ["LEVELS", "Profile", "checked_items", "documents", "profile", "profiles"]

FOLDER = Path(__file__).parent / "resources"
LEVELS = ("city", "district", "street", "unit")
"""Levels of departments, from the top."""
MOST = 200
"""Characters of one item; the columns of a paper are no wider."""


@dataclass(frozen=True, slots=True)
class Profile:
    """规则 of one type."""

    code: str
    level: str = "street"
    """The lowest level of an issuing department."""
    holder: str = "any"
    """person, firm or any."""
    office: str = ""
    layout: str = "certificate"
    citation: str = ""
    years: str = ""
    check_months: str = ""
    issued: bool = True

    def valid_to(self, start: date) -> date | None:
        """The last valid day by the rule in force on ``start``; None without end."""
        if not self.years:
            return None
        return lifecycle.years_on(start, rulebook.find(self.years, on=start).integer())

    def check_until(self, start: date) -> date | None:
        """The last day for the next check of a licence checked or issued on ``start``."""
        if not self.check_months:
            return None
        return lifecycle.months_on(start, rulebook.find(self.check_months, on=start).integer())

    def may_issue(self, level: str) -> bool:
        """Whether a department of this level may issue; a unit acts for the department it belongs to."""
        return self.issued and (level == "unit" or LEVELS.index(level) <= LEVELS.index(self.level))


@cache
def documents() -> tuple[dict[str, Any], ...]:
    """Every row of ``resources/types.toml`` as written."""
    return tuple(tomllib.loads((FOLDER / "types.toml").read_text(encoding="utf-8"))["type"])


@cache
def profiles() -> Mapping[str, Profile]:
    """The rules of every type that has some, by code."""
    return {row["code"]: Profile(code=row["code"], **row["profile"]) for row in documents()}


def profile(code: str) -> Profile:
    """The rules of a type; a matter's own small type has the mildest."""
    return profiles().get(code) or Profile(code)


def checked_items(items: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, str]:
    """照面内容 as the type wants it. Raises InvalidInput with every fault at its item."""
    faults: dict[str, Text] = {}
    kept: dict[str, str] = {}
    for item in items:
        if item["key"] == "photo":
            continue
        value, fault = _checked(item, str(given.get(item["key"]) or "").strip())
        if fault is not None:
            faults[item["key"]] = fault
        elif value:
            kept[item["key"]] = value
    for key in given.keys() - {item["key"] for item in items}:
        faults[key] = Text(f"此类证照没有照面项 {key}。", f"This type has no item {key}.")
    if faults:
        raise InvalidInput(
            Text("照面内容有误，请按提示修改。", "Some items are wrong; correct them as said."), fields=faults
        )
    return kept


def _checked(item: Mapping[str, Any], value: str) -> tuple[str, Text | None]:
    name = Text.of(item["name"])
    if not value:
        if item.get("optional"):
            return "", None
        return "", Text(f"请填写{name.zh}。", f"Enter: {name.en}.")
    if len(value) > MOST or not value.isprintable():
        return "", Text(
            f"{name.zh}最多{MOST}字，不能换行。", f"{name.en}: at most {MOST} characters in one line."
        )
    return _KINDS.get(str(item.get("kind", "text")), _text)(name, value)


def _text(name: Text, value: str) -> tuple[str, Text | None]:
    return value, None


def _date(name: Text, value: str) -> tuple[str, Text | None]:
    try:
        return date.fromisoformat(value).isoformat(), None
    except ValueError:
        return "", Text(
            f"{name.zh}请写成 2026-01-31 这样的日期。", f"{name.en}: write a date like 2026-01-31."
        )


def _number(name: Text, value: str) -> tuple[str, Text | None]:
    whole, dot, rest = value.partition(".")
    if whole.isascii() and whole.isdigit() and (not dot or (rest.isascii() and rest.isdigit())):
        return value, None
    return "", Text(f"{name.zh}请写成数字，如 12.5。", f"{name.en}: write a number like 12.5.")


def _resident(name: Text, value: str) -> tuple[str, Text | None]:
    try:
        return parse_resident_id(value, on=clock.today()).number, None
    except IdentityNumberError as wrong:
        return "", wrong.text


_KINDS = {"text": _text, "date": _date, "number": _number, "resident_id": _resident}
