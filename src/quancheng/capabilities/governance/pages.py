"""Pages of governance at the desk: the board of rates, the ids behind one, what waits."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.governance import desk as waiting
from quancheng.capabilities.governance import queries
from quancheng.core.catalogue import Rate, RateName
from quancheng.core.tabular import safe_cell
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.middleware import call_of

SHOWN = 500
REASONS = {
    "gained": Text("新完成", "Newly done"),
    "lost": Text("不再完成", "No longer done"),
    "newly_due": Text("新应完成", "Newly due"),
    "no_longer_due": Text("不再应完成", "No longer due"),
}


def _desk(request: HttpRequest) -> Actor:
    return queries.require_desk(call_of(request).actor)


def _cell(found: Rate, organ: str, month: str) -> dict[str, Any]:
    goal = queries.target(found.name)
    met = found.meets(goal) if goal is not None else None
    url = reverse("governance:rate", args=[found.name.value, organ]) + (f"?month={month}" if month else "")
    return {
        "label": found.name.label, "percent": found.percent() if found.due else _("无到期"),
        "unit": "%" if found.due else "", "done": len(found.done), "due": len(found.due),
        "kind": "" if met is None else "ok" if met else "bad", "href": url,
        "target": "" if goal is None else f"{float(goal * 100):g}", "cites": queries.citation(found.name),
    }  # fmt: skip


def _rows(actor: Actor, found: list[Rate], month: str) -> list[dict[str, Any]]:
    """Organs by themselves, those that miss most targets first."""
    by_key = {(one.organ, one.name): one for one in found}
    rows = []
    for organ in queries.organs(actor):
        cells = [_cell(by_key.get((organ.code, name), Rate(name, organ.code, (), ())), organ.code, month)
                 for name in queries.NAMES]  # fmt: skip
        if any(cell["due"] for cell in cells):
            rows.append(
                {"organ": organ, "cells": cells, "missed": sum(cell["kind"] == "bad" for cell in cells)}
            )
    return sorted(rows, key=lambda row: (-row["missed"], row["organ"].path))


def _trend(actor: Actor) -> dict[str, Any] | None:
    months = [one.month for one in queries.months(actor)][:12][::-1]
    if len(months) < 2:
        return None
    read = [queries.rates(actor, month) for month in months]
    series = []
    for name in queries.NAMES:
        values = [queries.summed(one, name).value for one in read]
        series.append({"name": name.label.pick(get_language() or "zh-hans"),
                       "data": [None if value is None else round(float(value) * 100, 1) for value in values]})  # fmt: skip
    return {"kind": "line", "x": months, "series": series, "unit": "%"}


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """治理看板: the plan's rates, live or of a frozen month, and the organs by how many targets they miss."""
    actor = _desk(request)
    month = request.GET.get("month", "")
    found = queries.rates(actor, month)
    context = {
        "kpis": [_cell(queries.summed(found, name), "all", month) for name in queries.NAMES],
        "rows": _rows(actor, found, month), "month": month, "months": queries.months(actor),
        "names": [name.label for name in queries.NAMES], "broken": queries.broken(), "chart": _trend(actor),
    }  # fmt: skip
    return render(request, "governance/board.html", context)


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """导出 the board as CSV that Excel opens in Chinese, safe from formulas."""
    actor = _desk(request)
    month = request.GET.get("month", "")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("机构代码"), _("单位"), _("指标"), _("应完成"), _("已完成"), "%"])
    language = get_language() or "zh-hans"
    for row in _rows(actor, queries.rates(actor, month), month):
        for cell in row["cells"]:
            line = [row["organ"].code, row["organ"].text.pick(language), cell["label"].pick(language)]
            writer.writerow(
                [
                    safe_cell(str(one))
                    for one in (*line, cell["due"], cell["done"], cell["percent"] if cell["due"] else "")
                ]
            )
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="governance-{month or queries.this_month()}.csv"'
    return response


@require_safe
def rate(request: HttpRequest, name: str, organ: str) -> HttpResponse:
    """一项指标: the ids behind it, what is open first; of a frozen month also what moved since."""
    actor = _desk(request)
    month = request.GET.get("month", "")
    found = queries.organ_rate(actor, name, organ, month)
    below = next((one for one in queries.organs(actor) if one.code == organ), None)
    moved = queries.moved(actor, name, organ, month) if month else {}
    context = {
        "rate": _cell(found, organ, month), "organ": below, "month": month,
        "open": _links(actor, found.name, found.open), "done": _links(actor, found.name, found.done),
        "open_count": len(found.open),
        "moved": [(REASONS[key], len(ids), _links(actor, found.name, ids)) for key, ids in moved.items() if ids],
    }  # fmt: skip
    return render(request, "governance/rate.html", context)


def _links(actor: Actor, name: RateName, ids: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each id with the address of its page; duties have none of their own and lead to the list."""
    shown = ids[:SHOWN]
    if name is RateName.COLLECTION:
        known = dict(catalogue.rows(actor).filter(code__in=shown).values_list("code", "entry_id"))
        return [(one, reverse("catalogue:entry", args=[known[one]]) if one in known else "") for one in shown]
    if name is RateName.CATALOGUE:
        return [(one, reverse("catalogue:duties")) for one in shown]
    view = {
        RateName.SHARING: "exchange:request",
        RateName.REPAIR: "quality:issue",
        RateName.DEMAND: "catalogue:demand",
    }
    return [(one, reverse(view[name], args=[one])) for one in shown]


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """数据官工作台: what waits, the nearest deadline first."""
    actor = _desk(request)
    found = waiting.kinds(actor)
    today = clock.today()
    words = {one.id: one.text for one in found}
    rows = [
        {"row": one, "kind": words[one.kind], "late": one.late(today)} for one in waiting.by_deadline(found)
    ]
    return render(request, "governance/desk.html", {"kinds": found, "rows": rows})


app_name = "governance"
urlpatterns = [
    path("work/governance/", board, name="board"),
    path("work/governance/board.csv", export, name="export"),
    path("work/governance/desk/", desk, name="desk"),
    path("work/governance/rates/<slug:name>/<slug:organ>/", rate, name="rate"),
]
