"""保险箱协议 for recipients' programs; each request carries ``Vault-Signature`` (detached JWS, core.vault.message).

``POST /vault/v1/requests``                  ask a person for data
``GET  /vault/v1/requests/<number>``         where it stands
``POST /vault/v1/requests/<number>/use``     use the grant: facts and signed receipt
``POST /vault/v1/uses/<number>/countersign`` the recipient's signature on the receipt
``GET  /vault/v1/uses/<number>/proof``       proof that it was allowed
``GET  /vault/v1/notices``                   repairs of facts it was given
``GET  /vault/v1/keys``                      public keys for verifiers, unsigned
``GET  /vault/v1/items``                     what can be asked for, unsigned
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.vault import gateway, queries, trusted
from quancheng.core.vault import HEADER
from quancheng.kernel.errors import TooLarge

MOST = 64 * 1024
_META = "HTTP_" + HEADER.upper().replace("-", "_")


def _signed(request: HttpRequest) -> gateway.Signed:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MOST:
        raise TooLarge()
    header = request.META.get(_META, "")
    return gateway.authenticate(header, request.body, method=str(request.method), path=request.path)


def _json(said: Any, status: int = 200) -> HttpResponse:
    answer = JsonResponse(said, status=status, json_dumps_params={"ensure_ascii": False})
    answer["Cache-Control"] = "no-store"
    return answer


def _numbered(deed: Callable[[gateway.Signed, str], Any]) -> Callable[[HttpRequest, str], HttpResponse]:
    def view(request: HttpRequest, number: str) -> HttpResponse:
        return _json(deed(_signed(request), number))

    return view


@csrf_exempt  # nothing is done in a session's name: the signature says who asks
@require_POST
def requests(request: HttpRequest) -> HttpResponse:
    """Ask a person for data: 202, whether such a person exists or not."""
    return _json(gateway.ask(_signed(request)), status=202)


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """Repairs the recipient has to know of."""
    return _json(gateway.notices(_signed(request)))


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """Public keys of city and recipients."""
    return _json(trusted.document())


@require_GET
def items(request: HttpRequest) -> HttpResponse:
    """Items by source."""
    return _json({"items": queries.item_list()})


state = require_GET(_numbered(gateway.state))
use = csrf_exempt(require_POST(_numbered(gateway.use)))
countersign = csrf_exempt(require_POST(_numbered(gateway.countersign)))
proof = require_GET(_numbered(gateway.proof))

urlpatterns = [
    path("vault/v1/requests", requests),
    path("vault/v1/requests/<str:number>", state),
    path("vault/v1/requests/<str:number>/use", use),
    path("vault/v1/uses/<str:number>/countersign", countersign),
    path("vault/v1/uses/<str:number>/proof", proof),
    path("vault/v1/notices", notices),
    path("vault/v1/keys", keys),
    path("vault/v1/items", items),
]
