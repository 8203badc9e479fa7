"""Pages of official documents: list, drafting, circulation, the layout file, received copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.internal import actions, paperwork, queries
from quancheng.capabilities.internal.circulation import KINDS, STEPS, URGENCY, steps_from
from quancheng.capabilities.internal.forms import say
from quancheng.capabilities.internal.models import Paper
from quancheng.capabilities.internal.values import Outcome, PaperState
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, QuanchengError
from quancheng.kernel.middleware import new_key


class PaperFilter(forms.Form):
    """Filters of the list; the state lives in the URL."""

    q = forms.CharField(label=gettext_lazy("文号或标题"), required=False, max_length=60)
    kind = forms.ChoiceField(label=gettext_lazy("文种"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("公文状态"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("全部")), *((k.value, say(t)) for k, t in KINDS.items())]  # type: ignore[attr-defined]
        self.fields["state"].choices = [("", _("全部")), *((one.value, say(one.text)) for one in PaperState)]  # type: ignore[attr-defined]


class PaperForm(forms.Form):
    """拟稿."""

    kind = forms.ChoiceField(label=gettext_lazy("文种"))
    title = forms.CharField(label=gettext_lazy("标题"), max_length=200)
    recipients = forms.MultipleChoiceField(
        label=gettext_lazy("主送机关"), widget=forms.SelectMultiple({"size": 8}),
        help_text=gettext_lazy("按住 Ctrl 可以多选；请示只能主送一个机关"),
    )  # fmt: skip
    countersigners = forms.MultipleChoiceField(
        label=gettext_lazy("会签单位"), required=False, widget=forms.SelectMultiple({"size": 5})
    )
    urgency = forms.ChoiceField(label=gettext_lazy("紧急程度"))
    body = forms.CharField(
        label=gettext_lazy("正文"), max_length=paperwork.MAX_BODY, widget=forms.Textarea({"rows": 12})
    )
    open_text = forms.BooleanField(
        label=gettext_lazy("我确认本件不涉密"), help_text=gettext_lazy("本平台只流转非涉密公文")
    )

    def __init__(self, *args: Any, organs: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(k.value, say(t)) for k, t in KINDS.items()]  # type: ignore[attr-defined]
        self.fields["urgency"].choices = [(k, say(t)) for k, t in URGENCY.items()]  # type: ignore[attr-defined]
        units = [(str(one.pk), say(one.text)) for one in organs]
        self.fields["recipients"].choices = units  # type: ignore[attr-defined]
        self.fields["countersigners"].choices = units  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """核稿、会签、签发: agree, or return with a reason."""

    outcome = forms.ChoiceField(label=gettext_lazy("办理意见"), widget=forms.RadioSelect, initial="agree")
    opinion = forms.CharField(
        label=gettext_lazy("意见内容"), required=False, max_length=500, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = (
            (Outcome.AGREE, Outcome.AGREE.text),
            (Outcome.RETURN, Text("退回修改", "Return for changes")),
        )
        self.fields["outcome"].choices = [(one.value, say(text)) for one, text in shown]  # type: ignore[attr-defined]


def organs() -> list[Any]:
    """City departments a document may go to."""
    return [one for one in people.subtree("jn") if one.level in {"city", "unit"}] + [
        one for one in people.departments() if one.level == "city"
    ]


@require_GET
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """公文列表."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.papers(actor, request.GET)
    return render(
        request,
        "internal/papers.html",
        {
            "page": page, "filter": PaperFilter(request.GET), "counts": queries.paper_counts(actor),
            "box": request.GET.get("box", ""), "rows": [_row(one) for one in page.items],
            "may_draft": access.allowed(actor, "draft", Paper),
        },
    )  # fmt: skip


def _row(paper: Paper) -> dict[str, Any]:
    kinds = {"sent": "ok", "archived": "ok", "draft": "", "cancelled": "bad"}
    return {"paper": paper, "kind_text": KINDS[paper.kind], "tag": kinds.get(paper.state, "info")}  # type: ignore[index]


@require_http_methods(["GET", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """拟稿."""
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "draft", Paper)
    units = organs()
    mine = queries.units_of(actor, "internal.staff") or queries.units_of(actor, "internal.clerk")
    form = PaperForm(request.POST if request.method == "POST" else None, organs=units)
    problem: QuanchengError | None = None
    if request.method == "POST" and form.is_valid():
        values, by_id = form.cleaned_data, {str(one.pk): one for one in units}
        try:
            made = actions.draft_paper(
                request.call(), organ=mine[0], kind=values["kind"], title=values["title"], body=values["body"],  # type: ignore[attr-defined]
                recipients=[by_id[pk] for pk in values["recipients"]], urgency=values["urgency"],
                countersigners=[by_id[pk] for pk in values["countersigners"]],
            )  # fmt: skip
        except InvalidInput as wrong:
            problem = wrong
            _mark(form, wrong)
        else:
            messages.success(request, _("草稿已保存。"))
            return redirect("internal:paper", pk=made.pk)
    status = 200 if request.method == "GET" else 422
    context = {"form": form, "problem": problem, "organ": mine[0] if mine else None, "key": new_key()}
    return render(request, "internal/paper_form.html", context, status=status)


def _mark(form: forms.Form, wrong: QuanchengError) -> None:
    for key, text in wrong.fields.items():
        if key in form.fields:
            form.add_error(key, str(say(text)))


@require_GET
@never_cache
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """一份公文."""
    return _page(request, queries.paper(request.actor, pk))  # type: ignore[attr-defined]


def _page(
    request: HttpRequest,
    found: Paper,
    *,
    form: Any = None,
    opened: str = "",
    problem: Any = None,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    verbs = queries.paper_steps(actor, found)
    versions = list(found.versions.all())
    shown = request.GET.get("version", "")
    current = next((one for one in versions if str(one.number) == shown), versions[-1])
    order = [
        step.source for step in STEPS if step.verb in {"submit", "review", "issue", "number", "seal", "send"}
    ]
    order.insert(2, PaperState.COUNTERSIGN)
    order += [PaperState.SENT, PaperState.ARCHIVED]
    at = order.index(PaperState(found.state)) + 1 if found.state in order else 0
    asked = list(queries.opinions_waiting(actor).filter(paper=found).select_related("department"))
    return render(
        request,
        "internal/paper.html",
        {
            "paper": found, "row": _row(found), "versions": versions, "version": current,
            "stages": [one.text for one in order], "stage": at + (found.state == PaperState.ARCHIVED),
            "verbs": verbs, "buttons": [
                (step.verb, step.text) for step in steps_from(found.state)
                if step.verb in verbs and step.verb not in {"review", "back", "issue", "reject", "revise"}
            ],
            "judge": "review" if "review" in verbs else "issue" if "issue" in verbs else "",
            "asked": asked, "form": form or StepForm(), "opened": opened, "problem": problem,
            "opinions": list(found.opinions.select_related("department")),
            "copies": list(found.copies.select_related("department")),
            "mine": set(queries.copies(actor).filter(paper=found).values_list("pk", flat=True)),
            "recipients": list(found.recipients.all()), "key": new_key(),
            "timeline": [
                {"when": one.at, "title": Text.of(one.text), "text": one.data.get("reason", ""), "who": one.actor_name}
                for one in reversed(list(found.history.all()))
            ],
            "urgency": URGENCY[found.urgency],
        },
        status=status,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@never_cache
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    """修改草稿: a new version."""
    found = queries.paper(request.actor, pk)  # type: ignore[attr-defined]
    access.require(request.actor, "revise", found)  # type: ignore[attr-defined]
    last = found.versions.get(number=found.version)
    problem: QuanchengError | None = None
    if request.method == "POST":
        try:
            actions.revise_paper(
                request.call(), paper=found, title=request.POST.get("title", ""),  # type: ignore[attr-defined]
                body=request.POST.get("body", ""), why=request.POST.get("why", ""),
                revision=_revision(request),
            )  # fmt: skip
        except (InvalidInput, Conflict) as wrong:
            problem = wrong
        else:
            messages.success(request, _("已保存为新版本。"))
            return redirect("internal:paper", pk=pk)
    context = {"paper": found, "last": last, "problem": problem, "key": new_key()}
    return render(request, "internal/paper_revise.html", context, status=problem.status if problem else 200)


def _revision(request: HttpRequest) -> int | None:
    raw = request.POST.get("revision", "")
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 10 else None


@require_POST
def step(request: HttpRequest, pk: str, verb: str) -> HttpResponse:
    """One step; a second person is told who was first."""
    found = queries.paper(request.actor, int(pk))  # type: ignore[attr-defined]
    if verb not in DEEDS:
        raise NotFound()
    form = StepForm(request.POST) if verb in {"review", "issue", "countersign"} else None
    if form is not None and not form.is_valid():
        return _page(request, found, form=form, opened=verb, status=422)
    values = form.cleaned_data if form is not None else {}
    try:
        DEEDS[verb](request, found, values)
    except (Conflict, InvalidInput) as wrong:
        fresh = queries.paper(request.actor, int(pk))  # type: ignore[attr-defined]
        return _page(request, fresh, form=form, opened=verb, problem=wrong, status=wrong.status)
    messages.success(request, _("已办理。"))
    return redirect("internal:paper", pk=pk)


def _plain(name: str) -> Callable[[Any, Paper, Any], None]:
    def run(request: Any, found: Paper, values: Any) -> None:
        getattr(actions, name)(request.call(), paper=found, revision=_revision(request))

    return run


def _judged(name: str) -> Callable[[Any, Paper, Any], None]:
    def run(request: Any, found: Paper, values: Any) -> None:
        getattr(actions, name)(request.call(), paper=found, revision=_revision(request), **values)

    return run


def _countersign(request: Any, found: Paper, values: Any) -> None:
    asked = queries.opinions_waiting(request.actor).filter(paper=found).select_related("department")
    chosen = next((one for one in asked if str(one.pk) == request.POST.get("asked")), None)
    if chosen is None:
        raise Conflict(Text("会签意见已提交或会签已结束。", "The opinion was given, or the round is over."))
    actions.countersign_paper(request.call(), paper=found, department=chosen.department, **values)


def _seal(request: Any, found: Paper, values: Any) -> None:
    access.require(request.actor, "seal", found)
    printed = paperwork.print_paper(found)
    actions.seal_paper(request.call(), paper=found, printed=printed, revision=_revision(request))


DEEDS: dict[str, Callable[[Any, Paper, Any], None]] = {
    "submit": _plain("submit_paper"), "cancel": _plain("cancel_paper"), "number": _plain("number_paper"),
    "send": _plain("send_paper"), "archive": _plain("archive_paper"), "seal": _seal,
    "review": _judged("review_paper"), "issue": _judged("issue_paper"), "countersign": _countersign,
}  # fmt: skip


@require_POST
def copy_step(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """签收、办结 of a received copy."""
    found = queries.copy(request.actor, pk)  # type: ignore[attr-defined]
    call = request.call()  # type: ignore[attr-defined]
    try:
        if verb == "receive":
            actions.receive_copy(call, copy=found)
        elif verb == "close":
            actions.close_copy(call, copy=found, handling=request.POST.get("handling", ""))
        else:
            raise NotFound()
    except (Conflict, InvalidInput) as wrong:
        whole = queries.paper(request.actor, found.paper_id)  # type: ignore[attr-defined]
        return _page(request, whole, problem=wrong, status=wrong.status)
    messages.success(request, _("已办理。"))
    return redirect("internal:paper", pk=found.paper_id)


@require_GET
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """版式文件."""
    found = queries.paper(request.actor, pk)  # type: ignore[attr-defined]
    if not found.digest:
        raise NotFound()
    answer = HttpResponse(trust.blob_path(found.digest).read_bytes(), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="paper-{found.pk}.pdf"'
    return answer
