"""归集率: entries that must be collected against those freshly and successfully collected.

Every published entry must be collected. It counts as collected when a feed that names it, or the feed of
one of its tables, had a successful run and is within its agreed time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.collection.models import Feed
from quancheng.capabilities.collection.values import Lateness, Rate
from quancheng.capabilities.people import queries as people
from quancheng.kernel.actor import Actor

__all__ = ["Due", "city_rate", "count", "rate_of", "rates_of"]


@dataclass(frozen=True, slots=True)
class Due:
    """An entry that must be collected: its code, its organ and its tables."""

    code: str
    organ: str
    tables: tuple[str, ...] = ()


def count(
    organ: str, due: Iterable[Due], fresh_entries: Collection[str], fresh_tables: Collection[str]
) -> Rate:
    """The rate of some entries (计算). Pure."""
    codes = list(due)
    missing = [
        one.code for one in codes if one.code not in fresh_entries and not set(one.tables) & set(fresh_tables)
    ]
    return Rate(organ, len(codes), len(codes) - len(missing), tuple(sorted(missing)))


def rate_of(organ: str) -> Rate:
    """The rate of an organ with its sub-tree."""
    inside = set(people.subtree(organ).values_list("code", flat=True))
    return count(organ, [one for one in _due() if one.organ in inside], *_fresh())


def rates_of(organs: Collection[str]) -> list[Rate]:
    """The rate of each organ by itself, those from which nothing is due left out."""
    fresh = _fresh()
    by_organ: dict[str, list[Due]] = {}
    for one in _due():
        if one.organ in organs:
            by_organ.setdefault(one.organ, []).append(one)
    return [count(organ, due, *fresh) for organ, due in sorted(by_organ.items())]


def city_rate() -> Rate:
    """The rate of the whole city."""
    return count("", _due(), *_fresh())


def _due() -> list[Due]:
    """Published entries with their tables."""
    every = catalogue.rows(Actor.system("collection")).filter(live=True)
    tables: dict[tuple[str, str], list[str]] = {}
    for code, organ, table in every.values_list("code", "organ__code", "links__table_id").order_by("code"):
        tables.setdefault((code, organ), []).extend([table] if table else [])
    return [Due(code, organ, tuple(found)) for (code, organ), found in tables.items()]


def _fresh() -> tuple[set[str], set[str]]:
    good = Feed.objects.filter(
        last_success_at__isnull=False, lateness__in=[Lateness.FRESH.value, Lateness.NONE.value]
    )
    rows = list(good.exclude(state=Feed.State.RETIRED).values_list("entry", "table_id"))
    return {entry for entry, _ in rows if entry}, {str(table) for _, table in rows if table}
