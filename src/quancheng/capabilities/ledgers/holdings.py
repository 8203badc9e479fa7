"""已有数据: what the city holds, as items a ledger's columns are compared with."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.ledgers import base, limits, words
from quancheng.capabilities.ledgers.held import Item, held
from quancheng.capabilities.ledgers.models import Returned
from quancheng.capabilities.ledgers.values import Column, Held


def items() -> list[Item]:
    """Columns of all returned tables: these can pre-fill a ledger."""
    found = []
    for one in Returned.objects.filter(active=True).select_related("organ").order_by("pk"):
        for spec in base.shown_columns(one):
            found.append(
                Item(spec.zh or spec.name, spec.kind, one.zh, one.organ.zh, table=one.table, source=spec.name)
            )
    return found


def held_columns(columns: Sequence[Column], key: str) -> list[Held]:
    """Asked columns the city holds already, or something like them."""
    return held(columns, items(), limits.bounds(), words.vocabulary(), key=key)


def source_for(name: str, table: str = "") -> Item | None:
    """The item of the city's data that is called so (by meaning), to pre-fill a column of a template."""
    vocabulary = words.vocabulary()
    wanted = Column(name)
    best = held(
        [wanted], (one for one in items() if not table or one.table == table), limits.bounds(), vocabulary
    )
    if not best or not best[0].refused:
        return None
    found = best[0]
    return next((one for one in items() if one.table == found.table and one.source == found.source), None)
