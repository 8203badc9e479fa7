"""Pages of items: inbox, list, filing, progress, decisions, result pack."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.internal import actions, queries, showing
from quancheng.capabilities.internal.forms import (
    DecideForm,
    InboxFilter,
    WithdrawForm,
    form_class,
)
from quancheng.capabilities.internal.models import Dossier, Item
from quancheng.capabilities.internal.spec import ItemSpec
from quancheng.capabilities.internal.values import ItemState
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, QuanchengError
from quancheng.kernel.middleware import new_key


@require_GET
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    """待办: steps that wait for the asker."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.inbox(actor, request.GET)
    codes = [(one.code, one.name.text) for one in queries.all_kinds()]
    filters = InboxFilter(request.GET, codes=codes, states=[("", _("待办")), ("done", _("已办"))])
    return render(
        request,
        "internal/inbox.html",
        {
            "page": page, "filter": filters, "counts": queries.counts(actor),
            "state": request.GET.get("state", ""), "rows": [showing.work_row(one) for one in page.items],
            "may_file": bool(queries.kinds(actor)), "own": queries.my_dossier(actor),
        },
    )  # fmt: skip


@require_GET
@never_cache
def items(request: HttpRequest) -> HttpResponse:
    """全部事项 the asker may see."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.items(actor, request.GET)
    codes = [(one.code, one.name.text) for one in queries.all_kinds()]
    states = [("", _("全部")), ("open", _("在办")), ("over", _("已结束"))]
    states += [(one.value, showing.say(one.text)) for one in ItemState]
    filters = InboxFilter(request.GET, codes=codes, states=states)
    del filters.fields["due"]
    rows = [{"item": one, "kind": showing.state_kind(one.state)} for one in page.items]
    return render(request, "internal/items.html", {"page": page, "filter": filters, "rows": rows})


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """选择事项."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_role(actor, queries.ITEM_ROLES)
    dossier = _dossier(request)
    shown = [one for one in queries.kinds(actor) if _suits(one, dossier)]
    return render(request, "internal/start.html", {"kinds": shown, "dossier": dossier})


def _suits(spec: ItemSpec, dossier: Dossier | None) -> bool:
    if dossier is None:
        return True
    return spec.needs == "active" and (spec.group == "personnel") == (dossier.kind == Dossier.Kind.STAFF)


def _dossier(request: HttpRequest) -> Dossier | None:
    number = request.POST.get("dossier") or request.GET.get("dossier")
    return queries.dossier(request.actor, str(number)) if number else None  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@never_cache
def file(request: HttpRequest, code: str) -> HttpResponse:
    """申报: what the dossier knows is shown, what it does not is asked."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_role(actor, frozenset({"internal.personnel", "internal.enterprise"}))
    spec, dossier = queries.spec_by_code(code), _dossier(request)
    if spec.needs == "active" and dossier is None:
        kind = Dossier.Kind.STAFF if spec.group == "personnel" else Dossier.Kind.ENTERPRISE
        page = queries.dossiers_page(actor, {**request.GET.dict(), "status": "active"})
        rows = [one for one in page.items if one.kind == kind]
        return render(request, "internal/choose.html", {"spec": spec, "page": page, "rows": rows})
    facts, initial = queries.prefilled(spec, dossier)
    start_values = {key: fact["value"] for key, fact in initial.items()}
    form = form_class(spec)(request.POST if request.method == "POST" else None, initial=start_values)
    problem: QuanchengError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.file_item(
                request.call(),  # type: ignore[attr-defined]
                code=code, form=form.values(), dossier=dossier, unit_id=_number(request.POST.get("unit")),
            )  # fmt: skip
        except (InvalidInput, Conflict) as wrong:
            problem = wrong
            _mark(form, wrong)
        else:
            messages.success(request, _("已申报，正在办理。"))
            return redirect("internal:item", number=made.number)
    status = 200 if request.method == "GET" else (problem.status if problem else 422)
    return render(
        request,
        "internal/file.html",
        {
            "spec": spec, "dossier": dossier, "form": form, "problem": problem, "key": new_key(),
            "facts": showing.fact_rows(facts), "sources": showing.source_rows(spec, initial),
            "units": queries.units_of(actor, "internal.personnel") if spec.needs == "none" else [],
            "typed": sum(1 for row in spec.field if row.key not in initial and row.required),
            "legal": queries.legal_retirement(dossier) if dossier and spec.code == "retirement" else None,
        },
        status=status,
    )  # fmt: skip


def _number(raw: str | None) -> int | None:
    return int(raw) if raw and raw.isascii() and raw.isdecimal() and len(raw) < 10 else None


def _mark(form: forms.Form, wrong: QuanchengError) -> None:
    """Put the action's complaints beside the fields."""
    for key, text in wrong.fields.items():
        if key in form.fields:
            form.add_error(key, str(showing.say(text)))


@require_GET
@never_cache
def item(request: HttpRequest, number: str) -> HttpResponse:
    """进度页: every department's step on one page."""
    return _page(request, queries.item(request.actor, number))  # type: ignore[attr-defined]


def _page(
    request: HttpRequest, found: Item, *, form: Any = None, at: int | None = None, problem: Any = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor = request.actor  # type: ignore[attr-defined]
    works = queries.works(found)
    mine = set(queries.my_works(actor).filter(item=found, state="open").values_list("pk", flat=True))
    spec = queries.spec_of(found)
    return render(
        request,
        "internal/item.html",
        {
            "item": found, "spec": spec, "kind": showing.state_kind(found.state),
            "stages": showing.stages(found, works), "stage": showing.stage_of(found, works),
            "approvals": [showing.work_row(one) for one in works if one.kind != "service"],
            "services": [showing.work_row(one) for one in works if one.kind == "service"],
            "todo": [
                {"row": showing.work_row(one), "form": form if at == one.pk else _form(found, spec, one)}
                for one in works if one.pk in mine
            ],
            "facts": showing.fact_rows({k: v for k, v in found.provenance.items() if k in spec.facts}),
            "answers": showing.answer_rows(spec, found), "timeline": showing.timeline(found),
            "notices": list(found.notices.select_related("issuer")), "problem": problem, "key": new_key(),
            "withdraw": WithdrawForm() if showing.may_withdraw(actor, found) else None,
            "late": not found.over and found.due_on < showing.today(),
        },
        status=status,
    )  # fmt: skip


def _form(found: Item, spec: ItemSpec, work: Any, data: Any = None) -> forms.Form:
    prefix = f"w{work.pk}"
    if work.kind != "correct":
        return DecideForm(data, prefix=prefix, refusable=work.kind == "approve")
    if found.decided_at is not None:
        return forms.Form(data, prefix=prefix)
    return form_class(spec)(data, prefix=prefix, initial=found.form)


@require_POST
def decide(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """One step of one department; a second official is told who was first."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.item(actor, number)
    work = next((one for one in queries.works(found) if one.pk == pk), None)
    if work is None:
        raise NotFound()
    form: Any = _form(found, queries.spec_of(found), work, request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, at=pk, status=422)
    answers = form.values() if hasattr(form, "values") else None
    outcome = form.cleaned_data.get("outcome", "agree")
    try:
        actions.decide_work(
            request.call(),  # type: ignore[attr-defined]
            work=work, outcome=outcome, opinion=form.cleaned_data.get("opinion", ""), form=answers,
        )  # fmt: skip
    except (Conflict, InvalidInput) as wrong:
        _mark(form, wrong)
        return _page(
            request, queries.item(actor, number), form=form, at=pk, problem=wrong, status=wrong.status
        )
    messages.success(request, _("已办理。"))
    return redirect("internal:item", number=number)


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """撤回."""
    found = queries.item(request.actor, number)  # type: ignore[attr-defined]
    try:
        actions.withdraw_item(request.call(), item=found, reason=request.POST.get("reason", ""))  # type: ignore[attr-defined]
    except (Conflict, InvalidInput) as wrong:
        return _page(request, found, problem=wrong, status=wrong.status)
    messages.success(request, _("已撤回。"))
    return redirect("internal:item", number=number)


@require_GET
def model(request: HttpRequest, number: str) -> HttpResponse:
    """流程图 of the version this item runs by, as a BPMN file."""
    found = queries.item(request.actor, number)  # type: ignore[attr-defined]
    answer = HttpResponse(found.model.bpmn, content_type="application/xml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.code}-v{found.model.number}.bpmn"'
    return answer


@require_GET
def notice(request: HttpRequest, code: str) -> HttpResponse:
    """结果文书 as PDF."""
    found = queries.notice(request.actor, code)  # type: ignore[attr-defined]
    answer = HttpResponse(queries.notice_bytes(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.item.number}-{found.kind}.pdf"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_GET
@never_cache
def verify(request: HttpRequest) -> HttpResponse:
    """文书验真: anybody with the code on the paper."""
    code = request.GET.get("code", "").replace("\x00", "").strip()
    verdict = queries.verify_notice(request.actor, code) if code else None  # type: ignore[attr-defined]
    kinds = {"genuine": "ok", "tampered": "bad", "unknown": "warn"}
    return render(
        request,
        "internal/verify.html",
        {"code": code, "verdict": verdict, "kind": kinds[verdict["outcome"]] if verdict else "",
         "what": Text("结果文书", "Result notice")},
    )  # fmt: skip
