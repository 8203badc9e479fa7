"""Protocols of the chain: C2SP tlog-witness for members, tlog-tiles and checkpoints for anybody."""

from __future__ import annotations

import base64
import re

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.chain import actions, queries
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import InvalidInput, NotFound, TooLarge

MOST = 64 * 1024
_TILE = re.compile(r"(?:x\d{3}/)*\d{3}")
_PLAIN = "text/plain; charset=utf-8"


@csrf_exempt
@require_POST
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """见证: a member asks to have its checkpoint cosigned; its log's signature is the credential."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST:
        raise TooLarge()
    text = request.body.decode("utf-8", "replace")
    answer = actions.judge_checkpoint(Call.system("chain"), text=text)
    kind = "text/x.tlog.size" if answer.status == 409 else _PLAIN
    return HttpResponse(answer.body, status=answer.status, content_type=kind)


@require_GET
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint, with its cosignatures."""
    head = queries.newest_head(request.GET.get("origin", ""))
    answer = HttpResponse(head.note, content_type=_PLAIN)
    answer["Cache-Control"] = "no-cache"
    return answer


@require_GET
def consistency(request: HttpRequest) -> HttpResponse:
    """A consistency proof, one base64 hash a line."""
    try:
        old, new = int(request.GET["old"]), int(request.GET["new"])
    except (KeyError, ValueError):
        raise InvalidInput(Text("须有整数 old 和 new。", "old and new are whole numbers.")) from None
    proof = queries.consistency(request.GET.get("origin", ""), old, new)
    lines = "".join(base64.b64encode(one).decode() + "\n" for one in proof)
    return HttpResponse(lines, content_type=_PLAIN)


@require_GET
def tile(request: HttpRequest, level: int, rest: str) -> HttpResponse:
    """A tile of the shard named by ``?origin=`` (the newest by default)."""
    number, _dot, width = rest.partition(".p/")
    if not _TILE.fullmatch(number) or (width and not width.isdigit()):
        raise NotFound()
    place = int("".join(part.removeprefix("x") for part in number.split("/")))
    data = queries.tile(request.GET.get("origin", ""), level, place, int(width) if width else 256)
    return HttpResponse(data, content_type="application/octet-stream")


@require_GET
def policy(request: HttpRequest) -> HttpResponse:
    """信任策略: keys and quorum, for outside verifiers. Get it once by another way and compare."""
    return JsonResponse(queries.policy_document())


urlpatterns = [
    path("chain/witness/add-checkpoint", add_checkpoint),
    path("chain/checkpoint", checkpoint),
    path("chain/consistency", consistency),
    path("chain/tile/<int:level>/<path:rest>", tile),
    path("chain/policy.json", policy),
]
