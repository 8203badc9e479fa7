"""批量请求的 ``multipart/mixed`` 信封 (OData 4.0 part 1 § 11.7; OGC 18-088 § 11.2).

A part is a request (``application/http``) or a change set (``multipart/mixed`` of such parts). The
answer has a part for each; a change set that failed is answered by the one response that undid it
(§ 11.7.4). ``Content-ID`` comes back beside its answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

from quancheng.capabilities.sensorthings.batching import Answered, Item, perform
from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.messages import Reply, Request, bad
from quancheng.core.sensorthings import multipart
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.text import Text

_HTTP = "application/http"
_JSON = "application/json; charset=utf-8"
_PART = {"Content-Type": _HTTP, "Content-Transfer-Encoding": "binary"}
_PHRASES = {int(one): one.phrase for one in HTTPStatus}
_NO_READING = Text("变更集中不能有GET请求。", "A change set must not hold GET requests.")


def batch_multipart(request: Request) -> Reply:
    """Answer a batch. Raises BadQuery, Refused 400 when its envelope cannot be read."""
    grouped = _read(request)
    done = list(perform(request, grouped))
    boundary = _boundary("batch")
    body = multipart.joined(list(_parts(grouped, done)), boundary)
    # the header goes with the text: the reply's JSON is not asked for
    return Reply(200, headers={"Content-Type": f"multipart/mixed; boundary={boundary}"}, text=body.decode())


def _boundary(name: str) -> str:
    return f"{name}_{secrets.token_hex(16)}"


# -- reading ------------------------------------------------------------------------------------
def _read(request: Request) -> list[tuple[bool, list[Item]]]:
    if request.content_type != "multipart/mixed":
        raise bad("$batch 须为 multipart/mixed 或JSON。", "$batch is multipart/mixed or JSON.")
    boundary = multipart.boundary_of(request.headers.get("content-type", ""))
    grouped: list[tuple[bool, list[Item]]] = []
    for part in multipart.split(request.body, boundary, LIMITS.batch):
        if part.media_type == "multipart/mixed":
            inner = multipart.boundary_of(part.headers["content-type"])
            grouped.append((True, _change_set(part, inner)))
        else:
            grouped.append((False, [_item(part)]))
        if sum(len(items) for _, items in grouped) > LIMITS.batch:
            raise bad(f"一批最多{LIMITS.batch}个请求。", f"A batch holds {LIMITS.batch} requests at most.")
    return grouped


def _change_set(part: multipart.Part, boundary: str) -> list[Item]:
    items = [_item(one) for one in multipart.split(part.body, boundary, LIMITS.batch)]
    return [
        Item(one.method, one.url, id=one.id, fault=_NO_READING) if one.method in ("GET", "HEAD") else one
        for one in items
    ]


def _item(part: multipart.Part) -> Item:
    if part.media_type != _HTTP:
        raise bad(
            f"批量请求的部分应为 {_HTTP}，不是 {part.media_type[:60] or '空'}。",
            f"A part of a batch is {_HTTP}, not {part.media_type[:60] or 'nothing'}.",
        )
    if part.headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise bad("部分须以 binary 传输。", "A part is transferred as binary.")
    id = part.headers.get("content-id")
    try:
        asked = multipart.request_of(part)
    except BadQuery as wrong:
        return Item("", "", id=id, fault=wrong.text)
    id = id or asked.headers.get("content-id")  # some clients put it among the request's own fields
    return Item(asked.method, asked.url, asked.body.strip(), asked.headers, id)


# -- writing ------------------------------------------------------------------------------------
def _parts(
    grouped: Sequence[tuple[bool, Sequence[Item]]], done: Sequence[Answered]
) -> list[tuple[Mapping[str, str], bytes]]:
    out: list[tuple[Mapping[str, str], bytes]] = []
    for (atomic, _), one in zip(grouped, done, strict=False):
        if one.failed is not None:
            out.append(_answer(*one.failed))
        elif atomic:
            boundary = _boundary("changeset")
            inner = [_answer(*pair) for pair in zip(one.items, one.replies, strict=True)]
            head = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
            out.append((head, multipart.joined(inner, boundary)))
        else:
            out += [_answer(*pair) for pair in zip(one.items, one.replies, strict=True)]
    return out


def _answer(item: Item, reply: Reply) -> tuple[Mapping[str, str], bytes]:
    head = {**_PART, **({"Content-ID": str(item.id)} if item.id is not None else {})}
    headers = dict(reply.headers)
    if reply.text is not None:
        body = reply.text.encode()
        headers.setdefault("Content-Type", "text/plain; charset=utf-8")
    elif reply.body is None:
        body = b""
    else:
        body = msgspec.json.encode(reply.body)
        headers.setdefault("Content-Type", _JSON)
    return head, multipart.response(reply.status, _PHRASES.get(reply.status, ""), headers, body)
