"""批量请求: ``$batch`` (OGC 18-088 § 11): one execution, two envelopes.

The envelopes are ``multipart/mixed`` (OData 4.0 part 1 § 11.7, what the standard names) and JSON (OData
4.01). Requests run in order. Those of one change set (``atomicityGroup``) succeed together or not at
all; a later request may name the result of an earlier one by ``$id`` in its address and in its body's
``@iot.id``. After a failure the next requests run all the same, as in other servers, unless the caller
says ``Prefer: continue-on-error=false``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import msgspec
from django.db import transaction

from quancheng.capabilities.sensorthings import undoing
from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.messages import Reply, Request, bad, below_root, error_body
from quancheng.core.text import Text

_ID = re.compile(r"\$([A-Za-z0-9_.-]+)")
_REFERENCES = ("@iot.id", "@odata.id", "@id", "@iot.selfLink")
_LOCATION = re.compile(r"/([A-Za-z]+)\((\d+)\)$")
_ABORTED = Text(
    "同组的另一请求失败，本请求未执行。", "Another request of the group failed; this one was undone."
)


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch; ``body`` is a JSON value, or bytes to be read as JSON."""

    method: str
    url: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""
    id: Any = None
    fault: Text | None = None
    """Why it cannot even be tried."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of the requests of one group; ``failed`` is the reply that undid an atomic one."""

    items: Sequence[Item]
    replies: Sequence[Reply]
    failed: tuple[Item, Reply] | None = None


class _Undo(Exception):
    """A request of a group failed: everything of the group is undone."""


def batch(request: Request) -> Reply:
    """Answer a ``$batch``. Raises Refused 400, BadQuery when it is none."""
    if request.content_type.startswith("multipart/"):
        from quancheng.capabilities.sensorthings.batching_multipart import batch_multipart

        return batch_multipart(request)
    from quancheng.capabilities.sensorthings.service import body_of

    body = body_of(request)
    items = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise bad("$batch 缺少 requests。", "$batch lacks requests.")
    if len(items) > LIMITS.batch:
        raise bad(f"一批最多{LIMITS.batch}个请求。", f"A batch holds {LIMITS.batch} requests at most.")
    grouped = [
        (name is not None, [_item(one) for one in some])
        for name, some in groupby(items, key=lambda one: one.get("atomicityGroup"))
    ]
    return Reply(
        200,
        {
            "responses": [
                _response(item, reply)
                for done in perform(request, grouped)
                for item, reply in zip(done.items, done.replies, strict=True)
            ]
        },
    )


def _item(one: Mapping[str, Any]) -> Item:
    method, url, headers = one.get("method"), one.get("url"), one.get("headers")
    if not isinstance(method, str) or not isinstance(url, str):
        fault = Text("请求缺少 method 或 url。", "A request lacks method or url.")
        return Item("", "", id=one.get("id"), fault=fault)
    fields = headers.items() if isinstance(headers, dict) else ()
    lower = {str(name).lower(): str(value) for name, value in fields}
    return Item(method, url, one.get("body"), lower, one.get("id"))


# -- execution ----------------------------------------------------------------------------------
def perform(request: Request, grouped: Sequence[tuple[bool, Sequence[Item]]]) -> Iterator[Answered]:
    """Run groups of requests in order; ``True`` marks those that are all or nothing."""
    known: dict[str, str] = {}
    stop = "continue-on-error=false" in request.headers.get("prefer", "").replace(" ", "")
    for atomic, items in grouped:
        if atomic:
            done = _atomic(request, items, known)
            yield done
            if stop and done.failed is not None:
                return
            continue
        for item in items:
            reply = _run(request, item, known)
            yield Answered([item], [reply])
            if stop and reply.status >= 400:
                return


def _atomic(request: Request, items: Sequence[Item], known: dict[str, str]) -> Answered:
    replies: list[Reply] = []
    before = dict(known)
    group = undoing.Group()
    token = undoing.present.set(group)
    try:
        with transaction.atomic():
            for item in items:
                replies.append(_run(request, item, known))
                if replies[-1].status >= 400:
                    raise _Undo
    except _Undo:
        group.fail()
        known.clear()
        known.update(before)
        from quancheng.capabilities.sensorthings import facts

        facts.forget()
        last = len(replies) - 1
        aborted = Reply(424, error_body(424, _ABORTED))
        whole = [replies[last] if place == last else aborted for place in range(len(items))]
        return Answered(items, whole, (items[last], replies[last]))
    except BaseException:
        group.fail()
        raise
    finally:
        undoing.present.reset(token)
    group.succeed()
    return Answered(items, replies)


def _run(request: Request, item: Item, known: dict[str, str]) -> Reply:
    from quancheng.capabilities.sensorthings.service import handle

    if item.fault is not None:
        return Reply(400, error_body(400, item.fault))
    path, query = _address(item.url, known)
    if path.strip("/") == "$batch":
        return Reply(400, error_body(400, Text("$batch 不能嵌套。", "A $batch cannot hold another.")))
    inner = Request(
        method=item.method.upper(),
        path=path,
        query=query,
        body=_body(item.body, known),
        headers=item.headers,
        actor=request.actor,
        root=request.root,
        request_id=request.request_id,
    )
    reply = handle(inner)
    made = _made(reply)
    if made and item.id is not None:
        known[str(item.id).strip("<>")] = f"{made[0]}({made[1]})"
    return reply


def _made(reply: Reply) -> tuple[str, str] | None:
    found = _LOCATION.search(reply.headers.get("Location", "")) if reply.status == 201 else None
    return (found.group(1), found.group(2)) if found else None


# -- references ---------------------------------------------------------------------------------
def _address(url: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Path and query of an address; ``$id`` at the beginning of the path is what that request made."""
    path, query = below_root(url)
    first, slash, rest = path.partition("/")
    if first.startswith("$") and first[1:] in known:
        path = known[first[1:]] + slash + rest
    return path, query


def _body(body: Any, known: Mapping[str, str]) -> bytes:
    """A body with references replaced; bytes that are no JSON are left for the request to refuse."""
    if isinstance(body, bytes):
        if b"$" not in body or not known:
            return body
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return body
    else:
        value = body
    return b"" if value is None else msgspec.json.encode(_replaced(value, known))


def _replaced(value: Any, known: Mapping[str, str]) -> Any:
    """The body with ``"@iot.id": "$id"`` replaced by the id that request made."""
    if isinstance(value, dict):
        return {
            name: _reference(name, part, known)
            if name in _REFERENCES and isinstance(part, str)
            else _replaced(part, known)
            for name, part in value.items()
        }
    return [_replaced(part, known) for part in value] if isinstance(value, list) else value


def _reference(name: str, text: str, known: Mapping[str, str]) -> Any:
    if name != "@iot.id":
        return _address(text, known)[0] if "$" in text else text
    found = _ID.fullmatch(text)
    if found is None or found.group(1) not in known:
        return text
    return int(known[found.group(1)].partition("(")[2].rstrip(")"))


def _response(item: Item, reply: Reply) -> dict[str, Any]:
    out: dict[str, Any] = {"id": item.id, "status": reply.status}
    if "Location" in reply.headers:
        out["location"] = reply.headers["Location"]
        out["headers"] = {"Location": reply.headers["Location"]}
    body = reply.text if reply.text is not None else reply.body
    if body is not None:
        out["body"] = body
    return out
