"""可共享资源: what can be asked for, as the catalogue describes it."""

from __future__ import annotations

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.exchange.values import Column, Holding
from quancheng.capabilities.tables import queries as tables
from quancheng.capabilities.tables.values import TableSchema
from quancheng.core import catalogue as entries
from quancheng.core import exchange as core
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

_SHARE = {
    entries.ShareType.UNCONDITIONAL: core.ShareType.UNCONDITIONAL,
    entries.ShareType.CONDITIONAL: core.ShareType.CONDITIONAL,
    entries.ShareType.NONE: core.ShareType.NOT_SHARED,
}
_NUMBERS = ("id_number", "resident_id", "zjhm", "sfzh", "gmsfhm", "身份证号", "公民身份号码")


def holding(actor: Actor, code: str) -> Holding:
    """What an actor may ask for under a code; raises NotFound for what they do not see or is not published."""
    found = catalogue.entry(actor, code)
    if not found.live:
        raise NotFound(Text("目录中没有在用的这项资源。", "The catalogue has no such live entry."))
    return _holding(found)


def trusted(code: str) -> Holding:
    """The whole entry, for the provider's answer and for rules. Raises NotFound."""
    found = catalogue.trusted_entry(code)
    if found is None:
        raise NotFound(Text("目录中没有这项资源。", "The catalogue has no such entry."))
    return _holding(found)


def search(actor: Actor, text: str, cursor: str = "") -> tuple[list[Holding], str | None, int]:
    """Live entries by words, with the cursor of the next page and how many there are."""
    found = catalogue.search(actor, text, size=20, cursor=cursor)
    return [_holding(hit.entry) for hit in found.hits if hit.entry.live], found.next, found.total


def schema_of(table_id: str) -> TableSchema | None:
    """Columns of the table behind a resource; None when there is none (any more)."""
    try:
        return tables.info(table_id).schema if table_id else None
    except NotFound:
        return None


def person_field(schema: TableSchema | None) -> str:
    """The column with the resident number of whom a row is about; empty when rows name nobody."""
    if schema is None:
        return ""
    by_kind = (one.name for one in schema.columns if one.kind is Kind.RESIDENT_ID)
    by_name = (one.name for one in schema.columns if one.name.lower() in _NUMBERS)
    return next(by_kind, "") or next(by_name, "")


def _holding(found: EntryInfo) -> Holding:
    resource = found.resource
    columns = []
    for item in resource.items:
        force = entries.in_force(resource, item)
        share, level = _SHARE[force.share], int(force.level.value)
        columns.append(Column(item.field, item.name, share, item.personal, level))
    return Holding(
        found.code,
        resource.name,
        found.organ,
        _SHARE[resource.share],
        tuple(columns),
        found.table_id or "",
        resource.abstract,
        resource.share_condition,
        resource.share_basis,
        found.simulated,
    )
