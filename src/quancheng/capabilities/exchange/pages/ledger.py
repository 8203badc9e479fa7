"""Pages of parties and their keys, of the ledger, of objections; and the citizen's page of uses."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.exchange import actions, forms, queries, wording
from quancheng.capabilities.exchange.forms import say
from quancheng.capabilities.exchange.models import Party, PartyKey
from quancheng.capabilities.exchange.pages.common import desk, mark, show
from quancheng.capabilities.exchange.pages.requests import COLUMNS, _paging, row_of
from quancheng.capabilities.people import queries as people
from quancheng.core.exchange import Intake
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import new_key


@require_safe
def parties(request: HttpRequest) -> HttpResponse:
    """交换单位."""
    actor = desk(request)
    form = forms.FilterForm(request.GET, choices={})
    page = pagination.page(queries.parties(actor, form.wanted().get("q", "")), ("code",), request.GET)
    rows = [
        {"code": one.code, "href": reverse("exchange:party", args=[one.code]), "name": one.text}
        for one in page
    ]
    columns = [{"key": "code", "label": Text("单位代码", "Code"), "href": "href"}, {"key": "name", "label": Text("名称", "Name")}]  # fmt: skip
    context = {
        "form": form, "page": page, "rows": rows, "columns": columns, "none": Text("没有符合条件的单位", "No party fits"),
        "hint": Text("部门第一次申请或被申请时自动登记。", "A department is registered when it first asks or is asked."),
    }  # fmt: skip
    return show(request, "list", actor, "parties", Text("单位与密钥", "Parties and keys"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def party(request: HttpRequest, code: str) -> HttpResponse:
    """一个单位的密钥: register, rotate, revoke."""
    actor = desk(request)
    row = queries.party(actor, code)
    form = forms.KeyForm(request.POST if request.POST.get("what") == "register" else None)
    if request.method == "POST" and _keyed(request, row, form):
        return redirect("exchange:party", code)
    may = access.allowed(actor, "manage", row)
    keys = queries.keys(actor, row)
    context = {
        "row": row, "keys": [_key_row(one, may) for one in keys], "form": form, "may": may, "key": new_key(),
        "revoke": forms.RevokeForm(auto_id=False),
    }  # fmt: skip
    title = Text(f"{row.zh}的密钥", f"Keys of {row.en or row.zh}")
    return show(request, "party", actor, "parties", title, context, status=422 if form.errors else 200)


def _keyed(request: HttpRequest, row: Party, form: forms.KeyForm) -> bool:
    """Do what was asked; whether it was done."""
    what, call = request.POST.get("what", ""), request.call()  # type: ignore[attr-defined]
    try:
        if what == "rotate":
            actions.rotate_key(call, party=row.code)
            messages.success(request, say(Text("新密钥已启用。", "The new key signs from now on.")))
            return True
        if what == "revoke":
            actions.revoke_key(
                call, party=row.code, key=request.POST.get("name", ""), reason=request.POST.get("reason", "")
            )
            messages.success(request, say(Text("密钥已撤销。", "The key is revoked.")))
            return True
        if what == "register" and form.is_valid():
            actions.register_key(call, party=row.code, **form.cleaned_data)
            messages.success(request, say(Text("公钥已登记。", "The key is registered.")))
            return True
    except Forbidden:
        raise
    except QuanchengError as refused:
        if what != "register":
            messages.error(request, say(next(iter(refused.fields.values()), refused.detail)))
            return True
        mark(form, refused)
    return False


def _key_row(one: PartyKey, may: bool) -> dict[str, Any]:
    now = clock.now()
    live = one.revoked_at is None and one.valid_from <= now < one.valid_until
    state = (
        Text("有效", "In force")
        if live
        else Text("已撤销", "Revoked")
        if one.revoked_at
        else Text("已失效", "Out of date")
    )
    custody = (
        Text("平台代管", "kept by the platform")
        if one.custody == "platform"
        else Text("自行保管", "kept by the party")
    )
    return {
        "name": one.name, "short": f"{one.name[:16]}…", "algorithm": one.algorithm, "custody": custody, "state": state,
        "kind": "ok" if live else "bad", "until": one.valid_until, "reason": one.revoked_reason,
        "may_revoke": may and live and one.role == PartyKey.Role.MESSAGE,
    }  # fmt: skip


@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """交换台账: the state of evidence, lateness, disputes, circuits. For the bureau."""
    actor = desk(request)
    if queries.BUREAU not in actor.role_ids:
        raise Forbidden()
    state = queries.ledger_state(actor)
    kinds = {Intake.OPEN: "ok", Intake.WARNING: "warn", Intake.STOPPED: "bad"}
    rate = queries.rate()
    late = queries.requests(actor, {"late": "1", "stage": "open"}).order_by("due", "id")[:20]
    disputes = queries.requests(actor, {"stage": "arbitrated"}).order_by("due", "id")[:20]
    context = {
        "state": state, "kind": kinds[state.acceptance.intake], "percent": round(state.acceptance.load * 100),
        "kpis": [
            (Text("共享率", "Shared in time"), rate.percent(), "%"), (Text("应办申请", "Requests due"), len(rate.due), ""),
            (Text("今日交换", "Exchanges today"), state.today, ""), (Text("待盖时间戳", "Waiting for a stamp"), state.pending, ""),
            (Text("最长等待", "Oldest waits"), state.oldest_seconds, Text("秒", "s")),
        ],
        "late": [row_of(one) for one in late], "disputes": [row_of(one) for one in disputes], "columns": COLUMNS,
        "stamps": [
            {"number": one.number, "at": f"{one.time.astimezone(clock.LOCAL):%Y-%m-%d %H:%M:%S}", "size": one.size // 2,
             "root": f"{bytes(one.root).hex()[:24]}…"} for one in state.stamps
        ],
        "stamp_columns": [
            {"key": "number", "label": Text("批次", "Batch"), "num": True}, {"key": "at", "label": Text("时间", "Time")},
            {"key": "size", "label": Text("交换数", "Exchanges"), "num": True}, {"key": "root", "label": Text("根", "Root")},
        ],
        "circuits": [
            {"resource": one.resource, "party": one.party.text, "circuit": _circuit_text(one.circuit), "url": one.url}
            for one in queries.backends(actor)
        ],
        "circuit_columns": [
            {"key": "resource", "label": Text("数据资源", "Resource")}, {"key": "party", "label": Text("提供部门", "Provider")},
            {"key": "circuit", "label": Text("状态", "State")}, {"key": "url", "label": Text("地址", "Address")},
        ],
    }  # fmt: skip
    return show(request, "ledger", actor, "ledger", Text("交换台账", "Exchange ledger"), context)


def _circuit_text(kept: dict[str, Any]) -> Text:
    from quancheng.core.exchange import Circuit

    return Circuit(kept.get("circuit", "closed")).text


@require_http_methods(["GET", "HEAD", "POST"])
def objections(request: HttpRequest) -> HttpResponse:
    """数据使用异议: those of people, to be answered by the provider."""
    actor = desk(request)
    failed: tuple[int, forms.TextForm] | None = None
    if request.method == "POST":
        pk = int(request.POST.get("objection", "0") or 0)
        form = forms.TextForm(request.POST, name="answer", label=_ANSWER, auto_id=f"answer_{pk}_%s")
        if form.is_valid():
            try:
                actions.answer_objection(request.call(), objection=pk, answer=form.cleaned_data["answer"])  # type: ignore[attr-defined]
                messages.success(
                    request, say(Text("已答复，当事人将收到通知。", "Answered; the person is told."))
                )
                return redirect("exchange:objections")
            except (NotFound, Forbidden):
                raise
            except QuanchengError as refused:
                mark(form, refused)
        failed = (pk, form)
    choices = {
        "state": (
            Text("状态", "State"),
            [("open", Text("待答复", "Open")), ("answered", Text("已答复", "Answered"))],
        )
    }
    filters = forms.FilterForm(request.GET, choices=choices)
    page = queries.objections(actor, {**filters.wanted(), **_paging(request)})
    rows = [
        {"row": one, "grant": one.use.exchange.grant, "open": one.state == "open",
         "form": _answer_form(actor, one, failed)}
        for one in page
    ]  # fmt: skip
    context = {"form": filters, "page": page, "rows": rows, "key": new_key()}
    title = Text("数据使用异议", "Objections to uses of data")
    return show(request, "objections", actor, "objections", title, context, status=422 if failed else 200)


_ANSWER = Text("答复", "Answer")


def _answer_form(actor: Any, one: Any, failed: tuple[int, forms.TextForm] | None) -> forms.TextForm | None:
    if one.state != "open" or not access.allowed(actor, "answer", one):
        return None
    if failed is not None and failed[0] == one.pk:
        return failed[1]
    return forms.TextForm(name="answer", label=_ANSWER, auto_id=f"answer_{one.pk}_%s")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def uses(request: HttpRequest) -> HttpResponse:
    """谁用过我的数据: every exchange that held a row about me, and a way to object."""
    actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    failed: tuple[int, forms.TextForm] | None = None
    if request.method == "POST":
        pk = int(request.POST.get("use", "0") or 0)
        form = forms.TextForm(request.POST, name="text", label=_OBJECT, auto_id=f"object_{pk}_%s")
        if form.is_valid():
            try:
                actions.object_to_use(request.call(), use=pk, text=form.cleaned_data["text"])  # type: ignore[attr-defined]
                messages.success(
                    request,
                    say(
                        Text(
                            "异议已提交，提供部门将核实答复。",
                            "Sent: the provider will look into it and answer.",
                        )
                    ),
                )
                return redirect("exchange:uses")
            except (NotFound, Forbidden):
                raise
            except QuanchengError as refused:
                mark(form, refused)
        failed = (pk, form)
    page = queries.uses_of_me(
        actor, {name: request.GET[name] for name in ("cursor", "size") if name in request.GET}
    )
    context = {
        "page": page, "key": new_key(), "verified": actor.person_id is not None, "looks": people.uses_of_me(actor),
        "rows": [_use_row(one, failed) for one in page],
    }  # fmt: skip
    return render(request, "exchange/uses.html", context, status=422 if failed else 200)


_OBJECT = Text("异议内容", "What you object to")


def _use_row(one: Any, failed: tuple[int, forms.TextForm] | None) -> dict[str, Any]:
    grant = one.exchange.grant
    objection = getattr(one, "objection", None)
    form = forms.TextForm(name="text", label=_OBJECT, auto_id=f"object_{one.pk}_%s")
    shown = [name for name, way in grant.fields.items() if way != "hide"]
    return {
        "use": one, "objection": objection, "form": failed[1] if failed and failed[0] == one.pk else form,
        "open": bool(failed and failed[0] == one.pk),
        "facts": [
            (Text("谁", "Who"), one.exchange.consumer.text), (Text("从哪里取得", "From"), one.exchange.provider.text),
            (Text("用途", "Purpose"), grant.purpose), (Text("依据", "Basis"), grant.basis),
            (Text("数据", "Data"), grant.resource_text), (Text("字段", "Fields"), "、".join(shown)),
            (Text("方式", "Mode"), wording.MODES[next(mode for mode in wording.MODES if str(mode) == one.exchange.mode)]),
            (Text("业务编号", "Case"), one.exchange.case or "—"),
        ],
    }  # fmt: skip
