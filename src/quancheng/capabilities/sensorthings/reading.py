"""GET: from a parsed address and its options to the JSON answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from quancheng.capabilities.sensorthings import aggregating, observing, tags
from quancheng.capabilities.sensorthings.data_arrays import data_arrays
from quancheng.capabilities.sensorthings.messages import Reply, Request, bad, missing
from quancheng.capabilities.sensorthings.ordering import dig
from quancheng.capabilities.sensorthings.past import reader_for
from quancheng.capabilities.sensorthings.reader import Reader, Want
from quancheng.capabilities.sensorthings.rendering import Renderer, options_text, page_size
from quancheng.capabilities.sensorthings.tables import OBSERVATION, STREAMS
from quancheng.core.sensorthings.model import EntityType
from quancheng.core.sensorthings.options import Query, parse_options
from quancheng.core.sensorthings.resources import Form, Resource, parse_resource


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address leads: an entity (``row``), or a set (reached from ``source``)."""

    type: EntityType
    row: Any = None
    source: tuple[EntityType, str, int] | None = None


def get(request: Request) -> Reply:
    """Answer a GET. Raises BadQuery, NoSuchAddress, Refused."""
    resource = parse_resource(request.path)
    query = parse_options(request.pairs(), resource.type)
    reader = reader_for(request.actor, query)
    place = locate(reader, resource)
    renderer = Renderer(reader, request.root)
    if resource.form in (Form.PROPERTY, Form.VALUE):
        return _property(renderer, place, resource)
    if resource.form is Form.REF:
        query = Query(**{**_fields(query), "select": ("selfLink",), "expand": ()})
    if place.row is not None and resource.form is Form.ENTITY and not query.expand and type(reader) is Reader:
        tag = tags.tag(reader, place.type, place.row)
        if tags.known(request, tag):
            return Reply(304, headers={"ETag": tag})
        return Reply(200, renderer.many(place.type, [place.row], query)[0], {"ETag": tag})
    if place.row is not None:
        return Reply(200, renderer.many(place.type, [place.row], query)[0])
    if place.type.name == OBSERVATION and query.aggregate is not None:
        return Reply(200, aggregating.answer(reader, place.source, query, _address(request)))
    if query.aggregate is not None:
        raise bad("$aggregate 只用于观测集合。", "$aggregate is for sets of observations.")
    return Reply(200, _collection(renderer, place, query, request))


def _fields(query: Query) -> dict[str, Any]:
    return {name: getattr(query, name) for name in query.__slots__}


# -- where --------------------------------------------------------------------------------------
def locate(reader: Reader, resource: Resource) -> Place:
    """The entity or set an address leads to; every step must exist. Raises Refused 404."""
    place: Place | None = None
    for step in resource.steps:
        if place is None:
            place = (
                Place(step.type) if step.id is None else Place(step.type, _row(reader, step.type, step.id))
            )
            continue
        here, row = place.type, place.row
        if not step.many:
            found = Renderer(reader, "").related(here, [row], step.name)[0]
            if found is None:
                raise missing()
            place = Place(step.type, found)
        elif step.id is None:
            place = Place(step.type, None, (here, step.name, row.pk))
        else:
            place = Place(step.type, _member(reader, here, row, step.name, step.type, step.id))
    assert place is not None
    return place


def _row(reader: Reader, type: EntityType, pk: int) -> Any:
    if type.name == OBSERVATION:
        page = observing.find(reader, observing.scope(reader, None, [pk]), limit=1)
        row = page.rows[0] if page.rows else None
    else:
        row = reader.get(type, pk)
    if row is None:
        raise missing(f"没有{type.plural}({pk})。", f"There is no {type.plural}({pk}).")
    return row


def _member(reader: Reader, here: EntityType, row: Any, name: str, type: EntityType, pk: int) -> Any:
    """An entity that must be among those another is related to."""
    if type.name != OBSERVATION:
        found = reader.source_rows(type, (here, name, row.pk)).filter(pk=pk).first()
    else:
        found = _row(reader, type, pk)
        mine = found.stream if here.name in STREAMS else observing.features_of([found]).get(found.id)
        found = found if mine == row.pk else None
    if found is None:
        raise missing()
    return found


# -- answers ------------------------------------------------------------------------------------
def _property(renderer: Renderer, place: Place, resource: Resource) -> Reply:
    name, inside = resource.inside[0], resource.inside[1:]
    whole = renderer.one(place.type, place.row, Query())
    known = {"id": "@iot.id", "selfLink": "@iot.selfLink"}
    value = dig(whole.get(known.get(name, name)), inside)
    if inside and value is None:
        raise missing()
    if resource.form is Form.PROPERTY:
        return Reply(204) if value is None else Reply(200, {resource.inside[-1]: value})
    if value is None:
        return Reply(204)
    if isinstance(value, str):
        return Reply(200, text=value, headers={"Content-Type": "text/plain; charset=utf-8"})
    return Reply(200, value)


def _collection(renderer: Renderer, place: Place, query: Query, request: Request) -> dict[str, Any]:
    size = page_size(query)
    reader = renderer.reader
    page: Any
    if place.type.name == OBSERVATION:
        source = None if place.source is None else (place.source[0], place.source[2])
        within = observing.scope(reader, source)
        page = observing.find(
            reader,
            within,
            filter=query.filter,
            order=query.order,
            skip=query.skip,
            limit=size,
            count=query.count,
            after=query.after,
        )
    else:
        want = Want(place.source, query.filter, query.order, query.skip, size, query.count, query.after)
        page = reader.find(place.type, want)
    out: dict[str, Any] = {}
    if page.count is not None:
        out["@iot.count"] = page.count
    if page.more and size:
        options = options_text(query, query.skip + size, "&", page.cursor)
        out["@iot.nextLink"] = f"{_address(request)}?{options}"
    if query.format == "dataArray":
        if place.type.name != OBSERVATION:
            raise bad("dataArray 只用于观测。", "dataArray is for observations only.")
        out["value"] = data_arrays(renderer, page.rows, query)
    else:
        out["value"] = renderer.many(place.type, page.rows, query)
    return out


def _address(request: Request) -> str:
    return f"{request.root}/{quote(request.path.strip('/'), safe='/()$')}"
