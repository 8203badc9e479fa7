"""密钥: the list, one key, asking for a change, the second person."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.security import actions, queries
from quancheng.capabilities.security.forms import ChangeForm, KeyFilter
from quancheng.capabilities.security.models import Key
from quancheng.capabilities.security.pages.common import attempt, door
from quancheng.capabilities.security.words import STAYS
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import new_key

TAGS = {
    Key.State.ACTIVE: "ok",
    Key.State.RETIRING: "info",
    Key.State.RETIRED: "warn",
    Key.State.DESTROYED: "",
}


def _overdue(key: Key) -> bool:
    """Whether its next rotation is late."""
    return key.purpose not in STAYS and key.state == Key.State.ACTIVE and key.sign_until <= clock.now()


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """密钥列表, and what waits for a second person."""
    actor = door(request)
    page = queries.keys(actor, request.GET)
    names = queries.purposes()
    context = {
        "filter": KeyFilter(request.GET or None),
        "page": page,
        "rows": [
            {"key": one, "name": names.get(one.purpose), "tag": TAGS[one.state], "overdue": _overdue(one)}
            for one in page
        ],
        "waiting": queries.waiting_changes(actor),
        "names": names,
    }
    return render(request, "security/keys.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def one(request: HttpRequest, kid: str) -> HttpResponse:
    """一把密钥; POST asks for a change."""
    actor = door(request)
    key = queries.key(actor, kid)
    rotates = key.state == Key.State.ACTIVE and key.purpose not in STAYS
    form = ChangeForm(request.POST or None, rotates=rotates)
    if request.method == "POST" and form.is_valid():
        call = request.call()  # type: ignore[attr-defined]
        done = attempt(
            request,
            form,
            lambda: actions.ask_change(call, key_id=key.pk, **form.cleaned_data),
            _("已提交，等待另一位安全管理员复核。"),
        )
        if done:
            return redirect(reverse("security:key", args=[kid]))
    waiting = [row for row in queries.changes_of(actor, key) if row.state == row.State.WAITING]
    context = {
        "key": key,
        "stays": STAYS.get(key.purpose),
        "name": queries.purposes().get(key.purpose),
        "tag": TAGS[key.state],
        "overdue": _overdue(key),
        "form": form,
        "jwk": queries.jwk_text(key),
        "changes": queries.changes_of(actor, key),
        "waiting": waiting[0] if waiting else None,
        "own": bool(waiting) and waiting[0].asked_by == actor.user_id,
        "may_ask": not waiting and key.state != Key.State.DESTROYED,
        "certificates": queries.certificates_of(actor, key),
        "idempotency": new_key(),
    }
    return render(request, "security/key.html", context, status=422 if form.errors else 200)


@require_POST
def decide(request: HttpRequest, change_id: int) -> HttpResponse:
    """复核变更."""
    door(request)
    answer = request.POST.get("agreed", "")
    if answer not in {"0", "1"}:
        raise InvalidInput
    row = actions.decide_change(
        request.call(),  # type: ignore[attr-defined]
        change_id=change_id,
        agreed=answer == "1",
    )
    queries.forget()
    messages.success(request, _("已执行。") if answer == "1" else _("已退回。"))
    return redirect(reverse("security:key", args=[row.key.kid]))


urlpatterns = [
    path("sec/keys/", index, name="keys"),
    path("sec/keys/changes/<int:change_id>/", decide, name="decide"),
    path("sec/keys/<slug:kid>/", one, name="key"),
]
