"""Pages at the desk: what is open or waits, a proposal, a decision by a second person, withdrawal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.opening import actions, assessing, queries
from quancheng.capabilities.opening.forms import ProposeForm, ReasonForm, WorkForm
from quancheng.capabilities.opening.models import Dataset
from quancheng.capabilities.tables import queries as tables
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotSignedIn
from quancheng.kernel.middleware import call_of, new_key

ROLES = {"opening.publisher", "opening.approver"}


def _desk(request: HttpRequest) -> Actor:
    actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & ROLES:
        raise Forbidden()
    return actor


@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """数据开放: datasets the official proposes or decides, and own tables that could be opened."""
    actor = _desk(request)
    form = WorkForm(request.GET)
    form.is_valid()
    wanted = {name: value for name, value in form.cleaned_data.items() if value}
    page = pagination.page(queries.worked_on(actor, **wanted), ("-proposed_at", "-id"), request.GET)
    context = {
        "form": form,
        "page": page,
        "candidates": _candidates(actor),
        "any": queries.worked_on(actor).exists(),
    }
    return render(request, "opening/work.html", context)


def _candidates(actor: Actor, most: int = 50) -> list[Any]:
    """Tables of the official's departments with an open entry, not opened yet."""
    taken = {
        str(one)
        for one in Dataset.objects.exclude(state__in=["returned", "withdrawn"]).values_list(
            "table_id", flat=True
        )
    }
    organ: Any = Dataset._meta.get_field("organ").related_model
    own = set(access.visible(actor, organ, verb="open_data").values_list("code", flat=True))
    found = []
    for info in tables.tables(actor) if own else ():
        if info.owner not in own or info.table_id in taken or info.name.startswith("open."):
            continue
        try:
            assessing.public_entry_of(info.table_id)
        except InvalidInput:
            continue
        found.append(info)
        if len(found) >= most:
            break
    return found


@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """一个数据集: its columns, what the test found, and what may be done now."""
    actor = _desk(request)
    return _shown(request, actor, queries.working(actor, pk), ReasonForm(), {})


def _shown(
    request: HttpRequest, actor: Actor, found: Dataset, form: ReasonForm, faults: Any, status: int = 200
) -> HttpResponse:
    info = tables.info(found.table_id) if found.state in ("proposed", "published") else None
    columns = [(name, info.schema.column(name) if info else None) for name in found.fields]
    may = {verb: access.allowed(actor, verb, found) for verb in ("decide", "withdraw")}
    own = actor.user_id is not None and actor.user_id == found.proposed_by
    context = {
        "one": found, "columns": columns, "form": form, "key": new_key(), "faults": faults, "own": own,
        "may_decide": may["decide"] and found.state == "proposed",
        "may_withdraw": may["withdraw"] and found.state == "published",
    }  # fmt: skip
    return render(request, "opening/one.html", context, status=status)


@require_POST
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """通过、退回或撤销; what the test found is shown at its place."""
    actor = _desk(request)
    found = queries.working(actor, pk)
    call = call_of(request).with_key(request.POST.get("idempotency_key") or None)
    form = ReasonForm(request.POST)
    if verb != "approve" and not form.is_valid():
        return _shown(request, actor, found, form, {}, 422)
    try:
        if verb == "approve":
            actions.approve_dataset(call, dataset=pk)
            said = _("已开放。")
        elif verb == "return":
            actions.return_dataset(call, dataset=pk, reason=form.cleaned_data["reason"])
            said = _("已退回。")
        else:
            actions.withdraw_dataset(call, dataset=pk, reason=form.cleaned_data["reason"])
            said = _("已撤销开放。")
    except InvalidInput as error:
        return _shown(request, actor, found, ReasonForm(), error.fields, 422)
    messages.success(request, said)
    return redirect("opening:one", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest, table_id: UUID) -> HttpResponse:
    """申请开放: choose columns; the disclosure test answers at once."""
    actor = _desk(request)
    info = tables.table(actor, table_id)
    entry = assessing.public_entry_of(info.table_id)
    able = assessing.openable(entry, info.schema)
    named = [(one.name, one.text.zh) for one in info.schema.columns if one.name in able]
    form = ProposeForm(request.POST if request.method == "POST" else None, columns=named,
                       initial={"fields_": [name for name, _zh in named]})  # fmt: skip
    faults: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        call = call_of(request).with_key(request.POST.get("idempotency_key") or None)
        try:
            made = actions.propose_dataset(
                call,
                table_id=info.table_id,
                fields=form.cleaned_data["fields_"],
                quasi=form.cleaned_data["quasi"],
            )
        except InvalidInput as error:
            faults = error.fields
            for place, text in error.fields.items():
                field = "quasi" if place == "quasi" else "fields_"
                form.add_error(
                    field, f"{place.removeprefix('fields.')}：{text.zh}" if "." in place else text.zh
                )
        else:
            messages.success(request, _("已提交，等待另一人审核。"))
            return redirect("opening:one", pk=made.pk)
    context = {"form": form, "info": info, "entry": entry, "key": new_key()}
    return render(request, "opening/propose.html", context, status=422 if form.is_bound or faults else 200)


urlpatterns = [
    path("work/opening/", work, name="work"),
    path("work/opening/<int:pk>/", one, name="one"),
    path("work/opening/<int:pk>/approve/", decide, {"verb": "approve"}, name="approve"),
    path("work/opening/<int:pk>/return/", decide, {"verb": "return"}, name="return"),
    path("work/opening/<int:pk>/withdraw/", decide, {"verb": "withdraw"}, name="withdraw"),
    path("work/opening/propose/<uuid:table_id>/", propose, name="propose"),
]
