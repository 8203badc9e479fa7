"""来源读取: rows of the sources of a master as one set of records, with the versions they were read at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from quancheng.capabilities.masters.building import Records
from quancheng.capabilities.masters.models import Master, Source
from quancheng.capabilities.masters.recipe import recipe
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import queries as tables
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import QuanchengError, Unavailable

Row = tuple[str, date | None, dict[str, str]]
SYSTEM = Actor.system("masters")


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: records, rows and version of each source, natural persons by record."""

    records: Records
    versions: dict[str, int]
    rows: dict[str, int]


def read(master: Master) -> Read:
    """All active sources of a master. Raises Unavailable naming the source that cannot be read."""
    made = recipe(master.code)
    ids: list[str] = []
    names: list[str] = []
    updated: list[date | None] = []
    columns: dict[str, list[str | None]] = {name: [] for name in made.names}
    versions, rows = {}, {}
    for source in master.sources.filter(active=True):
        count = 0
        versions[source.code], found = _open(source)
        for record, day, said in found:
            ids.append(f"{source.code}:{record}")
            names.append(source.code)
            updated.append(day)
            for name in made.names:
                columns[name].append(said.get(name) or None)
            count += 1
        rows[source.code] = count
    return Read(Records(tuple(ids), tuple(names), tuple(updated), columns), versions, rows)


def _open(source: Source) -> tuple[int, Iterable[Row]]:
    if source.kind == Source.Kind.PEOPLE:
        return 0, _people(source)
    if source.kind == Source.Kind.FIRMS:
        return 0, _firms(source)
    try:
        view = tables.view(source.table_id)
    except QuanchengError as broken:
        raise Unavailable(
            Text(f"来源“{source.zh}”的数据表不可读。", f"The table of source “{source.en}” cannot be read."),
            todo=Text("请停用该来源，或重新指定数据表。", "Switch the source off or give it another table."),
        ) from broken
    return int(view.version), _table(source, view)


def _table(source: Source, view: Any) -> Iterator[Row]:
    key = tuple(view.schema.key)
    wanted = {name: column for name, column in source.mapping.items() if column}
    fields = sorted({*key, *wanted.values(), *([source.updated_column] if source.updated_column else [])})
    for batch in view.batches(fields=fields):
        for row in batch.to_pylist():
            day = row.get(source.updated_column) if source.updated_column else None
            said = {name: text for name, column in wanted.items() if (text := plain(row.get(column)))}
            yield "|".join(plain(row[name]) for name in key), as_day(day), said


def plain(value: Any) -> str:
    """A cell as text, the same for the same value: dates in ISO form, figures without trailing zeros."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return f"{value:f}".rstrip("0").rstrip(".")
    return str(value).strip()


def as_day(value: Any) -> date | None:
    """When a row was last touched."""
    if isinstance(value, datetime):
        return value.astimezone(clock.LOCAL).date() if value.tzinfo else value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def _people(source: Source) -> Iterator[Row]:
    found = people.search_people(SYSTEM, {"region": source.region}).select_related("household").order_by("pk")
    for one in found.iterator(chunk_size=2000):
        yield (
            str(one.pk),
            None,
            {
                "id_number": one.id_number,
                "name": one.name,
                "sex": one.sex,
                "birth": one.birth_date.isoformat(),
                "phone": one.phone,
                "address": one.address,
                "region_code": one.region_code,
                "register": one.household.number if one.household else "",
                "relation": one.relation,
                "alive": "yes" if one.alive else "no",
            },
        )


def _firms(source: Source) -> Iterator[Row]:
    found = (
        people.search_firms(SYSTEM, {"region": source.region}).select_related("legal_person").order_by("pk")
    )
    for one in found.iterator(chunk_size=2000):
        yield (
            str(one.pk),
            None,
            {
                "uscc": one.uscc,
                "name": one.name,
                "type": one.kind,
                "representative": one.legal_person.name,
                "address": one.address,
                "region_code": one.region_code,
                "industry": one.industry,
                "established": one.established.isoformat(),
                "status": "存续" if one.active else "注销",
            },
        )


def natural_person(refs: Iterable[str], people_source: str) -> int | None:
    """The natural person among the members, if the registration is one of them."""
    for ref in refs:
        source, _, record = ref.partition(":")
        if source == people_source and record.isdigit():
            return int(record)
    return None
