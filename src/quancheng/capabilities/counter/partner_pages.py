"""Pages of partner cities: what is exchanged, an offer, an answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from quancheng.capabilities.counter import actions, queries
from quancheng.capabilities.counter.desk import refuse
from quancheng.capabilities.counter.forms import AnswerForm, OfferForm
from quancheng.capabilities.counter.partner_client import TRANSITIONS
from quancheng.capabilities.services import queries as services
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

CIRCLES = {
    "capital": Text("省会经济圈", "Capital economic circle"),
    "yellow-river": Text("黄河流域", "Yellow River basin"),
}
STATES = {
    "offered": Text("已送出，待对方接收", "Offered"),
    "accepted": Text("已接收", "Accepted"),
    "refused": Text("未接收", "Refused"),
    "deciding": Text("办理中", "Being decided"),
    "decided": Text("已办结", "Decided"),
}


@require_GET
@never_cache
def partners(request: HttpRequest) -> HttpResponse:
    """跨域通办."""
    actor = request.call().actor  # type: ignore[attr-defined]
    queries.require_counter(actor)
    page = queries.exchanges(actor, request.GET)
    return render(
        request,
        "counter/partners.html",
        {
            "page": page, "rows": [{"one": one, "state": STATES[one.state]} for one in page.items],
            "partners": [{"one": one, "circle": CIRCLES[one.circle]} for one in queries.partners(actor)],
        },
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@never_cache
def offer(request: HttpRequest, code: str) -> HttpResponse:
    """代收一件跨城申请."""
    actor = request.call().actor  # type: ignore[attr-defined]
    queries.require_counter(actor)
    found = queries.partner(actor, code)
    matters = [one for one in services.desk_matters(actor) if one.code in found.matters]
    form, status = OfferForm(request.POST or None, matters=matters), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                person = queries.identify(actor, data["id_number"], purpose=f"跨域通办：{found.text.zh}")
                made = actions.offer_exchange(
                    request.call(),  # type: ignore[attr-defined]
                    partner=found, matter=data["matter"], person=person, content={"note": data["note"]},
                )  # fmt: skip
            except NotFound:
                form.add_error("id_number", _("人口库中没有这个号码，请核对证件"))
            except (InvalidInput, Conflict) as wrong:
                refuse(form, wrong)
            else:
                messages.success(request, _("已送出，对方答复后会通知您。"))
                return redirect("counter:exchange", reference=made.reference)
    return render(request, "counter/offer.html", {"partner": found, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
@never_cache
def exchange(request: HttpRequest, reference: str) -> HttpResponse:
    """一件跨城办件."""
    actor = request.call().actor  # type: ignore[attr-defined]
    queries.require_counter(actor)
    found = queries.exchange(actor, reference)
    kinds = [] if found.outgoing else list(TRANSITIONS.get(found.state, {}))
    form, status = AnswerForm(request.POST or None, kinds=kinds), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.decide_exchange(request.call(), exchange=found, **form.cleaned_data)  # type: ignore[attr-defined]
            except (InvalidInput, Conflict) as wrong:
                refuse(form, wrong)
            else:
                messages.success(request, _("答复已送出。"))
                return redirect("counter:exchange", reference=reference)
    letters = list(found.letters.order_by("at", "id"))
    return render(
        request,
        "counter/exchange.html",
        {"exchange": found, "state": STATES[found.state], "form": form, "kinds": kinds, "letters": letters},
        status=status,
    )
