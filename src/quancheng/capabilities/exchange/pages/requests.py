"""Pages of requests: overview, find, ask, the list, one request with its clock and what can be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.exchange import actions, forms, holdings, queries, wording
from quancheng.capabilities.exchange.forms import say
from quancheng.capabilities.exchange.models import ShareRequest
from quancheng.capabilities.exchange.pages.common import desk, mark, show
from quancheng.capabilities.people import queries as people
from quancheng.core import exchange as core
from quancheng.core.exchange import Deed, Stage
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput
from quancheng.kernel.middleware import new_key

STAGES = [("open", Text("办理中", "Open")), *((str(one), one.text) for one in Stage)]
SIDES = [("asked", Text("我部门申请的", "Asked by us")), ("received", Text("我部门收到的", "Received by us"))]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """数据共享总览."""
    actor = desk(request)
    counts = queries.counts(actor)
    address = reverse("exchange:requests")
    kpis = [
        (
            Text("待我部门答复", "To be answered by us"),
            counts["to_answer"],
            f"{address}?side=received&stage=open",
        ),
        (
            Text("我部门办理中的申请", "Our open requests"),
            counts["asked"],
            f"{address}?side=asked&stage=open",
        ),
        (Text("已超期", "Overdue"), counts["late"], f"{address}?late=1"),
        (
            Text("有效授权", "Grants in force"),
            counts["grants"],
            reverse("exchange:grants") + "?status=running",
        ),
        (
            Text("待答复异议", "Open objections"),
            counts["objections"],
            reverse("exchange:objections") + "?state=open",
        ),
    ]
    to_answer = queries.requests(actor, {"side": "received", "stage": "open"}).order_by("due", "id")[:8]
    asked = queries.requests(actor, {"side": "asked"}).order_by(*queries.NEWEST)[:8]
    context = {
        "kpis": kpis,
        "to_answer": [row_of(one) for one in to_answer],
        "asked": [row_of(one) for one in asked],
        "columns": COLUMNS,
        "officer": queries.OFFICER in actor.role_ids,
    }
    lead = Text(
        "找数据、提申请、按期答复、授权使用，每次使用都有证据。",
        "Find data, ask, answer in the legal time, grant; every use has evidence.",
    )
    return show(request, "home", actor, "home", Text("数据共享", "Data sharing"), context, lead=lead)


COLUMNS = [
    {"key": "number", "label": Text("申请编号", "Request"), "href": "href"},
    {"key": "name", "label": Text("数据", "Data")},
    {"key": "consumer", "label": Text("需求部门", "Consumer")},
    {"key": "provider", "label": Text("提供部门", "Provider")},
    {"key": "stage", "label": Text("环节", "Stage")},
    {"key": "clock", "label": Text("法定期限", "Legal limit")},
]


def row_of(one: ShareRequest) -> dict[str, Any]:
    """A line of a list of requests."""
    name = one.resource_text
    return {
        "number": one.number,
        "href": reverse("exchange:request", args=[one.number]),
        "name": Text(f"{name.zh}（模拟）", f"{name.en or name.zh} (simulated)") if one.simulated else name,
        "consumer": one.consumer.text,
        "provider": one.provider.text,
        "stage": one.stage_text,
        "clock": clock_text(one),
    }


def clock_text(one: ShareRequest) -> Text:
    """The legal limit in one line."""
    shown = queries.clock_of(one)
    if shown is None:
        return Text("—", "—")
    if shown.suspended:
        return Text("等待补充说明，暂停计时", "Waiting for more, the clock rests")
    if shown.late:
        return Text(f"已超期{-shown.remaining}个工作日", f"{-shown.remaining} working days late")
    return Text(
        f"{shown.due:%m月%d日}前，余{shown.remaining}个工作日",
        f"by {shown.due:%d %b}, {shown.remaining} working days left",
    )


@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """共享申请."""
    actor = desk(request)
    offered = {"side": (Text("范围", "Side"), SIDES), "stage": (Text("环节", "Stage"), STAGES),
               "late": (Text("超期", "Overdue"), [("1", Text("只看超期", "Overdue only"))])}  # fmt: skip
    form = forms.FilterForm(request.GET, choices=offered)
    wanted = form.wanted() | {"organ": request.GET.get("organ", "")}
    page = queries.request_page(actor, {**wanted, **_paging(request)})
    context = {
        "form": form, "page": page, "columns": COLUMNS, "rows": [row_of(one) for one in page],
        "none": Text("没有符合条件的申请", "No request fits"),
        "hint": Text("放宽筛选条件，或者到“找数据”提出申请。", "Widen the filters, or find data and ask for it."),
    }  # fmt: skip
    return show(request, "list", actor, "requests", Text("共享申请", "Requests"), context)


def _paging(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in ("cursor", "size") if name in request.GET}


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """找数据: the catalogue, to ask from."""
    actor = desk(request)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    found, following, total = holdings.search(actor, words, request.GET.get("cursor", ""))
    hits = [
        {
            "name": one.text, "provider": one.provider, "share": wording.SHARES[one.share], "text": one.abstract,
            "href": f"{reverse('exchange:ask')}?code={one.code}", "simulated": one.simulated,
            "closed": one.share is core.ShareType.NOT_SHARED, "code": one.code, "table": bool(one.table_id),
        }
        for one in found
    ]  # fmt: skip
    context = {"q": words, "hits": hits, "next": following, "total": total}
    return show(request, "find", actor, "find", Text("找数据", "Find data"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask_page(request: HttpRequest) -> HttpResponse:
    """申请共享: pre-filled from the catalogue."""
    actor = desk(request)
    units = queries.my_departments(actor)
    if not units:
        raise Forbidden(Text("只有各部门的数据共享专员可以申请。", "Only officers of departments may ask."))
    holding = holdings.holding(actor, request.GET.get("code", ""))
    renews = request.GET.get("renews", "")
    form = forms.AskForm(
        request.POST or None, holding=holding, departments=units, initial=_again(actor, renews)
    )
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.ask(
                request.call(),  # type: ignore[attr-defined]
                consumer=form.cleaned_data["consumer"],
                asked=form.asked(renews),
                submit="draft" not in request.POST,
            )
        except (InvalidInput, Conflict) as refused:
            mark(form, refused)
        else:
            messages.success(request, say(_done(row)))
            return redirect("exchange:request", row.number)
    context = {
        "form": form, "holding": holding, "share": wording.SHARES[holding.share], "key": new_key(),
        "facts": [(Text("提供部门", "Provider"), people.department(holding.provider).text), (Text("共享条件", "Condition"), holding.condition or "—"),
                  (Text("说明", "Abstract"), holding.abstract)],
    }  # fmt: skip
    title = Text(f"申请共享：{holding.text.zh}", f"Ask for {holding.text.en or holding.text.zh}")
    return show(request, "ask", actor, "find", title, context, status=422 if form.is_bound else 200)


def _again(actor: Any, number: str) -> dict[str, Any]:
    """What a renewal begins with: the request of the grant."""
    if not number:
        return {}
    before = queries.grant(actor, number).request
    return {
        "consumer": before.consumer.code, "fields_wanted": before.fields, "way": before.way,
        "purpose": before.purpose, "basis_title": before.basis_title, "basis_clause": before.basis_clause,
        "calls_per_day": before.calls_per_day, "contact": before.contact, "rows_note": before.rows_note,
    }  # fmt: skip


def _done(row: ShareRequest) -> Text:
    stage = Stage(row.stage)
    if stage is Stage.DELIVERED:
        return Text("该数据无条件共享，授权已生效。", "Shared without condition: the grant is in force.")
    if stage is Stage.DRAFTED:
        return Text("草稿已保存。", "The draft is kept.")
    return Text("申请已提交，法定期限开始计算。", "The request is on its way and the legal clock runs.")


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, number: str) -> HttpResponse:
    """一件申请: what is asked, where it stands, what can be done."""
    actor = desk(request)
    row = queries.request(actor, number)
    chosen: dict[str, Any] = {}
    if request.method == "POST":
        answer = _act(request, row, chosen)
        if answer is not None:
            return answer
        row = queries.request(actor, number)
    context = _context(actor, row, chosen)
    title = Text(f"申请 {row.number}", f"Request {row.number}")
    return show(request, "request", actor, "requests", title, context, status=422 if chosen else 200)


def _act(request: HttpRequest, row: ShareRequest, chosen: dict[str, Any]) -> HttpResponse | None:
    deed = request.POST.get("deed", "")
    call = request.call()  # type: ignore[attr-defined]
    if deed == Deed.AGREE:
        decide = forms.DecideForm(request.POST, request=row, holding=holdings.trusted(row.resource))
        if decide.is_valid():
            try:
                grant = actions.agree(call, number=row.number, given=decide.given())
            except (InvalidInput, Conflict) as refused:
                mark(decide, refused)
            else:
                messages.success(
                    request, say(Text("已同意共享，授权已生效。", "Agreed: the grant is in force."))
                )
                return redirect("exchange:grant", grant.number)
        chosen["decide"] = decide
        return None
    if deed not in set(actions.SIMPLE):
        raise InvalidInput()
    form = forms.StepForm(request.POST, deed=Deed(deed))
    if form.is_valid():
        facts = {name: value for name, value in form.cleaned_data.items() if value}
        try:
            actions.advance(call, number=row.number, deed=deed, **facts)
        except (InvalidInput, Conflict) as refused:
            mark(form, refused)
        else:
            messages.success(request, say(Text("已办理。", "Done.")))
            return redirect("exchange:request", row.number)
    chosen[deed] = form
    return None


def _context(actor: Any, row: ShareRequest, chosen: dict[str, Any]) -> dict[str, Any]:
    possible = queries.deeds(actor, row)
    holding = holdings.trusted(row.resource)
    may_agree = Deed.AGREE in possible or (
        Deed.ACCEPT in possible and queries.access.allowed(actor, "answer", row)
    ) or (Deed.DELIVER in possible)  # fmt: skip
    steps = [
        {"deed": str(deed), "label": wording.DEEDS[deed], "form": chosen.get(str(deed)) or forms.StepForm(deed=deed, auto_id=f"{deed}_%s"),
         "danger": deed in (Deed.DECLINE, Deed.WITHDRAW, Deed.UPHOLD, Deed.SUSPEND), "open": str(deed) in chosen}
        for deed in possible if deed in actions.SIMPLE
    ]  # fmt: skip
    named = {column.name: column.text for column in holding.columns}
    languages = (" · ".join(named.get(name, Text(name, name)).zh for name in row.fields),
                 " · ".join(named.get(name, Text(name, name)).en or name for name in row.fields))  # fmt: skip
    facts = [
        (Text("数据", "Data"), row.resource_text),
        (Text("共享属性", "Share type"), wording.SHARES[core.ShareType(row.share_type)]),
        (Text("需求部门", "Consumer"), row.consumer.text),
        (Text("提供部门", "Provider"), row.provider.text),
        (Text("字段", "Fields"), Text(*languages)),
        (Text("数据范围", "Rows"), row.rows_note or condition_text(row.condition)),
        (Text("用途", "Purpose"), row.purpose),
        (Text("依据", "Basis"), row.basis),
        (Text("共享方式", "Way"), wording.WAYS[row.way]),
        (Text("使用期限", "Period"), f"{row.starts} — {row.ends}"),
        (Text("每日调用次数", "Calls a day"), str(row.calls_per_day)),
        (Text("联系人", "Contact"), row.contact or "—"),
    ]
    if row.decline_reason:
        facts.append(
            (Text("不予共享理由", "Reason of the no"), f"{row.decline_reason}（{row.decline_basis}）")
        )
    history = [
        {"when": entry.event.on, "title": wording.DEEDS[entry.event.deed], "who": entry.event.by.text,
         "text": "；".join(part for part in (entry.event.reason, entry.event.basis) if part)}
        for entry in reversed(queries.history(row))
    ]  # fmt: skip
    shown = queries.clock_of(row)
    return {
        "row": row, "facts": facts, "history": history, "steps": steps, "clock": shown,
        "clock_text": clock_text(row), "clock_label": wording.LIMITS[shown.limit] if shown else None,
        "kind": wording.KINDS.get(Stage(row.stage), "info"), "key": new_key(),
        "decide": (chosen.get("decide") or forms.DecideForm(request=row, holding=holding)) if may_agree else None,
        "agree_label": wording.DEEDS[Deed.AGREE], "grants": list(queries.grants(actor, {}).filter(request=row)),
    }  # fmt: skip


def condition_text(condition: Any) -> Any:
    """A row condition for people."""
    if condition is None:
        return Text("全部数据", "All rows")
    if condition.get("op") in ("all", "any"):
        word = "，且 " if condition["op"] == "all" else "，或 "
        return word.join(str(condition_text(part)) for part in condition["parts"])
    value = next((value for name, value in condition.items() if name not in ("op", "field", "part")), "")
    shown = "、".join(map(str, value)) if isinstance(value, list) else value
    signs = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "in": "∈", "starts": "^"}
    return f"{condition.get('field', '')} {signs.get(condition['op'], condition['op'])} {shown}"
