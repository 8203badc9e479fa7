"""Pages of drafts: the list, new ones, basics, conditions; and what all pages of a draft share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.designer import actions, checking, content, queries
from quancheng.capabilities.designer.forms import BasicForm, BlankForm, DraftFilter, ImportForm
from quancheng.capabilities.designer.models import MatterDraft
from quancheng.capabilities.designer.values import DraftState, Part
from quancheng.capabilities.services import queries as matters
from quancheng.capabilities.services.values import CHECKS, import_matter
from quancheng.kernel import access
from quancheng.kernel.errors import NotFound, QuanchengError
from quancheng.kernel.middleware import new_key

__all__ = ["change", "context", "index", "new", "page"]
TABS = (Part.BASIC, Part.CONDITIONS, Part.MATERIALS, Part.FORM, Part.TABLES, Part.FLOW)
Change = Callable[[dict[str, Any]], Mapping[str, Any]]


# -- shared ------------------------------------------------------------------------------------------
def context(request: HttpRequest, draft: MatterDraft, part: str, **more: Any) -> dict[str, Any]:
    """What every page of a draft shows: tabs with their problems, whether it may be changed."""
    found = checking.troubles(draft.content)
    tabs = [
        {"key": one.value, "text": one.text, "url": f"/work/designer/{draft.pk}/{one.value}/",
         "bad": sum(1 for row in found if row.part is one and row.blocks)}
        for one in TABS
    ]  # fmt: skip
    actor = request.actor  # type: ignore[attr-defined]
    return {
        "draft": draft, "part": part, "tabs": tabs, "key": new_key(),
        "bad": len(checking.blocking(found)), "all_troubles": found,
        "troubles": [one for one in found if one.part.value == part],
        "may_edit": draft.open and access.allowed(actor, "edit", draft),
        "may_publish": draft.state == DraftState.PROPOSED and access.allowed(actor, "publish", draft), **more,
    }  # fmt: skip


def page(
    request: HttpRequest, template: str, draft: MatterDraft, part: str, status: int = 200, **more: Any
) -> HttpResponse:
    """One page of a draft."""
    return render(request, f"designer/{template}.html", context(request, draft, part, **more), status=status)


def change(request: HttpRequest, draft: MatterDraft, part: Part, step: Change) -> QuanchengError | None:
    """Save what ``step`` makes of the content; the reason when it is refused."""
    try:
        made = step(dict(draft.content))
        revision = request.POST.get("revision", "")
        actions.save_draft(
            request.call(), draft=draft, content_=made, part=part.value,  # type: ignore[attr-defined]
            revision=int(revision) if revision.isdecimal() and len(revision) < 9 else draft.revision,
        )  # fmt: skip
    except QuanchengError as wrong:
        return wrong
    messages.success(request, _("已保存。"))
    return None


# -- the list ------------------------------------------------------------------------------------------
@require_GET
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """草稿列表."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.drafts(actor, request.GET)
    return render(
        request, "designer/index.html",
        {
            "page": found, "filter": DraftFilter(request.GET), "may_begin": access.allowed(actor, "begin", MatterDraft),
            "matters": matters.desk_matters(actor),
        },
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """新建: from a blank, as a copy of a matter in force, or from a file."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_designer(actor)
    way = request.POST.get("way", "")
    units = queries.departments_of(actor)
    blank = BlankForm(request.POST if way == "blank" else None, departments=units)
    brought = ImportForm(*((request.POST, request.FILES) if way == "import" else ()))
    problem = None
    if request.method == "POST":
        try:
            made = _begun(request, way, blank, brought)
            if made is not None:
                messages.success(request, _("草稿已建立。"))
                return redirect("designer:part", made.pk, Part.BASIC.value)
        except QuanchengError as wrong:
            problem = wrong
    return render(
        request, "designer/new.html",
        {"blank": blank, "brought": brought, "problem": problem, "matters": matters.desk_matters(actor), "key": new_key()},
        status=(problem.status if problem else 422) if request.method == "POST" else 200,
    )  # fmt: skip


def _begun(request: HttpRequest, way: str, blank: BlankForm, brought: ImportForm) -> MatterDraft | None:
    call, actor = request.call(), request.actor  # type: ignore[attr-defined]
    if way == "blank" and blank.is_valid():
        given = blank.cleaned_data
        made = content.blank(content.code_of(given["code"]), given["zh"], given["en"], given["department"])
        return actions.begin_draft(call, content_=made)
    if way == "copy":
        number, made = queries.running_content(actor, request.POST.get("matter", ""))
        if number is None:
            raise NotFound()
        return actions.begin_draft(
            call, content_=made, base_version=number, note=_("依据现行版本%(n)s起草") % {"n": number}
        )
    if way == "version":
        return _older(request)
    if way == "import" and brought.is_valid():
        made = import_matter(brought.cleaned_data["file"])
        number, _running = queries.running_content(actor, str(made.get("code")))
        return actions.begin_draft(call, content_=made, base_version=number, note=_("导入文件"))
    return None


def _older(request: HttpRequest) -> MatterDraft:
    """回滚: a draft with the content of an older version; publishing it needs a second person as ever."""
    actor, code = request.actor, request.POST.get("matter", "")  # type: ignore[attr-defined]
    wanted = request.POST.get("number", "")
    found = next((one for one in queries.versions(actor, code) if str(one.number) == wanted), None)
    if found is None:
        raise NotFound()
    number, _running = queries.running_content(actor, code)
    return actions.begin_draft(
        request.call(), content_=dict(found.content), base_version=number,  # type: ignore[attr-defined]
        note=_("恢复到版本%(n)s") % {"n": found.number},
    )  # fmt: skip


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """放弃草稿."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    actions.drop_draft(request.call(), draft=draft, revision=draft.revision)  # type: ignore[attr-defined]
    messages.success(request, _("草稿已放弃。"))
    return redirect("designer:index")


# -- basics and conditions -----------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@never_cache
def basic(request: HttpRequest, pk: int) -> HttpResponse:
    """基本信息."""
    actor = request.actor  # type: ignore[attr-defined]
    draft = queries.draft(actor, pk)
    units = queries.departments_of(actor)
    initial = BasicForm.initial_of(draft.content)
    if request.method == "GET":
        return page(request, "basic", draft, "basic", form=BasicForm(initial=initial, departments=units))
    form = BasicForm(request.POST, initial=initial, departments=units)
    if not form.is_valid():
        return page(request, "basic", draft, "basic", 422, form=form)
    problem = change(request, draft, Part.BASIC, form.into)
    if problem is not None:
        return page(request, "basic", draft, "basic", problem.status, form=form, problem=problem)
    return redirect("designer:part", pk, "basic")


@require_http_methods(["GET", "POST"])
@never_cache
def conditions(request: HttpRequest, pk: int) -> HttpResponse:
    """受理条件: each with its check, what the check needs, and its basis."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    problem = None
    if request.method == "POST":
        problem = change(request, draft, Part.CONDITIONS, lambda made: _conditions(made, request.POST))
        if problem is None:
            return redirect("designer:part", pk, "conditions")
    rows = list(draft.content.get("condition") or ())
    wanted = request.GET.get("edit", request.POST.get("id", "") if problem else "")
    editing = next((one for one in rows if one.get("id") == wanted), None)
    from quancheng.capabilities.designer.desk_tables import names_of

    return page(
        request, "conditions", draft, "conditions", problem.status if problem else 200, rows=rows,
        editing=editing, problem=problem, checks=sorted(CHECKS), decisions=names_of(draft),
    )  # fmt: skip


def _conditions(made: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    rows = list(made.get("condition") or ())
    step, key = given.get("do", "save"), given.get("id", "").strip()
    at = next((n for n, one in enumerate(rows) if one.get("id") == key), None)
    if step in {"drop", "up", "down"} and at is not None:
        row = rows.pop(at)
        if step != "drop":
            rows.insert(max(0, at + (1 if step == "down" else -1)), row)
    elif step == "save":
        options = {name: given[f"option_{name}"].strip() for name in ("parameter", "field", "decision", "material")
                   if given.get(f"option_{name}", "").strip()}  # fmt: skip
        row = {
            "id": key, "check": given.get("check", ""), "options": options, "early": bool(given.get("early")),
            "text": {"zh": given.get("zh", "").strip(), "en": given.get("en", "").strip()},
            "basis": {"zh": given.get("basis_zh", "").strip(), "en": given.get("basis_en", "").strip()},
        }  # fmt: skip
        rows[at if at is not None else len(rows) : (at + 1) if at is not None else len(rows)] = [row]
    return made | {"condition": rows}
