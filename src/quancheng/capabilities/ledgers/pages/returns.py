"""Pages of data return: what is given back, one table of one's own area, receipts, the source's declaration."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.ledgers import actions, areas, base, forms, queries
from quancheng.capabilities.ledgers.models import Receipt, Returned
from quancheng.capabilities.ledgers.pages.common import (
    area_choices,
    call_of,
    csv_answer,
    desk,
    mark,
    place,
    said,
)
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import queries as tables
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput, QuanchengError
from quancheng.kernel.middleware import new_key

_ASKED = ("text", "column", "value", "sort", "offset")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """数据返还: tables given back."""
    actor = desk(request)
    page = pagination.page(queries.returned(actor, text=request.GET.get("text", "")), ("-id",), request.GET)
    mine = areas.prefixes(actor)
    lines = [
        {"one": one, "last": queries.receipts(actor, one).filter(region_code__in=mine).first(),
         "info": base.view_of(one)}
        for one in page
    ]  # fmt: skip
    context = {"page": page, "lines": lines, "place": place(mine[0]) if mine else "", "text": request.GET.get("text", ""),
               "may_declare": access.allowed(actor, "declare", Returned)}  # fmt: skip
    return render(request, "ledgers/returns.html", context)


@require_safe
def table(request: HttpRequest, pk: int) -> HttpResponse:
    """One returned table: rows of one's own area with filter, order, paging; every look is recorded."""
    actor = desk(request)
    found = queries.one_returned(actor, pk)
    context: dict[str, Any] = {
        "returned": found, "receipts": [(place(one.region_code), one) for one in queries.receipts(actor, found)[:10]],
        "may_declare": access.allowed(actor, "declare", found), "key": new_key(), "reason": forms.ReasonForm(),
        "schema": base.schema_of(found),
    }  # fmt: skip
    if areas.prefixes(actor) and access.allowed(actor, "read", found):
        context |= _seen(request, actor, found)
    if _sees_all(actor):
        lines = queries.reconciliation(actor, found)
        context["reconciliation"] = lines | {
            "lines": [one | {"place": place(one["code"])} for one in lines["lines"]]
        }
    return render(request, "ledgers/returned.html", context)


def _sees_all(actor: Actor) -> bool:
    return areas.CITY in areas.prefixes(actor)


def _seen(request: HttpRequest, actor: Actor, found: Returned) -> dict[str, Any]:
    asked = {name: request.GET.get(name, "") for name in _ASKED}
    area = request.GET.get("area", "")
    seen = actions.look_at_returned(call_of(request), returned=found.pk, area=area, filters=asked)
    return {
        "seen": seen, "asked": asked | {"area": area}, "place": place(seen["area"]), "purpose": forms.PurposeForm(),
        "areas": area_choices(actor), "may_read": True, "may_take": access.allowed(actor, "take", Receipt),
        "version": base.view_of(found).version,
    }  # fmt: skip


@require_POST
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """导出, for a stated purpose."""
    desk(request)
    form = forms.PurposeForm(request.POST)
    asked = {name: request.POST.get(name, "") for name in _ASKED}
    try:
        text = actions.export_returned(
            call_of(request), returned=pk, purpose=form.data.get("purpose", ""), area=request.POST.get("area", ""),
            filters=asked,
        )  # fmt: skip
    except QuanchengError as refused:
        if refused.status not in (413, 422):
            raise
        first = next(iter(refused.fields.values()), refused.detail)
        messages.error(request, f"{said(first)} {said(refused.todo)}")
        return redirect("ledgers:returned", pk=pk)
    return csv_answer(text, f"returned-{pk}")


@require_POST
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """签收 the newest version for one's own area."""
    desk(request)
    made = actions.take_receipt(call_of(request), returned=pk, area=request.POST.get("area", ""))
    numbers = {"given": made.given, "taken": made.taken, "version": made.version}
    if made.equal:
        messages.success(
            request, _("已签收第%(version)d版：市级下发%(given)d行，本地收到%(taken)d行，一致。") % numbers
        )
    else:
        messages.error(
            request,
            _("第%(version)d版数量不一致：市级下发%(given)d行，本地收到%(taken)d行，已记录。") % numbers,
        )
    return redirect("ledgers:returned", pk=pk)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """停止返还."""
    desk(request)
    try:
        actions.stop_returned(call_of(request), returned=pk, reason=request.POST.get("reason", ""))
        messages.success(request, _("已停止返还。"))
        return redirect("ledgers:returns")
    except (InvalidInput, Conflict) as refused:
        first = next(iter(refused.fields.values()), refused.detail)
        messages.error(request, said(first))
        return redirect("ledgers:returned", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """设定返还 by the source's data officer."""
    actor = desk(request)
    access.require(actor, "declare", Returned)
    offered = [(one.table_id, f"{one.zh}（{one.owner}）") for one in tables.tables(actor)]
    form = forms.ReturnedForm(request.POST or None, tables=offered)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                return _declared(request, actor, form)
        except InvalidInput as refused:
            mark(form, refused, [("fields", "fields_")])
        status = 422
    return render(
        request, "ledgers/declare.html", {"form": form, "key": new_key(), "any": bool(offered)}, status=status
    )


def _declared(request: HttpRequest, actor: Actor, form: forms.ReturnedForm) -> HttpResponse:
    facts = form.cleaned_data
    info = tables.table(actor, facts["table"])
    made = actions.declare_returned(
        call_of(request), table=facts["table"], zh=facts["zh"], en=facts["en"], organ=people.department(info.owner).code,
        region_column=facts["region_column"].strip(), fields=form.field_names(), simulated=info.simulated,
    )  # fmt: skip
    messages.success(request, _("已设定返还，区县和镇街现在能看到本辖区的数据。"))
    return redirect("ledgers:returned", pk=made.pk)
