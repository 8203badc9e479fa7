"""取数: the rates of every organ by itself, from the parts that know them. Trusted: who may see is asked elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.collection import queries as collection
from quancheng.capabilities.exchange import queries as exchange
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.quality import queries as quality
from quancheng.capabilities.tables import queries as tables
from quancheng.core.catalogue import Rate, RateName
from quancheng.kernel.actor import Actor

SYSTEM = Actor.system("governance")


def organs() -> list[Any]:
    """All departments in tree order."""
    return [one for root in people.departments() for one in people.subtree(root.code)]


def last_day(month: str) -> date:
    """The last day of ``2026-11``."""
    year, number = int(month[:4]), int(month[5:])
    return date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)


def rates(month: str) -> list[Rate]:
    """Every organ's rates as of the month, those with nothing due left out; no id stands with two organs."""
    every = organs()
    codes = [one.code for one in every]
    found = [
        *_catalogued(),
        *_collected(codes),
        *_demanded(),
        *_shared(codes, month),
        *_repaired(every, month),
    ]
    return [one for one in found if one.due]


def _catalogued() -> Iterable[Rate]:
    return [catalogue.rate(code) for code, _ in catalogue.duty_organs(SYSTEM)]


def _collected(codes: list[str]) -> Iterable[Rate]:
    due: dict[str, list[str]] = defaultdict(list)
    live = catalogue.rows(SYSTEM).filter(live=True)
    for code, organ in live.values_list("code", "organ__code"):
        due[organ].append(code)
    for one in collection.rates_of(set(codes)):
        missing = set(one.missing)
        done = tuple(code for code in due[one.organ] if code not in missing)
        yield Rate(RateName.COLLECTION, one.organ, tuple(due[one.organ]), done)


def _demanded() -> Iterable[Rate]:
    """A demand counts with the organ it is addressed to, before that with the one that asks."""
    due: dict[str, list[str]] = defaultdict(list)
    done: dict[str, list[str]] = defaultdict(list)
    rows = catalogue.demands(SYSTEM).exclude(state="withdrawn")
    for number, state, target, asking in rows.values_list("number", "state", "target__code", "organ__code"):
        due[target or asking].append(number)
        if state == "satisfied":
            done[target or asking].append(number)
    return [Rate(RateName.DEMAND, organ, tuple(ids), tuple(done[organ])) for organ, ids in due.items()]


def _shared(codes: list[str], month: str) -> Iterable[Rate]:
    asked = exchange.requests(SYSTEM, {}).values_list("provider__code", flat=True).order_by().distinct()
    known = set(codes) & set(asked)
    return [exchange.rate(code, until=last_day(month)) for code in sorted(known)]


def _repaired(every: list[Any], month: str) -> Iterable[Rate]:
    """The part counts with the sub-tree: what a lower organ counts is taken from the upper one."""
    with_tables = set(quality.sheets(SYSTEM).values_list("organ__path", flat=True))
    taken: set[str] = set()
    for organ in sorted(every, key=lambda one: -len(one.path.split("/"))):
        if organ.path not in with_tables:
            continue
        found = quality.rate(organ.code, month)
        due = tuple(one for one in found.due if one not in taken)
        taken.update(due)
        yield Rate(RateName.REPAIR, organ.code, due, tuple(one for one in found.repaired if one in set(due)))


def table_versions() -> dict[str, int]:
    """Version of each data table now."""
    return {str(one.table_id): one.version for one in tables.tables(SYSTEM, limit=100_000)}
