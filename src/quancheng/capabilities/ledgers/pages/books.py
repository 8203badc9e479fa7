"""Pages of books: list, one book with its progress, rows, conflicts, burden."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.ledgers import actions, forms, outfitting, queries
from quancheng.capabilities.ledgers.models import Book, Difference, Row, State
from quancheng.capabilities.ledgers.pages.common import call_of, csv_answer, desk, mark, place, said
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, TooLarge
from quancheng.kernel.middleware import new_key

STATE_TAGS = {"draft": "", "proposed": "warn", "open": "info", "closed": "ok", "archived": ""}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """台账: the list."""
    actor = desk(request)
    form = forms.BookFilter(request.GET)
    page = pagination.page(queries.books(actor, **form.wanted()), ("-id",), request.GET)
    rows = [{"book": one, "place": place(one.region_code), "kind": STATE_TAGS[one.state]} for one in page]
    may_design = access.allowed(actor, "design", Book)
    context = {"form": form, "page": page, "rows": rows, "may_design": may_design, "today": clock.today()}
    return render(request, "ledgers/index.html", context)


@require_safe
def book(request: HttpRequest, code: str) -> HttpResponse:
    """一本台账: facts, the second look, progress, answers."""
    return _book_page(request, code)


def _book_page(request: HttpRequest, code: str, chosen: Any = None) -> HttpResponse:
    actor = desk(request)
    found = queries.book(actor, code)
    areas = queries.progress(actor, found)
    started = found.state not in (State.DRAFT, State.PROPOSED)
    figures = {
        "differing": sum(one.differing for one in areas), "absent": sum(one.absent for one in areas),
        "added": sum(one.added for one in areas),
        "waiting": queries.differences(actor, book=code, state=Difference.State.WAITING).count(),
        "conflicts": queries.conflicts(actor, found).count(),
    }  # fmt: skip
    context: dict[str, Any] = {
        "book": found, "kind": STATE_TAGS[found.state], "place": place(found.region_code), "figures": figures,
        "started": started, "progress": [(place(one.code), one) for one in areas], "rights": _rights(actor, found),
        "charts": _charts(queries.answers(actor, found)) if started else [], "share": _share(areas),
        "decision": chosen or forms.DecisionForm(), "key": new_key(), "sheet": forms.SheetForm(),
        "assign": _assign_form(found) if started else None, "held": found.held,
    }  # fmt: skip
    return render(request, "ledgers/book.html", context, status=422 if chosen is not None else 200)


def _rights(actor: Actor, found: Book) -> dict[str, bool]:
    run = access.allowed(actor, "run", found)
    own = found.created_by is not None and found.created_by == actor.user_id
    approve = found.state == State.PROPOSED and access.allowed(actor, "approve", found)
    return {
        "design": found.state == State.DRAFT and access.allowed(actor, "design", found),
        "approve": approve and not own, "own": approve and own, "run": run and found.state == State.OPEN,
        "send": run and access.allowed(actor, "send", Difference) and found.state in (State.OPEN, State.CLOSED),
        "archive": run and found.state == State.CLOSED,
        "next": run and found.state in (State.CLOSED, State.ARCHIVED) and found.period != "once"
        and not found.following.exists(),
        "fill": found.state == State.OPEN and access.allowed(actor, "fill", Row),
    }  # fmt: skip


def _share(areas: list[queries.Progress]) -> int:
    total = sum(one.total for one in areas)
    return round(100 * sum(one.done for one in areas) / total) if total else 0


def _charts(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": one["name"], "answers": one["answers"], "id": f"answers-{at}",
         "chart": {"kind": "bar", "x": [word for word, _n in one["answers"]], "unit": "",
                   "series": [{"name": one["name"], "data": [number for _w, number in one["answers"]]}]}}
        for at, one in enumerate(answers)
    ]  # fmt: skip


def _assign_form(found: Book, data: Any = None) -> forms.AssignForm:
    regions = [(code, place(code)) for code in _communities(found)]
    known = outfitting.workers(found.region_code)
    system = Actor.system("ledgers")
    users = people.officials(system, outfitting.WORKER).filter(pk__in=set(known.values()))
    return forms.AssignForm(data, regions=regions, users=[(str(one.pk), str(one)) for one in users])


def _communities(found: Book) -> list[str]:
    return sorted(set(Row.objects.filter(book=found).order_by().values_list("region_code", flat=True)))


@require_POST
def step(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """One deed on a book: propose, decide, remind, close, archive, next, send, assign."""
    actor = desk(request)
    found = queries.book(actor, code)
    form = forms.DecisionForm(request.POST)
    form.is_valid()
    try:
        after = _DEEDS[verb](request, found, form)
    except (InvalidInput, Forbidden, Conflict, TooLarge) as refused:
        if verb == "decide" and isinstance(refused, InvalidInput):
            mark(form, refused)
            return _book_page(request, code, form)
        messages.error(request, f"{said(refused.detail)} {said(refused.todo)}")
        after = found
    return redirect("ledgers:book", code=after.code)


def _propose(request: HttpRequest, found: Book, form: Any) -> Book:
    call = call_of(request)
    actions.check_book(call.with_key(None), book=found.pk)
    actions.propose_book(call, book=found.pk)
    messages.success(request, _("已提请审核，由另一人审核后下发。"))
    return found


def _decide(request: HttpRequest, found: Book, form: Any) -> Book:
    approve = request.POST.get("what") == "approve"
    actions.decide_book(
        call_of(request), book=found.pk, approve=approve, note=form.cleaned_data.get("note", "")
    )
    messages.success(request, _("台账已下发，填报人已收到消息。") if approve else _("台账已退回修改。"))
    return found


def _remind(request: HttpRequest, found: Book, form: Any) -> Book:
    told = actions.remind_book(call_of(request), book=found.pk)
    messages.success(request, _("已提醒%(number)d人（每人每天一次）。") % {"number": told})
    return found


def _close(request: HttpRequest, found: Book, form: Any) -> Book:
    return actions.close_book(call_of(request), book=found.pk, note=form.cleaned_data.get("note", ""))


def _archive(request: HttpRequest, found: Book, form: Any) -> Book:
    return actions.archive_book(call_of(request), book=found.pk)


def _next(request: HttpRequest, found: Book, form: Any) -> Book:
    return actions.next_round(call_of(request), book=found.pk)


def _send(request: HttpRequest, found: Book, form: Any) -> Book:
    counts = actions.send_differences(call_of(request), book=found.pk)
    organs = "、".join(f"{said(people.department(code).text)} {number}" for code, number in counts.items())
    messages.success(request, _("差异已上报：%(organs)s。") % {"organs": organs})
    return found


def _assign(request: HttpRequest, found: Book, form: Any) -> Book:
    chosen = _assign_form(found, request.POST)
    if not chosen.is_valid():
        raise InvalidInput(Text("请选择社区和填报人。", "Choose a community and a field worker."))
    facts = chosen.cleaned_data
    done = actions.assign_rows(
        call_of(request), book=found.pk, user=int(facts["user"]), region=facts["region"]
    )
    messages.success(request, _("已分派%(number)d行。") % {"number": done})
    return found


_DEEDS = {
    "propose": _propose, "decide": _decide, "remind": _remind, "close": _close, "archive": _archive, "next": _next,
    "send": _send, "assign": _assign,
}  # fmt: skip


# -- rows ---------------------------------------------------------------------------------------
@require_safe
def rows(request: HttpRequest, code: str) -> HttpResponse:
    """台账行: filter and page."""
    actor = desk(request)
    found = queries.book(actor, code)
    form = forms.RowFilter(request.GET, regions=[(one, place(one)) for one in _communities(found)])
    page = pagination.page(queries.rows(actor, found, **form.wanted()), ("number", "id"), request.GET)
    shown = list(found.design)[:6]
    lines = [
        {"row": one, "place": place(one.region_code), "cells": [_cell(one, column) for column in shown]}
        for one in page
    ]
    context = {"book": found, "form": form, "page": page, "lines": lines, "columns": shown,
               "more": len(found.design) - len(shown)}  # fmt: skip
    return render(request, "ledgers/rows.html", context)


def _cell(row: Row, column: Any) -> dict[str, Any]:
    text = row.cells.get(column.name, "")
    changed = column.prefilled and bool(row.base_key) and text != row.base.get(column.name, "")
    return {"name": column.name, "text": text, "changed": changed, "base": row.base.get(column.name, "")}


@require_http_methods(["GET", "HEAD", "POST"])
def row(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """一行: its cells beside what the city knows, history, photos; filled here at the desk too."""
    actor = desk(request)
    found = queries.book(actor, code)
    wanted = queries.row(actor, found, number)
    form = forms.cell_form(found.design, wanted.cells, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            return _saved(request, found, wanted, form)
        except InvalidInput as refused:
            mark(form, refused, [(one.name, f"cell-{at}") for at, one in enumerate(found.design)])
            status = 422
    fill = found.state == State.OPEN and access.allowed(actor, "fill", wanted)
    fields = [
        {"field": form[f"cell-{at}"], **_cell(wanted, one), "column": one}
        for at, one in enumerate(found.design)
    ]
    context = {
        "book": found, "row": wanted, "form": form, "fields": fields, "place": place(wanted.region_code),
        "history": queries.history(actor, wanted)[:20], "pictures": queries.pictures(actor, wanted), "may_fill": fill,
        "differences": queries.differences(actor).filter(row=wanted).order_by("-id"), "key": new_key(),
    }  # fmt: skip
    return render(request, "ledgers/row.html", context, status=status)


def _saved(request: HttpRequest, found: Book, wanted: Row, form: Any) -> HttpResponse:
    cells = {one.name: form.cleaned_data[f"cell-{at}"] for at, one in enumerate(found.design)}
    revision = request.POST.get("revision", "")
    sent = actions.save_row(
        call_of(request), row=wanted.pk, base_revision=int(revision) if revision.isdecimal() else 0, cells=cells,
        standing=request.POST.get("standing", ""), note=request.POST.get("note", ""),
    )  # fmt: skip
    if sent["outcome"] == "conflict":
        messages.warning(request, _("有人同时改了相同的内容，请逐项选定。"))
        return redirect("ledgers:conflicts", code=found.code)
    text = _("已保存；对方改的其他内容也已保留。") if sent["outcome"] == "merged" else _("已保存。")
    messages.success(request, text)
    return redirect("ledgers:row", code=found.code, number=wanted.number)


@require_http_methods(["GET", "HEAD", "POST"])
def conflicts(request: HttpRequest, code: str) -> HttpResponse:
    """冲突: both versions side by side, decided cell by cell."""
    actor = desk(request)
    found = queries.book(actor, code)
    if request.method == "POST":
        chosen = {
            name.removeprefix("choose-"): value
            for name, value in request.POST.items()
            if name.startswith("choose-")
        }
        try:
            _settle(request, actor, chosen)
            messages.success(request, _("冲突已裁定，两个版本都留在历史里。"))
        except (Conflict, InvalidInput) as refused:
            messages.error(request, f"{said(refused.detail)} {said(refused.todo)}")
        return redirect(request.path)
    page = pagination.page(queries.conflicts(actor, found), ("-id",), request.GET, size=10)
    return render(request, "ledgers/conflicts.html", {"book": found, "page": page, "key": new_key()})


def _settle(request: HttpRequest, actor: Actor, chosen: dict[str, str]) -> None:
    raw, revision = request.POST.get("submission", ""), request.POST.get("revision", "")
    wanted = queries.conflicts(actor).filter(pk=int(raw) if raw.isdecimal() else 0).first()
    if wanted is None:
        raise Conflict(Text("这处冲突已经裁定。", "This conflict is settled already."))
    places = {str(at): one["column"] for at, one in enumerate(wanted.clashes)}
    choices = {places[at]: value for at, value in chosen.items() if at in places}
    actions.settle_conflict(
        call_of(request),
        submission=wanted.pk,
        choices=choices,
        revision=int(revision) if revision.isdecimal() else 0,
    )


@require_safe
def export(request: HttpRequest, code: str) -> HttpResponse:
    """导出 CSV."""
    actor = desk(request)
    found = queries.book(actor, code)
    return csv_answer(actions.export_book(call_of(request), book=found.pk), found.code)


# -- burden -------------------------------------------------------------------------------------
@require_safe
def burden(request: HttpRequest) -> HttpResponse:
    """基层减负: what ledgers asked of each community in a month, and what the city spared it."""
    actor = desk(request)
    month = _month(request.GET.get("month", ""))
    digits = 9 if request.GET.get("by") == "street" else 12
    found = queries.burden(actor, month, digits=digits)
    lines = [{"place": place(one.code), "one": one} for one in found]
    totals = {"books": queries.books(actor).filter(state=State.OPEN).count(), "rows": sum(one.rows for one in found),
              "spared": sum(one.spared for one in found), "typed": sum(one.typed for one in found)}  # fmt: skip
    both = totals["spared"] + totals["typed"]
    top = lines[:12]
    chart = {"kind": "bar", "x": [one["place"] for one in top], "unit": "",
             "series": [{"name": Text("预填", "Pre-filled"), "data": [one["one"].spared for one in top]},
                        {"name": Text("手填", "Typed"), "data": [one["one"].typed for one in top]}]}  # fmt: skip
    context = {
        "lines": lines, "totals": totals, "share": round(100 * totals["spared"] / both, 1) if both else None,
        "chart": chart if top else None, "month": month, "before": _shift(month, -1), "after": _shift(month, 1),
        "by_street": digits == 9,
    }  # fmt: skip
    return render(request, "ledgers/burden.html", context)


def _month(raw: str) -> date:
    try:
        return date.fromisoformat(f"{raw}-01") if raw else clock.today().replace(day=1)
    except ValueError as wrong:
        raise InvalidInput(Text("月份应写成 2026-07。", "A month is written 2026-07.")) from wrong


def _shift(month: date, by: int) -> date:
    year, at = divmod(month.year * 12 + month.month - 1 + by, 12)
    return date(year, at + 1, 1)
