"""改链接: links between entities that exist, one by one (``$ref``; OData 4.0 part 1 § 11.4.6). Only inside an action."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from quancheng.capabilities.sensorthings import models as m
from quancheng.capabilities.sensorthings.changing import link_many
from quancheng.capabilities.sensorthings.messages import bad, missing
from quancheng.capabilities.sensorthings.writing import COLUMN, Work
from quancheng.core.sensorthings.model import EntityType, Navigation


class Deed(StrEnum):
    """What becomes of a relation."""

    ADD = "add"
    SET = "set"
    """The entities given are all there are."""
    REMOVE = "remove"


def relate(work: Work, type: EntityType, row: Any, link: Navigation, ids: Sequence[int], deed: Deed) -> None:
    """Add, set or remove links of a row to entities that exist. Raises Refused 400, 404."""
    if not link.many:
        _to_one(work, type, row, link, ids, deed)
        return
    match type.name, link.name:
        case ("Thing", "Locations") | ("HistoricalLocation", "Locations"):
            _places(work, type, row, link, _after(_present(row.locations), ids, deed))
        case "Location", "Things":
            _things(work, row, ids, deed)
        case "MultiDatastream", "ObservedProperties":
            now = list(
                row.streamproperty_set.order_by("position").values_list("observed_property", flat=True)
            )
            work.set_columns(row, _after(now, ids, deed, again=True))
        case _, ("Datastreams" | "MultiDatastreams" | "HistoricalLocations") if deed is Deed.ADD:
            link_many(work, type, row, link, list(ids))
        case _:
            raise bad(
                f"{link.name} 的链接不能这样修改：请修改对方，或删除对方。",
                f"Links of {link.name} are not changed this way: change or delete the other side.",
            )
    work.changed[(type.name, row.pk)] = row


def _to_one(work: Work, type: EntityType, row: Any, link: Navigation, ids: Sequence[int], deed: Deed) -> None:
    if deed is Deed.REMOVE:
        raise bad(f"{type.name} 必须有 {link.name}。", f"{type.name} must have its {link.name}.")
    if len(ids) != 1:
        raise bad(f"{link.name} 只能有一个。", f"There is one {link.name} only.")
    setattr(row, COLUMN[link.name], ids[0])
    row.save()
    work.changed[(type.name, row.pk)] = row


def _present(related: Any) -> list[int]:
    return list(related.order_by("pk").values_list("pk", flat=True))


def _after(now: list[int], ids: Sequence[int], deed: Deed, *, again: bool = False) -> list[int]:
    """Ids after the deed; ``again``: the same id may be there twice. Raises Refused 404 for a link that is not there."""
    match deed:
        case Deed.SET:
            return list(ids)
        case Deed.ADD:
            return now + [one for one in ids if again or one not in now]
    if not set(ids) <= set(now):
        raise missing("没有这个链接。", "There is no such link.")
    return [one for one in now if one not in ids]


def _places(work: Work, type: EntityType, row: Any, link: Navigation, ids: list[int]) -> None:
    if not ids and type.name == "Thing":
        work.leave(row)
        return
    if not ids:
        raise bad("HistoricalLocation 必须有 Locations。", "A HistoricalLocation must have its Locations.")
    link_many(work, type, row, link, ids)


def _things(work: Work, place: Any, ids: Sequence[int], deed: Deed) -> None:
    now = _present(place.things)
    after = _after(now, ids, deed)
    for pk in sorted(set(after) ^ set(now)):
        thing = m.Thing.objects.get(pk=pk)
        there = _present(thing.locations)
        left = [one for one in there if one != place.pk]
        if pk in after:
            work.move(thing, [*there, place.pk])
        elif left:
            work.move(thing, left)
        else:
            work.leave(thing)
