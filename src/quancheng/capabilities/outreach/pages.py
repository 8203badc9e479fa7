"""Pages: one's own hints and consents; the officer's themes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.outreach import actions, queries
from quancheng.capabilities.outreach.models import Hint
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, InvalidInput

KINDS = {Hint.State.TOLD: "info", Hint.State.APPLIED: "ok", Hint.State.DECLINED: ""}


class PreviewForm(forms.Form):
    """试算: a condition on a sample."""

    condition = forms.CharField(
        label=gettext_lazy("条件（FEEL）"),
        max_length=2000,
        widget=forms.Textarea({"rows": 5, "spellcheck": "false"}),
    )


@require_http_methods(["GET", "POST"])
@never_cache
def hints(request: HttpRequest) -> HttpResponse:
    """主动提醒: what I was told, and what I agree to be told."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.my_hints(actor, request.GET)
    if request.method == "POST":
        general = request.POST.get("general") == "on"
        actions.set_consents(request.call(), general=general, agreed=request.POST.getlist("theme"))  # type: ignore[attr-defined]
        messages.success(request, _("已保存，今后按您的选择提醒。"))
        return redirect("outreach:hints")
    general, agreed = queries.my_consents(actor)
    return render(
        request,
        "outreach/hints.html",
        {
            "page": page, "general": general,
            "rows": [{"hint": one, "spec": one.theme.spec, "kind": KINDS[Hint.State(one.state)], "reason": Text.of(one.reason)} for one in page.items],
            "themes": [{"one": one, "spec": one.spec, "on": one.code in agreed} for one in queries.offered(actor)],
        },
    )  # fmt: skip


@require_POST
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """不需要."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_person(actor)
    found = queries.my_hint(actor, pk)
    try:
        actions.decline_hint(request.call(), hint=found, stop=request.POST.get("stop") == "1")  # type: ignore[attr-defined]
        messages.success(request, _("好的，不再提醒。"))
    except Conflict as done:
        messages.info(request, done.detail.pick(get_language() or "zh"))
    return redirect("outreach:hints")


@require_GET
@never_cache
def themes(request: HttpRequest) -> HttpResponse:
    """主题库."""
    actor = request.actor  # type: ignore[attr-defined]
    return render(
        request, "outreach/themes.html", {"rows": queries.figures(actor), "least": queries.smallest()}
    )


@require_http_methods(["GET", "POST"])
@never_cache
def theme(request: HttpRequest, code: str) -> HttpResponse:
    """一个主题: its condition, a preview on a sample, publish or pause."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.theme(actor, code)
    form = PreviewForm(request.POST or None, initial={"condition": found.spec.condition})
    result: Any = None
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                count, sample = queries.preview(actor, found, form.cleaned_data["condition"])
                result, status = {"count": count, "sample": sample}, 200
            except InvalidInput as wrong:
                text = (wrong.fields or {}).get("condition", wrong.detail)
                form.add_error("condition", text.pick(get_language() or "zh"))
    figures = next(row for row in queries.figures(actor) if row.theme.pk == found.pk)
    return render(
        request,
        "outreach/theme.html",
        {"theme": found, "spec": found.spec, "form": form, "result": result, "figures": figures, "least": queries.smallest()},
        status=status,
    )  # fmt: skip


@require_POST
def switch(request: HttpRequest, code: str) -> HttpResponse:
    """发布或暂停."""
    found = queries.theme(request.actor, code)  # type: ignore[attr-defined]
    try:
        actions.switch_theme(request.call(), theme=found, active=request.POST.get("active") == "1")  # type: ignore[attr-defined]
        messages.success(request, _("已更新主题。"))
    except Conflict as done:
        messages.info(request, done.detail.pick(get_language() or "zh"))
    return redirect("outreach:theme", code=code)


urlpatterns = [
    path("me/hints/", hints, name="hints"),
    path("me/hints/<int:pk>/decline/", decline, name="decline"),
    path("work/outreach/", themes, name="themes"),
    path("work/outreach/<slug:code>/", theme, name="theme"),
    path("work/outreach/<slug:code>/switch/", switch, name="switch"),
]
