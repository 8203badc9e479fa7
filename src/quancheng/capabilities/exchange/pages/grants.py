"""Pages of grants: the list, one grant with its use, console, files, subscription; exchanges and their evidence."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.exchange import actions, batches, forms, queries, wording
from quancheng.capabilities.exchange.forms import say
from quancheng.capabilities.exchange.ledger_models import OUTCOMES
from quancheng.capabilities.exchange.models import BatchFile, Exchange, Grant
from quancheng.capabilities.exchange.pages.common import desk, mark, show
from quancheng.capabilities.exchange.pages.requests import _paging, condition_text
from quancheng.capabilities.exchange.trying import try_call
from quancheng.core import exchange as core
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.errors import NotFound, QuanchengError
from quancheng.kernel.middleware import new_key


@require_safe
def grants(request: HttpRequest) -> HttpResponse:
    """共享授权."""
    actor = desk(request)
    offered = {
        "side": (Text("范围", "Side"), [("held", Text("我部门使用的", "Held by us")), ("given", Text("我部门给出的", "Given by us"))]),
        "status": (Text("状态", "State"), [("running", Text("有效", "In force")), ("ended", Text("已失效", "Ended"))]),
    }  # fmt: skip
    form = forms.FilterForm(request.GET, choices=offered)
    page = queries.grant_page(actor, {**form.wanted(), **_paging(request)})
    columns = [
        {"key": "number", "label": Text("授权编号", "Grant"), "href": "href"},
        {"key": "name", "label": Text("数据", "Data")},
        {"key": "consumer", "label": Text("需求部门", "Consumer")},
        {"key": "provider", "label": Text("提供部门", "Provider")},
        {"key": "status", "label": Text("状态", "State")},
        {"key": "until", "label": Text("截止", "Until")},
    ]
    rows = [
        {"number": one.number, "href": reverse("exchange:grant", args=[one.number]), "name": one.resource_text,
         "consumer": one.consumer.text, "provider": one.provider.text, "status": status_text(one),
         "until": f"{last_day(one):%Y-%m-%d}"}
        for one in page
    ]  # fmt: skip
    context = {
        "form": form, "page": page, "columns": columns, "rows": rows, "none": Text("没有符合条件的授权", "No grant fits"),
        "hint": Text("申请被同意后，授权会列在这里。", "When a request is agreed, its grant is listed here."),
    }  # fmt: skip
    return show(request, "list", actor, "grants", Text("共享授权", "Grants"), context)


def last_day(one: Grant) -> date:
    """The last day a grant may be used."""
    return (one.valid_until - timedelta(microseconds=1)).astimezone(clock.LOCAL).date()


def status_text(one: Grant) -> Text:
    """Whether a grant is in force, dates included."""
    if one.status == core.GrantStatus.ACTIVE and one.valid_until <= clock.now():
        return Text("已到期", "Expired")
    return wording.GRANTS[core.GrantStatus(one.status)]


@require_http_methods(["GET", "HEAD", "POST"])
def grant(request: HttpRequest, number: str) -> HttpResponse:
    """一项授权: terms, use, try a call, files, subscription."""
    actor = desk(request)
    row = queries.grant(actor, number)
    chosen: dict[str, Any] = {}
    if request.method == "POST":
        answer = _act(request, row, chosen)
        if answer is not None:
            return answer
    context = _context(actor, row, chosen)
    title = Text(f"授权 {row.number}", f"Grant {row.number}")
    failed = any(form.errors for form in chosen.values() if hasattr(form, "errors"))
    return show(request, "grant", actor, "grants", title, context, status=422 if failed else 200)


def _act(request: HttpRequest, row: Grant, chosen: dict[str, Any]) -> HttpResponse | None:
    what, call = request.POST.get("what", ""), request.call()  # type: ignore[attr-defined]
    made = {"console": lambda: forms.ConsoleForm(request.POST, grant=row), "file": lambda: forms.FileForm(request.POST),
            "subscribe": lambda: forms.SubscribeForm(request.POST)}  # fmt: skip
    try:
        if what == "pause":
            actions.pause_subscription(call, grant=row.number)
            return redirect("exchange:grant", row.number)
        if what not in made:
            raise NotFound()
        form = made[what]()
        chosen[what] = form
        if not form.is_valid():
            return None
        facts = form.cleaned_data
        if what == "console":
            chosen["answer"] = try_call(call, grant=row.number, **facts)
            return None
        if what == "file":
            actions.order_file(call, grant=row.number, case=facts["case"])
            messages.success(
                request,
                say(Text("已登记，文件生成后可下载。", "Noted; the file can be fetched when it is made.")),
            )
        else:
            actions.subscribe(call, grant=row.number, endpoint=facts["endpoint"])
            messages.success(
                request,
                say(
                    Text(
                        "订阅已建立，先送全部数据，再送变更。",
                        "Subscribed: everything first, then each change.",
                    )
                ),
            )
        return redirect("exchange:grant", row.number)
    except QuanchengError as refused:
        if what not in chosen:
            raise
        mark(chosen[what], refused)
        return None


def _context(actor: Any, row: Grant, chosen: dict[str, Any]) -> dict[str, Any]:
    may_use = access.allowed(actor, "use", row)
    masks = [
        {"name": name, "way": core.Mask(way).text, "search": Text("可检索", "searchable") if name in row.search else Text("—", "—")}
        for name, way in row.fields.items()
    ]  # fmt: skip
    facts = [
        (Text("数据", "Data"), row.resource_text),
        (Text("需求部门", "Consumer"), row.consumer.text),
        (Text("提供部门", "Provider"), row.provider.text),
        (Text("用途", "Purpose"), row.purpose),
        (Text("依据", "Basis"), row.basis),
        (Text("数据范围", "Rows"), condition_text(row.condition)),
        (Text("方式", "Modes"), Text("、".join(wording.MODES[core.Mode(one)].zh for one in row.modes),
                                    ", ".join(wording.MODES[core.Mode(one)].en for one in row.modes))),
        (Text("有效期", "In force"), f"{row.valid_from.astimezone(clock.LOCAL):%Y-%m-%d} — {last_day(row):%Y-%m-%d}"),
        (Text("额度", "Quota"), Text(
            f"每日{row.calls_per_day}次、{row.rows_per_day}条，每次{row.rows_per_call}条，每秒{row.rate_per_second:g}次",
            f"{row.calls_per_day} calls and {row.rows_per_day} rows a day, {row.rows_per_call} rows a call, {row.rate_per_second:g} calls a second")),
    ]  # fmt: skip
    used = queries.usage(actor, row)
    sub = queries.subscription(actor, row)
    chart = {
        "kind": "bar", "x": [f"{day:%m-%d}" for day, _, _ in used], "unit": "",
        "series": [{"name": say(Text("次数", "Calls")), "data": [calls for _, calls, _ in used]},
                   {"name": say(Text("条数", "Rows")), "data": [rows for _, _, rows in used]}],
    }  # fmt: skip
    return {
        "row": row,
        "running": row.status == core.GrantStatus.ACTIVE and row.valid_until > clock.now(),
        "facts": facts, "masks": masks, "status": status_text(row), "chart": chart, "key": new_key(),
        "mask_columns": [{"key": "name", "label": Text("字段", "Field")}, {"key": "way", "label": Text("提供方式", "As shown")},
                         {"key": "search", "label": Text("检索", "Search")}],
        "usage": [{"day": f"{day:%Y-%m-%d}", "calls": calls, "rows": rows} for day, calls, rows in reversed(used) if calls],
        "usage_columns": [{"key": "day", "label": Text("日期", "Day")}, {"key": "calls", "label": Text("次数", "Calls"), "num": True},
                          {"key": "rows", "label": Text("条数", "Rows"), "num": True}],
        "may_use": may_use, "subscription": sub, "waiting": queries.open_parcels(sub) if sub else 0,
        "console": chosen.get("console") or forms.ConsoleForm(grant=row, auto_id="console_%s"),
        "file_form": chosen.get("file") or forms.FileForm(auto_id="file_%s"),
        "subscribe_form": chosen.get("subscribe") or forms.SubscribeForm(auto_id="sub_%s", initial={"endpoint": sub.endpoint if sub else ""}),
        "answer": chosen.get("answer"), "files": queries.files(actor, row) if may_use else [],
        "may_query": may_use and row.allows(core.Mode.QUERY), "may_batch": may_use and row.allows(core.Mode.BATCH),
        "may_subscribe": may_use and row.allows(core.Mode.SUBSCRIPTION),
        "curl": f"POST /exchange/v1/{row.number}",
    }  # fmt: skip


@require_POST
def fetch(request: HttpRequest, pk: int) -> HttpResponse:
    """下载批量文件."""
    actor = desk(request)
    del actor
    row: BatchFile = actions.fetch_file(request.call(), file=pk)  # type: ignore[attr-defined]
    answer = FileResponse(
        batches.place_of(row.name).open("rb"), as_attachment=True, filename=f"{row.grant.number}-{row.pk}.csv"
    )
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
def exchanges(request: HttpRequest) -> HttpResponse:
    """交换记录."""
    actor = desk(request)
    offered = {
        "outcome": (Text("结果", "Outcome"), [(str(one), text) for one, text in OUTCOMES.items()]),
        "mode": (Text("方式", "Mode"), [(str(one), text) for one, text in wording.MODES.items()]),
        "waiting": (Text("时间戳", "Stamp"), [("1", Text("待盖戳", "Waiting"))]),
    }  # fmt: skip
    form = forms.FilterForm(request.GET, choices=offered)
    wanted = {**form.wanted(), "grant": request.GET.get("grant", ""), **_paging(request)}
    page = queries.exchange_page(actor, wanted)
    context = {
        "form": form, "page": page, "columns": EXCHANGE_COLUMNS, "rows": [exchange_row(one) for one in page],
        "none": Text("没有符合条件的交换", "No exchange fits"),
        "hint": Text("每次使用授权都会留下一条记录。", "Each use of a grant leaves one."),
    }  # fmt: skip
    return show(request, "list", actor, "exchanges", Text("交换记录", "Exchanges"), context)


EXCHANGE_COLUMNS = [
    {"key": "at", "label": Text("时间", "Time"), "href": "href"},
    {"key": "name", "label": Text("数据", "Data")},
    {"key": "consumer", "label": Text("需求部门", "Consumer")},
    {"key": "mode", "label": Text("方式", "Mode")},
    {"key": "outcome", "label": Text("结果", "Outcome")},
    {"key": "rows", "label": Text("条数", "Rows"), "num": True},
    {"key": "stamp", "label": Text("时间戳", "Stamp")},
]


def exchange_row(one: Exchange) -> dict[str, Any]:
    """A line of the list of exchanges."""
    return {
        "at": f"{one.at.astimezone(clock.LOCAL):%Y-%m-%d %H:%M:%S}", "href": reverse("exchange:exchange", args=[one.pk]),
        "name": one.grant.resource_text, "consumer": one.consumer.text, "mode": wording.MODES[core.Mode(one.mode)],
        "outcome": one.outcome_text, "rows": one.rows,
        "stamp": Text("待盖戳", "waiting") if one.stamp_id is None else Text("已盖", "stamped"),
    }  # fmt: skip


@require_safe
def exchange(request: HttpRequest, pk: int) -> HttpResponse:
    """一次交换 and its evidence."""
    actor = desk(request)
    row = queries.exchange(actor, pk)
    facts = [
        (Text("请求编号", "Message"), row.message),
        (Text("时间", "Time"), f"{row.at.astimezone(clock.LOCAL):%Y-%m-%d %H:%M:%S}"),
        (Text("数据", "Data"), row.grant.resource_text),
        (Text("需求部门", "Consumer"), row.consumer.text),
        (Text("提供部门", "Provider"), row.provider.text),
        (Text("用途", "Purpose"), row.grant.purpose),
        (Text("依据", "Basis"), row.grant.basis),
        (Text("业务编号", "Case"), row.case or "—"),
        (Text("结果", "Outcome"), row.outcome_text),
        (Text("条数", "Rows"), str(row.rows)),
        (Text("原因", "Reason"), row.reason or "—"),
        (Text("耗时", "Took"), f"{row.milliseconds} ms"),
    ]
    if row.stamp is not None:
        when = f"{row.stamp.time.astimezone(clock.LOCAL):%Y-%m-%d %H:%M:%S}"
        facts.append(
            (
                Text("时间戳", "Stamp"),
                Text(f"第{row.stamp.number}批，{when}", f"batch {row.stamp.number}, {when}"),
            )
        )
    title = Text("交换记录与证据", "An exchange and its evidence")
    return show(
        request,
        "exchange",
        actor,
        "exchanges",
        title,
        {"row": row, "facts": facts, "stamped": row.stamp_id is not None},
    )


@require_safe
def evidence(request: HttpRequest, pk: int, keeper: str) -> HttpResponse:
    """证据文件."""
    actor = desk(request)
    if keeper not in ("consumer", "provider"):
        raise NotFound()
    answer = HttpResponse(queries.evidence(actor, pk, keeper), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="exchange-{pk}-{keeper}.json"'
    answer["Cache-Control"] = "no-store"
    return answer
