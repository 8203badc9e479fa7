"""Pages of bulk editing (choose, look, carry out, take back) and of import."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from quancheng.capabilities.catalogue import actions, bulk, forms, showing
from quancheng.capabilities.catalogue.models import BulkDeed, Entry
from quancheng.core.catalogue import CatalogueError, label_of
from quancheng.kernel import access
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.middleware import new_key


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """批量编辑: the filter of the list chooses, the plan is looked at, then carried out."""
    actor = showing.official(request)
    access.require(actor, "bulk", Entry)
    words, wanted = forms.SearchForm(request.GET).wanted()
    ids = bulk.chosen(actor, words, wanted)
    form = forms.BulkForm(request.POST or None)
    context: dict[str, object] = {"form": form, "chosen": len(ids), "key": new_key(), "terms": form.terms()}
    status = 200
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            made = bulk.read_edit(facts["field"], facts["operation"], facts["value"], facts["other"])
            preview = bulk.preview(actor, ids, [made])
            if "apply" in request.POST:
                about = f"{bulk.FIELDS[facts['field']].zh} {facts['operation']} {facts['value']}"
                deed = actions.apply_bulk(
                    request.call(),  # type: ignore[attr-defined]
                    ids=ids, edits=[made], about=about,
                    digest=request.POST.get("digest", ""),
                )  # fmt: skip
                messages.success(request, _("已修改%(count)d条编辑稿，可撤回。") % {"count": deed.entries})
                return redirect("catalogue:bulk_deeds")
            context |= _shown(preview)
        except CatalogueError as refused:
            form.add_error(None, refused.text.pick(forms.language()))
            status = 422
        except (InvalidInput, Conflict) as refused:
            form.add_error(None, refused.detail.pick(forms.language()))
            status = 422
    elif request.method == "POST":
        status = 422
    return render(request, "catalogue/bulk.html", context, status=status)


def _shown(preview: bulk.Preview) -> dict[str, object]:
    picked = forms.language()
    plan = preview.plan
    return {
        "preview": preview,
        "changing": len(plan.codes),
        "refused": [(one.resource, preview.names.get(one.resource, ""), one.text) for one in plan.refused[:50]],
        "refused_count": len({one.resource for one in plan.refused}),
        "unchanged": len(plan.unchanged),
        "examples": [
            {"code": one.code, "name": preview.names.get(one.code, ""), "place": label_of(one.path).pick(picked),
             "before": _words(one.before), "after": _words(one.after)}
            for one in preview.examples
        ],
        "digest": plan.digest,
    }  # fmt: skip


def _words(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("zh", value))
    if isinstance(value, list):
        return "、".join(str(one) for one in value)
    return "—" if value in (None, "") else str(value)


@require_http_methods(["GET", "HEAD"])
def deeds(request: HttpRequest) -> HttpResponse:
    """批量编辑记录."""
    actor = showing.official(request)
    access.require(actor, "bulk", Entry)
    found = access.visible(actor, BulkDeed).order_by("-id")[:100]
    return render(request, "catalogue/deeds.html", {"deeds": found})


@require_POST
def undo(request: HttpRequest, deed: int) -> HttpResponse:
    """撤回; what others changed since is named."""
    showing.official(request)
    try:
        actions.undo_bulk(request.call(), deed=deed)  # type: ignore[attr-defined]
        messages.success(request, _("已撤回这次批量编辑。"))
    except Conflict as refused:
        messages.error(request, refused.detail.pick(forms.language()))
    return redirect("catalogue:bulk_deeds")


@require_http_methods(["GET", "HEAD", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """导入目录表格."""
    actor = showing.official(request)
    access.require(actor, "create", Entry)
    form = forms.ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            done = actions.import_entries(request.call(), file=file, name=file.name)  # type: ignore[attr-defined]
            back = reverse("catalogue:index") + "?mine=1"
            return render(request, "catalogue/imported.html", {"done": done, "back": back})
        except InvalidInput as refused:
            form.add_error("file", next(iter(refused.fields.values()), refused.detail).pick(forms.language()))
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "heading": _("导入目录"), "up": reverse("catalogue:index"), "columns": True}
    return render(request, "catalogue/upload.html", context, status=status)


urlpatterns = [
    path("work/catalogue/bulk/", edit, name="bulk"),
    path("work/catalogue/bulk/deeds/", deeds, name="bulk_deeds"),
    path("work/catalogue/bulk/<int:deed>/undo/", undo, name="undo"),
    path("work/catalogue/import/", bring, name="import"),
]
