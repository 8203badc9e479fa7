"""赋码: numbers given with results, as the simulated police would; and the receipt of a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from quancheng.capabilities.onething.models import BundleItem
from quancheng.capabilities.onething.spec import Gives
from quancheng.capabilities.people import queries as people
from quancheng.core.identity.resident_id import compute_check
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, NotFound

__all__ = ["free_resident_id", "receipt_number", "resident_id"]


def receipt_number(day: date, serial: int) -> str:
    """一件事编号 YJ + day + serial + check character (ISO 7064 MOD 11-2)."""
    digits = f"{day:%Y%m%d}{serial:09d}"
    return f"YJ{digits}{compute_check(digits)}"


def resident_id(region: str, birth: date, *, girl: bool, taken: Callable[[str], bool]) -> str:
    """A free number (GB 11643-1999): address code, birth date, odd serial for boys, check. Raises Conflict."""
    for serial in range(2 if girl else 1, 1000, 2):
        first = f"{region[:6]}{birth:%Y%m%d}{serial:03d}"
        number = first + compute_check(first)
        if not taken(number):
            return number
    raise Conflict(
        Text("当日该地区的顺序码已用完。", "The serial numbers of this day and district are used up.")
    )


def free_resident_id(row: Gives, facts: Mapping[str, Any], region: str) -> str:
    """The child's number: neither in the population base nor given by an earlier bundle."""
    code = region[:6] if region[:6].isdigit() and len(region) >= 6 else rulebook.city_region()
    born = date.fromisoformat(str(facts[row.birth_date]))
    return resident_id(code, born, girl=str(facts[row.sex]) in {"女", "2"}, taken=_taken)


def _taken(number: str) -> bool:
    if BundleItem.objects.filter(given_number=number).exists():
        return True
    try:
        people.person_by_id_number(Actor.system("onething"), number, purpose="出生户口登记赋码查重")
    except NotFound:
        return False
    return True
