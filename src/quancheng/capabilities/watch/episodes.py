"""触发过程的查找与结束: which episodes are known, and what their endings mean for the alarms; by the bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection

from quancheng.capabilities.watch.models import Episode

T = TypeVar("T")
Key = tuple[int, int, int]
"""Version, stream, began (µs): what makes an episode the same one."""
CHUNK = 300
"""Asked for at once: three values each stay below 999, the fewest parameters an SQLite takes."""
_FIND = """
WITH asked(version, stream, began) AS (VALUES {rows})
SELECT held.version_id, held.stream, held.began, held.id, held.alarm, held.ended FROM asked CROSS JOIN {table} held
WHERE held.version_id = asked.version AND held.stream = asked.stream AND held.began = asked.began
"""
"""CROSS JOIN: SQLite then goes from what is asked to the unique index, never the other way."""


@dataclass(frozen=True, slots=True)
class Known:
    """An episode of the table. ``ended`` in µs, None while it goes on."""

    id: int
    alarm: int
    ended: int | None


@dataclass(frozen=True, slots=True)
class Settled:
    """``ended``: episode → its end; ``over``: alarms without an episode going on, and since when, in order."""

    changes: int
    ended: dict[int, int]
    over: list[tuple[int, int]]


def find(keys: Iterable[Key]) -> dict[Key, Known]:
    """Episodes of the table by version, stream and beginning."""
    found: dict[Key, Known] = {}
    for part in _chunks(list(dict.fromkeys(keys))):
        sql = _FIND.format(rows=", ".join(["(%s, %s, %s)"] * len(part)), table=Episode._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(sql, [value for key in part for value in key])
            found |= {(row[0], row[1], row[2]): Known(*row[3:]) for row in cursor.fetchall()}
    return found


def going(alarms: Iterable[int]) -> dict[int, set[int]]:
    """Ids of the episodes of these alarms that go on."""
    found: dict[int, set[int]] = defaultdict(set)
    for part in _chunks(list(alarms)):
        rows = Episode.objects.filter(alarm__in=part, ended=None)
        for alarm, pk in rows.values_list("alarm", "pk"):
            found[alarm].add(pk)
    return found


def settle(
    endings: Sequence[tuple[int, int, int, int]], known: Mapping[Key, Known], going: Mapping[int, set[int]]
) -> Settled:
    """What endings (version, stream, began, ended) change, as if each had come alone after the one before.

    An ending of an unknown episode, or not later than the end it has, changes nothing; no episode ends
    before it began.
    """
    left = {alarm: set(ids) for alarm, ids in going.items()}
    ended, over, changes = {one.id: one.ended for one in known.values() if one.ended is not None}, [], 0
    changed: dict[int, int] = {}
    for version, stream, began, at in endings:
        one = known.get((version, stream, began))
        if one is None or ended.get(one.id, at - 1) >= at:
            continue
        changes += 1
        ended[one.id] = changed[one.id] = max(at, began)
        left.setdefault(one.alarm, set()).discard(one.id)
        if not left[one.alarm]:
            over.append((one.alarm, changed[one.id]))
    return Settled(changes, changed, over)


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
