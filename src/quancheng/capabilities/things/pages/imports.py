"""登记文件: upload, see what is wrong, register all of it or nothing; take it back within a day."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.things import actions, csv_files, desk_forms
from quancheng.capabilities.things.actions.imports import UNDO
from quancheng.capabilities.things.models import ImportBatch, Station
from quancheng.capabilities.things.pages.common import blame, call_of, desk, language
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.errors import InvalidInput, TooLarge
from quancheng.kernel.middleware import new_key

SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """批量登记: the file is shown row by row first; its text travels in the page, nothing is kept before."""
    actor = desk(request)
    access.require(actor, "register", Station)
    form = desk_forms.UploadForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "key": new_key()}
    status = 200
    if request.method == "POST":
        status = 422
        try:
            if "content" in request.POST:
                return _register(request)
            if form.is_valid():
                file = form.cleaned_data["file"]
                if file.size > csv_files.BYTES_LIMIT:
                    raise TooLarge()
                context |= _preview(file.read(), file.name or "")
                status = 200 if not context["figures"]["bad"] else 422
        except InvalidInput as refused:
            blame(form, refused)
    batches = access.visible(actor, ImportBatch)
    context["page"] = pagination.page(batches, ("-at", "-id"), request.GET, size=10)
    context["undo_after"] = clock.now() - UNDO
    context["columns"] = [(name, text, name in csv_files.NEEDED) for name, text in csv_files.COLUMNS.items()]
    return render(request, "things/import.html", context, status=status)


def _preview(raw: bytes, name: str) -> dict[str, Any]:
    lines = csv_files.read(raw)
    bad = [line for line in lines if line.wrong]
    wrong = [
        {
            "number": line.number,
            "code": line.code,
            "faults": [
                (csv_files.COLUMNS[column], text, str(line.facts.get(column, "") or ""))
                for column, text in line.wrong.items()
            ],
        }
        for line in bad[:SHOWN]
    ]
    return {
        "figures": csv_files.preview(lines), "wrong": wrong, "good": [one for one in lines if not one.wrong][:20],
        "content": csv_files.text_of(raw) if not bad else "", "name": name[:120],
    }  # fmt: skip


def _register(request: HttpRequest) -> HttpResponse:
    # browsers send line ends of a form as CRLF; a file must be the same file however it came
    content = request.POST["content"].replace("\r\n", "\n")
    made = actions.import_devices(call_of(request), name=request.POST.get("name", ""), content=content)
    messages.success(request, _("已登记%(rows)d台设备，一天内可以撤销。") % {"rows": made.rows})
    return redirect("things:import")


@require_safe
def template(request: HttpRequest) -> HttpResponse:
    """登记文件模板."""
    desk(request)
    answer = HttpResponse(csv_files.template(language()), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="devices.csv"'
    return answer


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """撤销批量登记."""
    desk(request)
    actions.undo_import(call_of(request), batch=pk)
    messages.success(request, _("批量登记已撤销。"))
    return redirect("things:import")
