"""Pages of design: begin from a template, a spreadsheet or the city's data; columns; check; rows of a spreadsheet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.ledgers import actions, base, forms, holdings, queries, spreadsheet, words
from quancheng.capabilities.ledgers.models import Book, Returned, State
from quancheng.capabilities.ledgers.pages.common import (
    area_choices,
    call_of,
    department_of,
    desk,
    mark,
    said,
)
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, TooLarge
from quancheng.kernel.middleware import new_key

SPARE = 2
"""Empty columns offered at the end of a design."""


def _origins() -> list[tuple[str, str]]:
    return [(f"{one.table}|{one.source}", f"《{one.data}》{one.name}") for one in holdings.items()]


def _bases(actor: Actor) -> list[tuple[str, str]]:
    return [
        (str(one.pk), f"{said(one.text)}（{one.organ.zh}）")
        for one in queries.returned(actor).filter(active=True)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """新建台账: from a template, from a spreadsheet, from the city's data."""
    actor = desk(request)
    access.require(actor, "design", Book)
    form = forms.SheetForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        try:
            made = _begin(request, actor, form)
            if made is not None:
                return redirect("ledgers:design", code=made.code)
        except (InvalidInput, TooLarge) as refused:
            mark(form, refused)
        status = 422
    context = {"starters": words.starters(), "form": form, "bases": queries.returned(actor).filter(active=True),
               "key": new_key()}  # fmt: skip
    return render(request, "ledgers/new.html", context, status=status)


def _begin(request: HttpRequest, actor: Actor, form: forms.SheetForm) -> Book | None:
    """A draft from what was chosen; None when the form is at fault."""
    if "starter" in request.POST:
        return _from_starter(request, actor, request.POST["starter"])
    if "base" in request.POST:
        return _from_table(request, actor, request.POST["base"])
    return _from_sheet(request, actor, form) if form.is_valid() else None


def _draft(request: HttpRequest, actor: Actor, **facts: Any) -> Book:
    chosen = area_choices(actor, below=False)
    if not chosen:
        raise Forbidden(Text("您没有管辖区域，不能设计台账。", "You answer for no area."))
    days = facts.pop("days", 14)
    return actions.create_book(
        call_of(request), department=department_of(actor), region_code=chosen[0][0],
        due_on=clock.today() + timedelta(days=days), **facts,
    )  # fmt: skip


def _from_starter(request: HttpRequest, actor: Actor, code: str) -> Book:
    found = words.starter(code)
    if found is None:
        raise InvalidInput(Text("没有这个模板。", "There is no such template."))
    columns, source = fitted(found)
    return _draft(
        request, actor, zh=found.name.zh, en=found.name.en, purpose=found.purpose or "—",
        legal_basis=found.legal_basis, columns=columns, key_column=found.key, may_add=found.may_add,
        photos=found.photos, days=found.days, base=source,
    )  # fmt: skip


def fitted(found: words.Starter) -> tuple[list[dict[str, Any]], int | None]:
    """Columns of a template with those pre-filled that the returned tables can fill, and the table of the key."""
    table = ""
    if found.key and found.key in found.wants:
        item = holdings.source_for(found.wants[found.key])
        table = item.table if item is not None else ""
    columns = []
    for one in found.columns:
        row = one.to_dict()
        item = (
            holdings.source_for(found.wants[one.name], table) if one.name in found.wants and table else None
        )
        if item is not None:
            row |= {"filling": "base", "table": item.table, "source": item.source, "kind": item.kind.value}
        columns.append(row)
    returned = base.returned_or_none(table) if table else None
    return columns, returned.pk if returned is not None else None


def _from_table(request: HttpRequest, actor: Actor, chosen: str) -> Book:
    found: Returned = queries.one_returned(actor, int(chosen) if chosen.isdecimal() else 0)
    columns: list[dict[str, Any]] = [
        {"name": (one.zh or one.name)[:40], "kind": one.kind.value, "filling": "base", "table": found.table,
         "source": one.name}
        for one in base.shown_columns(found)
    ]  # fmt: skip
    keys = [one.zh or one.name for one in base.shown_columns(found) if one.name in base.schema_of(found).key]
    columns.append(
        {"name": str(_("核查结果")), "choices": ["属实", "有变化", "查无此人（单位）"], "required": True}
    )
    return _draft(
        request, actor, zh=f"{found.zh}核查"[:60], purpose=f"核查《{found.zh}》", columns=columns, base=found.pk,
        key_column=keys[0] if len(keys) == 1 else "",
    )  # fmt: skip


def _from_sheet(request: HttpRequest, actor: Actor, form: forms.SheetForm) -> Book:
    sheet = spreadsheet.read_sheet(form.cleaned_data["file"])
    columns = [one.to_dict() for one in sheet.columns]
    key = next((one.name for one in sheet.columns if one.kind.value in ("resident_id", "uscc")), "")
    name = sheet.name.rsplit(".", 1)[0][:60]
    made = _draft(
        request,
        actor,
        zh=name if len(name) >= 2 else f"{name}台账",
        purpose="—",
        columns=columns,
        key_column=key,
    )
    new_rows = actions.import_rows(call_of(request).with_key(None), book=made.pk, rows=sheet.rows)
    note = _("已读入表头%(columns)d个字段、%(rows)d行；%(refused)d行没有读入。")
    numbers = {"columns": len(columns), "rows": new_rows, "refused": sheet.total - new_rows}
    messages.success(request, note % numbers)
    for one in sheet.refused[:5]:
        messages.warning(request, f"{said(one.place)}：{said(one.reason)}")
    return made


# -- the design ---------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def design(request: HttpRequest, code: str) -> HttpResponse:
    """设计台账: facts and columns; checked against what the city holds."""
    actor = desk(request)
    book = queries.book(actor, code)
    access.require(actor, "design", book)
    if book.state != State.DRAFT:
        return redirect("ledgers:book", code=code)
    data = request.POST if request.method == "POST" else None
    form = forms.BookForm(data, initial=_facts(book), regions=_regions(actor, book), bases=_bases(actor))
    columns = _column_forms(book, data)
    status = 200
    if data is not None:
        what = data.get("what", "save")
        faulty = [one for one in (form, *columns) if not one.is_valid()]
        if not faulty:
            try:
                _save(request, book, form, columns, what)
                return redirect(request.path + ("#held" if what == "check" else "#columns"))
            except (InvalidInput, Conflict) as refused:
                mark(form, refused)
        status = 422
    context = {"book": book, "form": form, "columns": columns, "held": book.held, "key": new_key(),
               "sheet": forms.SheetForm(), "rows": book.total}  # fmt: skip
    return render(request, "ledgers/design.html", context, status=status)


def _regions(actor: Actor, book: Book) -> list[tuple[str, str]]:
    offered = area_choices(actor)
    known = {code for code, _name in offered}
    return offered if book.region_code in known else [(book.region_code, book.region_code), *offered]


def _facts(book: Book) -> dict[str, Any]:
    where = book.base_where or {}
    value = next((where[name] for name in where if name not in ("op", "field")), "")
    return {
        "zh": book.zh, "en": book.en, "purpose": book.purpose, "legal_basis": book.legal_basis,
        "region_code": book.region_code, "due_on": book.due_on, "period": book.period, "base": book.base_id or "",
        "where_column": where.get("field", ""), "where_operator": where.get("op", ""), "where_value": value,
        "key_column": book.key_column, "may_add": book.may_add, "photos": book.photos,
    }  # fmt: skip


def _column_forms(book: Book, data: Any) -> list[forms.ColumnForm]:
    origins = _origins()
    if data is not None:
        number = min(int(data["columns"]) if str(data.get("columns", "")).isdecimal() else 0, 70)
        return [forms.ColumnForm(data, prefix=f"c{at}", origins=origins) for at in range(number)]
    kept = [
        {"name": one.name, "kind": one.kind.value, "origin": f"{one.table}|{one.source}" if one.prefilled else "ask",
         "choices": "、".join(one.choices), "required": one.required, "help": one.help, "exception": one.exception}
        for one in book.design
    ]  # fmt: skip
    return [
        forms.ColumnForm(prefix=f"c{at}", initial=one, origins=origins)
        for at, one in enumerate([*kept, *({} for _spare in range(SPARE))])
    ]


def _save(
    request: HttpRequest, book: Book, form: forms.BookForm, columns: list[forms.ColumnForm], what: str
) -> None:
    facts = dict(form.cleaned_data)
    kept = [made for one in columns if (made := one.as_column()) is not None]
    if what.startswith("prefill:"):
        kept = [_prefilled(book, one, what.removeprefix("prefill:")) for one in kept]
    source = int(facts["base"]) if facts["base"] else None
    where = _where(source, facts)
    for name in ("base", "where_column", "where_operator", "where_value"):
        facts.pop(name)
    call = call_of(request)
    expect = request.POST.get("revision", "")
    actions.edit_book(
        call, book=book.pk, expect=int(expect) if expect.isdecimal() else 0, columns=kept, base=source,
        base_where=where, **facts,
    )  # fmt: skip
    matches = actions.check_book(call.with_key(None), book=book.pk)
    if not matches:
        messages.success(request, _("已保存。没有发现全市已有的字段。"))
    else:
        messages.warning(
            request,
            _("已保存。有%(number)d个字段全市已有或相近，请看下面的核对。") % {"number": len(matches)},
        )


def _prefilled(book: Book, column: dict[str, Any], name: str) -> dict[str, Any]:
    """A column that is now pre-filled from what the check found."""
    match = next((one for one in book.held if one["column"] == name and one["table"]), None)
    if match is None or column["name"] != name:
        return column
    return column | {"filling": "base", "table": match["table"], "source": match["source"], "choices": []}


def _where(source: int | None, facts: dict[str, Any]) -> dict[str, Any]:
    name = facts["where_column"].strip()
    if source is None or not name:
        return {}
    returned = Returned.objects.filter(pk=source, active=True).first()
    if returned is None:
        return {}
    spec = next((one for one in base.shown_columns(returned) if name in (one.name, one.zh)), None)
    if spec is None:
        wrong = Text("来源数据没有这个字段。", "The source has no such column.")
        raise InvalidInput(fields={"where_column": wrong})
    return base.simple_condition(returned, spec.name, facts["where_operator"] or "eq", facts["where_value"])


@require_http_methods(["POST"])
def bring_in(request: HttpRequest, code: str) -> HttpResponse:
    """导入行 from a spreadsheet whose head names the columns."""
    actor = desk(request)
    book = queries.book(actor, code)
    form = forms.SheetForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("请选择表格文件。"))
        return redirect("ledgers:book", code=code)
    try:
        sheet = spreadsheet.read_sheet(form.cleaned_data["file"])
        made = actions.import_rows(call_of(request), book=book.pk, rows=sheet.rows)
        note = _("读入%(total)d行，新增%(made)d行，%(refused)d行不能读，其余台账已有。")
        messages.success(request, note % {"total": sheet.total, "made": made, "refused": len(sheet.refused)})
        for one in sheet.refused[:5]:
            messages.warning(request, f"{said(one.place)}：{said(one.reason)}")
    except (InvalidInput, TooLarge) as refused:
        messages.error(request, said(refused.detail))
    return redirect("ledgers:book", code=code)
