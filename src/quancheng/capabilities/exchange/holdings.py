"""可共享资源: what can be asked for, as the catalogue describes it."""

from __future__ import annotations

from quancheng.capabilities.exchange.values import Column, Holding
from quancheng.capabilities.tables import queries as tables
from quancheng.core import exchange as core
from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound


def holding(actor: Actor, code: str) -> Holding:
    """What can be asked for under a code; raises NotFound."""
    info = tables.named(code)
    if info is None:
        raise NotFound(Text("目录中没有这项资源。", "The catalogue has no such entry."))
    share = core.ShareType.CONDITIONAL
    columns = tuple(Column(one.name, one.text, share, one.personal, one.level) for one in info.schema.columns)
    return Holding(code, info.text, info.owner, share, columns, info.table_id, simulated=info.simulated)
