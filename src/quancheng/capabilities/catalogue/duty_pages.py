"""Pages of duties: an organ's list against the catalogue, proposals, import."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.catalogue import actions, forms, queries, showing
from quancheng.capabilities.catalogue.models import Entry
from quancheng.kernel import access
from quancheng.kernel.errors import InvalidInput


@require_safe
def duties(request: HttpRequest) -> HttpResponse:
    """权责比对: which duty should leave which data, what is catalogued, what is missing."""
    actor = showing.official(request)
    organs = queries.duty_organs(actor)
    own = {code for code, _name in showing.own_organs(actor)}
    chosen = (
        request.GET.get("organ")
        or next((code for code, _n in organs if code in own), "")
        or (organs[0][0] if organs else "")
    )
    context: dict[str, object] = {
        "organs": organs,
        "chosen": chosen,
        "may_import": bool(own),
        "may_link": chosen in own and access.allowed(actor, "edit", Entry),
    }
    if chosen:
        found = queries.comparison(actor, chosen)
        named = {one.code: one for one in queries.duties(actor, chosen)}
        entries = {one.code: one for one in queries.rows(actor).filter(organ__code=chosen)}
        due = len(found.covered) + len(found.missing)
        context |= {
            "covered": [
                (named[duty], [entries[code] for code in codes if code in entries])
                for duty, codes in found.covered
            ],
            "missing": [
                (named[duty], [(entries[p.resource], round(p.score * 100)) for p in found.proposals
                               if p.duty == duty and p.resource in entries])
                for duty in found.missing
            ],
            "exempt": [named[duty] for duty in found.exempt],
            "unfounded": [entries[code] for code in found.unfounded if code in entries],
            "dead": [(entries.get(one.resource), one.duty) for one in found.dead],
            "due": due,
            "done": len(found.covered),
            "percent": f"{len(found.covered) * 100 // due}%" if due else "—",
        }  # fmt: skip
    return render(request, "catalogue/duties.html", context)


@require_POST
def link(request: HttpRequest) -> HttpResponse:
    """关联 a proposed entry with its duty."""
    showing.official(request)
    call = request.call()  # type: ignore[attr-defined]
    found = actions.link_duty(call, duty=request.POST.get("duty", ""), entry=request.POST.get("entry", ""))
    messages.success(request, _("已关联，条目成为待提交的修订稿。"))
    return redirect("catalogue:entry", entry_id=found.entry_id)


@require_http_methods(["GET", "HEAD", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """导入权责清单."""
    actor = showing.official(request)
    organs = showing.own_organs(actor)
    form = forms.DutyImportForm(request.POST or None, request.FILES or None, organs=organs)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            done = actions.import_duties(
                request.call(),  # type: ignore[attr-defined]
                organ=form.cleaned_data["organ"], file=file, name=file.name,
            )  # fmt: skip
            back = f"{reverse('catalogue:duties')}?organ={form.cleaned_data['organ']}"
            return render(request, "catalogue/imported.html", {"done": done, "back": back})
        except InvalidInput as refused:
            form.add_error("file", next(iter(refused.fields.values()), refused.detail).pick(forms.language()))
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "heading": _("导入权责清单"), "up": reverse("catalogue:duties")}
    return render(request, "catalogue/upload.html", context, status=status)


urlpatterns = [
    path("work/catalogue/duties/", duties, name="duties"),
    path("work/catalogue/duties/link/", link, name="link_duty"),
    path("work/catalogue/duties/import/", bring, name="import_duties"),
]
