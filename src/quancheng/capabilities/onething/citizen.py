"""Pages of the citizen: finding a one-thing, its guide, the picture of one's own, the result pack."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.onething import actions, queries, uploads
from quancheng.capabilities.onething.forms import UploadForm
from quancheng.capabilities.onething.models import Bundle, BundleItem
from quancheng.capabilities.onething.values import ItemState
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import queries as services
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, NotFound, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import new_key


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """一件事: search, zones, one's own."""
    actor = request.actor  # type: ignore[attr-defined]
    mine = queries.mine(actor, {"size": "5"}).items if actor.is_authenticated else []
    query = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    page = queries.themes(actor, {**request.GET.dict(), "q": query})
    return render(request, "onething/index.html", {"page": page, "query": query, "mine": mine})


@require_GET
@never_cache
def guide(request: HttpRequest, code: str) -> HttpResponse:
    """指南: items, offices, days, what one need not bring."""
    actor = request.actor  # type: ignore[attr-defined]
    theme = queries.theme(actor, code)
    items = queries.guide_items(actor, theme)
    spec = queries.spec_of(theme)
    consents = [{"row": one, "office": people.department(one.department).text} for one in spec.consent]
    return render(
        request,
        "onething/guide.html",
        {
            "theme": theme, "spec": spec, "items": items, "consents": consents,
            "offices": [people.department(one.spec.department.follows).text for one in items],
            "rows": [(one, people.department(one.spec.department.follows).text) for one in items],
            "draft": queries.draft(actor, theme), "separate": len(items),
        },
    )  # fmt: skip


@require_GET
@never_cache
def progress(request: HttpRequest, receipt: str) -> HttpResponse:
    """进度: one picture of all items, live."""
    return progress_page(request, _own(request, receipt))


def _own(request: HttpRequest, receipt: str) -> Bundle:
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    return queries.bundle(actor, receipt)


def progress_page(
    request: HttpRequest,
    found: Bundle,
    *,
    form: Any = None,
    asked: str = "",
    wrong: Any = None,
    status: int = 200,
) -> HttpResponse:
    """Draw the picture of a bundle."""
    steps = queries.steps(found)
    rows = [one for step in steps for one in step.rows]
    done = sum(one.progress is ItemState.DONE for one in rows)
    return render(
        request,
        "onething/progress.html",
        {
            "bundle": found, "steps": [{"number": one.number, "rows": [card(row) for row in one.rows]} for one in steps],
            "done": done, "all": len(rows), "new": request.GET.get("new") == "1", "key": new_key(),
            "asking": [_asking(one, form if one.key == asked else None) for one in rows if one.progress is ItemState.ASKING],
            "consents": [(one, people.department(one.department).text) for one in found.consents.order_by("at")],
            "wrong": wrong,
        },
        status=status,
    )  # fmt: skip


def card(row: BundleItem) -> dict[str, Any]:
    """One item as the picture shows it."""
    case = row.case
    running = case is not None and row.progress.case_open
    steps = (
        services.applicant_steps(case)
        if case is not None and row.progress.case_open | (row.progress is ItemState.REFUSED)
        else frozenset()
    )
    return {
        "item": row, "state": row.progress, "case": case, "office": case.department.text if case else None,
        "due": case.due if case is not None and running else None, "reading": services.clock_of(case) if case is not None and running else None,
        "appeal": "appeal" in steps, "correct": "correct" in steps,
        "skip": row.progress in {ItemState.WAITING, ItemState.ASKING, ItemState.FAILED, ItemState.BLOCKED},
        "retry": row.progress in {ItemState.FAILED, ItemState.REFUSED, ItemState.WITHDRAWN, ItemState.SKIPPED},
    }  # fmt: skip


def _asking(row: BundleItem, form: Any) -> dict[str, Any]:
    spec = _matter_spec(row)
    fields = [(key, _label(spec, key)) for key in row.missing.get("fields", [])]
    return {"item": row, "fields": fields, "form": form if form is not None else _papers(row, spec)}


def _papers(row: BundleItem, spec: Any, *data: Any) -> UploadForm:
    names = {one.key: one.name.text for one in spec.material} if spec else {}
    return UploadForm(
        *data,
        asked=[(key, names.get(key, Text(key, key)), None, True) for key in row.missing.get("uploads", [])],
    )


def _matter_spec(row: BundleItem) -> Any:
    from quancheng.capabilities.onething.publishing import matters
    from quancheng.kernel.actor import Actor

    matter = matters(Actor.system("onething")).get(row.matter)
    return matter.current.spec if matter is not None else None


def _label(spec: Any, key: str) -> Text:
    found = next((one for one in spec.field if one.key == key), None) if spec else None
    return found.label.text if found is not None else Text(key, key)


@require_POST
def step(request: HttpRequest, receipt: str, key: str, verb: str) -> HttpResponse:
    """补充、不办、重新办理 one item."""
    _own(request, receipt)
    call = request.call()  # type: ignore[attr-defined]
    item = queries.item(call.actor, receipt, key)
    match verb:
        case "skip":
            actions.skip_item(call, item=item)
        case "retry":
            actions.retry_item(call, item=item)
        case "answer":
            return _answer(request, receipt, item)
        case _:
            raise NotFound()
    return redirect("onething:progress", receipt=receipt)


def _answer(request: HttpRequest, receipt: str, item: BundleItem) -> HttpResponse:
    spec = _matter_spec(item)
    form = _papers(item, spec, request.POST, request.FILES)
    files = {}
    for key in item.missing.get("uploads", []):
        if sent := request.FILES.get(f"file_{key}"):
            try:
                files[key] = uploads.keep(sent)
            except QuanchengError as wrong:
                form.add_error(f"file_{key}", wrong.detail.pick(request.LANGUAGE_CODE))
    fields = {key: request.POST.get(key, "") for key in item.missing.get("fields", [])}
    try:
        actions.answer_item(request.call(), item=item, fields=fields, files=files)  # type: ignore[attr-defined]
    except InvalidInput as wrong:
        found = queries.bundle(request.actor, receipt)  # type: ignore[attr-defined]
        return progress_page(request, found, form=form, asked=item.key, wrong=wrong, status=422)
    return redirect("onething:progress", receipt=receipt)


@require_POST
def withdraw(request: HttpRequest, receipt: str) -> HttpResponse:
    """撤回整件事."""
    actions.withdraw_bundle(request.call(), bundle=_own(request, receipt))  # type: ignore[attr-defined]
    return redirect("onething:progress", receipt=receipt)


@require_POST
def drop(request: HttpRequest, code: str) -> HttpResponse:
    """删除草稿."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.draft(actor, queries.theme(actor, code))
    if found is not None:
        actions.drop_draft(request.call(), bundle=found)  # type: ignore[attr-defined]
    return redirect("onething:index")


@require_GET
@never_cache
def pack(request: HttpRequest, receipt: str) -> FileResponse:
    """结果包下载. Raises NotFound while there is none."""
    found = _own(request, receipt)
    if not found.pack_digest:
        raise NotFound()
    stored = trust.blob_path(found.pack_digest).open("rb")
    return FileResponse(
        stored,
        as_attachment=True,
        filename=f"{found.theme.text.zh}-{found.receipt}.zip",
        content_type="application/zip",
    )
