"""Pages of operators and counter clerks."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.code import actions, queries
from quancheng.capabilities.code.api import taken
from quancheng.capabilities.code.forms import ScanFilter, SettlementFilter, VerifierFilter, VerifierForm
from quancheng.capabilities.code.models import Verifier
from quancheng.capabilities.code.vocabulary import scene
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel.errors import Forbidden, InvalidInput
from quancheng.kernel.middleware import new_key

OPERATOR, COUNTER = "code.operator", "code.counter"
MOST_UPLOAD = 4_000_000


def _staff(request: HttpRequest, *roles: str) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    people.ensure_official(actor)
    if not actor.role_ids & set(roles):
        raise Forbidden
    return actor


def _language() -> str:
    return get_language() or "zh"


@require_GET
@never_cache
def verifiers(request: HttpRequest) -> HttpResponse:
    """验码点."""
    page = queries.verifiers(_staff(request, OPERATOR), request.GET)
    form = VerifierFilter(request.GET, language=_language())
    rows = [{"row": one, "scene": scene(one.scene).text} for one in page.items]
    return render(request, "code/verifiers.html", {"page": page, "rows": rows, "filter": form})


@require_http_methods(["GET", "POST"])
@never_cache
def new_verifier(request: HttpRequest) -> HttpResponse:
    """登记验码点; its token is shown once, on its page."""
    actor = _staff(request, OPERATOR)
    mine = {pk for grant in actor.grants if grant.role == OPERATOR for pk in grant.departments}
    departments = [(one.pk, one.text.pick(_language())) for one in people.departments() if one.pk in mine]
    bound = request.POST if request.method == "POST" else None
    form = VerifierForm(bound, departments=departments, language=_language())
    status = 200
    if bound is not None:
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                row = actions.register_verifier(
                    request.call(),  # type: ignore[attr-defined]
                    code=data["code"], name=data["name"], kind=data["kind"], scene_code=data["scene"],
                    department_id=int(data["department"]),
                )  # fmt: skip
                return redirect("code:verifier", row.code)
            except (InvalidInput, Forbidden) as wrong:
                form.add_error(None, wrong.detail.pick(_language()))
    return render(request, "code/new_verifier.html", {"form": form, "key": new_key()}, status=status)


@require_GET
@never_cache
def one_verifier(request: HttpRequest, code: str) -> HttpResponse:
    """一个验码点."""
    actor = _staff(request, OPERATOR)
    row = queries.verifier(actor, code)
    return render(
        request,
        "code/verifier.html",
        {"row": row, "scene": scene(row.scene), "uploads": queries.uploads(actor, row), "key": new_key(),
         "token": request.session.pop(f"code.token.{row.pk}", "")},
    )  # fmt: skip


@require_POST
def token(request: HttpRequest, code: str) -> HttpResponse:
    """新令牌."""
    row = queries.verifier(_staff(request, OPERATOR), code)
    made = actions.renew_token(request.call(), verifier=row)  # type: ignore[attr-defined]
    request.session[f"code.token.{row.pk}"] = made
    return redirect("code:verifier", row.code)


@require_POST
def state(request: HttpRequest, code: str) -> HttpResponse:
    """启用或停用."""
    row = queries.verifier(_staff(request, OPERATOR), code)
    active = request.POST.get("active") == "1"
    actions.set_verifier(request.call(), verifier=row, active=active)  # type: ignore[attr-defined]
    messages.success(request, _("已启用。") if active else _("已停用，令牌不再有效。"))
    return redirect("code:verifier", row.code)


@require_GET
@never_cache
def scans(request: HttpRequest) -> HttpResponse:
    """扫码记录, without names."""
    actor = _staff(request, OPERATOR)
    form = ScanFilter(request.GET, language=_language())
    return render(request, "code/scans.html", {"page": queries.scans(actor, request.GET), "filter": form})


@require_GET
@never_cache
def settlements(request: HttpRequest) -> HttpResponse:
    """乘车清分."""
    page = queries.settlements(_staff(request, OPERATOR), request.GET)
    rows = [{"row": one, "scene": scene(one.scene).text} for one in page.items]
    form = SettlementFilter(request.GET, language=_language())
    return render(request, "code/settlements.html", {"page": page, "rows": rows, "filter": form})


@require_GET
@never_cache
def scan(request: HttpRequest) -> HttpResponse:
    """扫码核验: checks offline in the browser; choose the counter first."""
    actor = _staff(request, OPERATOR, COUNTER)
    points = [{"code": one.code, "name": one.name, "scene": one.scene} for one in queries.counters(actor)]
    return render(request, "code/scan.html", {"config": _config(points)})


@require_GET
def scan_shell(request: HttpRequest) -> HttpResponse:
    """The same page for when there is no network: it names nobody."""
    return render(request, "code/scan.html", {"config": _config([]), "offline": True})


def _config(points: list[dict[str, str]]) -> dict[str, Any]:
    return {"bundle": "/code/bundle.json", "upload": "/work/code/upload/", "verifiers": points}


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """窗口上传: {verifier, sent_at, scans}; header Idempotency-Key names the batch."""
    actor = _staff(request, OPERATOR, COUNTER)
    try:
        read = json.loads(request.body) if len(request.body) <= MOST_UPLOAD else None
        gate, sent, rows = str(read["verifier"]), int(read["sent_at"]), list(read["scans"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise InvalidInput(
            Text("上传内容须为 {verifier, sent_at, scans}。", "An upload is {verifier, sent_at, scans}.")
        ) from None
    row = queries.verifier(actor, gate)
    if row.kind != Verifier.Kind.COUNTER:
        raise Forbidden(Text("这里只能为窗口上传。", "Only counters upload here."))
    if not all(isinstance(one, dict) for one in rows):
        raise InvalidInput(Text("scans 的每一条须为对象。", "Each of scans is an object."))
    answer = taken(row, request, sent, rows, request.call())  # type: ignore[attr-defined]
    return JsonResponse({**answer, "received_at": answer["received_at"].isoformat()})


urlpatterns = [
    path("work/code/", verifiers, name="verifiers"),
    path("work/code/new/", new_verifier, name="new_verifier"),
    path("work/code/scans/", scans, name="scans"),
    path("work/code/settlements/", settlements, name="settlements"),
    path("work/code/scan/", scan, name="scan"),
    path("work/code/scan/offline/", scan_shell, name="scan_shell"),
    path("work/code/upload/", upload, name="upload"),
    path("work/code/readers/<slug:code>/", one_verifier, name="verifier"),
    path("work/code/readers/<slug:code>/token/", token, name="token"),
    path("work/code/readers/<slug:code>/state/", state, name="state"),
]
