"""服务: one request of the protocol to one reply, whoever carried it (HTTP, ``$batch``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import DataError

from quancheng.capabilities.sensorthings import actions, observing, recording, tags, undoing
from quancheng.capabilities.sensorthings.landing import landing
from quancheng.capabilities.sensorthings.messages import Refused, Reply, Request, bad, error_body
from quancheng.capabilities.sensorthings.reader import Reader, Want
from quancheng.capabilities.sensorthings.reading import Place, get, locate
from quancheng.capabilities.sensorthings.rendering import Renderer
from quancheng.capabilities.sensorthings.tables import OBSERVATION, STREAMS
from quancheng.capabilities.sensorthings.updating import patched, update_observation
from quancheng.core.sensorthings.faults import BadQuery, NoSuchAddress
from quancheng.core.sensorthings.model import EntityType
from quancheng.core.sensorthings.options import NOTHING, parse_options
from quancheng.core.sensorthings.resources import Form, Resource, parse_resource
from quancheng.core.sensorthings.times import format_instant, micros
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound, QuanchengError

_decode = msgspec.json.Decoder().decode
JSON_PATCH = "application/json-patch+json"


def handle(request: Request) -> Reply:
    """Answer one request; every expected fault becomes its reply."""
    try:
        return _route(request)
    except QuanchengError as refused:
        return Reply(refused.status, error_body(refused.status, refused.detail))
    except BadQuery as refused:
        return Reply(400, error_body(400, refused.text))
    except NoSuchAddress as refused:
        return Reply(404, error_body(404, refused.text))
    except (DataError, OverflowError, UnicodeEncodeError):
        return Reply(400, error_body(400, Text("值超出范围。", "A value is out of range.")))
    except RecursionError:
        return Reply(400, error_body(400, Text("嵌套过深。", "Nested too deeply.")))


def _route(request: Request) -> Reply:
    path = request.path.strip("/")
    if not path:
        if request.method not in ("GET", "HEAD"):
            return _not_allowed("GET, HEAD")
        return Reply(200, landing(request.root))
    if path == "$batch":
        from quancheng.capabilities.sensorthings.batching import batch

        return batch(request) if request.method == "POST" else _not_allowed("POST")
    if path == "CreateObservations":
        return _create_observations(request) if request.method == "POST" else _not_allowed("POST")
    if path.endswith("/$ref") and request.method not in ("GET", "HEAD"):
        from quancheng.capabilities.sensorthings.referring import refer

        return refer(request)
    found = _METHODS.get(request.method)
    if found is None:
        return _not_allowed("GET, HEAD, POST, PATCH, PUT, DELETE")
    return found(request)


def _not_allowed(allow: str) -> Reply:
    text = Text("此处不能用这个方法。", "This method is not allowed here.")
    return Reply(405, error_body(405, text), {"Allow": allow})


def body_of(request: Request) -> Any:
    """The JSON of a request body. Raises Refused 400."""
    try:
        return _decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise bad(f"正文不是JSON：{str(wrong)[:100]}", f"The body is not JSON: {str(wrong)[:100]}") from wrong


def call_of(request: Request) -> Call:
    """The circumstances of a deed."""
    return Call(request.actor, key=request.key, request_id=request.request_id)


# -- POST ---------------------------------------------------------------------------------------
def _post(request: Request) -> Reply:
    body = body_of(request)
    if request.path.strip("/") == "Observations":  # the short way: no address to resolve
        return _post_observation(request, body, None)
    resource = parse_resource(request.path)
    if resource.form is not Form.SET:
        return _not_allowed("GET, HEAD, PATCH, PUT, DELETE")
    reader = Reader(request.actor)
    place = locate(reader, resource)
    if place.type.name == OBSERVATION:
        return _post_observation(request, body, place)
    if not isinstance(body, dict):
        raise bad("实体应为对象。", "An entity must be an object.")
    pk = actions.create_entity(call_of(request), kind=place.type.name, body=body, given=_given(place))
    renderer = Renderer(reader, request.root)
    link = renderer.self_link(place.type, pk)
    if _minimal(request):
        return Reply(201, None, {"Location": link})
    row = reader.get(place.type, pk)
    shown = renderer.many(place.type, [row], NOTHING)[0] if row is not None else None
    return Reply(201, shown, {"Location": link})


def _minimal(request: Request) -> bool:
    return "return=minimal" in request.headers.get("prefer", "")


def _given(place: Place) -> dict[str, Any]:
    """Links a new entity has because of the address it is posted to."""
    if place.source is None:
        return {}
    here, relation, pk = place.source
    if relation in ("Locations", "Things", "HistoricalLocations", "MultiDatastreams") and here.name in (
        "Thing", "Location", "HistoricalLocation", "ObservedProperty",
    ) and not (here.name == "Thing" and relation != "Locations"):  # fmt: skip
        return {here.plural: [pk]}
    if relation == "ObservedProperties":
        raise bad("多要素流的列不能这样增加。", "Columns of a MultiDatastream are not added this way.")
    return {here.name: pk}


def _post_observation(request: Request, body: Any, place: Place | None) -> Reply:
    if not isinstance(body, dict):
        raise bad("观测应为对象。", "An observation must be an object.")
    call = call_of(request)
    if body.get("phenomenonTime") is None:  # the server's now (OGC 18-088 § 10.2), shown in the answer
        body = {**body, "phenomenonTime": format_instant(micros(clock.now()))}
    link: tuple[str, int] | None = None
    if place is not None and place.source is not None:
        here, _, pk = place.source
        if here.name in STREAMS:
            link = (here.name, pk)
            body = {name: value for name, value in body.items() if name not in STREAMS}
        else:
            body = {**body, "FeatureOfInterest": {"@iot.id": pk}}
    inline = next((name for name in STREAMS if _is_inline(body.get(name))), None) if link is None else None
    if inline is not None:
        pk = actions.create_stream_with_observation(call, relation=inline, body=body)
    else:
        pk = recording.record(call, body, link)
    address = f"{request.root}/Observations({pk})"
    relation = link[0] if link else "MultiDatastream" if "MultiDatastream" in body else "Datastream"
    shown = None if _minimal(request) else _shown(pk, address, body, relation)
    return Reply(201, shown, {"Location": address})


def _is_inline(value: Any) -> bool:
    return isinstance(value, dict) and "@iot.id" not in value


def _shown(pk: int, address: str, body: Mapping[str, Any], relation: str) -> dict[str, Any]:
    """A new observation as it was sent, with its links; nothing is read again."""
    own = {name: value for name, value in body.items() if name in recording.OWN}
    links = {f"{name}@iot.navigationLink": f"{address}/{name}" for name in (relation, "FeatureOfInterest")}
    return {"@iot.id": pk, "@iot.selfLink": address, **own, **links}


def _create_observations(request: Request) -> Reply:
    made = recording.create_observations(call_of(request), body_of(request), request.root)
    return Reply(201, made)


# -- PATCH, PUT, DELETE -------------------------------------------------------------------------
def _entity(request: Request) -> tuple[Reader, Resource, Place]:
    resource = parse_resource(request.path)
    if resource.form is not Form.ENTITY:
        raise Refused(405, "只能修改或删除单个实体。", "Only a single entity is changed or deleted.")
    reader = Reader(request.actor)
    return reader, resource, locate(reader, resource)


def _patch(request: Request) -> Reply:
    body = body_of(request)
    reader, _, place = _entity(request)
    if request.content_type == JSON_PATCH or isinstance(body, list):
        shown = Renderer(reader, request.root).one(place.type, place.row, NOTHING)
        body = patched(place.type, shown, body)
    return _updated(request, place, body, replace=False)


def _put(request: Request) -> Reply:
    body = body_of(request)
    _, _, place = _entity(request)
    return _updated(request, place, body, replace=True)


def _updated(request: Request, place: Place, body: Any, *, replace: bool) -> Reply:
    if not isinstance(body, dict):
        raise bad("实体应为对象。", "An entity must be an object.")
    pk = place.row.pk
    expect = tags.wanted(request)
    if place.type.name == OBSERVATION:
        tags.require(place.row, expect)
        update_observation(call_of(request), pk, body, whole=replace)
    else:
        call = call_of(request)
        actions.update_entity(call, kind=place.type.name, id=pk, body=body, replace=replace, expect=expect)
    if _minimal(request):
        return Reply(204)
    reader = Reader(request.actor)
    renderer = Renderer(reader, request.root)
    row = locate(reader, parse_resource(f"{place.type.plural}({pk})")).row
    return Reply(
        200, renderer.many(place.type, [row], NOTHING)[0], {"ETag": tags.tag(reader, place.type, row)}
    )


def _delete(request: Request) -> Reply:
    resource = parse_resource(request.path)
    if resource.form is Form.SET:
        return _delete_filtered(request, resource)
    _, _, place = _entity(request)
    _remove(request, place.type, [place.row], tags.wanted(request))
    return Reply(200)


def _delete_filtered(request: Request, resource: Resource) -> Reply:
    """An extension: delete what a filter matches; without one nothing is deleted."""
    query = parse_options(request.pairs(), resource.type)
    if query.filter is None:
        raise bad("批量删除须给出 $filter。", "Deleting several entities needs a $filter.")
    reader = Reader(request.actor)
    place = locate(reader, resource)
    rows: list[Any]
    if place.type.name == OBSERVATION:
        within = observing.scope(reader, None if place.source is None else (place.source[0], place.source[2]))
        rows = list(observing.find(reader, within, filter=query.filter, limit=1_000_000).rows)
    else:
        rows = reader.find(place.type, Want(place.source, query.filter, limit=10_000)).rows
    _remove(request, place.type, rows)
    return Reply(200, {"@iot.count": len(rows)})


def _remove(request: Request, type: EntityType, rows: list[Any], expect: Sequence[str] = ()) -> None:
    from quancheng.capabilities.observations import actions as store

    if type.name != OBSERVATION:
        ids = [row.pk for row in rows]
        actions.delete_entities(call_of(request), kind=type.name, ids=ids, expect=expect)
        return
    for row in rows:
        tags.require(row, expect)
    for stream in {row.stream for row in rows}:
        recording.require_writing(request.actor, stream)
    ids = [row.id for row in rows]
    if undoing.present.get() is not None:
        undoing.at_success(lambda: store.delete(ids))
    elif store.delete(ids) == 0 and rows:
        raise NotFound()


_METHODS: dict[str, Callable[[Request], Reply]] = {
    "GET": get,
    "HEAD": get,
    "POST": _post,
    "PATCH": _patch,
    "PUT": _put,
    "DELETE": _delete,
}
