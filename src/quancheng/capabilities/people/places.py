"""Reads of regions 区划; other modules reach them through ``queries``."""

from __future__ import annotations

from django.db.models import Q

from quancheng.capabilities.people import city
from quancheng.capabilities.people.city import Region
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, NotFound


def region_prefix(code: str) -> str:
    """370100 → 3701, 370102 → 370102, 370102001 → 370102001; empty stays empty."""
    return code[:-2] if len(code) == 6 and code.endswith("00") else code


def in_region(code: str, column: str = "region_code") -> Q:
    """Rows whose region lies in ``code``, as an index range (digits sort alike everywhere)."""
    prefix = region_prefix(code)
    if not prefix.isascii() or not prefix.isdigit():
        raise InvalidInput(Text(f"区划代码 {code} 无效。", f"{code} is not a region code."))
    after = str(int(prefix) + 1).zfill(len(prefix))
    return Q(**{f"{column}__gte": prefix, f"{column}__lt": after})


def regions(parent: str | None = None) -> tuple[Region, ...]:
    """Regions directly below ``parent``; without it the districts and zones of the city."""
    return city.children_by_parent().get(parent or city.profile()["code"], ())


def region(code: str) -> Region:
    """One region; raises NotFound."""
    found = city.all_regions().get(code)
    if found is None:
        raise NotFound(Text(f"没有区划代码 {code}。", f"There is no region {code}."))
    return found


def region_name(code: str, *, full: bool = False) -> Text:
    """Name of a region (``full``: from the district down); unknown codes stand for themselves."""
    known = city.all_regions()
    if code not in known:
        return Text(code, code)
    if not full:
        return known[code].text
    chain = [known[code[:size]] for size in (6, 9, 12) if size <= len(code) and code[:size] in known]
    return Text("".join(one.text.zh for one in chain), ", ".join(one.text.en for one in reversed(chain)))
