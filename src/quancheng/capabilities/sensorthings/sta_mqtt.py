"""SensorThings over MQTT 物联消息: what the MQTT gateway asks (OGC 18-088 § 13 and § 14).

The gateway owns connections and topics; it calls :func:`create` for what clients publish and polls
:func:`changes_since` for what subscribers are to hear. Topics are ``v1.1/`` and a resource path.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from django.conf import settings

from quancheng.capabilities.observations.log import LogReader
from quancheng.capabilities.observations.values import Batch, Kind
from quancheng.capabilities.sensorthings.facts import is_multi
from quancheng.capabilities.sensorthings.messages import ROOT, VERSION, Request, bad
from quancheng.capabilities.sensorthings.models import Stream, Version
from quancheng.capabilities.sensorthings.observing import Row, row_of
from quancheng.capabilities.sensorthings.reader import Reader
from quancheng.capabilities.sensorthings.rendering import Renderer
from quancheng.capabilities.sensorthings.service import handle
from quancheng.capabilities.sensorthings.tables import OBSERVATION, TABLES
from quancheng.core.sensorthings.faults import BadQuery, NoSuchAddress
from quancheng.core.sensorthings.model import BY_NAME, EntityType
from quancheng.core.sensorthings.options import NOTHING, Query, parse_options
from quancheng.core.sensorthings.resources import Form, Resource, parse_resource
from quancheng.kernel import access
from quancheng.kernel.actor import Actor

_PREFIX = VERSION + "/"
_OBSERVATION = BY_NAME[OBSERVATION]
_MOST = 10_000
"""Changes given at once."""


def root() -> str:
    """The service's public address without a slash at the end."""
    return f"{settings.PUBLIC_URL}{ROOT}"


def create(topic: str, payload: bytes, actor: Actor) -> str:
    """Create an observation (or another entity) a client published; its address.

    Raises Refused (400, 404), NotSignedIn, Forbidden, LogFull: the gateway tells the client.
    """
    path = _path_of(topic)
    reply = handle(
        Request(
            method="POST",
            path=path,
            query="",
            body=payload,
            headers={"prefer": "return=minimal"},
            actor=actor,
            root=root(),
        )
    )
    if reply.status != 201:
        detail = reply.body["detail"] if reply.body else {"zh": "", "en": ""}
        refused = bad(detail["zh"], detail["en"])
        refused.status = reply.status
        raise refused
    return reply.headers["Location"]


def _path_of(topic: str) -> str:
    if not topic.startswith(_PREFIX):
        raise bad(f"主题应以 {_PREFIX} 开头。", f"The topic must begin with {_PREFIX}.")
    return topic.removeprefix(_PREFIX)


# -- subscriptions ------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Cursor:
    """How far changes were read: the last version; observations are read on by ``reader``."""

    version: int
    reader: LogReader = field(compare=False, hash=False)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A topic somebody subscribed to, understood."""

    topic: str
    resource: Resource
    query: Query


def start(name: str | None = None) -> Cursor:
    """A cursor at the present: only what changes from now on is heard."""
    reader = LogReader(name or f"sensorthings.mqtt.{os.getpid()}")
    while reader.poll():
        pass
    last = Version.objects.order_by("-id").values_list("id", flat=True).first()
    return Cursor(last or 0, reader)


def changes_since(
    cursor: Cursor | None,
    topics: Collection[str] | None = None,
    *,
    actor: Actor | None = None,
) -> tuple[Cursor, list[tuple[str, bytes]]]:
    """What changed since a cursor, as (topic, payload); without a cursor: nothing yet.

    ``topics`` are those somebody subscribed to: only they are made, with their ``$select`` and
    ``$expand``. Without them every set and entity topic is. ``actor`` sees what it may see (anonymous
    by default: what is public).
    """
    if cursor is None:
        return start(), []
    reader = Reader(actor or Actor.anonymous())
    wishes = None if topics is None else [wish for topic in sorted(topics) if (wish := _wish(topic))]
    found: list[tuple[str, bytes]] = []
    last = cursor.version
    for version in Version.objects.filter(id__gt=cursor.version).order_by("id")[:_MOST]:
        last = version.pk
        if version.deed != "delete":
            found += _of_version(reader, version, wishes)
    batches = cursor.reader.poll(_MOST)
    if batches:
        found += _of_observations(reader, batches, wishes)
    return Cursor(last, cursor.reader), found


@lru_cache(maxsize=10_000)
def _wish(topic: str) -> _Wish | None:
    """A topic as path and options; None when it is none of ours."""
    if not topic.startswith(_PREFIX) or "#" in topic or "+" in topic.partition("?")[0]:
        return None
    path, _, options = topic.removeprefix(_PREFIX).partition("?")
    try:
        resource = parse_resource(path)
        pairs = [
            (name, value) for name, _, value in (part.partition("=") for part in options.split("&")) if name
        ]
        return _Wish(topic, resource, parse_options(pairs, resource.type))
    except (BadQuery, NoSuchAddress):
        return None


def _of_version(reader: Reader, version: Version, wishes: list[_Wish] | None) -> Iterator[tuple[str, bytes]]:
    type = _type_of(version)
    row = reader.get(type, version.entity)
    if row is None:
        return
    renderer = Renderer(reader, root())
    own = f"{type.plural}({row.pk})"
    if wishes is None:
        payload = msgspec.json.encode(renderer.one(type, row, NOTHING))
        yield f"{_PREFIX}{type.plural}", payload
        yield f"{_PREFIX}{own}", payload
        return
    for wish in wishes:
        if wish.resource.type is type and _concerns(reader, wish.resource, row):
            if wish.resource.form is Form.PROPERTY:
                name = wish.resource.inside[0]
                shown: Any = {name: renderer.one(type, row, NOTHING).get(name)}
                yield wish.topic, msgspec.json.encode(shown)
            else:
                yield wish.topic, msgspec.json.encode(renderer.many(type, [row], wish.query)[0])


def _type_of(version: Version) -> EntityType:
    if version.kind == "Stream":
        return BY_NAME["MultiDatastream" if version.data.get("multi") else "Datastream"]
    return BY_NAME[version.kind]


def _concerns(reader: Reader, resource: Resource, row: Any) -> bool:
    """Whether an entity is (in) what a path names; only one relation deep is asked of the tables."""
    last = resource.steps[-1]
    if len(resource.steps) == 1:
        return last.id is None or last.id == row.pk
    before = resource.steps[-2]
    if before.id is None or len(resource.steps) > 2 or last.name not in TABLES[before.type.name].joins:
        return False
    return bool(reader.source_rows(last.type, (before.type, last.name, before.id)).filter(pk=row.pk).exists())


def _of_observations(
    reader: Reader, batches: Iterable[Batch], wishes: list[_Wish] | None
) -> Iterator[tuple[str, bytes]]:
    rows = [row_of(one) for batch in batches for one in batch.take(batch.kind != Kind.DELETED).rows()]
    streams = {row.stream for row in rows}
    visible = set(access.visible(reader.actor, Stream).filter(pk__in=streams).values_list("pk", flat=True))
    rows = [row for row in rows if row.stream in visible]
    renderer = Renderer(reader, root())
    if wishes is None:
        for row in rows:
            payload = msgspec.json.encode(renderer.one(_OBSERVATION, row, NOTHING))
            for topic in _topics(row):
                yield topic, payload
        return
    by_topic: dict[str, list[_Wish]] = defaultdict(list)
    for wish in wishes:
        if wish.resource.type is _OBSERVATION:
            by_topic[wish.topic.partition("?")[0]].append(wish)
    for row in rows:
        for topic in _topics(row):
            for wish in by_topic.get(topic, ()):
                yield wish.topic, msgspec.json.encode(renderer.many(_OBSERVATION, [row], wish.query)[0])


def _topics(row: Row) -> Iterator[str]:
    kind = "MultiDatastreams" if is_multi(row.stream) else "Datastreams"
    yield f"{_PREFIX}Observations"
    yield f"{_PREFIX}Observations({row.id})"
    yield f"{_PREFIX}{kind}({row.stream})/Observations"
    if row.feature is not None:
        yield f"{_PREFIX}FeaturesOfInterest({row.feature})/Observations"
