"""The agents' pages: who waits, the conversation, callbacks, figures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.guide import actions, duty, forms, knowledge, queries, rendering
from quancheng.capabilities.guide.models import Conversation
from quancheng.capabilities.guide.pages.common import actor_of, call_for, language, refuse
from quancheng.capabilities.guide.values import Outcome, State
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, QuanchengError
from quancheng.kernel.middleware import new_key

RENEW = 0.6
"""Presence is renewed by a look at the desk once this share of it is left."""


@never_cache
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """导服坐席: the queue and one's own conversations."""
    actor = actor_of(request)
    waiting = queries.waiting(actor)
    _renew(request, actor)
    now = clock.now()
    promise = duty.number("accept_seconds")
    context = {
        "waiting": [
            {"one": row, "left": round(promise - (now - row.waiting_at).total_seconds()) if row.waiting_at else 0,
             "topic": knowledge.title(row.topic) if row.topic else None}
            for row in waiting
        ],
        "page": queries.served(actor, request.GET),
        "form": forms.SearchForm(request.GET),
        "state": request.GET.get("state", ""),
        "present": queries.present(actor),
        "duty": queries.on_duty(),
        "promise": promise,
        "key": new_key(),
    }  # fmt: skip
    return render(request, "guide/desk.html", context)


@require_POST
def presence(request: HttpRequest) -> HttpResponse:
    """上线 / 下线."""
    available = request.POST.get("available") == "1"
    actions.set_presence(request.call(), available=available)  # type: ignore[attr-defined]
    messages.success(request, _("已上线，新会话会排到您这里。") if available else _("已下线。"))
    return redirect("guide:desk")


@never_cache
@require_safe
def conversation(request: HttpRequest, number: str) -> HttpResponse:
    """一次会话."""
    actor = actor_of(request)
    found = queries.desk_conversation(actor, number)
    _renew(request, actor)
    return _conversation(request, actor, found)


@require_POST
def step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """接入、回复、转交、结束."""
    actor, call = actor_of(request), request.call()  # type: ignore[attr-defined]
    found = _for_step(actor, number, step)
    try:
        match step:
            case "accept":
                actions.accept_conversation(call_for(request, found), conversation=found)
            case "say":
                actions.reply(
                    call,
                    conversation=found,
                    text=request.POST.get("text", ""),
                    entry=request.POST.get("entry", "")[:70],
                    client_id=request.POST.get("client_id", "")[:64],
                )
            case "hand":
                to = request.POST.get("to_user", "")
                actions.hand_over(
                    call,
                    conversation=found,
                    to_user=int(to) if to.isascii() and to.isdigit() and len(to) < 19 else None,
                    note=request.POST.get("note", ""),
                )
                messages.success(request, _("已转交。"))
                return redirect("guide:desk")
            case "close":
                actions.close_conversation(call, conversation=found)
            case _:
                raise NotFound()
    except Conflict as late:
        messages.error(request, late.detail.pick(language()))
        return redirect("guide:desk")
    except InvalidInput as refused:
        return _conversation(request, actor, found, problem=refused)
    return redirect(f"/work/guide/c/{number}/#last")


@require_safe
def callbacks(request: HttpRequest) -> HttpResponse:
    """回电任务."""
    page = queries.callbacks(actor_of(request), request.GET)
    context = {"page": page, "form": forms.CallbackFilterForm(request.GET), "now": clock.now()}
    return render(request, "guide/callbacks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def callback(request: HttpRequest, pk: int) -> HttpResponse:
    """答复一条留言."""
    found = queries.callback(actor_of(request), pk)
    form = forms.CallbackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.finish_callback(
                request.call(),  # type: ignore[attr-defined]
                callback=found,
                result=form.cleaned_data["result"],
            )
            messages.success(request, _("已记录答复。"))
            return redirect("guide:callbacks")
        except (InvalidInput, Conflict) as refused:
            refuse(form, refused)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "guide/callback.html", {"row": found, "form": form, "key": new_key()}, status=status
    )


@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """导服统计: the last seven days."""
    found = queries.statistics(actor_of(request))
    words = {
        Outcome.EMERGENCY: _("紧急提示"), Outcome.ANSWER: _("直接回答"), Outcome.ASK: _("请市民选择"),
        Outcome.UNSURE: _("答不准"), Outcome.ELSEWHERE: _("指路"), Outcome.PERSON: _("要求人工"),
        Outcome.SMALL_TALK: _("寒暄"),
    }  # fmt: skip
    rows = [{"name": words[Outcome(key)], "number": number} for key, number in found.outcomes.items()]
    columns = [{"key": "name", "label": _("应答方式")}, {"key": "number", "label": _("次数"), "num": True}]
    context = {"figures": found, "rows": rows, "columns": columns, "embedder": knowledge.embedder_name()}
    return render(request, "guide/statistics.html", context)


def _for_step(actor: Actor, number: str, step: str) -> Conversation:
    """The conversation; for "accept" also one somebody else was faster with, so that the action can say so."""
    try:
        return queries.desk_conversation(actor, number)
    except NotFound:
        taken = Conversation.objects.filter(number=number).first() if step == "accept" else None
        if taken is None:
            raise
        return taken  # type: ignore[no-any-return]


def _renew(request: HttpRequest, actor: Actor) -> None:
    row = queries.present(actor)
    if row is None:
        return
    left = (row.until - clock.now()).total_seconds() / 60
    if left < RENEW * duty.number("presence_minutes"):
        actions.set_presence(request.call(), available=True)  # type: ignore[attr-defined]


def _conversation(
    request: HttpRequest, actor: Actor, found: Conversation, problem: QuanchengError | None = None
) -> HttpResponse:
    rows = rendering.rows(queries.transcript(actor, found), "agent")
    context: dict[str, Any] = {
        "conversation": found,
        "rows": rows,
        "open": found.state == State.OPEN,
        "waiting": found.state == State.WAITING,
        "canned": queries.canned(actor),
        "choices": queries.choices(),
        "colleagues": queries.colleagues(actor),
        "form": forms.AskForm(),
        "problem": problem.detail if problem else None,
        "key": new_key(),
        "client_id": new_key(),
    }
    return render(request, "guide/conversation.html", context, status=422 if problem else 200)
