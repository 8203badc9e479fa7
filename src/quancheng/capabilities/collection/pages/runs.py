"""Pages of runs: the list, one run with its plan, what it waits for, its refused rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.collection import actions, forms, queries
from quancheng.capabilities.collection.models import HOLDS, VERDICTS, Run
from quancheng.capabilities.collection.pages.common import desk, language
from quancheng.capabilities.collection.staging import PLACE, WHY
from quancheng.capabilities.collection.values import HoldKind, RunState
from quancheng.core.tabular import Place, Problem, Reason, explain, safe_cell
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import QuanchengError
from quancheng.kernel.jobs.models import Job
from quancheng.kernel.middleware import new_key
from quancheng.kernel.refusals import mark

KINDS = {
    "queued": "info", "fetched": "info", "planned": "info", "held": "warn", "done": "ok", "unchanged": "ok",
    "rejected": "bad", "failed": "bad",
}  # fmt: skip


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """归集运行: the list."""
    actor = desk(request)
    form = forms.RunFilterForm(request.GET)
    page = pagination.page(queries.runs(actor, **form.wanted()), ("-began_at", "-id"), request.GET)
    rows = [{"run": one, "kind": KINDS[one.state]} for one in page]
    return render(request, "collection/runs.html", {"form": form, "page": page, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """一次归集: plan, counts, decisions, refused rows."""
    actor = desk(request)
    found = queries.run(actor, pk)
    form = forms.DecisionForm(request.POST or None, initial={"verdict": _proposed(found)})
    form.fields["verdict"].choices = _verdicts(found)  # type: ignore[attr-defined]
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                _decided(request, found, form.cleaned_data)
                messages.success(request, _("决定已记录。"))
                return redirect(request.path)
            except QuanchengError as refused:
                mark(form, refused)
        status = 422
    return render(request, "collection/run.html", _context(request, actor, found, form), status=status)


def _proposed(found: Run) -> str:
    kinds = {hold["kind"] for hold in found.holds}
    return "map" if HoldKind.COLUMN_RENAMED.value in kinds else "accept"


def _verdicts(found: Run) -> list[Any]:
    """Only what makes sense for what the run waits for."""
    kinds = {hold["kind"] for hold in found.holds}
    offered = {"accept", "reject"}
    if kinds & {HoldKind.COLUMN_RENAMED.value, HoldKind.COLUMN_MISSING.value}:
        offered.add("map")
    if HoldKind.COLUMN_ADDED.value in kinds:
        offered.add("extend")
    return [one for one in VERDICTS if one[0] in offered]


def _decided(request: HttpRequest, found: Run, facts: dict[str, Any]) -> None:
    said = request.POST.get("stage", "")
    renamed = {
        hold["subject"]: request.POST.get(f"renamed-{at}", "")
        for at, hold in enumerate(found.holds)
        if request.POST.get(f"renamed-{at}")
    }
    actions.decide(
        request.call(), run_id=str(found.pk), verdict=facts["verdict"], reason=facts["reason"],  # type: ignore[attr-defined]
        renamed=renamed, extended=request.POST.getlist("extended"), stage=int(said) if said.isdecimal() else None,
    )  # fmt: skip


def _context(request: HttpRequest, actor: Actor, found: Run, form: Any) -> dict[str, Any]:
    reason = request.GET.get("reason", "")
    rows = queries.refused(actor, found, reason=reason)
    page = pagination.page(rows, ("number",), request.GET)
    holds = [
        hold
        | {
            "at": at,
            "label": dict(HOLDS)[hold["kind"]],
            "renames": hold["kind"] in ("column_missing", "column_renamed"),
        }
        for at, hold in enumerate(found.holds)
    ]
    open_ = RunState(found.state).open
    return {
        "run": found, "feed": found.feed, "kind": KINDS[found.state], "form": form, "holds": holds, "page": page,
        "refused": [_refused(row) for row in page], "names": found.found.get("names", []),
        "reasons": [(one, explain(Reason(one)), number) for one, number in found.plan.get("reasons", {}).items()],
        "reason": reason, "decisions": queries.decisions(actor, found),
        "may_decide": found.state == RunState.HELD.value and access.allowed(actor, "decide", found),
        "may_correct": access.allowed(actor, "correct", found), "examples": _examples(found),
        "working": open_ and found.state != RunState.HELD.value, "job": _job(found) if open_ else None,
        "added": [hold["subject"] for hold in found.holds if hold["kind"] == "column_added"],
        "key": new_key(), "balanced": _balanced(found.counts),
    }  # fmt: skip


def _job(found: Run) -> Job | None:
    """The job that works on it: for its progress."""
    return Job.objects.filter(pk=found.job_id).first() if found.job_id else None


def _balanced(counts: dict[str, Any]) -> bool:
    return bool(counts) and counts["rows_in"] == counts["rows_out"] + counts["refused"]


def _refused(row: Any) -> dict[str, Any]:
    problems = [Problem(Reason(reason), column, original) for reason, column, original in row.problems]
    return {
        "row": row,
        "place": Place(row.sheet, row.row, row.line).text(),
        "problems": [one.text for one in problems],
    }


def _examples(found: Run) -> list[dict[str, Any]]:
    words = {"inserted": _("新增"), "updated": _("更新"), "deleted": _("删除")}
    shown = []
    for kind, rows in found.plan.get("examples", {}).items():
        shown.append(
            {
                "label": words[kind],
                "rows": [
                    {
                        "key": " ".join(str(one) for one in row["key"]),
                        "changes": row.get("changes"),
                        "row": row.get("row"),
                    }
                    for row in rows
                ],
            }
        )
    return shown


# -- the file of refused rows -----------------------------------------------------------------
@require_safe
def refused_file(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """拒收行文件: the source's own head, with place and reason behind; corrected, it can be sent as it is."""
    actor = desk(request)
    found = queries.run(actor, pk)
    rows = queries.refused_in_full(actor, found)
    names = [name for name in found.found.get("names", []) if name not in (PLACE, WHY)]
    answer = StreamingHttpResponse(_lines(names, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.feed.code}-refused.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _lines(names: list[str], rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _line([*names, PLACE, WHY])
    for row in rows:
        cells = [*row["cells"], *[""] * len(names)][: len(names)]
        place = Place(row["sheet"], row["row"], row["line"]).text()
        problems = [
            Problem(Reason(reason), column, original).text for reason, column, original in row["problems"]
        ]
        yield _line([*cells, place.pick(language()), " ".join(_said(one) for one in problems)])


def _said(text: Text) -> str:
    return text.pick(language())


def _line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([safe_cell(cell) for cell in cells])
    return out.getvalue().encode("utf-8", "replace")
