"""已有数据: what the city holds, as items a ledger's columns are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.ledgers import base, limits, words
from quancheng.capabilities.ledgers.held import Item, fold, held, subjects_of
from quancheng.capabilities.ledgers.models import Returned
from quancheng.capabilities.ledgers.values import Column, Filling, Held
from quancheng.core.catalogue import DataType
from quancheng.core.tabular import Kind
from quancheng.kernel.actor import Actor

ENTRIES = 20
"""Entries of the catalogue looked at for one column: the best answers of its search."""
_KINDS = {
    DataType.NUMBER: Kind.DECIMAL, DataType.MONEY: Kind.DECIMAL, DataType.DOUBLE: Kind.DECIMAL,
    DataType.FLOAT: Kind.DECIMAL, DataType.INTEGER: Kind.INTEGER, DataType.DATE: Kind.DATE,
    DataType.DATETIME: Kind.DATETIME, DataType.LOGICAL: Kind.BOOLEAN,
}  # fmt: skip


def items() -> list[Item]:
    """Columns of all returned tables: these can pre-fill a ledger."""
    found = []
    for one in Returned.objects.filter(active=True).select_related("organ").order_by("pk"):
        specs = base.shown_columns(one)
        about = subjects_of([spec.zh or spec.name for spec in specs], words.vocabulary())
        found += [
            Item(spec.zh or spec.name, spec.kind, one.zh, one.organ.zh, one.table, spec.name, about)
            for spec in specs
        ]
    return found


def catalogued(actor: Actor, columns: Iterable[Column]) -> list[Item]:
    """Items of catalogue entries that answer the names of asked columns: the city holds them, but they are not
    returned, so the clerk is told whom to ask."""
    entries: dict[str, EntryInfo] = {}
    vocabulary = words.vocabulary()
    for column in columns:
        name = fold(column.name, vocabulary)
        if column.filling is not Filling.ASKED or name in vocabulary.general:
            continue
        for text in dict.fromkeys((column.name, name)):
            for hit in catalogue.search(actor, text, size=ENTRIES).hits:
                entries.setdefault(hit.entry.code, hit.entry)
    return [item for entry in entries.values() if entry.live for item in _of_entry(entry)]


def _of_entry(entry: EntryInfo) -> list[Item]:
    about = subjects_of([one.name.zh for one in entry.resource.items], words.vocabulary())
    organ = entry.resource.provider.name.zh
    return [
        Item(one.name.zh, _KINDS.get(one.type, Kind.TEXT), entry.resource.name.zh, organ, subjects=about)
        for one in entry.resource.items
    ]


def held_columns(actor: Actor, columns: Sequence[Column], key: str) -> list[Held]:
    """Asked columns the city holds already, or something like them; what can pre-fill a ledger comes first."""
    asked = [one for one in columns if one.name != key]
    known = [*items(), *catalogued(actor, asked)]
    return held(columns, known, limits.bounds(), words.vocabulary(), key=key)


def source_for(name: str, table: str = "") -> Item | None:
    """The column of a returned table that is called so (by meaning), to pre-fill a column of a template."""
    vocabulary = words.vocabulary()
    known = [one for one in items() if not table or one.table == table]
    wanted = fold(name, vocabulary)
    exact = [one for one in known if fold(one.name, vocabulary) == wanted]
    return exact[0] if exact else None
