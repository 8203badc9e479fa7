"""Pages of the chain: supervision for the guard, checking of proofs for anybody."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.chain import actions, queries
from quancheng.capabilities.chain.api import _bytes
from quancheng.capabilities.chain.forms import CheckForm, EntryFilter, MemberForm, SceneFilter
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn
from quancheng.kernel.middleware import new_key

SUPERVISOR = "chain.supervisor"


def _guard(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn
    if SUPERVISOR not in actor.role_ids:
        raise Forbidden
    return actor


def _language() -> str:
    return get_language() or "zh"


@require_GET
@never_cache
def overview(request: HttpRequest) -> HttpResponse:
    """上链监管: scenes, members, forks, heads."""
    actor = _guard(request)
    return render(
        request,
        "chain/overview.html",
        {
            "summary": queries.summary(actor),
            "scenes": queries.scene_rows(actor, request.GET),
            "filter": SceneFilter(request.GET, language=_language()),
            "members": queries.member_rows(actor),
            "evidence": queries.evidence(actor, 5),
        },
    )


@require_GET
@never_cache
def entries(request: HttpRequest) -> HttpResponse:
    """存证记录."""
    actor = _guard(request)
    form = EntryFilter(request.GET, language=_language())
    return render(
        request, "chain/entries.html", {"page": queries.entries(actor, request.GET), "filter": form}
    )


@require_http_methods(["GET", "POST"])
@never_cache
def members(request: HttpRequest) -> HttpResponse:
    """联盟成员: their state, and taking one in."""
    actor = _guard(request)
    form, status = MemberForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                actions.add_member(
                    request.call(),  # type: ignore[attr-defined]
                    name=data["name"], title=Text(data["zh"], data["en"]), url=data["url"],
                    log_key=data["log_key"], witness_key=data["witness_key"], hasher=data["hasher"],
                )  # fmt: skip
                messages.success(request, _("已接纳。下一个检查点起请它见证。"))
                return redirect("chain:members")
            except (InvalidInput, Conflict) as wrong:
                form.add_error(None, wrong.detail.pick(_language()))
    shown = {
        "rows": queries.member_rows(actor),
        "form": form,
        "key": new_key(),
        "heads": queries.heads(actor),
    }
    return render(request, "chain/members.html", shown, status=status)


@require_POST
def member_state(request: HttpRequest, name: str) -> HttpResponse:
    """暂停或恢复."""
    row = queries.member(_guard(request), name)
    active = request.POST.get("active") == "1"
    actions.set_member(request.call(), member=row, active=active)  # type: ignore[attr-defined]
    messages.success(request, _("已恢复参与。") if active else _("已暂停参与。"))
    return redirect("chain:members")


@require_GET
@never_cache
def forks(request: HttpRequest) -> HttpResponse:
    """分叉证据: the two notes, to copy and check elsewhere."""
    return render(request, "chain/forks.html", {"rows": queries.evidence(_guard(request))})


@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """核验存证: anybody checks a proof bundle; what it does not say is said too."""
    form, found, status = CheckForm(request.POST or None), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                found = queries.check(_bytes(form.cleaned_data["bundle"], "bundle"))
                status = 200
            except InvalidInput as wrong:
                form.add_error("bundle", wrong.detail.pick(_language()))
    return render(request, "chain/verify.html", {"form": form, "found": found}, status=status)


urlpatterns = [
    path("sec/chain/", overview, name="overview"),
    path("sec/chain/entries/", entries, name="entries"),
    path("sec/chain/members/", members, name="members"),
    path("sec/chain/members/<slug:name>/state/", member_state, name="member_state"),
    path("sec/chain/forks/", forks, name="forks"),
    path("open/chain/verify/", verify, name="verify"),
]
