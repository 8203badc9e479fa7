"""主键重复: doubled keys found in one pass, settled in a second by a policy somebody chose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from quancheng.core.tabular.convert import Problem, Record, Refused, Tally
from quancheng.core.tabular.digest import digest
from quancheng.core.tabular.errors import Reason
from quancheng.core.tabular.kinds import Typed
from quancheng.core.tabular.model import show
from quancheng.core.tabular.schema import Schema

__all__ = ["Doubles", "OnDouble", "find_doubles", "settle_doubles"]


class OnDouble(StrEnum):
    """Which row of a doubled key is kept (重复主键处理): the first, the last, or none of them."""

    FIRST = "first"
    LAST = "last"
    REFUSE = "refuse"


class Doubles:
    """The doubled keys of a table (重复主键): how often each occurs. Others cost nothing here."""

    def __init__(self, counts: dict[bytes, int]) -> None:
        self._counts = counts

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, key: bytes) -> int:
        """How often the key with this digest occurs."""
        return self._counts.get(key, 1)


def key_of(record: Record, columns: Sequence[int]) -> tuple[Typed, ...] | None:
    """The key of a record; ``None`` if any part is missing."""
    key = tuple([record.values[column] for column in columns])
    return None if any(part is None for part in key) else key


def find_doubles(results: Iterable[Record | Refused], columns: Sequence[int]) -> Doubles:
    """First pass (查重): keys that occur more than once among the records. 16 bytes a key, as a set."""
    seen: set[bytes] = set()
    counts: dict[bytes, int] = {}
    for result in results:
        key = key_of(result, columns) if isinstance(result, Record) else None
        if key is None:
            continue
        name = digest(key)
        if name in seen:
            counts[name] = counts.get(name, 1) + 1
        seen.add(name)
    return Doubles(counts)


def settle_doubles(
    results: Iterable[Record | Refused], schema: Schema, doubles: Doubles, policy: OnDouble, tally: Tally
) -> Iterator[Record | Refused]:
    """Second pass over the same rows (处理重复): records of a doubled key that are not kept are refused.

    ``tally`` is the converter's; it is kept right. A record without a key is refused.
    """
    met: dict[bytes, int] = {}
    columns = schema.key_columns
    for result in results:
        if isinstance(result, Refused):
            yield result
            continue
        key = key_of(result, columns)
        reason = Reason.KEY_MISSING if key is None else _against(digest(key), doubles, policy, met)
        if reason is None:
            yield result
            continue
        shown = " ".join(_shown(result.values[column]) for column in columns)
        refused = Refused(
            result.place,
            tuple([_shown(value) for value in result.values]),
            (Problem(reason, "、".join(schema.key), shown),),
        )
        tally.refuse(refused, taken=True)
        yield refused


def _against(key: bytes, doubles: Doubles, policy: OnDouble, met: dict[bytes, int]) -> Reason | None:
    count = doubles.count(key)
    if count == 1:
        return None
    met[key] = met.get(key, 0) + 1
    kept = {OnDouble.FIRST: 1, OnDouble.LAST: count, OnDouble.REFUSE: 0}[policy]
    return None if met[key] == kept else Reason.KEY_DOUBLED


def _shown(value: Typed) -> str:
    return show(value)[:200]
