"""Pages of what the public says: feedback on a dataset, requests, showcase; and their answers at the desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.opening import looking, queries, social
from quancheng.capabilities.opening.models import (
    Feedback,
    Kind,
    Show,
    ShowState,
    State,
    Wish,
    WishState,
)
from quancheng.capabilities.opening.social_forms import (
    AnswerForm,
    FeedbackForm,
    ModerateForm,
    ShowForm,
    WishAnswerForm,
    WishFilter,
    WishForm,
)
from quancheng.kernel import access, pagination
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import call_of, new_key
from quancheng.kernel.refusals import mark

ROLES = frozenset({"opening.publisher", "opening.approver", "opening.moderator"})
STATES = {WishState.ASKED: "info", WishState.ACCEPTED: "ok", WishState.DECLINED: ""}


def _tried(form: django_forms.Form, deed: Callable[[], object]) -> bool:
    try:
        deed()
    except NotSignedIn:
        raise
    except QuanchengError as refused:
        mark(form, refused)
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def feedback(request: HttpRequest, name: str) -> HttpResponse:
    """评价: what others said of a dataset, how often it was used, and one's own word."""
    found = queries.opened(name)
    if found is None or not found.live:
        raise NotFound
    call = call_of(request)
    own = Feedback.objects.filter(dataset=found, user_id=call.actor.user_id or -1).first()
    start = {"stars": str(own.stars), "said": own.said} if own else None
    form = FeedbackForm(request.POST or None, initial=start)

    def write() -> None:
        said = form.cleaned_data
        social.write_feedback(call, dataset=found.pk, stars=int(said["stars"]), said=said["said"])

    if form.is_bound and form.is_valid() and _tried(form, write):
        messages.success(request, _("谢谢，评价已公布。"))
        return redirect("opening:feedback", name)
    rows = access.visible(call.actor, Feedback).filter(dataset=found)
    page = pagination.page(rows, ("-at", "-id"), request.GET)
    context = {
        "one": found, "form": form, "page": page, "own": own, "key": new_key(), "tab": "feedback",
        "tabs": looking.tabs(queries.opened_view(found.copy_id or found.table_id)),
        "used": [(Kind(one["kind"]).label, one["n"]) for one in social.used_lately(found)],
        "signed": call.actor.is_authenticated,
    }  # fmt: skip
    return render(request, "opening/feedback.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def wishes(request: HttpRequest) -> HttpResponse:
    """开放需求: what the public asks for, how many support it, what was answered."""
    call = call_of(request)
    form = WishForm(request.POST or None)

    def ask() -> None:
        social.ask_for(call, **form.cleaned_data)

    if form.is_bound and form.is_valid() and _tried(form, ask):
        messages.success(request, _("需求已提交，部门会在期限内公开答复。"))
        return redirect("opening:wishes")
    filters = WishFilter(request.GET)
    rows = access.visible(call.actor, Wish)
    if word := request.GET.get("q", "").strip():
        rows = rows.filter(title__icontains=word)
    if (state := request.GET.get("state", "")) in WishState.values:
        rows = rows.filter(state=state)
    page = pagination.page(rows, ("-votes", "-id"), request.GET)
    context = {
        "form": form, "filter": filters, "page": page, "key": new_key(), "signed": call.actor.is_authenticated,
        "rows": [{"one": one, "tag": STATES[WishState(one.state)]} for one in page.items],
    }  # fmt: skip
    return render(request, "opening/wishes.html", context, status=422 if form.is_bound else 200)


@require_POST
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """支持."""
    social.vote(call_of(request), wish=pk)
    messages.success(request, _("已支持。"))
    return redirect("opening:wishes")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def showcase(request: HttpRequest) -> HttpResponse:
    """应用成果: what others built, and one's own to be added."""
    call = call_of(request)
    names = queries.datasets(call.actor, state=State.PUBLISHED).order_by("zh")
    form = ShowForm(request.POST or None, datasets=[(one.name, one.text) for one in names[:500]])

    def submit() -> None:
        social.submit_show(call, **form.cleaned_data)

    if form.is_bound and form.is_valid() and _tried(form, submit):
        messages.success(request, _("已提交，审核后展示。"))
        return redirect("opening:showcase")
    texts = {one.name: one.text for one in names}
    rows = access.visible(call.actor, Show).filter(state=ShowState.SHOWN)
    page = pagination.page(rows, ("-at", "-id"), request.GET)
    own = Show.objects.filter(user_id=call.actor.user_id or -1).exclude(state=ShowState.SHOWN)
    context = {
        "form": form, "page": page, "key": new_key(), "signed": call.actor.is_authenticated, "own": list(own[:20]),
        "rows": [
            {"one": one, "uses": [(name, texts[name]) for name in one.datasets if name in texts]}
            for one in page.items
        ],
    }  # fmt: skip
    return render(request, "opening/showcase.html", context, status=422 if form.is_bound else 200)


def _desk(request: HttpRequest) -> Call:
    call = call_of(request)
    if not call.actor.is_authenticated:
        raise NotSignedIn
    if not call.actor.role_ids & ROLES:
        raise Forbidden
    return call


@require_safe
@never_cache
def desk(request: HttpRequest) -> HttpResponse:
    """公众互动: what waits for an answer of the official."""
    return _waiting(request, _desk(request), "", 0, None)


_DEEDS: dict[str, tuple[type[django_forms.Form], Callable[[Call, int, dict[str, Any]], object]]] = {
    "feedback": (
        AnswerForm,
        lambda call, pk, said: social.answer_feedback(call, feedback=pk, answer=said["answer"]),
    ),
    "wish": (
        WishAnswerForm,
        lambda call, pk, said: social.answer_wish(
            call, wish=pk, accepted=said["decision"] == "accept", answer=said["answer"]
        ),
    ),
    "show": (
        ModerateForm,
        lambda call, pk, said: social.moderate_show(
            call, show=pk, shown=said["decision"] == "accept", reason=said["reason"]
        ),
    ),
}


@require_POST
def answer(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """An answer of the desk; what is refused is said at its field and nothing entered is lost."""
    call = _desk(request)
    if kind not in _DEEDS:
        raise NotFound
    make, deed = _DEEDS[kind]
    form = make(request.POST, auto_id=f"{kind}-{pk}-%s")
    if form.is_valid() and _tried(form, lambda: deed(call, pk, form.cleaned_data)):
        messages.success(request, _("已办理。"))
        return redirect("opening:public")
    return _waiting(request, call, kind, pk, form)


def _waiting(
    request: HttpRequest, call: Call, kind: str, pk: int, bound: django_forms.Form | None
) -> HttpResponse:
    def listed(name: str, rows: Any) -> list[dict[str, Any]]:
        make = _DEEDS[name][0]
        return [
            {
                "one": one,
                "form": bound if (name, one.pk) == (kind, pk) else make(auto_id=f"{name}-{one.pk}-%s"),
                "open": (name, one.pk) == (kind, pk),
            }
            for one in rows[:50]
        ]

    actor = call.actor
    said = access.visible(actor, Feedback, verb="answer").filter(answer="").select_related("dataset")
    asked = access.visible(actor, Wish, verb="answer").filter(state=WishState.ASKED)
    shown = access.visible(actor, Show, verb="moderate").filter(state=ShowState.WAITING)
    context = {
        "key": new_key(), "feedback": listed("feedback", said.order_by("at")),
        "wishes": listed("wish", asked.order_by("due_on", "id")), "shows": listed("show", shown.order_by("at")),
    }  # fmt: skip
    return render(request, "opening/public.html", context, status=422 if bound else 200)


urlpatterns = [
    path("open/dataset/<str:name>/feedback/", feedback, name="feedback"),
    path("open/requests/", wishes, name="wishes"),
    path("open/requests/<int:pk>/vote/", vote, name="vote"),
    path("open/showcase/", showcase, name="showcase"),
    path("work/opening/public/", desk, name="public"),
    path("work/opening/public/<slug:kind>/<int:pk>/", answer, name="public_answer"),
]
