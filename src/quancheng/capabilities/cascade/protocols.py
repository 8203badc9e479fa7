"""协议地址: ``/cascade/v1/``, what neighbours ask of this node (docs/modules/cascade.md)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade import counting
from quancheng.capabilities.cascade.cascade_client import (
    HEADER,
    MAX_BYTES,
    MAX_PACKED,
    PROTOCOL,
    BadMessage,
    Envelope,
    bound_in,
    cursor_in,
    cursor_out,
    fingerprint,
    packed,
    public_text,
    seal,
    segment_out,
    stream_in,
    unpacked,
    unseal,
)
from quancheng.capabilities.cascade.hearing import hear
from quancheng.capabilities.cascade.models import Neighbour
from quancheng.capabilities.cascade.network import node, own_name, public_der, signer
from quancheng.capabilities.cascade.nonces import Nonces
from quancheng.capabilities.cascade.pulses import hear_pulse, pulse_for
from quancheng.core.cascade import Batch, CascadeError, Segment, dump, homecoming, offer, parse, repair
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, TooLarge, Unavailable

LIMIT = 10_000
JSON_BYTES = 1024 * 1024
_nonces = Nonces()
Answer = tuple[int, bytes]


def _call() -> Call:
    return Call.system("cascade")


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Who this node is: public, for the exchange of keys."""
    mine = signer()
    return JsonResponse(
        {
            "protocol": PROTOCOL,
            "node": own_name(),
            "public_key": public_text(mine),
            "fingerprint": fingerprint(mine.public_der),
        }
    )


def _answered(
    what: str, work: Callable[[Neighbour, bytes], Answer], limit: int
) -> Callable[..., HttpResponse]:
    """A view that checks the signature of the question and signs the answer."""

    @csrf_exempt
    @require_POST
    def view(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or ""
        if not length.isdigit() or int(length) > limit:
            raise TooLarge(
                Text(f"消息须注明长度，且不超过{limit}字节。", f"Say the length; at most {limit} bytes.")
            )
        body = request.read(int(length))
        neighbour, asked = _heard(request, body)
        try:
            status, content = work(neighbour, body)
        except BadMessage as wrong:
            raise InvalidInput(
                Text(f"消息不合协议：{wrong}", f"Not a message of the protocol: {wrong}")
            ) from wrong
        except CascadeError as refused:
            raise Conflict(refused.text, extra={"reason": str(refused.reason)}) from refused
        envelope = Envelope(
            own_name(), neighbour.code, clock.now(), secrets.token_hex(16), request.path, asked.nonce
        )
        answer = HttpResponse(content, status=status, content_type="application/octet-stream")
        for name, value in seal(envelope, content, signer()).items():
            answer[name] = value
        return answer

    view.__name__ = what
    return view


def _heard(request: HttpRequest, body: bytes) -> tuple[Neighbour, Envelope]:
    known = {one.code: one for one in Neighbour.objects.exclude(state=Neighbour.State.WAITING)}
    keys = {code: public_der(one.public_key) for code, one in known.items()}
    try:
        asked = unseal(request.headers.get(HEADER), request.path, body, keys, own_name(), clock.now())
        _nonces.use(asked.sender, asked.nonce, clock.now().timestamp())
    except BadMessage as wrong:
        raise Forbidden(
            Text(f"消息未通过验证：{wrong}", f"The message was not accepted: {wrong}"),
            todo=Text(
                "请核对双方登记的节点代码、公钥和时钟。", "Check the codes, keys and clocks of both nodes."
            ),
        ) from wrong
    neighbour = known[asked.sender]
    if neighbour.state == Neighbour.State.PAUSED:
        raise Unavailable(Text("本方已暂停与该节点的级联。", "This node has paused the exchange with you."))
    return neighbour, asked


def _asked(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as wrong:
        raise BadMessage("the question is not JSON") from wrong
    if not isinstance(found, dict):
        raise BadMessage("the question is not an object")
    return found


def _said(value: Any) -> Answer:
    return 200, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _pulse(neighbour: Neighbour, body: bytes) -> Answer:
    hear_pulse(_call(), neighbour=neighbour, said=_asked(body))
    return _said(pulse_for(neighbour))


def _offer(neighbour: Neighbour, body: bytes) -> Answer:
    asked = _asked(body)
    limit = asked.get("limit")
    limit = min(max(limit, 1), LIMIT) if isinstance(limit, int) else LIMIT
    stream, cursor = stream_in(asked.get("stream")), cursor_in(asked.get("cursor"))
    while True:
        batch = offer(node(), books.BookLedger(), neighbour.code, stream, cursor, limit)
        if batch is None:
            return 204, b""
        raw = dump(batch)
        content = packed(raw)
        if (len(raw) <= MAX_BYTES and len(content) <= MAX_PACKED) or limit == 1:
            return 200, content
        limit = max(1, limit // 4)


def _batch(neighbour: Neighbour, body: bytes) -> Answer:
    batch: Batch = parse(unpacked(body))
    if batch.sender != neighbour.code:
        raise BadMessage("the batch is another node's")
    outcome = hear(_call(), neighbour=neighbour.code, batch=batch, size=len(body))
    reason = f"{outcome.reason or ''} {outcome.detail}".strip()
    return _said({"status": outcome.status, "cursor": cursor_out(outcome.cursor), "reason": reason})


def _counts(neighbour: Neighbour, body: bytes) -> Answer:
    tally = counting.given(neighbour, stream_in(_asked(body).get("stream")))
    return _said(segment_out(Segment(None, None, tally)))


def _split(neighbour: Neighbour, body: bytes) -> Answer:
    asked = _asked(body)
    segments = counting.segments_in(asked.get("segments") or [])
    found = counting.parts(neighbour, stream_in(asked.get("stream")), segments)
    return _said({"segments": [segment_out(one) for one in found]})


def _repair(neighbour: Neighbour, body: bytes) -> Answer:
    asked = _asked(body)
    after, upto = bound_in(asked.get("after")), bound_in(asked.get("upto"))
    batch = repair(node(), books.BookLedger(), neighbour.code, stream_in(asked.get("stream")), after, upto)
    return 200, packed(dump(batch))


def _home(neighbour: Neighbour, body: bytes) -> Answer:
    asked = _asked(body)
    after, stream = bound_in(asked.get("after")), stream_in(asked.get("stream"))
    return 200, packed(dump(homecoming(node(), books.BookLedger(), neighbour.code, stream, after, LIMIT)))


urlpatterns = [
    path("cascade/v1/node", about, name="about"),
    path("cascade/v1/pulse", _answered("pulse", _pulse, JSON_BYTES), name="pulse"),
    path("cascade/v1/offer", _answered("offer", _offer, JSON_BYTES), name="offer"),
    path("cascade/v1/batch", _answered("batch", _batch, MAX_PACKED), name="batch"),
    path("cascade/v1/counts", _answered("counts", _counts, JSON_BYTES), name="counts"),
    path("cascade/v1/split", _answered("split", _split, JSON_BYTES), name="split"),
    path("cascade/v1/repair", _answered("repair", _repair, JSON_BYTES), name="repair"),
    path("cascade/v1/home", _answered("home", _home, JSON_BYTES), name="home"),
]
