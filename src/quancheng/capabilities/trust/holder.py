"""Pages of the holder beyond the card: history, showing in part, the sealed paper, objections."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.trust import actions, blobs, queries, showing, values
from quancheng.capabilities.trust.desk import attempt
from quancheng.capabilities.trust.forms import ObjectionForm, ShowForm
from quancheng.capabilities.trust.paper import qr_svg
from quancheng.kernel.errors import Expired, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import new_key


def holder(request: HttpRequest) -> Any:
    """The signed-in asker. Raises NotSignedIn."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    return actor


@require_GET
@never_cache
def history(request: HttpRequest, number: str) -> HttpResponse:
    """历史: what was done, how often it was verified, what was objected to."""
    actor = holder(request)
    found = queries.licence(actor, number)
    labels = {key: label for key, label, *_rest in values.facts(found)}
    context = {
        "licence": found,
        "history": [
            {"row": one, "items": [values.item_label(found.type.items, key) for key in one.what.get("items", ())],
             "number": one.what.get("number", "")}
            for one in showing.history(actor, found)
        ],
        "looks": showing.looks(actor, found),
        "objections": [{"row": one, "item": labels.get(one.item, one.item)} for one in showing.objections(actor, found)],
    }  # fmt: skip
    return render(request, "trust/licence_history.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def show(request: HttpRequest, number: str) -> HttpResponse:
    """选择出示: choose facts, and the list of what is open."""
    actor = holder(request)
    found = queries.licence(actor, number)
    form = ShowForm(request.POST or None, found)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        call = request.call()  # type: ignore[attr-defined]
        made = attempt(
            form,
            lambda: actions.make_show(
                call, licence=found, keys=told["keys"], purpose=told["purpose"], minutes=int(told["minutes"])
            ),
        )
        if made is not None:
            return redirect(f"{reverse('trust:show', args=[number])}#show-{made.pk}")
    rows = [
        {"row": one, "labels": showing.labels(found, one), "url": showing.url(one), "qr": qr_svg(showing.url(one)) if one.open else ""}
        for one in showing.of_licence(actor, found)
    ]  # fmt: skip
    closed = any(not one["row"].open for one in rows)
    context = {"licence": found, "form": form, "rows": rows, "closed": closed, "key": new_key()}
    return render(request, "trust/show.html", context, status=422 if form.errors else 200)


@require_POST
def stop(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """停用 one presentation."""
    actor = holder(request)
    found = showing.own(actor, number, pk)
    actions.stop_show(request.call(), show=found)  # type: ignore[attr-defined]
    messages.success(request, _("已停用，链接不再显示任何内容。"))
    return redirect("trust:show", number=number)


@require_http_methods(["GET", "POST"])
@never_cache
def object_to(request: HttpRequest, number: str) -> HttpResponse:
    """提出异议."""
    actor = holder(request)
    found = queries.licence(actor, number)
    form = ObjectionForm(request.POST or None, found)
    if request.method == "POST" and form.is_valid():
        call, told = request.call(), form.cleaned_data  # type: ignore[attr-defined]
        if attempt(
            form,
            lambda: actions.file_objection(call, licence=found, item=told["item"], claim=told["claim"]),
        ):
            messages.success(request, _("异议已送达签发单位，进度可在历史页查看。"))
            return redirect("trust:history", number=number)
    context = {"licence": found, "form": form, "key": new_key()}
    return render(request, "trust/objection.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
def paper(request: HttpRequest, number: str) -> HttpResponse:
    """纸质件: the sealed PDF, for its holder only."""
    found = queries.licence(holder(request), number)
    done = actions.print_paper(request.call(), licence=found)  # type: ignore[attr-defined]
    content = blobs.path_of(done.paper).open("rb")
    return FileResponse(content, content_type="application/pdf", filename=f"{found.number}.pdf")


@require_GET
@never_cache
def presented(request: HttpRequest, code: str) -> HttpResponse:
    """出示: only the facts that were chosen, to whoever holds the link."""
    found = showing.by_code(request.actor, code)  # type: ignore[attr-defined]
    context: dict[str, Any] = {"show": found}
    try:
        if found is None:
            raise Expired()
        seen = actions.view_show(request.call(), show=found)  # type: ignore[attr-defined]
        context |= {
            "show": seen, "licence": seen.licence, "rows": showing.rows(seen),
            "intact": queries.intact(seen.licence),
        }  # fmt: skip
        status = 200
    except QuanchengError:
        context["show"], status = None, 410
    answer = render(request, "trust/presented.html", context, status=status)
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


urlpatterns = [
    path("wallet/<str:number>/history/", history, name="history"),
    path("wallet/<str:number>/show/", show, name="show"),
    path("wallet/<str:number>/show/<int:pk>/stop/", stop, name="show_stop"),
    path("wallet/<str:number>/objection/", object_to, name="objection"),
    path("wallet/<str:number>/paper/", paper, name="paper"),
    path("verify/p/<str:code>/", presented, name="presented"),
]
