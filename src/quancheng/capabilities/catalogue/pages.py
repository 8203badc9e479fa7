"""Pages of the catalogue: the list with search, an entry, its form, versions; further lists in their own files."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.catalogue import (
    actions,
    bulk_pages,
    demand_pages,
    duty_pages,
    forms,
    queries,
    sheets,
    showing,
)
from quancheng.capabilities.catalogue.models import Entry
from quancheng.capabilities.catalogue.panels import panels
from quancheng.core.catalogue import CatalogueError, Resource, View
from quancheng.kernel import access, clock
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import new_key


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """数据目录: search, filters with counts, the own entries with their states."""
    actor = showing.official(request)
    works = access.allowed(actor, "work", Entry)
    form = forms.SearchForm(request.GET)
    words, wanted = form.wanted()
    found = queries.search(
        actor,
        words,
        wanted,
        cursor=request.GET.get("cursor", ""),
        mine=works and request.GET.get("mine") == "1",
    )
    context = {
        "form": form,
        "found": found,
        "facets": showing.facet_rows(found.facets, request.GET),
        "may_create": access.allowed(actor, "create", Entry),
        "may_bulk": access.allowed(actor, "bulk", Entry),
        "works": works,
        "query": request.GET.urlencode(),
    }
    return render(request, "catalogue/index.html", context)


@require_safe
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """一个条目: core metadata, items, distributions with rows, versions, what happened, what others add."""
    actor = showing.official(request)
    row = queries.row(actor, entry_id)
    info = queries.infos(actor, [row])[0]
    owns = queries.owns(actor, row)
    context = {
        "row": row,
        "info": info,
        "one": info.resource,
        "summary": showing.summary(info.resource),
        "items": showing.item_rows(info.resource),
        "shares": showing.distribution_rows(info, rows_too=owns),
        "versions": queries.versions(actor, entry_id),
        "steps": showing.timeline(queries.steps(actor, row)[:20]) if owns else [],
        "findings": queries.findings(row) if owns and row.state in ("draft", "returned") else (),
        "pending": queries.pending(row) if owns and row.revising else None,
        "reason": forms.ReasonForm(),
        "may": {verb: access.allowed(actor, verb, row) for verb in ("edit", "submit", "decide", "publish")},
        "panels": panels(request, info),
        "key": new_key(),
    }
    return render(request, "catalogue/entry.html", context)


@require_POST
def deed(request: HttpRequest, entry_id: UUID, verb: str) -> HttpResponse:
    """提交、审核、退回、发布、撤销."""
    showing.official(request)
    call = request.call()  # type: ignore[attr-defined]
    try:
        if verb == "return":
            actions.return_entry(call, entry=entry_id, reason=request.POST.get("reason", ""))
        elif verb == "withdraw":
            actions.propose_withdrawal(call, entry=entry_id, reason=request.POST.get("reason", ""))
        else:
            _PLAIN[verb](call, entry=entry_id)
        messages.success(request, _DONE[verb]())
    except InvalidInput as refused:
        for place, text in refused.fields.items() or [("", refused.detail)]:
            messages.error(request, f"{place} {text.pick(forms.language())}".strip())
    return redirect("catalogue:entry", entry_id=entry_id)


_PLAIN: dict[str, Any] = {
    "submit": actions.submit_entry,
    "approve": actions.approve_entry,
    "publish": actions.publish_entry,
}
_DONE: dict[str, Any] = {
    "submit": lambda: _("已提交审核。"),
    "approve": lambda: _("已审核通过。"),
    "publish": lambda: _("已发布新版本。"),
    "return": lambda: _("已退回。"),
    "withdraw": lambda: _("已申请撤销，待审核。"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """登记条目."""
    actor = showing.official(request)
    access.require(actor, "create", Entry)
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """修改编辑稿."""
    actor = showing.official(request)
    row = queries.row(actor, entry_id)
    access.require(actor, "edit", row)
    return _form(request, row)


def _form(request: HttpRequest, row: Entry | None) -> HttpResponse:
    call = request.call()  # type: ignore[attr-defined]
    before = row.draft if row is not None else None
    organs = showing.own_organs(call.actor) if row is None else [(row.organ.code, row.organ.zh)]
    posted = request.method == "POST"
    start = forms.initial_of(before) if before is not None else {"level": "1", "cycle": "monthly"}
    form = forms.EntryForm(request.POST if posted else None, initial=start, organs=organs)
    items = forms.item_rows(request.POST if posted else None, before)
    status = 200
    if posted and "more" not in request.POST:
        try:
            if form.is_valid() and items.is_valid():
                made = _written(call, row, forms.resource_of(form, items, before, clock.today()), request)
                messages.success(request, _("已保存编辑稿。"))
                return redirect("catalogue:entry", entry_id=made.entry_id)
        except InvalidInput as refused:
            forms.mark(form, items, refused)
        except CatalogueError as refused:
            form.add_error(None, refused.text.pick(forms.language()))
        status = 422
    context = {
        "form": form,
        "items": items,
        "row": row,
        "key": new_key(),
        "revision": row.revision if row else "",
    }
    return render(request, "catalogue/edit.html", context, status=status)


def _written(call: Any, row: Entry | None, resource: Resource, request: HttpRequest) -> Entry:
    if row is None:
        return actions.create_entry(call, resource=resource)
    seen = request.POST.get("revision", "")
    expect = int(seen) if seen.isascii() and seen.isdigit() else row.revision
    return actions.edit_entry(call, entry=row.entry_id, resource=resource, expect=expect)


@require_safe
def difference(request: HttpRequest, entry_id: UUID, before: int, after: int) -> HttpResponse:
    """版本差异."""
    actor = showing.official(request)
    info = queries.entry(actor, entry_id)
    found = queries.difference(actor, entry_id, before, after)
    return render(request, "catalogue/difference.html", {"info": info, "found": found})


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """目录审核: what waits, the oldest first."""
    actor = showing.official(request)
    access.require(actor, "decide", Entry)
    page = queries.queue(actor, request.GET)
    rows = [{"row": one, "pending": queries.pending(one)} for one in page]
    return render(request, "catalogue/queue.html", {"page": page, "rows": rows})


@require_safe
def classes(request: HttpRequest, view: str = "base") -> HttpResponse:
    """三类目录."""
    actor = showing.official(request)
    chosen = View(view) if view in {one.value for one in View} else View.BASE
    context = {"views": list(View), "chosen": chosen, "branches": queries.branches(actor, chosen)}
    return render(request, "catalogue/classes.html", context)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """导出 what the list shows, as CSV with one row an item."""
    actor = showing.official(request)
    words, wanted = forms.SearchForm(request.GET).wanted()
    found = queries.search(actor, words, wanted, size=5000, mine=request.GET.get("mine") == "1")
    answer = StreamingHttpResponse(
        sheets.exported(hit.entry.resource for hit in found.hits), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="catalogue.csv"'
    return answer


urlpatterns = [
    path("work/catalogue/", index, name="index"),
    path("work/catalogue/new/", new, name="new"),
    path("work/catalogue/export.csv", export, name="export"),
    path("work/catalogue/queue/", queue, name="queue"),
    path("work/catalogue/classes/", classes, name="classes"),
    path("work/catalogue/classes/<slug:view>/", classes, name="view"),
    *duty_pages.urlpatterns,
    *demand_pages.urlpatterns,
    *bulk_pages.urlpatterns,
    path("work/catalogue/<uuid:entry_id>/", entry, name="entry"),
    path("work/catalogue/<uuid:entry_id>/edit/", edit, name="edit"),
    path("work/catalogue/<uuid:entry_id>/versions/<int:before>-<int:after>/", difference, name="difference"),
    *[
        path(f"work/catalogue/<uuid:entry_id>/{verb}/", deed, {"verb": verb}, name=verb)
        for verb in ("submit", "approve", "return", "publish", "withdraw")
    ],
]
