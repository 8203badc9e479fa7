"""归集率: entries that must be collected against those freshly and successfully collected.

An entry must be collected once it is published and names data that can be kept as a table. It counts as
collected when one of its feeds, or a feed of one of its tables, had a successful run within the agreed time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from quancheng.capabilities.collection.values import Rate

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
    return Rate(organ, 0, 0)


def rates_of(organs: Collection[str]) -> list[Rate]:
    return []


def city_rate() -> Rate:
    return Rate("", 0, 0)
