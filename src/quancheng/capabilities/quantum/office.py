"""移动办公: an official's phone reads documents over a link and sees what protects it; sealed documents of the house."""

from __future__ import annotations

import json
import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.quantum import actions, forms, link_client, queries
from quancheng.capabilities.quantum.caller import LinkDown
from quancheng.capabilities.quantum.models import Link
from quancheng.capabilities.quantum.values import Exchanged
from quancheng.capabilities.quantum.words import reason_text
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, NotFound, PartnerFailed, QuanchengError
from quancheng.kernel.middleware import new_key

READERS = ("quantum.reader", "quantum.operator")
_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,60}")


def ask(link: str, address: str) -> tuple[dict[str, Any], Exchanged]:
    """A JSON document of the peer's office service, and what protected it. Raises LinkDown, Conflict, NotFound."""
    request = f"GET {address} HTTP/1.1\r\nHost: office\r\nAccept: application/json\r\n\r\n"
    done = link_client.exchange(link, request.encode())
    head, _blank, body = done.response.partition(b"\r\n\r\n")
    status = head[9:12]
    if status == b"404":
        raise NotFound
    try:
        plain = json.loads(body) if status == b"200" else None
    except ValueError:
        plain = None
    if not isinstance(plain, dict):
        raise PartnerFailed(Text("对端办公服务没有给出文档。", "The peer's office service gave no document."))
    return plain, done


@require_safe
@never_cache
def front(request: HttpRequest) -> HttpResponse:
    """移动办公: documents of the peer over the chosen link, and our own sealed ones."""
    from quancheng.capabilities.quantum.pages import shown, staff

    actor = staff(request, *READERS)
    links = queries.office_links(actor)
    wanted = request.GET.get("link", "")
    row = next((one for one in links if one.code == wanted), links[0] if links else None)
    context: dict[str, Any] = {
        "links": [shown(one) for one in links],
        "chosen": row,
        "own": queries.documents(actor, request.GET),
        "form": forms.DocumentFilter(request.GET),
        "rows": [],
    }
    if row is not None:
        context |= _listed(row)
    return render(request, "quantum/office.html", context)


def _listed(row: Link) -> dict[str, Any]:
    try:
        plain, done = ask(row.code, "/office/documents")
    except (LinkDown, Conflict, NotFound, PartnerFailed) as failed:
        return {"failed": failed}
    rows = [one for one in plain.get("documents", []) if _NUMBER.fullmatch(str(one.get("number")))]
    return {**channel(done), "rows": rows, "theirs_simulated": plain.get("simulated") is True}


def channel(done: Exchanged) -> dict[str, Any]:
    """What protected an exchange, for the reader."""
    return {"done": done, "why": reason_text(done.away, quantum=True) if done.away else None}


@require_safe
@never_cache
def theirs(request: HttpRequest, code: str, number: str) -> HttpResponse:
    """对端的一份文档."""
    from quancheng.capabilities.quantum.pages import staff

    row = queries.link(staff(request, *READERS), code)
    if not _NUMBER.fullmatch(number):
        raise NotFound
    context: dict[str, Any] = {"link": row}
    try:
        document, done = ask(code, f"/office/documents/{number}")
        context |= {
            "document": document,
            "simulated_text": document.get("simulated") is True,
            **channel(done),
        }
    except (LinkDown, Conflict, PartnerFailed) as failed:
        context["failed"] = failed
    return render(request, "quantum/document.html", context, status=502 if "failed" in context else 200)


@require_http_methods(["GET", "POST"])
@never_cache
def own(request: HttpRequest, number: str) -> HttpResponse:
    """打开本单位的加密文档: a POST, since each opening is audited."""
    from quancheng.capabilities.quantum.pages import staff

    staff(request, *READERS)
    if request.method == "GET":  # loaded again, or the language changed
        return redirect("quantum:office")
    context: dict[str, Any] = {"number": number}
    try:
        context["text"] = actions.open_document(request.call(), number=number)  # type: ignore[attr-defined]
    except NotFound:
        raise
    except QuanchengError as failed:
        context["failed"] = failed
    return render(request, "quantum/own.html", context, status=503 if "failed" in context else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def store(request: HttpRequest) -> HttpResponse:
    """存入加密文档."""
    from quancheng.capabilities.quantum.pages import done_with, pick, staff

    actor = staff(request, *READERS)
    offices = [(code, pick(name)) for code, name in queries.offices(actor)]
    form = forms.DocumentForm(request.POST or None, departments=offices)
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]

        def deed() -> None:
            data = dict(form.cleaned_data)
            department = people.department(data.pop("department"))
            actions.store_document(call, department_id=department.pk, **data)

        if done_with(form, deed):
            messages.success(request, _("已加密存入。"))
            return redirect("quantum:office")
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "quantum/store.html", {"form": form, "key": new_key()}, status=status)


urlpatterns = [
    path("work/quantum/", front, name="office"),
    path("work/quantum/store/", store, name="store"),
    path("work/quantum/<slug:code>/<str:number>/", theirs, name="theirs"),
    path("work/quantum/<slug:number>/", own, name="own"),
]
