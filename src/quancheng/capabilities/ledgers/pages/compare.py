"""Pages of comparison: choose two lists, the result by class, tasks and corrections."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.ledgers import actions, areas, forms, limits, queries, sides, spreadsheet
from quancheng.capabilities.ledgers.comparing import Matching, Side
from quancheng.capabilities.ledgers.models import Book, Comparison, State
from quancheng.capabilities.ledgers.pages.common import call_of, csv_answer, department_of, desk, mark, said
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from quancheng.kernel.middleware import new_key

_SEPARATORS = re.compile(r"[、,，;；\n\r|]+")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """比对: my comparisons."""
    actor = desk(request)
    page = pagination.page(queries.comparisons(actor), ("-id",), request.GET)
    context = {"page": page, "may_make": access.allowed(actor, "make", Comparison),
               "days": limits.whole("comparison_days")}  # fmt: skip
    return render(request, "ledgers/comparisons.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """选两份清单比对."""
    actor = desk(request)
    access.require(actor, "make", Comparison)
    form = forms.SidesForm(request.POST or None, request.FILES or None, lists=_lists(actor))
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                made = _compared(request, actor, form)
                return redirect("ledgers:comparison", pk=made.pk)
        except (InvalidInput, TooLarge, NotFound) as refused:
            mark(form, refused, [("key", "left_key")])
        status = 422
    return render(request, "ledgers/compare.html", {"form": form, "key": new_key()}, status=status)


def _lists(actor: Actor) -> list[tuple[str, str]]:
    books = queries.books(actor).exclude(state__in=[State.DRAFT, State.PROPOSED]).order_by("-id")[:100]
    found = [(f"book:{one.pk}", _("台账：%(name)s") % {"name": said(one.text)}) for one in books]
    if areas.prefixes(actor):
        tables = queries.returned(actor).filter(active=True)
        found += [(f"table:{one.pk}", _("返还数据：%(name)s") % {"name": said(one.text)}) for one in tables]
    return found


def _compared(request: HttpRequest, actor: Actor, form: forms.SidesForm) -> Comparison:
    facts = form.cleaned_data
    left, right = (_side(actor, facts, name) for name in ("left", "right"))
    matching, keys = _matching(facts)
    columns = _columns(facts["columns"], left, right, keys)
    return actions.compare_lists(
        call_of(request), zh=facts["zh"], left=left, right=right, matching=matching, columns=columns
    )


def _side(actor: Actor, facts: dict[str, Any], name: str) -> sides.ListRef:
    kind, _dot, number = facts[name].partition(":")
    if kind == "file":
        upload = facts[f"{name}_file"]
        if not upload:
            raise InvalidInput(fields={f"{name}_file": Text("请选择表格文件。", "Choose a spreadsheet.")})
        try:
            return sides.of_sheet(spreadsheet.read_sheet(upload))
        except InvalidInput as wrong:
            raise InvalidInput(wrong.detail, fields={f"{name}_file": wrong.detail}) from wrong
    pk = int(number) if number.isdecimal() else 0
    return sides.of_book(actor, pk) if kind == "book" else sides.of_table(actor, pk)


def _names(raw: str) -> list[str]:
    return [one.strip() for one in _SEPARATORS.split(raw) if one.strip()]


def _matching(facts: dict[str, Any]) -> tuple[Matching, set[str]]:
    left = _names(facts["left_key"])
    right = _names(facts["right_key"]) or left
    if len(left) != len(right):
        wrong = Text("左右标识字段个数不同。", "The two sides name different numbers of columns.")
        raise InvalidInput(fields={"right_key": wrong})
    pairs = list(zip(left, right, strict=True))
    if facts["mode"] == "key":
        return Matching(key=tuple(pairs)), set(left)
    if len(pairs) != 2:
        raise InvalidInput(
            fields={"left_key": Text("请写姓名和出生日期两个字段。", "Name two columns: name and birth.")}
        )
    return Matching(name=pairs[0], birth=pairs[1], least=limits.share("name_likeness")), set()


def _columns(raw: str, left: sides.ListRef, right: sides.ListRef, keys: set[str]) -> list[tuple[str, str]]:
    same = [(one, one) for one in left.names if one in right.names and one not in keys]
    given = [(a.strip(), b.strip() or a.strip()) for a, _eq, b in (one.partition("=") for one in _names(raw))]
    return list(dict.fromkeys([*same, *given]))


@require_safe
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """比对结果: figures that add up, lines by class."""
    actor = desk(request)
    found = queries.comparison(actor, pk)
    side = request.GET.get("side", "differing")
    side = side if side in {one.value for one in Side} else "differing"
    page = pagination.page(queries.lines(actor, found, side), ("number", "id"), request.GET)
    classes = [
        {"side": one.value, "name": said(sides.side_text(one.value)), "number": _number(found, one)}
        for one in Side
    ]
    pairs = [{"left": a, "right": b} for a, b in found.columns]
    lines = [
        {"line": one, "why": said(sides.why_text(one.why)),
         "cells": [{"name": a, "left": (one.left or {}).get(a, ""), "right": (one.right or {}).get(b, ""),
                    "differs": a in one.cells} for a, b in found.columns]}
        for one in page
    ]  # fmt: skip
    correctable = found.right.get("kind") == "table" and len(found.matching["key"]) == 1
    context = {
        "one": found, "page": page, "lines": lines, "classes": classes, "side": side, "pairs": pairs,
        "task": forms.TaskForm(initial={"kinds": ["differing"]}), "key": new_key(), "correctable": correctable,
        "may_task": access.allowed(actor, "design", Book),
    }  # fmt: skip
    return render(request, "ledgers/comparison.html", context)


def _number(found: Comparison, side: Side) -> int:
    counts = found.counts
    match side:
        case Side.LEFT:
            return int(counts["only_left"])
        case Side.RIGHT:
            return int(counts["only_right"])
        case Side.UNSURE:
            return int(counts["unsure_left"] + counts["unsure_right"])
        case _:
            return int(counts[side.value])


@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """导出比对结果."""
    desk(request)
    text = actions.export_comparison(call_of(request), comparison=pk, side=request.GET.get("side", ""))
    return csv_answer(text, f"compare-{pk}")


@require_POST
def step(request: HttpRequest, pk: str, verb: str) -> HttpResponse:
    """Turn into tasks or corrections, or drop."""
    actor = desk(request)
    number = int(pk)
    try:
        if verb == "drop":
            actions.drop_comparison(call_of(request), comparison=number)
            messages.success(request, _("比对结果已删除。"))
            return redirect("ledgers:comparisons")
        if verb == "correct":
            sent = actions.turn_into_differences(call_of(request), comparison=number)
            messages.success(request, _("已向来源部门申请更正%(number)d处。") % {"number": sent})
            return redirect("ledgers:comparison", pk=number)
        return _task(request, actor, number)
    except (Conflict, InvalidInput, Forbidden) as refused:
        messages.error(request, f"{said(refused.detail)} {said(refused.todo)}")
        return redirect("ledgers:comparison", pk=number)


def _task(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    form = forms.TaskForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请选择哪些行和截止日期。"))
        return redirect("ledgers:comparison", pk=pk)
    found = queries.comparison(actor, pk)
    book = actions.turn_into_book(
        call_of(request), comparison=pk, kinds=form.cleaned_data["kinds"], department=department_of(actor),
        region_code="370100" if found.region_code == areas.CITY else found.region_code,
        due_on=form.cleaned_data["due_on"],
    )  # fmt: skip
    messages.success(request, _("已生成核查台账草稿，请审核后下发。"))
    return redirect("ledgers:book", code=book.code)
