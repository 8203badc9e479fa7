"""规则: written by form, tried, submitted, approved, retired; proposals taken or left."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.quality import actions, engine, forms, queries
from quancheng.capabilities.quality.models import RuleVersion, Sheet
from quancheng.capabilities.quality.pages.common import STATE_TAGS, desk, language, mark, percent
from quancheng.capabilities.quality.rule_forms import KINDS, RuleForm, initial_of
from quancheng.core.quality import Kind
from quancheng.core.tabular import Kind as ColumnKind
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.middleware import call_of, new_key


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, table: UUID) -> HttpResponse:
    """编写规则: first its kind, then the form of that kind."""
    actor = desk(request)
    sheet = queries.sheet(actor, table)
    access.require(actor, "propose", sheet)
    chosen = request.GET.get("kind", "")
    if chosen not in set(Kind):
        kinds = [{"id": str(kind), "label": label} for kind, label in KINDS]
        return render(request, "quality/kinds.html", {"sheet": sheet, "kinds": kinds})
    return _form(request, actor, sheet, Kind(chosen), f"{chosen}-{uuid4().hex[:6]}", {})


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """修改规则: a new version; the one in force works on until the new one does."""
    actor = desk(request)
    rule = queries.rule(actor, pk)
    access.require(actor, "propose", rule.sheet)
    first = initial_of(rule.document) | {"orders": rule.orders}
    return _form(request, actor, rule.sheet, Kind(rule.kind), rule.code, first)


def _form(
    request: HttpRequest, actor: Actor, sheet: Sheet, kind: Kind, code: str, first: dict[str, Any]
) -> HttpResponse:
    schema = engine.info_of(sheet.table_id).schema
    columns = [(each.name, f"{each.zh}（{each.name}）" if each.zh else each.name) for each in schema.columns]
    others = [
        (str(one.table_id), one.zh) for one in queries.sheets(actor).exclude(pk=sheet.pk).order_by("zh")[:200]
    ]
    form = RuleForm(request.POST or None, kind=kind, columns=columns, tables=others, initial=first)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            document = _typed(form.document(code), schema)
            try:
                call, orders = call_of(request), form.cleaned_data["orders"]
                made = actions.draft_rule(call, sheet=sheet, document=document, orders=orders)
                made = actions.try_rule(call.with_key(None), rule=made)
            except InvalidInput as refused:
                status = mark(form, refused, form.place)
            else:
                messages.success(request, _("规则已保存并试运行，尚未生效。"))
                return redirect(made)
    context = {
        "sheet": sheet,
        "form": form,
        "kind": dict(KINDS)[kind],
        "key": new_key(),
        "code": code,
        "columns": columns,
    }
    return render(request, "quality/rule_form.html", context, status=status)


def _typed(document: dict[str, Any], schema: Any) -> dict[str, Any]:
    """Values of a column of whole numbers are whole numbers; what is none is left for the action to name."""
    kinds = {each.name: each.kind for each in schema.columns}
    if document["kind"] == Kind.ALLOWED and kinds.get(document["column"]) is ColumnKind.INTEGER:
        try:
            return document | {"values": [int(value) for value in document["values"]]}
        except ValueError:
            return document
    return document


@require_POST
def propose(request: HttpRequest, table: UUID) -> HttpResponse:
    """建议规则."""
    actor = desk(request)
    sheet = queries.sheet(actor, table)
    made = actions.propose_rules(call_of(request), sheet=sheet)
    if made:
        messages.success(request, _("新增%(made)d条建议，请逐条采纳或放弃。") % {"made": made})
    else:
        messages.info(request, _("没有新的建议。"))
    return redirect(f"{sheet.get_absolute_url()}#proposals")


@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """待审批规则."""
    actor = desk(request)
    rows = [{"rule": rule, "words": queries.words(rule)} for rule in queries.waiting_rules(actor)[:200]]
    return render(request, "quality/waiting.html", {"rows": rows})


@require_safe
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """一条规则: what it asks, its trial, its versions, and what may be done with it."""
    actor = desk(request)
    return render(request, "quality/rule.html", _context(actor, queries.rule(actor, pk), forms.DecideForm()))


def _context(actor: Actor, found: RuleVersion, form: Any) -> dict[str, Any]:
    trial = dict(found.trial)
    if trial.get("applicable"):
        trial["rate"] = percent((trial["applicable"] - trial["failed"]) / trial["applicable"], 2)
    proposes = access.allowed(actor, "propose", found.sheet)
    author = actor.user_id is not None and actor.user_id == found.created_by_id
    return {
        "rule": found, "sheet": found.sheet, "words": queries.words(found), "trial": trial, "tags": STATE_TAGS,
        "fault": Text.of(trial["fault"]) if trial.get("fault") else None,
        "versions": queries.versions(actor, found), "form": form, "own": author,
        "may_propose": proposes, "may_approve": access.allowed(actor, "approve", found) and not author,
        "may_retire": access.allowed(actor, "manage" if found.orders else "propose", found.sheet),
    }  # fmt: skip


@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """试运行, 提交, 审批, 停用, 采纳 or 放弃."""
    actor = desk(request)
    found = queries.rule(actor, pk)
    what = request.POST.get("do", "")
    deed = _DEEDS.get(what)
    if deed is None:
        raise InvalidInput()
    form = forms.DecideForm(request.POST)
    form.is_valid()
    try:
        deed(request, found, form.cleaned_data.get("note", ""))
    except (InvalidInput, Conflict) as refused:
        mark(form, InvalidInput(refused.detail, fields=getattr(refused, "fields", {}) or {}))
        return render(
            request,
            "quality/rule.html",
            _context(actor, queries.rule(actor, pk), form),
            status=refused.status,
        )
    back = request.POST.get("back") == "sheet"
    return redirect(f"{found.sheet.get_absolute_url()}#proposals" if back else found)


def _try(request: HttpRequest, found: RuleVersion, note: str) -> None:
    actions.try_rule(call_of(request), rule=found)
    messages.success(request, _("试运行已完成。"))


def _submit(request: HttpRequest, found: RuleVersion, note: str) -> None:
    done = actions.submit_rule(call_of(request), rule=found)
    active = done.state == RuleVersion.State.ACTIVE
    messages.success(request, _("规则已生效。") if active else _("已提交，由另一人审批。"))


def _approve(request: HttpRequest, found: RuleVersion, note: str) -> None:
    actions.decide_rule(call_of(request), rule=found, approve=True, note=note)
    messages.success(request, _("规则已批准并生效。"))


def _refuse(request: HttpRequest, found: RuleVersion, note: str) -> None:
    actions.decide_rule(call_of(request), rule=found, approve=False, note=note)
    messages.success(request, _("规则已驳回。"))


def _retire(request: HttpRequest, found: RuleVersion, note: str) -> None:
    try:
        actions.retire_rule(call_of(request), rule=found, reason=note)
    except InvalidInput as refused:
        raise InvalidInput(refused.detail, fields={"note": next(iter(refused.fields.values()))}) from refused
    messages.success(request, _("规则已停用。"))


def _take(request: HttpRequest, found: RuleVersion, note: str) -> None:
    orders = request.POST.get("orders") == "yes"
    call = call_of(request)
    made = actions.accept_proposal(call, rule=found, orders=orders)
    made = actions.try_rule(call, rule=made)
    if made.trial.get("fault"):
        messages.warning(request, Text.of(made.trial["fault"]).pick(language()))
        return
    done = actions.submit_rule(call, rule=made)
    active = done.state == RuleVersion.State.ACTIVE
    messages.success(request, _("已采纳并生效。") if active else _("已采纳，由另一人审批。"))


def _leave(request: HttpRequest, found: RuleVersion, note: str) -> None:
    actions.refuse_proposal(call_of(request), rule=found)
    messages.success(request, _("已放弃该建议。"))


_DEEDS: dict[str, Any] = {
    "try": _try, "submit": _submit, "approve": _approve, "refuse": _refuse, "retire": _retire, "take": _take,
    "leave": _leave,
}  # fmt: skip
