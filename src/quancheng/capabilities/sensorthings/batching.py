"""批量请求: ``$batch`` in the JSON format of OData 4.01 (OGC 18-088 § 11).

Requests run in order. Those of one ``atomicityGroup`` succeed together or not at all; a later request
may name the result of an earlier one by ``$id`` in its address and in its body's ``@iot.id``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from django.db import transaction

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.messages import ROOT, Reply, Request, bad, error_body
from quancheng.core.text import Text

_ID = re.compile(r"\$([A-Za-z0-9_.-]+)")
_LOCATION = re.compile(r"/([A-Za-z]+)\((\d+)\)$")
_ABORTED = Text(
    "同组的另一请求失败，本请求未执行。", "Another request of the group failed; this one was undone."
)


class _Undo(Exception):
    """A request of a group failed: everything of the group is undone."""


def batch(request: Request) -> Reply:
    """Answer a ``$batch``. Raises Refused 400 when it is none."""
    if request.content_type.startswith("multipart/"):
        raise bad("$batch 只支持JSON格式。", "$batch is supported in its JSON format only.")
    from quancheng.capabilities.sensorthings.service import body_of

    body = body_of(request)
    items = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise bad("$batch 缺少 requests。", "$batch lacks requests.")
    if len(items) > LIMITS.batch:
        raise bad(f"一批最多{LIMITS.batch}个请求。", f"A batch holds {LIMITS.batch} requests at most.")
    known: dict[str, str] = {}
    responses: list[dict[str, Any]] = []
    for group, some in groupby(items, key=lambda one: one.get("atomicityGroup")):
        run = _alone if group is None else _atomic
        responses += run(request, list(some), known)
    return Reply(200, {"responses": responses})


def _alone(request: Request, items: list[dict[str, Any]], known: dict[str, str]) -> list[dict[str, Any]]:
    return [_response(one, _run(request, one, known)) for one in items]


def _atomic(request: Request, items: list[dict[str, Any]], known: dict[str, str]) -> list[dict[str, Any]]:
    """All or nothing; observations that were appended meanwhile are deleted again."""
    done: list[dict[str, Any]] = []
    appended: list[int] = []
    before = dict(known)
    try:
        with transaction.atomic():
            for one in items:
                reply = _run(request, one, known)
                done.append(_response(one, reply))
                if reply.status >= 400:
                    raise _Undo
                if (made := _made(reply)) and made[0] == "Observations":
                    appended.append(int(made[1]))
    except _Undo:
        store.delete(appended)
        known.clear()
        known.update(before)
        from quancheng.capabilities.sensorthings import facts

        facts.forget()
        failed = done[-1]
        return [failed if one is items[len(done) - 1] else _aborted(one) for one in items]
    return done


def _aborted(item: Mapping[str, Any]) -> dict[str, Any]:
    return _response(item, Reply(424, error_body(424, _ABORTED)))


def _run(request: Request, item: Mapping[str, Any], known: dict[str, str]) -> Reply:
    from quancheng.capabilities.sensorthings.service import handle

    method, url = item.get("method"), item.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        return Reply(400, error_body(400, Text("请求缺少 method 或 url。", "A request lacks method or url.")))
    path, query = _address(url, request.root, known)
    if path.strip("/") == "$batch":
        return Reply(400, error_body(400, Text("$batch 不能嵌套。", "A $batch cannot hold another.")))
    headers = item.get("headers") or {}
    inner = Request(
        method=method.upper(),
        path=path,
        query=query,
        body=b"" if item.get("body") is None else msgspec.json.encode(_replaced(item["body"], known)),
        headers={str(name).lower(): str(value) for name, value in headers.items()}
        if isinstance(headers, dict)
        else {},
        actor=request.actor,
        root=request.root,
        request_id=request.request_id,
    )
    reply = handle(inner)
    made = _made(reply)
    if made and item.get("id") is not None:
        known[str(item["id"])] = f"{made[0]}({made[1]})"
    return reply


def _made(reply: Reply) -> tuple[str, str] | None:
    found = _LOCATION.search(reply.headers.get("Location", "")) if reply.status == 201 else None
    return (found.group(1), found.group(2)) if found else None


def _address(url: str, root: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Path and query below the root; ``$id`` at the beginning is what that request made."""
    if url.startswith(root):
        url = url[len(root) :]
    parts = urlsplit(url)
    path = unquote(parts.path)
    path = path.removeprefix(ROOT)
    path = path.lstrip("/")
    if path.startswith("v1.1/"):
        path = path[5:]
    first, slash, rest = path.partition("/")
    if first.startswith("$") and first[1:] in known:
        path = known[first[1:]] + slash + rest
    return path, parts.query


def _replaced(value: Any, known: Mapping[str, str]) -> Any:
    """The body with ``"@iot.id": "$id"`` replaced by the id that request made."""
    if isinstance(value, dict):
        return {
            name: _number(part, known)
            if name == "@iot.id" and isinstance(part, str)
            else _replaced(part, known)
            for name, part in value.items()
        }
    return [_replaced(part, known) for part in value] if isinstance(value, list) else value


def _number(text: str, known: Mapping[str, str]) -> Any:
    found = _ID.fullmatch(text)
    if found is None or found.group(1) not in known:
        return text
    return int(known[found.group(1)].partition("(")[2].rstrip(")"))


def _response(item: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    out: dict[str, Any] = {"id": item.get("id"), "status": reply.status}
    if "Location" in reply.headers:
        out["location"] = reply.headers["Location"]
        out["headers"] = {"Location": reply.headers["Location"]}
    body = reply.text if reply.text is not None else reply.body
    if body is not None:
        out["body"] = body
    return out
