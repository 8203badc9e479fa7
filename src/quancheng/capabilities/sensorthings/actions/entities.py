"""实体: what people and programs do to entities over the protocol."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.sensorthings import facts, tags, undoing, versions
from quancheng.capabilities.sensorthings import models as m
from quancheng.capabilities.sensorthings.changing import change
from quancheng.capabilities.sensorthings.messages import missing
from quancheng.capabilities.sensorthings.reader import Reader
from quancheng.capabilities.sensorthings.tables import TABLES
from quancheng.capabilities.sensorthings.writing import Work, observations_of
from quancheng.core.sensorthings.model import BY_NAME
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action


@action("sensorthings.entity.create")
def create_entity(call: Call, *, kind: str, body: Mapping[str, Any], given: Mapping[str, Any]) -> int:
    """新建实体, with everything inside it; its id. ``given`` are links by the address: relation → id.

    Raises Refused (400), Forbidden, NotSignedIn.
    """
    type = BY_NAME[kind]
    access.require(call.actor, "write", TABLES[kind].model)
    work = Work(call)
    row = work.insert(type, body, given)
    made = work.finish()
    audit.note(kind=kind, entities=len(work.made), observations=len(made))
    _emit(kind, row.pk, "create")
    return int(row.pk)


@action("sensorthings.entity.update")
def update_entity(
    call: Call,
    *,
    kind: str,
    id: int,
    body: Mapping[str, Any],
    replace: bool = False,
    expect: Sequence[str] = (),
) -> int:
    """修改实体: the properties and links that are given; ``replace``: the others become empty.

    ``expect``: marks (:func:`tags.mark`) of which the entity must have one before.
    Raises Refused (400, 404, 412), Forbidden, NotSignedIn.
    """
    table = TABLES[kind]
    access.require(call.actor, "write", table.model)
    rows = access.visible(call.actor, table.model, verb="write").filter(pk=id, **table.where)
    row: Any = (rows.select_for_update(of=("self",)) if expect else rows).first()
    if row is None:
        raise missing(f"没有{table.type.plural}({id})。", f"There is no {table.type.plural}({id}).")
    tags.require(row, expect)
    work = Work(call)
    change(work, table.type, row, body, replace=replace)
    work.finish()
    audit.note(kind=kind, names=sorted(body)[:50])
    _emit(kind, id, "update")
    return id


@action("sensorthings.entity.delete")
def delete_entities(call: Call, *, kind: str, ids: Collection[int], expect: Sequence[str] = ()) -> int:
    """删除实体, and what cannot be without them (OGC 18-088 § 10.4); how many.

    ``expect``: marks (:func:`tags.mark`) of which each must have one. Raises Refused (412; 404 when one of them is not there), Forbidden, NotSignedIn.
    """
    table = TABLES[kind]
    access.require(call.actor, "write", table.model)
    wanted = sorted(set(ids))
    rows: list[Any] = list(
        access.visible(call.actor, table.model, verb="write").filter(pk__in=wanted, **table.where)
    )
    if len(rows) != len(wanted):
        raise missing()
    for row in rows:
        tags.require(row, expect)
    streams = [one for row in rows for one in _streams_of(row)]
    gone = [
        observation for row in rows if kind == "FeatureOfInterest" for observation in _of_feature(call, row)
    ]
    for row in [*rows, *_dependent(rows), *(one for one in streams if one not in rows)]:
        versions.keep(call, row, versions.DELETE)
    gone_streams = [one.pk for one in streams]
    for row in rows:
        row.delete()
    m.Stream.objects.filter(pk__in=gone_streams).delete()
    if gone_streams:
        store.delete_streams(gone_streams)
    facts.forget()
    audit.note(kind=kind, ids=wanted[:50], streams=len(streams), observations=len(gone))
    for pk in wanted[:100]:
        _emit(kind, pk, "delete")
    if gone:
        undoing.at_success(lambda: store.delete(gone))
    return len(rows)


def _streams_of(row: Any) -> list[Any]:
    """Streams that go with an entity."""
    match row:
        case m.Stream():
            return [row]
        case m.ObservedProperty():
            return list({*row.streams.all(), *row.multi_streams.all()})
        case m.Thing() | m.Sensor():
            return list(row.streams.all())
    return []


def _dependent(rows: list[Any]) -> list[Any]:
    """Historical locations that go with things, and those of which a deleted location was the only one."""
    found = [one for row in rows if isinstance(row, m.Thing) for one in row.history.all()]
    places = [row.pk for row in rows if isinstance(row, m.Location)]
    if places:
        touched = m.HistoricalLocation.objects.filter(locations__in=places).distinct()
        lonely = [one for one in touched if not one.locations.exclude(pk__in=places).exists()]
        m.HistoricalLocation.objects.filter(pk__in=[one.pk for one in lonely]).delete()
        found += lonely
    return found


def _of_feature(call: Call, row: Any) -> list[int]:
    return observations_of(row.pk, Reader(call.actor))


def _emit(kind: str, pk: int, deed: str) -> None:
    events.emit(
        "sensorthings.entity.changed", subject=f"{kind}:{pk}", data={"kind": kind, "id": pk, "deed": deed}
    )
