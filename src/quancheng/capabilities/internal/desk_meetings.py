"""Pages of meetings: list, notice, replies, seating, name plates, minutes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.internal import actions, meetingwork, organs, papersight, queries
from quancheng.capabilities.internal.desk_papers import organs as units_of_city
from quancheng.capabilities.internal.forms import say
from quancheng.capabilities.internal.models import Meeting
from quancheng.capabilities.internal.values import ReplyState
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, QuanchengError
from quancheng.kernel.middleware import new_key

_WHEN = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, input_formats=_WHEN, widget=widget)


class MeetingForm(forms.Form):
    """会议通知."""

    title = forms.CharField(label=gettext_lazy("会议名称"), max_length=200)
    hall = forms.ChoiceField(label=gettext_lazy("会场"))
    starts_at = _moment(gettext_lazy("开始时间"))
    ends_at = _moment(gettext_lazy("结束时间"))
    reply_by = _moment(gettext_lazy("回执截止"))
    agenda = forms.CharField(label=gettext_lazy("议程"), max_length=5000, widget=forms.Textarea({"rows": 5}))
    required = forms.CharField(
        label=gettext_lazy("参会要求"), max_length=120, initial=gettext_lazy("主要负责人")
    )
    units = forms.MultipleChoiceField(
        label=gettext_lazy("参会单位"), widget=forms.SelectMultiple({"size": 10}),
        help_text=gettext_lazy("按机构序列排礼宾次序"),
    )  # fmt: skip
    rostrum = forms.MultipleChoiceField(
        label=gettext_lazy("主席台就座单位"), required=False, widget=forms.SelectMultiple({"size": 5})
    )

    def __init__(self, *args: Any, units: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hall"].choices = [(one.code, say(one.name)) for one in organs.halls().values()]  # type: ignore[attr-defined]
        choices = [(str(one.pk), say(one.text)) for one in units]
        self.fields["units"].choices = choices  # type: ignore[attr-defined]
        self.fields["rostrum"].choices = choices  # type: ignore[attr-defined]


class ReplyForm(forms.Form):
    """回执."""

    reply = forms.ChoiceField(label=gettext_lazy("回执"), widget=forms.RadioSelect)
    attendee = forms.CharField(label=gettext_lazy("参会人员"), required=False, max_length=60)
    post = forms.CharField(label=gettext_lazy("职务"), required=False, max_length=60)
    reason = forms.CharField(
        label=gettext_lazy("请假或委派原因"),
        required=False,
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = [one for one in ReplyState if one is not ReplyState.WAITING]
        self.fields["reply"].choices = [(one.value, say(one.text)) for one in shown]  # type: ignore[attr-defined]


@require_GET
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """会议列表."""
    actor = request.actor  # type: ignore[attr-defined]
    page = papersight.meetings(actor, request.GET)
    halls = organs.halls()
    rows = [
        {"meeting": one, "hall": halls[one.hall].name if one.hall in halls else one.hall}
        for one in page.items
    ]
    may_call = access.allowed(actor, "call", Meeting)
    return render(request, "internal/meetings.html", {"page": page, "rows": rows, "may_call": may_call})


@require_http_methods(["GET", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """起草会议通知."""
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "call", Meeting)
    units = units_of_city()
    form = MeetingForm(request.POST if request.method == "POST" else None, units=units)
    problem: QuanchengError | None = None
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        chosen = [one for one in units if str(one.pk) in set(values["units"]) | set(values["rostrum"])]
        rows = [
            {"department": one, "required": values["required"], "rank": number,
             "rostrum": str(one.pk) in values["rostrum"]}
            for number, one in enumerate(chosen, start=1)
        ]  # fmt: skip
        try:
            made = actions.call_meeting(
                request.call(), organ=queries.units_of(actor, "internal.clerk")[0], title=values["title"],  # type: ignore[attr-defined]
                hall=values["hall"], starts_at=values["starts_at"], ends_at=values["ends_at"],
                reply_by=values["reply_by"], agenda=values["agenda"], units=rows,
            )  # fmt: skip
        except InvalidInput as wrong:
            problem = wrong
            for key, text in wrong.fields.items():
                if key in form.fields:
                    form.add_error(key, str(say(text)))
        else:
            messages.success(request, _("会议通知已起草，核对后发出。"))
            return redirect("internal:meeting", pk=made.pk)
    context = {"form": form, "problem": problem, "key": new_key()}
    return render(
        request, "internal/meeting_form.html", context, status=200 if request.method == "GET" else 422
    )


@require_GET
@never_cache
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """一个会议."""
    return _page(request, papersight.meeting(request.actor, pk))  # type: ignore[attr-defined]


def _page(
    request: HttpRequest, found: Meeting, *, form: Any = None, at: int | None = None, problem: Any = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor = request.actor  # type: ignore[attr-defined]
    rows = papersight.invitations(actor, found)
    kinds = {"attend": "ok", "substitute": "warn", "leave": "bad", "waiting": ""}
    open_ = found.sent_at is not None and found.cancelled_at is None and clock.now() <= found.reply_by
    runs = access.allowed(actor, "run", found)
    counts = {one.value: sum(1 for row in rows if row.state == one) for one in ReplyState}
    return render(
        request,
        "internal/meeting.html",
        {
            "meeting": found, "runs": runs, "problem": problem, "key": new_key(), "hall": organs.halls().get(found.hall),
            "rows": [{"one": one, "kind": kinds[one.state]} for one in rows], "counts": counts,
            "replies": [
                {"one": one, "form": form if at == one.pk else ReplyForm(
                    initial={"reply": one.state, "attendee": one.attendee, "post": one.post, "reason": one.reason},
                    prefix=f"r{one.pk}")}
                for one in rows if open_ and access.allowed(actor, "reply", one)
            ],
            "begun": clock.now() >= found.starts_at, "open": open_,
            "timeline": [
                {"when": one.at, "title": Text.of(one.text), "who": one.actor_name}
                for one in reversed(list(found.history.all()))
            ] if runs else [],
        },
        status=status,
    )  # fmt: skip


@require_POST
def reply(request: HttpRequest, pk: int, invitation: int) -> HttpResponse:
    """回执 of one unit."""
    found = papersight.meeting(request.actor, pk)  # type: ignore[attr-defined]
    mine = next((one for one in papersight.invitations(request.actor, found) if one.pk == invitation), None)  # type: ignore[attr-defined]
    if mine is None:
        raise NotFound()
    form = ReplyForm(request.POST, prefix=f"r{mine.pk}")
    if not form.is_valid():
        return _page(request, found, form=form, at=mine.pk, status=422)
    try:
        actions.reply_meeting(request.call(), invitation=mine, **form.cleaned_data)  # type: ignore[attr-defined]
    except (Conflict, InvalidInput) as wrong:
        for key, text in wrong.fields.items():
            form.add_error(key, str(say(text)))
        return _page(request, found, form=form, at=mine.pk, problem=wrong, status=wrong.status)
    messages.success(request, _("回执已提交。"))
    return redirect("internal:meeting", pk=pk)


@require_POST
def step(request: HttpRequest, pk: str, verb: str) -> HttpResponse:
    """One step of who runs the meeting."""
    found = papersight.meeting(request.actor, int(pk))  # type: ignore[attr-defined]
    call = request.call()  # type: ignore[attr-defined]
    try:
        match verb:
            case "send":
                actions.send_meeting(call, meeting=found)
            case "cancel":
                actions.cancel_meeting(call, meeting=found, reason=request.POST.get("reason", ""))
            case "seat":
                actions.seat_meeting(call, meeting=found)
            case "remind":
                actions.remind_units(call, meeting=found)
            case "minutes":
                actions.publish_minutes(call, meeting=found, minutes=request.POST.get("minutes", ""))
            case _:
                first, second = _place(request, "first"), _place(request, "second")
                actions.swap_seats(call, meeting=found, first=first, second=second)
    except (Conflict, InvalidInput) as wrong:
        return _page(request, found, problem=wrong, status=wrong.status)
    messages.success(request, _("已办理。"))
    return redirect("internal:seating" if verb in {"seat", "swap"} else "internal:meeting", pk=pk)


def _place(request: HttpRequest, name: str) -> tuple[int, int]:
    row, _dash, column = request.POST.get(name, "").partition("-")
    if not (row.isdecimal() and column.isdecimal() and len(row + column) < 8 and (row + column).isascii()):
        wrong = Text("请选择两个座位。", "Choose two seats.")
        raise InvalidInput(wrong, fields={name: wrong})
    return int(row), int(column)


@require_GET
@never_cache
def seating(request: HttpRequest, pk: int) -> HttpResponse:
    """座次图, printable; the rostrum is at the top."""
    found = papersight.meeting(request.actor, pk)  # type: ignore[attr-defined]
    hall = organs.halls()[found.hall]
    seats = meetingwork.seats_of(found)
    rows = [
        {"number": number, "seats": [
            {"seat": one, "aisle": one.row > 0 and one.column in hall.aisles} for one in seats if one.row == number
        ]}
        for number in sorted({one.row for one in seats})
    ]  # fmt: skip
    runs = access.allowed(request.actor, "run", found)  # type: ignore[attr-defined]
    context = {
        "meeting": found, "hall": hall, "rows": rows, "runs": runs, "key": new_key(),
        "taken": [one for one in seats if one.key is not None], "seats": seats,
    }  # fmt: skip
    return render(request, "internal/seating.html", context)


@require_GET
@never_cache
def plates(request: HttpRequest, pk: int) -> HttpResponse:
    """桌牌, two a page, to be folded."""
    found = papersight.meeting(request.actor, pk)  # type: ignore[attr-defined]
    access.require(request.actor, "run", found)  # type: ignore[attr-defined]
    taken = [one for one in meetingwork.seats_of(found) if one.key is not None]
    return render(request, "internal/plates.html", {"meeting": found, "taken": taken})
