"""Pages of the custody of paper: the list with its scan field, one bag with its chain and steps."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.counter import actions, custody, queries
from quancheng.capabilities.counter.desk import refuse
from quancheng.capabilities.counter.forms import BagFilter, ExplainForm, StepForm
from quancheng.capabilities.counter.models import Bag, BagEvent
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from quancheng.kernel.middleware import new_key

KINDS = {
    "sealed": "", "transit": "info", "received": "info", "checked": "ok", "archived": "ok", "returning": "info",
    "back": "warn", "returned": "ok",
}  # fmt: skip
_OTHER = {
    "seal": Text("收件封装", "Received and sealed"),
    "explain_hall": Text("窗口说明差异", "The counter explains"),
    "explain_office": Text("部门说明差异", "The office explains"),
}


@require_GET
@never_cache
def bags(request: HttpRequest) -> HttpResponse:
    """材料流转. A scan that names exactly one bag opens it."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.bags(actor, request.GET)
    if request.GET.get("q") and len(page.items) == 1 and not request.GET.get("cursor"):
        return redirect("counter:bag", number=page.items[0].number)
    return render(
        request,
        "counter/bags.html",
        {
            "page": page, "rows": [{"bag": one, "kind": KINDS[one.state], "late": is_late(one)} for one in page.items],
            "filter": BagFilter(request.GET), "counts": queries.bag_counts(actor),
        },
    )  # fmt: skip


def is_late(bag: Bag) -> bool:
    """Past its due time and not over."""
    return bag.due_at is not None and not bag.over and bag.due_at < clock.now()


@require_GET
@never_cache
def bag(request: HttpRequest, number: str) -> HttpResponse:
    """一袋材料."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_custody(actor)
    found = queries.bag(actor, number)
    if found.number != number:
        return redirect("counter:bag", number=found.number)
    return _page(request, found)


def _page(
    request: HttpRequest, found: Bag, *, problem: Any = None, status: int = 200, **given: Any
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    chain = queries.chain(found)
    shown: StepForm | None = given.get("form")
    steps = [
        {
            "step": one,
            "form": shown if shown and shown.prefix == one.verb else StepForm(step=one),
            "open": False,
        }
        for one in queries.steps_of(actor, found)
    ]
    return render(
        request,
        "counter/bag.html",
        {
            "bag": found, "kind": KINDS[found.state], "late": is_late(found), "verdict": queries.verdict(found),
            "timeline": timeline(chain), "chain": chain, "steps": steps, "problem": problem, "key": new_key(),
            "explaining": queries.explaining_side(actor, found), "explain": given.get("explain") or ExplainForm(),
            "wrong": shown,
        },
        status=status,
    )  # fmt: skip


def timeline(chain: list[BagEvent]) -> list[dict[str, Any]]:
    """The chain as the timeline component shows it, newest last."""
    rows = []
    for one in chain:
        step = custody.STEPS.get(one.kind)
        title = step.text if step else _OTHER.get(one.kind, Text(one.kind, one.kind))
        rows.append(
            {
                "when": one.at, "title": title, "text": _told(one), "who": one.signer.rpartition("#")[0],
                "kind": "warn" if one.data.get("differences") else "ok",
            }
        )  # fmt: skip
    return rows


def _told(one: BagEvent) -> Text:
    data = one.data
    zh, en = [f"{one.giver} → {one.taker}"], [f"{one.giver} → {one.taker}"]
    if data.get("waybill"):
        zh.append(f"运单{data['waybill']}")
        en.append(f"waybill {data['waybill']}")
    if "count" in data:
        zh.append(f"{data['count']}份")
        en.append(f"{data['count']} papers")
    for row in data.get("differences") or ():
        zh.append(row["zh"])
        en.append(row["en"])
    for key in ("text", "note"):
        if data.get(key):
            zh.append(str(data[key]))
            en.append(str(data[key]))
    return Text("；".join(zh), "; ".join(en))


@require_POST
def step(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """One hand-over."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_custody(actor)
    found = queries.bag(actor, number)
    if verb not in custody.STEPS:
        raise NotFound()
    form = StepForm(request.POST, step=custody.STEPS[verb])
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        moved = actions.move_bag(request.call(), bag=found, verb=verb, **form.values())  # type: ignore[attr-defined]
    except InvalidInput as wrong:
        refuse(form, wrong)
        return _page(request, found, form=form, status=wrong.status)
    except Conflict as late:
        return _page(request, queries.bag(actor, number), problem=late, status=late.status)
    if moved.problem:
        messages.warning(request, _("已登记。交接有差异，双方都需要说明。"))
    else:
        messages.success(request, _("交接已登记。"))
    return redirect("counter:bag", number=found.number)


@require_POST
def explain(request: HttpRequest, number: str) -> HttpResponse:
    """差异说明."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_custody(actor)
    found = queries.bag(actor, number)
    side = queries.explaining_side(actor, found)
    if side is None:
        raise Forbidden()
    form = ExplainForm(request.POST)
    if not form.is_valid():
        return _page(request, found, explain=form, status=422)
    try:
        actions.explain_problem(request.call(), bag=found, side=side, text=form.cleaned_data["text"])  # type: ignore[attr-defined]
    except Conflict as late:
        return _page(request, queries.bag(actor, number), problem=late, status=late.status)
    messages.success(request, _("说明已登记。"))
    return redirect("counter:bag", number=found.number)
