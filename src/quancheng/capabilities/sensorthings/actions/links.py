"""链接: links between entities that exist, over the protocol (``$ref``)."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.sensorthings.linking import Deed, relate
from quancheng.capabilities.sensorthings.messages import missing
from quancheng.capabilities.sensorthings.tables import TABLES
from quancheng.capabilities.sensorthings.writing import Work
from quancheng.core.sensorthings.model import BY_NAME
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action


@action("sensorthings.entity.link")
def link_entities(call: Call, *, kind: str, id: int, relation: str, ids: Sequence[int], deed: Deed) -> int:
    """修改实体之间的链接: ``ids`` of the relation's target are added, set or removed; the entity's id.

    Raises Refused (400, 404), Forbidden, NotSignedIn.
    """
    table = TABLES[kind]
    access.require(call.actor, "write", table.model)
    row = access.visible(call.actor, table.model, verb="write").filter(pk=id, **table.where).first()
    if row is None:
        raise missing(f"没有{table.type.plural}({id})。", f"There is no {table.type.plural}({id}).")
    work = Work(call)
    link = table.type.links[relation]
    known = [work.reference(BY_NAME[link.target], {"@iot.id": one}) for one in ids]
    relate(work, table.type, row, link, known, deed)
    work.finish()
    audit.note(kind=kind, relation=relation, deed=deed.value, ids=known[:50])
    events.emit(
        "sensorthings.entity.changed", subject=f"{kind}:{id}", data={"kind": kind, "id": id, "deed": "update"}
    )
    return id
