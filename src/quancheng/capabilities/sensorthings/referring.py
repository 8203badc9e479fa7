"""``$ref``: POST, PUT and DELETE of links between entities (OData 4.0 part 1 § 11.4.6)."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.sensorthings import actions
from quancheng.capabilities.sensorthings.linking import Deed
from quancheng.capabilities.sensorthings.messages import Refused, Reply, Request, bad, below_root
from quancheng.capabilities.sensorthings.reader import Reader
from quancheng.capabilities.sensorthings.reading import Place, locate
from quancheng.capabilities.sensorthings.recording import entity_id
from quancheng.capabilities.sensorthings.tables import OBSERVATION
from quancheng.capabilities.sensorthings.updating import update_observation
from quancheng.core.sensorthings.faults import BadQuery, NoSuchAddress
from quancheng.core.sensorthings.model import EntityType, Navigation
from quancheng.core.sensorthings.resources import Form, Resource, Step, parse_resource
from quancheng.kernel.actions import Call

_ADDRESSES = ("@odata.id", "@id", "@iot.selfLink", "url")
_DEEDS = {"POST": Deed.ADD, "PUT": Deed.SET, "PATCH": Deed.SET, "DELETE": Deed.REMOVE}


def refer(request: Request) -> Reply:
    """Answer a write to links: 204. Raises Refused, NoSuchAddress."""
    resource = parse_resource(request.path)
    deed = _DEEDS.get(request.method)
    last = resource.steps[-1]
    if deed is None or len(resource.steps) < 2 or (last.id is not None) is not _names_one(deed, last):
        raise Refused(405, "此处的链接不能用这个方法修改。", "Links here are not changed by this method.")
    owner = locate(Reader(request.actor), Resource(resource.steps[:-1], Form.ENTITY))
    link = owner.type.links[last.name]
    ids = _removed(request, last) if deed is Deed.REMOVE else _given(request, resource.type, link)
    call = Call(request.actor, key=request.key, request_id=request.request_id)
    if OBSERVATION in (owner.type.name, link.target):
        _of_observation(call, owner, link, ids, deed)
    else:
        pk = owner.row.pk
        actions.link_entities(call, kind=owner.type.name, id=pk, relation=link.name, ids=ids, deed=deed)
    return Reply(204)


def _names_one(deed: Deed, last: Step) -> bool:
    """Whether the address names one link of many, as only a deletion does."""
    return deed is Deed.REMOVE and last.id is not None


def _removed(request: Request, last: Step) -> list[int]:
    """Whom a deletion is about: by the address, or by ``$id``; nobody for a relation to one."""
    pairs = request.pairs()
    if any(name not in ("$id", "$ref") for name, _ in pairs):
        raise BadQuery("删除链接只能用 $id。", "Deleting a link takes $id only.")
    if last.id is not None:
        return [last.id]
    if not last.many:
        return []
    found = [_address(value, last.type) for name, value in pairs if name == "$id"]
    if len(found) != 1:
        raise bad("删除多个中的链接须给出 $id。", "Deleting one of many links needs $id.")
    return found


def _given(request: Request, target: EntityType, link: Navigation) -> list[int]:
    from quancheng.capabilities.sensorthings.service import body_of

    body = body_of(request)
    if isinstance(body, dict) and isinstance(body.get("value"), list):
        body = body["value"]
    items = body if isinstance(body, list) else [body]
    if request.method == "POST" and len(items) != 1:
        raise bad("一次增加一个链接。", "One link is added at a time.")
    return [_one(item, target) for item in items]


def _one(item: Any, target: EntityType) -> int:
    if isinstance(item, dict):
        if "@iot.id" in item:
            return entity_id(item["@iot.id"])
        for name in _ADDRESSES:
            if isinstance(item.get(name), str):
                return _address(item[name], target)
    raise bad("链接应以 @iot.id 或 @odata.id 指明实体。", "A link names its entity by @iot.id or @odata.id.")


def _address(text: str, target: EntityType) -> int:
    """The id in an entity's address, which must be of the relation's type."""
    path, _ = below_root(text)
    try:
        found = parse_resource(path)
    except NoSuchAddress as wrong:
        raise bad(f"不是实体的地址：{text[:80]}", f"Not an entity's address: {text[:80]}") from wrong
    pk = found.steps[0].id
    if found.form is not Form.ENTITY or len(found.steps) != 1 or found.type is not target or pk is None:
        raise bad(
            f"应为 {target.plural} 的地址：{text[:80]}", f"The address is not of {target.plural}: {text[:80]}"
        )
    return pk


def _of_observation(call: Call, owner: Place, link: Navigation, ids: list[int], deed: Deed) -> None:
    """An observation's links are part of it: it belongs to another stream or feature afterwards."""
    to_one = owner.type.name == OBSERVATION
    if deed is Deed.REMOVE or (not to_one and deed is Deed.SET) or len(ids) != 1:
        raise bad(
            "观测必须有数据流和观测对象，请改为其他的。",
            "An observation must have its stream and feature: give it others.",
        )
    if to_one:
        update_observation(call, owner.row.pk, {link.name: {"@iot.id": ids[0]}})
    else:
        update_observation(call, ids[0], {owner.type.name: {"@iot.id": owner.row.pk}})
