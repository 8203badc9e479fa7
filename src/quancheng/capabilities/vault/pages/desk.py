"""Pages of officers: objections to their facts, requests of their departments, the register of recipients."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from quancheng.capabilities.vault import actions, forms, queries
from quancheng.capabilities.vault.models import Recipient
from quancheng.capabilities.vault.pages.common import desk, language, objection_row, request_row, tried
from quancheng.core.vault.objection import ObjectionState
from quancheng.kernel import access
from quancheng.kernel.errors import Conflict, Forbidden
from quancheng.kernel.middleware import new_key

_KINDS = {
    Recipient.Standing.PROPOSED.value: "warn",
    Recipient.Standing.ACTIVE.value: "ok",
    Recipient.Standing.SUSPENDED.value: "bad",
}


@require_GET
@never_cache
def objections(request: HttpRequest) -> HttpResponse:
    """待办异议."""
    actor = desk(request)
    page = queries.objections(actor, request.GET.dict())
    shown = {
        "page": page, "rows": [objection_row(one) for one in page.items], "here_tab": "objections",
        "filter": forms.ObjectionFilter(request.GET, language=language()),
    }  # fmt: skip
    return render(request, "vault/desk_objections.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """一件异议: accept, reject, repair."""
    actor = desk(request)
    row = queries.objection(actor, number)
    steps = _steps(ObjectionState(row.state)) if access.allowed(actor, "answer", row) else {}
    form = forms.AnswerForm(request.POST or None)
    deed = steps.get(request.POST.get("what", ""))
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]
        if deed is None:
            messages.error(request, _("这件异议已被处理，请看最新状态。"))
            return redirect("vault:desk_objection", number)
        if tried(form, lambda: deed(call, objection=row, said=form.cleaned_data["said"])):
            messages.success(request, _("已办理，当事人会收到通知。"))
            return redirect("vault:desk_objection", number)
    seen = objection_row(row)
    for move in seen["moves"]:
        move["when"], move["text"] = datetime.fromisoformat(move["when"]), move.pop("said")
    shown = {**seen, "form": form, "steps": list(steps), "key": new_key(), "here_tab": "objections"}
    return render(request, "vault/desk_objection.html", shown, status=422 if form.errors else 200)


def _steps(state: ObjectionState) -> dict[str, Callable[..., Any]]:
    match state:
        case ObjectionState.FILED:
            return {"accept": actions.accept_objection, "reject": actions.reject_objection}
        case ObjectionState.ACCEPTED:
            return {"repair": actions.repair_objection, "reject": actions.reject_objection}
    return {}


@require_GET
@never_cache
def requests(request: HttpRequest) -> HttpResponse:
    """本部门提出的请求: never a person's name, only how it stands."""
    actor = desk(request)
    page = queries.requests(actor, request.GET.dict())
    shown = {
        "page": page, "rows": [request_row(one) for one in page.items], "here_tab": "requests",
        "filter": forms.RequestFilter(request.GET, language=language()),
    }  # fmt: skip
    return render(request, "vault/desk_requests.html", shown)


@require_GET
@never_cache
def recipients(request: HttpRequest) -> HttpResponse:
    """使用方名录."""
    actor = desk(request)
    page = queries.recipients(actor, request.GET.dict())
    shown = {
        "page": page, "rows": [(one, _KINDS[one.standing]) for one in page.items], "here_tab": "recipients",
        "filter": forms.RecipientFilter(request.GET),
    }  # fmt: skip
    return render(request, "vault/recipients.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new_recipient(request: HttpRequest) -> HttpResponse:
    """登记使用方."""
    desk(request)
    form = forms.RecipientForm(request.POST or None)
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]
        if tried(form, lambda: actions.propose_recipient(call, **_proposal(form.cleaned_data))):
            messages.success(request, _("已登记，请另一位登记人员复核。"))
            return redirect("vault:recipient", form.cleaned_data["code"])
    shown = {"form": form, "key": new_key(), "here_tab": "recipients"}
    return render(request, "vault/new_recipient.html", shown, status=422 if form.errors else 200)


def _proposal(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": data["code"], "name": {"zh": data["zh"], "en": data["en"]}, "kind": data["kind"], "jwk": data["jwk"],
        "callback": data["callback"], "department_id": data["department"],
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def recipient(request: HttpRequest, code: str) -> HttpResponse:
    """一个使用方: approve, suspend, keys."""
    actor = desk(request)
    row = queries.recipient(actor, code)
    form = forms.SuspendForm(request.POST if request.POST.get("what") == "suspend" else None)
    if request.method == "POST" and _moved(request, row, form):
        return redirect("vault:recipient", code)
    shown = {
        "row": row, "kind": _KINDS[row.standing], "form": form, "keys": queries.keys(actor, row), "key": new_key(),
        "may_approve": access.allowed(actor, "approve", row) and row.standing != Recipient.Standing.ACTIVE,
        "may_suspend": access.allowed(actor, "suspend", row) and row.standing != Recipient.Standing.SUSPENDED,
        "own": row.proposed_by == actor.user_id, "here_tab": "recipients",
    }  # fmt: skip
    return render(request, "vault/recipient.html", shown, status=422 if form.errors else 200)


def _moved(request: Any, row: Recipient, form: forms.SuspendForm) -> bool:
    call = request.call()
    if form.is_bound:
        if tried(form, lambda: actions.suspend_recipient(call, recipient=row, **form.cleaned_data)):
            messages.success(request, _("已暂停：从现在起不能再请求和使用。"))
            return True
        return False
    try:
        actions.approve_recipient(call, recipient=row)
        messages.success(request, _("已复核通过。"))
    except (Conflict, Forbidden) as refused:
        messages.error(request, refused.detail.pick(language()))
    return True
