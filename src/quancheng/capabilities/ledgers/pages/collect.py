"""Pages of the field: what is mine to fill, the page that works without a network, photos."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from quancheng.capabilities.ledgers import limits, queries
from quancheng.capabilities.ledgers.models import Row
from quancheng.capabilities.ledgers.pages.common import desk, place


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """台账填报: open ledgers with rows of mine."""
    actor = desk(request)
    found = []
    for one in queries.books_to_fill(actor)[:100]:
        mine = queries.my_rows(actor, one)
        found.append({"book": one, "total": mine.count(), "left": mine.filter(state=Row.State.TODO).count(),
                      "place": place(one.region_code)})  # fmt: skip
    return render(request, "ledgers/collect.html", {"books": found, "config": _config("")})


@require_safe
def book(request: HttpRequest, code: str) -> HttpResponse:
    """One ledger on the phone; what it shows is fetched, kept and sent by its script."""
    actor = desk(request)
    found = queries.book_to_fill(actor, code)
    return render(request, "ledgers/collect_book.html", {"book": found, "config": _config(code)})


@require_safe
def shell(request: HttpRequest) -> HttpResponse:
    """The page the device keeps for when there is no network: nothing personal, the same for everybody."""
    return render(request, "ledgers/offline.html", {"config": _config("")})


def _config(code: str) -> dict[str, Any]:
    return {"code": code, "api": "/api/v1/ledgers/", "home": "/work/ledgers/collect/", "worker": "/sw.js", "login": settings.LOGIN_URL,
            "days": limits.whole("phone_days")}  # fmt: skip


@require_safe
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """A photo of a row, for those who may see the row."""
    found = queries.picture(desk(request), pk)
    response = FileResponse(found.file.open("rb"))
    response["Cache-Control"] = "private, no-store"
    return response  # type: ignore[return-value]
