"""实体标签: weak ETags of single entities, and the conditions requests make by them (RFC 9110 § 8.8, § 13).

A tag is ``W/"mark"`` of the entity's own row, or ``W/"mark.times"`` for a stream, whose times follow its
observations. Writes compare marks only: a stream that receives readings all day can still be edited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from quancheng.capabilities.sensorthings.messages import Refused, Request
from quancheng.capabilities.sensorthings.tables import STREAMS

if TYPE_CHECKING:
    from quancheng.capabilities.sensorthings.reader import Reader
    from quancheng.core.sensorthings.model import EntityType

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_ANY = "*"
_encode = msgspec.json.Encoder(order="sorted").encode


def _digest(value: Any) -> str:
    return blake2b(_encode(value), digest_size=9).hexdigest()


def mark(row: Any) -> str:
    """What an entity's own row says, in short; ``row`` is a model instance or an observation."""
    if isinstance(row, tuple):
        return _digest(row)
    return _digest([getattr(row, one.attname) for one in row._meta.concrete_fields])


def tag(reader: Reader, type: EntityType, row: Any) -> str:
    """The ETag of an entity as the reader shows it."""
    if type.name not in STREAMS:
        return f'W/"{mark(row)}"'
    extent = reader.extents([row.pk])[row.pk]
    times = None if extent is None else (extent.first, extent.last, extent.first_result, extent.last_result)
    return f'W/"{mark(row)}.{_digest(times)[:8]}"'


def known(request: Request, tag: str) -> bool:
    """Whether the asker has just this already (If-None-Match)."""
    given = request.headers.get("if-none-match", "")
    if not given:
        return False
    return given.strip() == _ANY or tag.removeprefix("W/").strip('"') in _TAG.findall(given)


def wanted(request: Request) -> tuple[str, ...]:
    """Marks of which the entity to be written must have one (If-Match); none = whatever it is.

    Raises Refused 412 for ``If-None-Match: *``, as only what is there is changed.
    """
    if request.headers.get("if-none-match", "").strip() == _ANY:
        raise _differs()
    given = request.headers.get("if-match", "").strip()
    if not given or given == _ANY:
        return ()
    return tuple(one.partition(".")[0] for one in _TAG.findall(given)) or ("",)


def require(row: Any, expect: Sequence[str]) -> None:
    """Raise Refused 412 unless a row has one of some marks (or none are given)."""
    if expect and mark(row) not in expect:
        raise _differs()


def _differs() -> Refused:
    return Refused(
        412, "实体已被修改，请重新读取。", "The entity is not as expected (If-Match); read it again."
    )
