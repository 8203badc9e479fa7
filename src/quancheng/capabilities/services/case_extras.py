"""Further pages of a case: documents, appeal, visits, complaints; and for the desk hand-over and clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.services import actions, queries, worklists
from quancheng.capabilities.services.citizen import refusal_of, signed_in
from quancheng.capabilities.services.files import blob_answer
from quancheng.capabilities.services.work_forms import (
    AbsenceForm,
    AppealForm,
    ComplaintForm,
    ReasonForm,
    TransferForm,
)
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.errors import Conflict, InvalidInput, QuanchengError, Unavailable
from quancheng.kernel.middleware import new_key


@require_GET
@never_cache
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """文书: the sealed PDF; while it is at the press the answer says so."""
    found = worklists.document(signed_in(request), pk)
    if not found.digest:
        raise Unavailable(
            Text(
                "文书正在生成和用印，请稍后刷新。",
                "The document is being printed and sealed; reload in a moment.",
            )
        )
    answer = blob_answer(found.digest, "application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.case.receipt}-{found.kind}.pdf"'
    return answer


# -- the applicant ------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@never_cache
def appeal(request: HttpRequest, receipt: str) -> HttpResponse:
    """申请复核."""
    found = queries.my_case(signed_in(request), receipt)
    form, problem, status = AppealForm(request.POST or None), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.appeal_case(request.call(), case=found, reason=form.cleaned_data["reason"])  # type: ignore[attr-defined]
            except (Conflict, InvalidInput) as wrong:
                problem, status = wrong, wrong.status
            else:
                messages.success(request, _("已提交复核申请，结果会发消息给您。"))
                return redirect("services:case", receipt=receipt)
    context = {
        "case": found, "form": form, "problem": problem, "refusal": refusal_of(found), "key": new_key(),
        "possible": "appeal" in queries.applicant_steps(found),
    }  # fmt: skip
    return render(request, "services/appeal.html", context, status=status)


@require_POST
def confirm_visit(request: HttpRequest, receipt: str, pk: int) -> HttpResponse:
    """确认或改约现场核查."""
    found = queries.my_case(signed_in(request), receipt)
    task = next((one for one in worklists.my_visits(request.actor, found) if one.pk == pk), None)  # type: ignore[attr-defined]
    if task is None:
        raise Conflict(Text("这次预约已经结束。", "This appointment is over."))
    accept = request.POST.get("accept") == "1"
    try:
        actions.confirm_visit(request.call(), task=task, accept=accept, wish=request.POST.get("wish", ""))  # type: ignore[attr-defined]
        messages.success(request, _("已答复，办理单位会看到。"))
    except InvalidInput as wrong:
        messages.error(request, str(wrong))
    return redirect("services:case", receipt=receipt)


@require_http_methods(["GET", "POST"])
@never_cache
def complain(request: HttpRequest, receipt: str) -> HttpResponse:
    """投诉."""
    actor = signed_in(request)
    found = queries.my_case(actor, receipt)
    form, problem, status = ComplaintForm(request.POST or None), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.complain_case(request.call(), case=found, text=form.cleaned_data["text"])  # type: ignore[attr-defined]
            except (Conflict, InvalidInput) as wrong:
                problem, status = wrong, wrong.status
            else:
                messages.success(request, _("投诉已提交。"))
                return redirect("services:case", receipt=receipt)
    context = {
        "case": found, "form": form, "problem": problem, "key": new_key(),
        "earlier": worklists.complaints_of(actor, found),
    }  # fmt: skip
    return render(request, "services/complain.html", context, status=status)


@require_POST
def judge(request: HttpRequest, receipt: str, pk: int) -> HttpResponse:
    """对答复评价."""
    found = worklists.complaint(signed_in(request), pk, verb="view")
    actions.judge_answer(request.call(), complaint=found, satisfied=request.POST.get("satisfied") == "1")  # type: ignore[attr-defined]
    messages.success(request, _("感谢您的评价。"))
    return redirect("services:complain", receipt=receipt)


# -- the desk -----------------------------------------------------------------------------------
def desk_forms(actor: Any, case: Any) -> dict[str, forms.Form]:
    """Forms of the further steps an official may take on a case."""
    return {
        "transfer": TransferForm(prefix="transfer", colleagues=worklists.colleagues(actor, case.department.code)),
        "extend": ReasonForm(prefix="extend"), "pause": ReasonForm(prefix="pause"),
    }  # fmt: skip


def desk_verbs(actor: Any, case: Any) -> frozenset[str]:
    """Which of transfer, extend, pause, resume the asker may try now."""
    from quancheng.capabilities.services.flow import OPEN, State

    if State(case.state) not in OPEN:
        return frozenset()
    may = {"transfer"} if access.allowed(actor, "note", case) else set()
    if access.allowed(actor, "extend", case) and not case.clock.get("extensions"):
        may.add("extend")
    if access.allowed(actor, "return", case) and case.state != State.CORRECTION:
        suspended = queries.clock_of(case).suspended
        may.add("resume" if suspended else "pause")
    return frozenset(may)


@require_POST
def desk_step(request: HttpRequest, receipt: str, verb: str) -> HttpResponse:
    """Hand over, extend, pause, resume."""
    found = queries.desk_case(request.actor, receipt)  # type: ignore[attr-defined]
    form = desk_forms(request.actor, found).get(verb)  # type: ignore[attr-defined]
    if form is not None:
        form.data, form.is_bound = request.POST, True
        if not form.is_valid():
            messages.error(request, _("请填写完整后再提交。"))
            return redirect("services:desk-case", receipt=receipt)
    try:
        STEPS[verb](request.call(), found, form.cleaned_data if form is not None else {})  # type: ignore[attr-defined]
    except QuanchengError as wrong:
        if wrong.status not in {409, 422}:
            raise
        messages.error(request, str(wrong))
    else:
        messages.success(request, _("已完成。"))
    return redirect("services:desk-case", receipt=receipt)


STEPS: dict[str, Callable[[Any, Any, dict[str, Any]], Any]] = {
    "transfer": lambda call, case, given: actions.transfer_case(
        call, case=case, user_id=given["user"], reason=given["reason"]
    ),
    "extend": lambda call, case, given: actions.extend_case(call, case=case, reason=given["reason"]),
    "pause": lambda call, case, given: actions.pause_case(call, case=case, reason=given["reason"]),
    "resume": lambda call, case, given: actions.resume_case(call, case=case),
}


@require_POST
def approve_many(request: HttpRequest) -> HttpResponse:
    """批量准予."""
    receipts = request.POST.getlist("receipt")
    try:
        done = actions.approve_many(request.call(), receipts=receipts)  # type: ignore[attr-defined]
        messages.success(request, _("已批量准予%(n)d件。") % {"n": len(done)})
    except (Conflict, InvalidInput) as wrong:
        messages.error(request, str(wrong))
    return redirect("services:inbox")


@require_http_methods(["GET", "POST"])
@never_cache
def absence(request: HttpRequest) -> HttpResponse:
    """离岗代办."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_desk(actor)
    form = AbsenceForm(request.POST or None, colleagues=worklists.colleagues(actor))
    problem, status = None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                actions.set_absence(
                    request.call(), substitute_id=given["substitute"], since=given["since"],  # type: ignore[attr-defined]
                    until=given["until"], reason=given["reason"],
                )  # fmt: skip
            except InvalidInput as wrong:
                problem = wrong
            else:
                messages.success(request, _("已登记，离岗期间的移交由代办人接收。"))
                return redirect("services:absence")
    context = {
        "form": form, "problem": problem, "mine": worklists.absences(actor), "covering": worklists.covering(actor),
        "key": new_key(),
    }  # fmt: skip
    return render(request, "services/absence.html", context, status=status)
