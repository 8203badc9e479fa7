"""质量问题: the list, one with its steps and deeds, doubts."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.quality import actions, forms, queries, repairing, rows
from quancheng.capabilities.quality.deadlines import local
from quancheng.capabilities.quality.issues import STEP_TEXTS
from quancheng.capabilities.quality.models import Correction, Issue, IssueStep
from quancheng.capabilities.quality.pages.boards import organs
from quancheng.capabilities.quality.pages.common import (
    SEVERITY_TAGS,
    STATE_TAGS,
    csv_answer,
    desk,
    language,
    mark,
)
from quancheng.capabilities.tables import queries as tables
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import call_of, new_key

MOST_EXPORTED = 5000


@require_safe
def issues(request: HttpRequest) -> HttpResponse:
    """质量问题: the list, filters in the address."""
    actor = desk(request)
    form = forms.IssueFilterForm(request.GET, organs=organs(actor))
    page = pagination.page(queries.issues(actor, **form.wanted()), ("-found_at", "-id"), request.GET)
    now = clock.now()
    shown = [
        {"issue": one, "tag": STATE_TAGS[one.state], "severity": SEVERITY_TAGS[one.severity],
         "late": one.is_open and one.due_at is not None and one.due_at < now}
        for one in page
    ]  # fmt: skip
    return render(request, "quality/issues.html", {"form": form, "page": page, "rows": shown})


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """导出质量问题 with the filters of the list."""
    actor = desk(request)
    form = forms.IssueFilterForm(request.GET, organs=organs(actor))
    found = queries.issues(actor, **form.wanted()).order_by("-found_at", "-id")[:MOST_EXPORTED]
    head = [_("工单编号"), _("受检表"), _("整改单位"), _("问题"), _("来源"), _("严重程度"), _("状态"), _("发现时间"), _("整改期限"),
            _("办结时间"), _("不合格行数"), _("剩余行数")]  # fmt: skip
    english = language() == "en"
    lines = [
        [one.number, one.sheet.text.pick(language()), one.organ.en if english else one.organ.zh, one.text.pick(language()),
         one.get_origin_display(), one.severity, one.get_state_display(), rows.shown(one.found_at), rows.shown(one.due_at),
         rows.shown(one.closed_at), one.rows, one.left]
        for one in found
    ]  # fmt: skip
    return csv_answer("quality-issues", head, lines)


# -- one --------------------------------------------------------------------------------------
def _asker(request: HttpRequest) -> Actor:
    """Any official: who has reported a doubt follows it without a role of quality."""
    actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn()
    return actor


@require_http_methods(["GET", "HEAD", "POST"])
def issue(request: HttpRequest, number: str) -> HttpResponse:
    """一个问题: rows, steps, and what may be done next."""
    actor = _asker(request)
    found = queries.issue(actor, number)
    chosen: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        what = request.POST.get("do", "")
        if what not in _DEEDS:
            raise InvalidInput()
        made, deed = _DEEDS[what]
        form, status = made(request.POST), 422
        if form.is_valid():
            try:
                messages.success(request, deed(request, found, form.cleaned_data))
                return redirect(found)
            except InvalidInput as refused:
                mark(form, refused)
            except Conflict as refused:
                form.add_error(None, refused.detail.pick(language()))
                status = refused.status
        chosen = {what: form}
        found = queries.issue(actor, number)
    return render(request, "quality/issue.html", _context(actor, found, chosen), status=status)


def _context(actor: Actor, found: Issue, chosen: dict[str, Any]) -> dict[str, Any]:
    works = access.allowed(actor, "work", found)
    decides = access.allowed(actor, "decide", found)
    state = found.state
    at_work = state in (Issue.State.ORDERED, Issue.State.REPAIRING, Issue.State.FAILED_AGAIN)
    may = {
        "order": decides and state in (Issue.State.FOUND, Issue.State.FAILED_AGAIN),
        "take": works and state in (Issue.State.ORDERED, Issue.State.FAILED_AGAIN),
        "repaired": works and at_work,
        "dispute": works and at_work,
        "judge": decides and state == Issue.State.DISPUTED,
        "accept": decides and (at_work or state in (Issue.State.FOUND, Issue.State.DISPUTED)),
    }
    sees_rows = access.allowed(actor, "rows", found)
    waiting = queries.corrections(actor, found).filter(state=Correction.State.WAITING)
    return {
        "issue": found, "sheet": found.sheet, "tag": STATE_TAGS[state], "severity": SEVERITY_TAGS[found.severity],
        "words": queries.words(found.rule) if found.rule is not None else found.text,
        "steps": [_step(one) for one in queries.steps(actor, found)], "may": may, "any": any(may.values()),
        "forms": {name: chosen.get(name, made()) for name, (made, _deed) in _DEEDS.items() if may.get(name)},
        "repairs": works and access.allowed(actor, "repair", found.sheet) and found.is_open and state != Issue.State.DISPUTED,
        "sees_rows": sees_rows, **_rows(actor, found, sees_rows), "waiting": waiting,
        "corrections": queries.corrections(actor, found)[:10], "key": new_key(),
        "subject": _subject(actor, found), "upload": forms.UploadForm(),
        "late": found.is_open and found.due_at is not None and found.due_at < clock.now(),
        "due_day": local(found.due_at).date() if found.due_at else None,
    }  # fmt: skip


def _rows(actor: Actor, found: Issue, sees: bool) -> dict[str, Any]:
    """The first failing rows; the page stands even when the table is gone."""
    if not sees or found.origin == Issue.Origin.DRIFT:
        return {"failing": None}
    unmasked = access.allowed(actor, "repair", found.sheet)
    try:
        return {"failing": repairing.page(found, version=None, offset=0, unmasked=unmasked, size=5)}
    except (NotFound, QuanchengError) as why:
        return {"failing": None, "why_none": why.detail}


def _subject(actor: Actor, found: Issue) -> str:
    """The row a doubt is about, for those who may see it whole."""
    if found.origin != Issue.Origin.DOUBT:
        return ""
    mine = found.raised_by_id is not None and found.raised_by_id == actor.user_id
    if not (mine or access.allowed(actor, "repair", found.sheet)):
        return ""
    return "，".join(f"{name}：{value}" for name, value in found.subject.get("key", {}).items())


def _step(one: IssueStep) -> dict[str, Any]:
    said = STEP_TEXTS.get(one.what, Text(one.what, one.what))
    left = _("剩余%(left)d行") % {"left": one.left} if one.left is not None else ""
    return {
        "when": one.at,
        "title": said,
        "text": " ".join(part for part in (left, one.note) if part),
        "who": _who(one.by),
    }


def _who(by: str) -> str:
    """Who did it, the platform by that name."""
    return _("平台自动") if by.startswith("system:") else by


def _order(request: HttpRequest, found: Issue, said: dict[str, Any]) -> str:
    actions.order_issue(call_of(request), issue=found)
    return _("整改工单已派发。")


def _take(request: HttpRequest, found: Issue, said: dict[str, Any]) -> str:
    actions.take_issue(call_of(request), issue=found)
    return _("已开始整改。")


def _repaired(request: HttpRequest, found: Issue, said: dict[str, Any]) -> str:
    actions.report_repaired(call_of(request), issue=found, note=said["note"])
    return _("已报告整改完成，将自动复核。")


def _dispute(request: HttpRequest, found: Issue, said: dict[str, Any]) -> str:
    actions.dispute_issue(call_of(request), issue=found, reason=said["reason"])
    return _("异议已提交，等待裁定。")


def _judge(request: HttpRequest, found: Issue, said: dict[str, Any]) -> str:
    upheld = said["upheld"] == "yes"
    actions.judge_dispute(call_of(request), issue=found, upheld=upheld, reason=said["reason"])
    return _("异议成立，问题已撤销。") if upheld else _("异议不成立，继续整改。")


def _accept(request: HttpRequest, found: Issue, said: dict[str, Any]) -> str:
    until = said["until"]
    end = datetime.combine(until, time(23, 59, 59), clock.LOCAL) if until else None
    actions.accept_issue(call_of(request), issue=found, reason=said["reason"], until=end)
    return _("已按现状接受。")


class _Plain(forms.NoteForm):
    """A deed without words."""

    note = None  # type: ignore[assignment]


_DEEDS: dict[str, Any] = {
    "order": (_Plain, _order),
    "take": (_Plain, _take),
    "repaired": (forms.NoteForm, _repaired),
    "dispute": (forms.ReasonForm, _dispute),
    "judge": (forms.JudgeForm, _judge),
    "accept": (forms.AcceptForm, _accept),
}


# -- doubts -----------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def doubt(request: HttpRequest, table: UUID) -> HttpResponse:
    """校核申请: any official who may read the table."""
    actor = _asker(request)
    info = tables.table(actor, str(table))
    if not access.allowed(actor, "doubt", Issue):
        raise Forbidden()
    labels = {each.name: each.zh or each.name for each in info.schema.columns}
    form = forms.DoubtForm(
        request.POST or None,
        columns=[
            (each.name, labels[each.name]) for each in info.schema.columns if each.name not in info.schema.key
        ],
        keys={name: labels[name] for name in info.schema.key},
        initial={"column": request.GET.get("column", "")},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            try:
                made = actions.raise_doubt(
                    call_of(request),
                    table_id=str(table),
                    key=form.key(),
                    column=said["column"],
                    reason=said["reason"],
                )
            except InvalidInput as refused:
                status = mark(form, refused, _key_place(form))
            except (Conflict, NotFound) as refused:
                form.add_error(None, refused.detail.pick(language()))
                status = refused.status
            else:
                messages.success(request, _("校核申请已提交，来源单位将在期限内答复。"))
                return redirect(made)
    context = {"form": form, "info": info, "key": new_key()}
    return render(request, "quality/doubt.html", context, status=status)


def _key_place(form: Any) -> Any:
    def place(name: str) -> str:
        return f"key{form.keys.index(name)}" if name in form.keys else "key0" if name == "key" else name

    return place


@require_safe
def doubts(request: HttpRequest) -> HttpResponse:
    """我提出的校核."""
    actor = _asker(request)
    page = pagination.page(queries.my_doubts(actor), ("-found_at", "-id"), request.GET)
    shown = [{"issue": one, "tag": STATE_TAGS[one.state]} for one in page]
    return render(request, "quality/doubts.html", {"page": page, "rows": shown})
