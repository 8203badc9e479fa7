"""Command face 指挥: list, drafting, one warning with its basis, and the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.command import queries as picture
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.kernel.middleware import new_key
from quancheng.scenarios.weather import actions, areas, command_panel, flow, queries, wording
from quancheng.scenarios.weather.forms import PARTS, DraftForm, WarningFilter, initial
from quancheng.scenarios.weather.models import Warning
from quancheng.scenarios.weather.pages.common import asker, attempt, reader, sentence, verbs_for

KINDS = {"": None, "real": "", "exercise": "*"}
FORM_LEVEL = 4
DONE = {
    "submit": _("已送审，等待签发人审批。"),
    "return": _("已退回起草人。"),
    "withdraw": _("已撤回。"),
    "approve": _("已签发并发布。"),
    "cancel": _("已解除，解除报文已发布。"),
}


@require_safe
def warnings(request: HttpRequest) -> HttpResponse:
    """预警清单: what waits on top, filters in the URL, pages."""
    actor = asker(request)
    form = WarningFilter(request.GET)
    if not form.is_valid():
        raise InvalidInput(Text("筛选条件不在可选范围内。", "The filter is not one of the choices."))
    chosen = form.cleaned_data
    found = queries.warnings(
        actor, state=chosen["state"], level=chosen["level"], exercise=KINDS[chosen["kind"]], text=chosen["q"]
    )
    page = pagination.page(found.defer("xml"), ("-drafted_at", "-id"), request.GET)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, _places(row)) for row in page],
        "waiting": [(row, _places(row)) for row in queries.waiting(actor).defer("xml")[:6]],
        "may_draft": access.allowed(actor, "draft", Warning),
    }
    return render(request, "weather/warnings.html", context)


def _places(row: Warning) -> Text:
    names = [areas.name(code) for code in row.districts]
    return Text("、".join(each.zh for each in names), ", ".join(each.en for each in names))


@require_safe
def warning(request: HttpRequest, number: str) -> HttpResponse:
    """One warning: text, area, basis, log, steps."""
    actor = asker(request)
    row = queries.warning(actor, number)
    may = verbs_for(actor, row)
    layer = {
        "id": "weather-areas",
        "label": Text("影响区域", "Area"),
        "kind": "fill",
        "color": "level",
        "url": f"/api/v1/weather/warnings/{quote(row.number)}/areas.geojson",
        "title": "name",
        "fields": [{"key": "colour", "label": Text("级别", "Level")}],
    }
    context = {
        "row": row,
        "places": _places(row),
        "map": {"base": True, "bounds": [116.2, 36.0, 117.8, 37.4], "layers": [layer]},
        "crossings": [_crossing(one) for one in row.basis if "alarm" in one],
        "reasons": [one["reason"] for one in row.basis if "reason" in one],
        "log": [_line(each) for each in queries.log_of(actor, row)],
        "next": list(queries.warnings(actor).filter(previous=row).defer("xml").order_by("id")),
        "may": may,
        "show_steps": bool(may - {"edit", "update"}),
        "key": new_key(),
    }
    return render(request, "weather/warning.html", context)


def _crossing(one: dict[str, Any]) -> dict[str, Any]:
    rule = one["finding"].get("rule", {})
    alarm = one["alarm"]
    return {
        "alarm": alarm,
        "place": Text(alarm["station"]["zh"], alarm["station"]["en"]),
        "hours": max(1, int(alarm["window_minutes"]) // 60),
        "raised_at": alarm["raised_at"],
        "rule": rule,
        "evidence": one["evidence"],
    }


def _line(each: Any) -> dict[str, Any]:
    kinds = {"publish": "ok", "return": "warn", "withdraw": "warn", "cancel": "warn", "expire": "warn"}
    return {"when": each.at, "title": each.text, "who": _who(each.actor), "kind": kinds.get(each.verb, "")}


def _who(name: str) -> Text:
    return Text("系统", "Platform") if name == "system:weather" else Text(name, name)


# -- drafting ---------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """起草: a new alert, or with ``?update=`` an update of one in force."""
    actor = asker(request)
    access.require(actor, "draft", Warning)
    number = request.GET.get("update", "")
    previous = queries.warning(actor, number) if number else None
    exercise = previous.exercise if previous else _running(actor, request)
    filled = _filled(request, previous, keep_text=False)
    form = (
        DraftForm(initial=filled)
        if filled
        else DraftForm(request.POST or None, initial=_first(request, previous))
    )
    status = 200
    if request.method == "POST" and not filled:
        made = _save(form, lambda draft: actions.draft_warning(
            request.call(), draft=draft, previous=previous, exercise=exercise  # type: ignore[attr-defined]
        ))  # fmt: skip
        if made is not None:
            return redirect(made.path)
        status = 422
    context = {
        "form": form, "previous": previous, "exercise": exercise, "running": picture.running_exercise(actor),
        "key": new_key(),
    }  # fmt: skip
    return render(request, "weather/form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, number: str) -> HttpResponse:
    """修改草稿; a submitted one goes back to draft."""
    actor = asker(request)
    access.require(actor, "draft", Warning)
    row = queries.warning(actor, number)
    if row.state not in flow.UNPUBLISHED:
        raise NotFound(
            Text("已发布或已结束的预警不能修改。", "A published or ended warning cannot be edited."),
            todo=Text("请起草更新。", "Draft an update instead."),
        )
    words = wording.Words(*(Text.of(getattr(row, part)) for part in PARTS))
    filled = _filled(request, row.previous, keep_text=True)
    first = filled or initial(row.level, row.districts, words)
    form = DraftForm(None if filled else request.POST or None, initial=first)
    status = 200
    if request.method == "POST" and not filled:
        made = _save(form, lambda draft: actions.edit_draft(
            request.call(), warning=row, draft=draft, seen=request.POST.get("seen", "")  # type: ignore[attr-defined]
        ))  # fmt: skip
        if made is not None:
            return redirect(made.path)
        status = 422
    context = {
        "form": form, "row": row, "previous": row.previous, "exercise": row.exercise, "key": new_key(),
        "seen": request.POST.get("seen") or row.revision,
    }  # fmt: skip
    return render(request, "weather/form.html", context, status=status)


def _save(form: DraftForm, deed: Callable[[actions.Draft], Warning]) -> Warning | None:
    """Do it when the form holds; what the action refuses is said in the form, the input kept."""
    if not form.is_valid():
        return None
    try:
        return deed(form.draft())
    except InvalidInput as refused:
        for name, text in refused.fields.items():
            field = name if name in form.fields else f"{name}_zh"
            form.add_error(field if field in form.fields else None, text.pick(reader()))
        if not refused.fields:
            form.add_error(None, sentence(refused))
        return None


def _running(actor: Any, request: HttpRequest) -> str:
    """The drill a new draft belongs to; only the one that is running."""
    code = request.GET.get("exercise", "")
    row = picture.running_exercise(actor)
    return code if row is not None and row.code == code else ""


def _first(request: HttpRequest, previous: Warning | None) -> dict[str, Any]:
    level = previous.level if previous else FORM_LEVEL
    asked = request.GET.get("level", "")
    if asked in {"1", "2", "3", "4"}:
        level = int(asked)
    districts = list(previous.districts) if previous else []
    names = [areas.name(code) for code in districts] or [Text("全市", "the whole city")]
    verb = wording.verb_for(level, previous.level if previous else None)
    return initial(level, districts, wording.plain_words(level, verb, names))


def _filled(request: HttpRequest, previous: Warning | None, *, keep_text: bool) -> dict[str, Any] | None:
    """The form again with the standard words of the chosen level; None when that was not asked."""
    post = request.POST
    if "fill" not in post:
        return None
    level = int(post["level"]) if post.get("level") in {"1", "2", "3", "4"} else FORM_LEVEL
    districts = [code for code in post.getlist("districts") if areas.known(code)]
    names = [areas.name(code) for code in districts] or [Text("全市", "the whole city")]
    verb = wording.verb_for(level, previous.level if previous else None)
    found = initial(level, districts, wording.plain_words(level, verb, names))
    if keep_text:
        found |= {name: post.get(name, "") for name in ("description_zh", "description_en")}
    return found


# -- steps ------------------------------------------------------------------------------------
@require_POST
def do(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """One step of a warning."""
    actor = asker(request)
    row = queries.warning(actor, number)
    post, call = request.POST, request.call()  # type: ignore[attr-defined]
    reason = post.get("reason", "")
    deeds: dict[str, Callable[[], Any]] = {
        "submit": lambda: actions.submit_warning(call, warning=row),
        "return": lambda: actions.return_warning(call, warning=row, reason=reason),
        "withdraw": lambda: actions.withdraw_warning(call, warning=row, reason=reason),
        "approve": lambda: actions.approve_warning(call, warning=row, seen=post.get("seen", "")),
        "cancel": lambda: actions.cancel_warning(call, warning=row, reason=reason),
    }
    if verb not in deeds:
        raise NotFound()
    attempt(request, deeds[verb], str(DONE[verb]))
    return redirect("/screen/" if post.get("back") == "/screen/" else row.path)


@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    """The panel of the overview by itself, fetched again when something happens."""
    asker(request)
    exercise = queries.plain(request.GET.get("exercise", ""))
    context = {"exercise": exercise, **command_panel.context(request, exercise)}
    return render(request, "command/panel/weather.html", context)


urlpatterns = [
    path("screen/warnings/", warnings, name="warnings"),
    path("screen/warnings/new/", new, name="new"),
    path("screen/warnings/panel/", panel, name="panel"),
    path("screen/warnings/<str:number>/", warning, name="warning"),
    path("screen/warnings/<str:number>/edit/", edit, name="edit"),
    path("screen/warnings/<str:number>/do/<slug:verb>/", do, name="do"),
]
