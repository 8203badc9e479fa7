"""密钥仪式、备份: starting, taking one's share, gathering; backups and drills."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.security import actions, queries
from quancheng.capabilities.security.forms import CeremonyForm, GatheringForm, ShareForm
from quancheng.capabilities.security.models import Gathering, KeyCeremony
from quancheng.capabilities.security.pages.common import CUSTODIAN, OFFICER, attempt, door
from quancheng.kernel.actor import Actor
from quancheng.kernel.middleware import new_key


@require_safe
@never_cache
def ceremonies(request: HttpRequest) -> HttpResponse:
    """密钥仪式: all for the officer, one's own for a custodian."""
    actor = door(request, OFFICER, CUSTODIAN)
    page = queries.ceremonies(actor, request.GET)
    context = {"page": page, "officer": OFFICER in actor.role_ids, "held": queries.held_roots()}
    return render(request, "security/ceremonies.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """发起仪式; when custodians hold the roots, a gathering of them comes first."""
    actor = door(request)
    held = queries.holding()
    form = CeremonyForm(request.POST or None, holders=queries.custodians(actor))
    if request.method == "POST" and form.is_valid():
        call = request.call()  # type: ignore[attr-defined]
        if held is None:
            done = _("仪式已发起，请各保管人登录领取份额。")
            made = attempt(request, form, lambda: actions.start_ceremony(call, **form.cleaned_data), done)
            target = made.pk if made else None
        else:
            plan = {"ceremony_id": held.pk, "kind": Gathering.Kind.RESPLIT.value, **form.cleaned_data}
            done = _("请现在的保管人先交份额，随后新保管人领取。")
            made = attempt(request, form, lambda: actions.open_gathering(call, **plan), done)
            target = held.pk if made else None
        if target is not None:
            return redirect(reverse("security:ceremony", args=[target]))
    context = {"form": form, "held": held, "idempotency": new_key()}
    return render(request, "security/start.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
def ceremony(request: HttpRequest, pk: int) -> HttpResponse:
    """一次仪式."""
    actor = door(request, OFFICER, CUSTODIAN)
    return render(request, "security/ceremony.html", _ceremony(actor, pk))


def _ceremony(actor: Actor, pk: int, **more: Any) -> dict[str, Any]:
    row = queries.ceremony(actor, pk)
    gatherings = list(row.gatherings.order_by("-opened_at"))
    running = next((one for one in gatherings if one.state == Gathering.State.OPEN), None)
    officer = OFFICER in actor.role_ids
    done = row.state == KeyCeremony.State.DONE
    own = row.slots.filter(user_id=actor.user_id).first()
    return {
        "row": row,
        "slots": row.slots.order_by("index"),
        "own": own,
        "may_take": own is not None and bool(own.sealed) and row.state == KeyCeremony.State.HANDING,
        "gatherings": gatherings,
        "running": running,
        "given": running.given.order_by("at") if running else [],
        "form": ShareForm() if running and own is not None else None,
        "open_form": GatheringForm() if officer and done and not running else None,
        "may_close": officer and running is not None,
        "may_cancel": officer and row.state == KeyCeremony.State.HANDING,
        "idempotency": new_key(),
        **more,
    }


@require_POST
@never_cache
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """领取份额: shown on the answer to this request and never again."""
    actor = door(request, CUSTODIAN)
    slot = queries.own_slot(actor, pk)
    text = actions.take_share(request.call(), slot_id=slot.pk)  # type: ignore[attr-defined]
    return render(request, "security/share.html", {"share": text, "slot": slot, "pk": pk})


@require_POST
@never_cache
def gather(request: HttpRequest, pk: int) -> HttpResponse:
    """发起会合."""
    actor = door(request)
    form = GatheringForm(request.POST)
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid() and attempt(
        request,
        form,
        lambda: actions.open_gathering(call, ceremony_id=pk, **form.cleaned_data),
        _("会合已发起。"),
    ):
        return redirect(reverse("security:ceremony", args=[pk]))
    return render(request, "security/ceremony.html", _ceremony(actor, pk, open_form=form), status=422)


@require_POST
@never_cache
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """交份额."""
    actor = door(request, CUSTODIAN)
    form, running = ShareForm(request.POST), queries.running(actor, pk)
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid() and attempt(
        request,
        form,
        lambda: actions.give_share(call, gathering_id=running.pk, text=form.cleaned_data["share"]),
        _("份额已交。"),
    ):
        return redirect(reverse("security:ceremony", args=[pk]))
    return render(request, "security/ceremony.html", _ceremony(actor, pk, form=form), status=422)


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """结束会合."""
    actor = door(request)
    running = queries.running(actor, pk)
    actions.close_gathering(request.call(), gathering_id=running.pk)  # type: ignore[attr-defined]
    return redirect(reverse("security:ceremony", args=[pk]))


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """取消仪式."""
    door(request)
    actions.cancel_ceremony(request.call(), ceremony_id=pk)  # type: ignore[attr-defined]
    return redirect(reverse("security:ceremony", args=[pk]))


@require_safe
@never_cache
def backups(request: HttpRequest) -> HttpResponse:
    """备份与演练."""
    actor = door(request)
    context = {
        "page": queries.backups(actor, request.GET),
        "drills": queries.drills(actor),
        **queries.overdue(),
    }
    return render(request, "security/backups.html", context)


urlpatterns = [
    path("sec/ceremonies/", ceremonies, name="ceremonies"),
    path("sec/ceremonies/start/", start, name="start"),
    path("sec/ceremonies/<int:pk>/", ceremony, name="ceremony"),
    path("sec/ceremonies/<int:pk>/take/", take, name="take"),
    path("sec/ceremonies/<int:pk>/gather/", gather, name="gather"),
    path("sec/ceremonies/<int:pk>/give/", give, name="give"),
    path("sec/ceremonies/<int:pk>/close/", close, name="close"),
    path("sec/ceremonies/<int:pk>/cancel/", cancel, name="cancel"),
    path("sec/backups/", backups, name="backups"),
]
