"""Protocols of the chain: C2SP tlog-witness for members, tlog-tiles and checkpoints for anybody."""

from __future__ import annotations

import base64
import re

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.chain import alliance, queries
from quancheng.core.text import Text
from quancheng.core.tlog import TILE_WIDTH, tile_path
from quancheng.kernel.errors import InvalidInput, NotFound, TooLarge

MOST = 64 * 1024
_TILE = re.compile(r"((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_PLAIN = "text/plain; charset=utf-8"


@csrf_exempt
@require_POST
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """见证: a member asks to have its checkpoint cosigned; its log's signature is the credential."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length[:9]) > MOST or len(request.body) > MOST:
        raise TooLarge()
    answer = alliance.answer(request.body.decode("utf-8", "replace"))
    kind = "text/x.tlog.size" if answer.status == 409 and answer.body[:1].isdigit() else _PLAIN
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
    found = _TILE.fullmatch(rest)
    if found is None or level >= 64:
        raise NotFound()
    number, width = int(found[1].replace("x", "").replace("/", "")), int(found[2] or TILE_WIDTH)
    if tile_path(level, number, width) != f"tile/{level}/{rest}":  # each tile has one address
        raise NotFound()
    data = queries.tile(request.GET.get("origin", ""), level, number, width)
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
