"""不合格行: pages of them, one corrected in place, files down and up."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.quality import actions, engine, forms, queries, repairing
from quancheng.capabilities.quality import rows as cells
from quancheng.capabilities.quality.models import Correction, Issue
from quancheng.capabilities.quality.pages.common import desk, language, mark
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound
from quancheng.kernel.middleware import call_of, new_key

MOST_OFFSET = 1_000_000


def _issue(request: HttpRequest, number: str) -> tuple[Actor, Issue]:
    actor = desk(request)
    found = queries.issue(actor, number)
    access.require(actor, "rows", found)
    return actor, found


def _number(text: str | None, name: str) -> int:
    if text is None or not text.isdigit() or len(text) > 9:
        raise InvalidInput(fields={name: Text("应为数字", "A number")})
    return int(text)


@never_cache
@require_safe
def rows(request: HttpRequest, number: str) -> HttpResponse:
    """不合格行: those of one version, in a fixed order; masked for those who do not own the table."""
    actor, found = _issue(request, number)
    unmasked = access.allowed(actor, "repair", found.sheet)
    offset = min(_number(request.GET.get("from", "0"), "from"), MOST_OFFSET)
    version = _number(request.GET["version"], "version") if "version" in request.GET else None
    page = repairing.page(found, version=version, offset=offset, unmasked=unmasked)
    context = {
        "issue": found, "page": page, "repairs": unmasked and found.is_open and found.state != Issue.State.DISPUTED,
        "before": max(offset - repairing.SIZE, 0) if offset else None,
        "after": offset + repairing.SIZE if len(page.rows) == repairing.SIZE else None,
        "first": offset + 1, "last": offset + len(page.rows),
    }  # fmt: skip
    return render(request, "quality/rows.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, number: str) -> HttpResponse:
    """更正一行: its cells as they are; what was wrong stands first."""
    actor, found = _issue(request, number)
    access.require(actor, "repair", found.sheet)
    said = request.POST if request.method == "POST" else request.GET
    version, place = _number(said.get("version"), "version"), _number(said.get("row"), "row")
    try:
        aimed = repairing.target(found, version=version, place=place)
    except (Conflict, NotFound) as refused:
        messages.warning(
            request,
            f"{refused.detail.pick(language())}{refused.todo.pick(language()) if refused.todo else ''}",
        )
        return redirect("quality:rows", found.number)
    first = engine.rule_of(found.rule).columns if found.rule is not None else (found.code,)
    form = forms.CorrectForm(
        request.POST or None, columns=aimed.schema.columns, key=aimed.schema.key, first=first
    )
    form.initial = {field: cells.shown(aimed.row.get(name)) for field, name in form.names.items()}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                done = actions.correct_row(
                    call_of(request), issue=found, version=version, place=place, texts=form.texts()
                )
            except InvalidInput as refused:
                status = mark(form, refused, form.field_of)
            except Conflict as refused:
                form.add_error(None, refused.detail.pick(language()))
                status = refused.status
            else:
                applied = done.state == Correction.State.APPLIED
                messages.success(
                    request, _("已更正，将自动复核。") if applied else _("更正已提交，由另一人复核。")
                )
                return redirect("quality:rows", found.number)
    columns = {each.name: each.zh or each.name for each in aimed.schema.columns}
    keys = [
        (columns[name], cells.shown(value)) for name, value in zip(aimed.schema.key, aimed.key, strict=True)
    ]
    context = {"issue": found, "form": form, "keys": keys, "version": version, "row": place, "key": new_key()}
    return render(request, "quality/correct.html", context, status=status)


@never_cache
@require_safe
def download(request: HttpRequest, number: str) -> HttpResponse:
    """下载不合格行: whole rows, for officers of the organ; who took them is recorded."""
    actor, found = _issue(request, number)
    access.require(actor, "repair", found.sheet)
    version, text, count = repairing.file_of(found, repairing.MOST_FILE_ROWS)
    actions.note_download(call_of(request), issue=found, rows=count, version=version)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.number}.csv"'
    return response


@require_POST
def upload(request: HttpRequest, number: str) -> HttpResponse:
    """上传更正文件: what was taken, and each row refused with its place and reason."""
    actor, found = _issue(request, number)
    access.require(actor, "repair", found.sheet)
    form = forms.UploadForm(request.POST, request.FILES)
    done: Any = None
    status = 422
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            done = actions.upload_corrections(call_of(request), issue=found, file=file, name=file.name or "")
            status = 200
        except InvalidInput as refused:
            mark(form, refused)
        except Conflict as refused:
            form.add_error(None, refused.detail.pick(language()))
            status = refused.status
    context = {"issue": found, "form": form, "done": done, "refused": done.refused[:500] if done else ()}
    return render(request, "quality/upload.html", context, status=status)


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """复核更正."""
    actor = desk(request)
    found = access.visible(actor, Correction).select_related("issue", "issue__sheet").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    try:
        done = actions.decide_correction(
            call_of(request), correction=found, approve=request.POST.get("approve") == "yes"
        )
        applied = done.state == Correction.State.APPLIED
        messages.success(request, _("更正已写入。") if applied else _("更正未采纳。"))
    except Conflict as refused:
        messages.error(request, refused.detail.pick(language()))
    return redirect(found.issue)
