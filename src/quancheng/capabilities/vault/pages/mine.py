"""Pages of the person: my data, who asks, grants, uses with receipts, objections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from quancheng.capabilities.vault import actions, forms, queries
from quancheng.capabilities.vault.models import DataRequest
from quancheng.capabilities.vault.pages.common import language, objection_row, person, request_row, tried
from quancheng.capabilities.vault.wording import KINDS, MODES, names_of
from quancheng.core.vault import Kind, Mode, Reason, State
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict
from quancheng.kernel.middleware import new_key


def _tabs(actor: Actor, here: str) -> dict[str, Any]:
    return {"here_tab": here, "waiting": queries.waiting(actor)}


@require_GET
@never_cache
def data(request: HttpRequest) -> HttpResponse:
    """我的数据: what the government holds about me, by department."""
    actor, reveal = person(request), request.GET.get("reveal") == "1"
    found = queries.held(actor, reveal=reveal)
    hidden = any(one for held in found for _item, _value, one in held.rows)
    shown = {"held": found, "reveal": reveal, "hidden": hidden, **_tabs(actor, "data")}
    return render(request, "vault/data.html", shown)


@require_GET
@never_cache
def asked(request: HttpRequest) -> HttpResponse:
    """谁要我的数据: requests and what I answered."""
    actor = person(request)
    page = queries.my_requests(actor, request.GET.dict())
    shown = {
        "page": page, "rows": [request_row(one) for one in page.items],
        "filter": forms.RequestFilter(request.GET, language=language()), "key": new_key(), **_tabs(actor, "requests"),
    }  # fmt: skip
    return render(request, "vault/requests.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def one(request: HttpRequest, number: str) -> HttpResponse:
    """一份请求: who, what for, what; grant some, or refuse."""
    actor = person(request)
    row = queries.my_request(actor, number)
    what = request.POST.get("what", "")
    give = forms.GrantForm(request.POST if what == "grant" else None, row=row, language=language())
    no = forms.RefuseForm(request.POST if what == "refuse" else None)
    if request.method == "POST" and _answered(request, row, give, no):
        return redirect("vault:request", number)
    given = row.live_grant
    shown = {
        **request_row(row), "give": give, "no": no, "key": new_key(), "given": given,
        "given_mode": MODES[Mode(given.mode)] if given else None,
        "given_items": names_of(one for one in row.items if given and one["code"] in given.items),
        "open": row.state is State.ASKED, "live": row.state is State.LIVE,
        "history": [_step(one) for one in queries.timeline(actor, row)],
        "stopped": queries.withdrawal(actor, row) is not None, **_tabs(actor, "requests"),
    }  # fmt: skip
    return render(request, "vault/request.html", shown, status=422 if give.errors or no.errors else 200)


def _answered(request: Any, row: DataRequest, give: forms.GrantForm, no: forms.RefuseForm) -> bool:
    call = request.call()
    if give.is_bound:
        if tried(give, lambda: actions.grant_request(call, request=row, **give.terms())):
            messages.success(request, _("已授权。每次使用都会通知您，随时可以撤回。"))
            return True
    elif no.is_bound and tried(no, lambda: actions.refuse_request(call, request=row, **no.cleaned_data)):
        messages.success(request, _("已拒绝，对方什么也得不到。"))
        return True
    if row.state is State.ASKED:
        return False
    messages.error(
        request, Reason.NOT_OPEN.text.pick(language())
    )  # answered elsewhere meanwhile: no form to mark
    return True


def _step(entry: Any) -> dict[str, Any]:
    colours = {Kind.USED.value: "ok", Kind.WITHDRAWN.value: "bad"}
    return {"when": entry.at, "title": KINDS[Kind(entry.kind)], "kind": colours.get(entry.kind, "")}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """撤回: one tap on the grant, one to confirm."""
    actor = person(request)
    row = queries.my_request(actor, number)
    if request.method == "POST":
        try:
            actions.withdraw_grant(request.call(), request=row)  # type: ignore[attr-defined]
            messages.success(request, _("已撤回：从现在起不能再使用。"))
        except Conflict as refused:
            messages.error(request, refused.detail.pick(language()))
        return redirect("vault:request", number)
    shown = {**request_row(row), "key": new_key(), **_tabs(actor, "requests")}
    return render(request, "vault/withdraw.html", shown)


@require_GET
def withdrawal(request: HttpRequest, number: str) -> HttpResponse:
    """撤回凭证: the city's signature that it was told to stop."""
    actor = person(request)
    found = queries.withdrawal(actor, queries.my_request(actor, number))
    return _file(found or b"", f"{number}-withdrawal.json")


@require_GET
@never_cache
def uses(request: HttpRequest) -> HttpResponse:
    """谁用过: every use, each with its receipt."""
    actor = person(request)
    page = queries.my_uses(actor, request.GET.dict())
    shown = {"page": page, "filter": forms.UseFilter(request.GET), **_tabs(actor, "uses")}
    return render(request, "vault/uses.html", shown)


@require_GET
@never_cache
def use(request: HttpRequest, number: str) -> HttpResponse:
    """一次使用 with what can be downloaded."""
    actor = person(request)
    row = queries.my_use(actor, number)
    shown = {
        "row": row, "who": row.recipient.text, "receipt": queries.receipt_file(row).decode(),
        "countersigned": row.entry.receipt.countersigned_at is not None, **_tabs(actor, "uses"),
    }  # fmt: skip
    return render(request, "vault/use.html", shown)


@require_GET
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """回执: the bytes all three hold."""
    row = queries.my_use(person(request), number)
    return _file(queries.receipt_file(row), f"{number}.json")


@require_GET
def proof(request: HttpRequest, number: str) -> HttpResponse:
    """证明文件: receipt, entries and places in the chain."""
    row = queries.my_use(person(request), number)
    answer = JsonResponse(queries.proof_file(row), json_dumps_params={"ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{number}-proof.json"'
    return answer


def _file(data: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_GET
@never_cache
def objections(request: HttpRequest) -> HttpResponse:
    """我的异议 and what became of them."""
    actor = person(request)
    page = queries.my_objections(actor, request.GET.dict())
    rows = [_with_times(objection_row(one)) for one in page.items]
    shown = {
        "page": page, "rows": rows, "filter": forms.MyObjectionFilter(request.GET, language=language()),
        **_tabs(actor, "objections"),
    }  # fmt: skip
    return render(request, "vault/objections.html", shown)


def _with_times(shown: dict[str, Any]) -> dict[str, Any]:
    for move in shown["moves"]:
        move["when"] = datetime.fromisoformat(move["when"])
        move["text"] = move.pop("said")
    return shown


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def object_to(request: HttpRequest, code: str) -> HttpResponse:
    """对一项数据提出异议."""
    actor = person(request)
    item = queries.item(actor, code)
    form = forms.ObjectForm(request.POST or None)
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]
        if tried(form, lambda: actions.file_objection(call, item=item, **form.cleaned_data)):
            messages.success(request, _("已转给持有数据的部门核实，进展会通知您。"))
            return redirect("vault:objections")
    shown = {"item": item, "form": form, "key": new_key(), **_tabs(actor, "objections")}
    return render(request, "vault/object.html", shown, status=422 if form.errors else 200)
