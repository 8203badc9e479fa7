"""Pages of licences: the wallet 卡包 and public verification 核验."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from quancheng.capabilities.trust import actions, blobs, desk, holder, queries
from quancheng.capabilities.trust.paper import qr_svg
from quancheng.kernel import pagination
from quancheng.kernel.errors import NotFound, NotSignedIn


def _actor(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    return actor


@require_GET
def wallet(request: HttpRequest) -> HttpResponse:
    """卡包."""
    actor = _actor(request)
    page = pagination.page(queries.wallet(actor), queries.ORDER, request.GET)
    return render(request, "trust/wallet.html", {"page": page, "acting_firm": actor.firm_id is not None})


@require_GET
@never_cache
def card(request: HttpRequest, number: str) -> HttpResponse:
    """亮证: the face of one licence with its QR code."""
    found = queries.licence(_actor(request), number)
    reveal = request.GET.get("reveal") == "1"
    rows = queries.card_rows(found, reveal=reveal)
    return render(
        request,
        "trust/card.html",
        {
            "licence": found,
            "rows": rows,
            "reveal": reveal,
            "has_sensitive": any(row["sensitive"] for row in rows),
            "qr": qr_svg(queries.verification_url(found)),
            "url": queries.verification_url(found),
            "good": found.good,
            "has_photo": blobs.digest_like(str(found.items.get("photo", ""))),
        },
    )


@require_GET
def verify(request: HttpRequest, code: str = "") -> HttpResponse:
    """核验: what anybody may know about a code."""
    code = (code or request.GET.get("code", "")).strip()[:64]
    actor = request.actor  # type: ignore[attr-defined]
    verdict = queries.verify(actor, code) if code else None
    if verdict is not None and verdict.type is not None:
        actions.count_look(request.call(), licence=queries.by_code(actor, code), way="code")  # type: ignore[attr-defined]
    return render(request, "trust/verify.html", {"code": code, "verdict": verdict})


@require_GET
@never_cache
def photo(request: HttpRequest, number: str) -> HttpResponse:
    """The portrait on a licence, for its holder only."""
    digest = str(queries.licence(_actor(request), number).items.get("photo", ""))
    if not blobs.digest_like(digest) or not blobs.path_of(digest).is_file():
        raise NotFound()
    content = blobs.path_of(digest).open("rb")
    kind = "image/png" if content.peek(4).startswith(b"\x89PNG") else "image/jpeg"
    return FileResponse(content, content_type=kind)


urlpatterns = [
    *desk.urlpatterns,
    *holder.urlpatterns,
    path("wallet/", wallet, name="wallet"),
    path("wallet/<str:number>/", card, name="card"),
    path("wallet/<str:number>/photo/", photo, name="photo"),
    path("verify/", verify, name="verify"),
    path("verify/<str:code>/", verify, name="verify-code"),
]
