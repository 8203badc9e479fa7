"""Pages of demands: the list, one, asking, answering."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.catalogue import actions, forms, queries, showing
from quancheng.capabilities.catalogue.models import Demand
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import Forbidden, InvalidInput
from quancheng.kernel.middleware import new_key


@require_safe
def demands(request: HttpRequest) -> HttpResponse:
    """需求清单."""
    actor = showing.official(request)
    state = request.GET.get("state", "")
    page = pagination.page(queries.demands(actor, state=state), ("-id",), request.GET)
    context = {
        "page": page,
        "states": [("", _("全部")), *Demand.State.choices],
        "state": state,
        "may_ask": access.allowed(actor, "ask", Demand) and bool(showing.own_organs(actor)),
    }
    return render(request, "catalogue/demands.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """提出数据需求."""
    actor = showing.official(request)
    organs = showing.own_organs(actor)
    if not organs:
        raise Forbidden()
    form = forms.DemandForm(request.POST or None, organs=organs)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.ask_demand(request.call(), **form.facts())  # type: ignore[attr-defined]
            messages.success(request, _("需求已提出。"))
            return redirect("catalogue:demand", number=made.number)
        except InvalidInput as refused:
            for name, text in refused.fields.items():
                form.add_error(name if name in form.fields else None, text.pick(forms.language()))
    status = 422 if request.method == "POST" else 200
    return render(request, "catalogue/ask.html", {"form": form, "key": new_key()}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def demand(request: HttpRequest, number: str) -> HttpResponse:
    """一项需求 and its answer."""
    actor = showing.official(request)
    found = queries.demand(actor, number)
    form = forms.AnswerForm(request.POST if request.POST.get("what") == "answer" else None)
    call = request.call()  # type: ignore[attr-defined]
    if request.POST.get("what") == "withdraw":
        actions.withdraw_demand(call, number=number)
        messages.success(request, _("需求已撤回。"))
        return redirect("catalogue:demand", number=number)
    if request.method == "POST" and form.is_valid():
        try:
            actions.answer_demand(call, number=number, **form.cleaned_data)
            messages.success(request, _("已答复。"))
            return redirect("catalogue:demand", number=number)
        except InvalidInput as refused:
            for name, text in refused.fields.items():
                form.add_error(name if name in form.fields else None, text.pick(forms.language()))
    open_still = found.state in {Demand.State.OPEN, Demand.State.ANSWERED}
    context = {
        "one": found,
        "form": form,
        "may_answer": open_still and access.allowed(actor, "answer", found),
        "may_withdraw": open_still and access.allowed(actor, "ask", found),
        "key": new_key(),
    }
    return render(request, "catalogue/demand.html", context, status=422 if request.method == "POST" else 200)


urlpatterns = [
    path("work/catalogue/demands/", demands, name="demands"),
    path("work/catalogue/demands/new/", ask, name="ask"),
    path("work/catalogue/demands/<slug:number>/", demand, name="demand"),
]
