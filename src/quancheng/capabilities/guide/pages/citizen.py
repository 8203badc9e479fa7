"""The citizen's pages: one conversation, phone first; every step works without script."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.guide import actions, forms, queries, rendering
from quancheng.capabilities.guide.connection import SECRET
from quancheng.capabilities.guide.models import Conversation
from quancheng.capabilities.guide.pages.common import actor_of, call_for, language, own, refuse, required
from quancheng.capabilities.guide.values import State
from quancheng.kernel.errors import InvalidInput, TooMany
from quancheng.kernel.middleware import new_key

EXAMPLES = (
    ("老年证怎么办", "How do I get a senior card"),
    ("给刚出生的孩子上户口", "Register a newborn in the household"),
    ("想开个小饭店", "I want to open a small restaurant"),
    ("大厅几点下班", "When does the hall close"),
)
LATEST = 60


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """问一问."""
    return _page(request, forms.AskForm(initial={"text": request.GET.get("q", "")[:200]}))


@require_POST
def say(request: HttpRequest) -> HttpResponse:
    """Send a question or a word; the answer is on the page that follows."""
    form, held = forms.AskForm(request.POST), own(request)
    if held is not None and held.state == State.CLOSED:
        held = None
    if form.is_valid():
        try:
            said = actions.ask(
                call_for(request, held),
                text=form.cleaned_data["text"],
                conversation=held,
                client_id=request.POST.get("client_id", "")[:64],
                language=language(),
            )
            request.session[SECRET] = said.conversation.secret
            return redirect("/guide/#last")
        except (InvalidInput, TooMany) as refused:
            refuse(form, refused)
    return _page(request, form, status=422)


@require_POST
def person(request: HttpRequest) -> HttpResponse:
    """转人工."""
    held = own(request)
    if held is None or held.state == State.CLOSED:
        said = actions.ask(call_for(request), text=_("转人工"), language=language())
        request.session[SECRET] = said.conversation.secret
    else:
        actions.ask_person(call_for(request, held), conversation=held)
    return redirect("/guide/#last")


@require_http_methods(["GET", "HEAD", "POST"])
def message(request: HttpRequest) -> HttpResponse:
    """留言."""
    held = required(request)
    form = forms.MessageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.leave_message(call_for(request, held), conversation=held, **form.cleaned_data)
            messages.success(request, _("留言已收到。"))
            return redirect("/guide/#last")
        except InvalidInput as refused:
            refuse(form, refused)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "duty": queries.on_duty(), "key": new_key()}
    return render(request, "guide/message_form.html", context, status=status)


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """结束会话."""
    held = required(request)
    actions.end_conversation(call_for(request, held), conversation=held)
    return redirect("guide:citizen")


@require_POST
def rate(request: HttpRequest) -> HttpResponse:
    """评价."""
    held, score = required(request), request.POST.get("score", "")
    actions.rate_conversation(
        call_for(request, held), conversation=held, score=int(score) if score in set("12345") else 0
    )
    messages.success(request, _("谢谢您的评价。"))
    return redirect("guide:citizen")


@require_POST
def judge(request: HttpRequest) -> HttpResponse:
    """答案有没有帮助; "no" offers a person."""
    held, number = required(request), request.POST.get("inquiry", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise InvalidInput()
    helpful = request.POST.get("helpful") == "1"
    actions.judge_answer(call_for(request, held), conversation=held, inquiry=int(number), helpful=helpful)
    if helpful:
        messages.success(request, _("谢谢，很高兴能帮到您。"))
    else:
        messages.warning(request, _("已记下这个答案不对，会有人核对。需要的话请点“找人工”。"))
    return redirect("/guide/#last")


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """我问过的: a signed-in citizen's conversations."""
    return render(request, "guide/history.html", {"page": queries.mine(actor_of(request), request.GET)})


def _page(request: HttpRequest, form: forms.AskForm, status: int = 200) -> HttpResponse:
    held = own(request)
    context: dict[str, Any] = {
        "form": form,
        "conversation": held,
        "rows": _latest(held),
        "duty": queries.on_duty(),
        "examples": EXAMPLES,
        "key": new_key(),
        "client_id": new_key(),
        "states": {one.value: one.value for one in State},
        "scores": range(5, 0, -1),
    }
    return render(request, "guide/citizen.html", context, status=status)


def _latest(held: Conversation | None) -> list[dict[str, Any]]:
    if held is None:
        return []
    after = max(0, held.sequence - LATEST)
    return rendering.rows(queries.said_to_citizen(held, after), "citizen")
