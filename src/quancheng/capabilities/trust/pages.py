"""Pages of licences: the wallet 卡包 and public verification 核验."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from quancheng.capabilities.trust import actions, blobs, checking, desk, holder, queries
from quancheng.capabilities.trust.forms import UploadForm
from quancheng.capabilities.trust.paper import qr_svg
from quancheng.core.text import Text
from quancheng.kernel import pagination, refusals, rulebook
from quancheng.kernel.errors import InvalidInput, NotFound, NotSignedIn


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


@require_http_methods(["GET", "POST"])
@never_cache
def verify(request: HttpRequest, code: str = "") -> HttpResponse:
    """核验: what anybody may know about a code, or about a paper that is uploaded."""
    if request.method == "POST":
        return _uploaded(request)
    code = (code or request.GET.get("code", "")).strip()[:64]
    actor = request.actor  # type: ignore[attr-defined]
    verdict = queries.verify(actor, code) if code else None
    if verdict is not None and verdict.type is not None:
        actions.count_look(request.call(), licence=queries.by_code(actor, code), way="code")  # type: ignore[attr-defined]
    context = {"code": code, "verdict": verdict, "upload": UploadForm()}
    return render(request, "trust/verify.html", context)


def _uploaded(request: HttpRequest) -> HttpResponse:
    form, checked = UploadForm(request.POST, request.FILES), None
    actor = request.actor  # type: ignore[attr-defined]
    if form.is_valid():
        file, most = form.cleaned_data["file"], rulebook.find("trust.upload_megabytes").integer()
        try:
            if file.size > most * 1024 * 1024:
                big = Text(f"文件超过{most} MB。", f"The file is larger than {most} MB.")
                raise InvalidInput(big, fields={"file": big})
            checked = checking.check(actor, file.read())
        except InvalidInput as refused:
            refusals.mark(form, refused)
    if checked is not None and checked.licence is not None:
        actions.count_look(request.call(), licence=checked.licence, way="paper")  # type: ignore[attr-defined]
    context = {"checked": checked, "verdict": checked.verdict if checked else None, "upload": form}
    return render(request, "trust/verify.html", context, status=200 if checked else 422)


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
