"""披露检查: what of a table may be opened, and whether its rows as they are now may."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.opening.models import Dataset
from quancheng.capabilities.tables.queries import View
from quancheng.capabilities.tables.values import TableSchema
from quancheng.core.catalogue import Openness, slug
from quancheng.core.disclosure import Column, Finding, Groups, judge
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.errors import InvalidInput, NotFound


def public_entry_of(table_id: str) -> EntryInfo:
    """The published entry of a table as a stranger reads it; raises InvalidInput when it is not for opening."""
    found = catalogue.entry_of_table(table_id)
    try:
        seen = catalogue.public_entry(found.entry_id) if found is not None else None
    except NotFound:
        seen = None
    if seen is None or not seen.live:
        raise InvalidInput(
            fields={
                "table_id": Text(
                    "这张表没有公众可见的已发布目录条目", "no public entry of the catalogue names it"
                )
            }
        )
    if seen.resource.openness is not Openness.OPEN:
        raise InvalidInput(
            fields={"table_id": Text("目录条目不是无条件开放", "its entry is not open without condition")}
        )
    return seen


def openable(entry: EntryInfo, schema: TableSchema) -> tuple[str, ...]:
    """Columns that the public entry names."""
    known = {item.field for item in entry.resource.items}
    return tuple(name for name in schema.names if name in known)


def describe(dataset: Dataset, entry: EntryInfo) -> None:
    """What the catalogue says of a dataset now: name, theme, promise, and the words it is found by."""
    said = entry.resource
    dataset.name = slug(entry.code)
    dataset.zh, dataset.en = said.name.zh[:200], said.name.en[:200]
    dataset.about = {"zh": said.abstract.zh, "en": said.abstract.en}
    dataset.theme = next((code[:3] for code in said.classes if code.startswith("2")), "")
    dataset.cycle = said.cycle.value if said.cycle else ""
    shown = [item for item in said.items if item.field in dataset.fields]
    words = [said.name.zh, said.name.en, said.abstract.zh, said.abstract.en, *said.keywords]
    words += [word for item in shown for word in (item.name.zh, item.name.en, item.field)]
    dataset.words = "\n".join(word for word in words if word)


def wrong_columns(
    entry: EntryInfo, schema: TableSchema, fields: Sequence[str], quasi: Sequence[str]
) -> dict[str, Text]:
    """Faults of a choice of columns, by argument."""
    wrong: dict[str, Text] = {}
    allowed = openable(entry, schema)
    if unknown := [name for name in fields if name not in allowed]:
        names = "、".join(unknown)
        wrong["fields"] = Text(f"目录中不开放或没有的列：{names}", f"not opened by the catalogue: {names}")
    elif missing := [name for name in schema.key if name not in fields]:
        names = "、".join(missing)
        wrong["fields"] = Text(f"主键列必须开放：{names}", f"the key must be opened: {names}")
    if outside := [name for name in quasi if name not in fields]:
        names = "、".join(outside)
        wrong["quasi"] = Text(f"准标识符不在开放的列中：{names}", f"not among the opened columns: {names}")
    return wrong


def assess(view: View, fields: Sequence[str], quasi: Sequence[str]) -> tuple[tuple[Finding, ...], int | None]:
    """What stands against opening these rows now, and the smallest group of equal quasi-identifiers."""
    columns = []
    for name in fields:
        spec = view.schema.column(name)
        if spec is None:
            return (Finding(name, Text("来源表不再有这一列", "the source has lost the column")),), None
        columns.append(Column(spec.name, spec.level, spec.personal))
    groups = _groups(view, quasi)
    k = int(rulebook.find("opening.smallest_group").number())
    level = int(rulebook.find("opening.highest_level").number())
    return judge(columns, quasi, groups, k=k, level=level), groups.smallest


def _groups(view: View, quasi: Sequence[str]) -> Groups:
    if not quasi:
        return Groups()
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in quasi)
    inner = f"SELECT count(*) AS n FROM t GROUP BY {names}"  # noqa: S608  names are of the schema, and quoted
    rows = view.sql(f"SELECT n, count(*) AS m FROM ({inner}) GROUP BY n").to_pylist()  # noqa: S608
    return Groups.of({row["n"]: row["m"] for row in rows})
