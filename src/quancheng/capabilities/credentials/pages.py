"""Pages: taking a licence into one's own wallet; an office asking for two facts out of ten."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.credentials import actions, issuing, queries
from quancheng.capabilities.credentials.forms import QuestionFilter, QuestionForm
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput
from quancheng.kernel.middleware import new_key

VERIFIER = "credentials.verifier"


def _language() -> str:
    return get_language() or "zh"


def _qr(text: str) -> SafeString:
    drawn = segno.make(text, error="m").svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn by segno from our own link


# -- the holder
@require_GET
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """我的凭证: in which wallets my licences are."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.mine(actor, request.GET)
    return render(
        request,
        "credentials/mine.html",
        {"page": page, "licences": [one for one in trust.wallet(actor) if one.good], "key": new_key()},
    )


@require_POST
def take(request: HttpRequest, number: str) -> HttpResponse:
    """领取: a QR for the wallet and a number, shown once."""
    licence = trust.licence(request.actor, number)  # type: ignore[attr-defined]
    made = actions.invite(request.call(), licence=licence)  # type: ignore[attr-defined]
    uri = f"{issuing.base()}/offer/{made.code}"
    link = (
        f"openid-credential-offer://?credential_offer_uri={quote(uri, safe='')}"  # OpenID4VCI section 4.1.3
    )
    return render(
        request,
        "credentials/take.html",
        {"licence": licence, "qr": _qr(link), "link": link, "uri": uri,
         "tx_code": made.tx_code, "expires": made.offer.expires_at},
    )  # fmt: skip


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """停用一份凭证."""
    row = queries.issued(request.actor, pk)  # type: ignore[attr-defined]
    try:
        actions.stop_credential(request.call(), issued=row)  # type: ignore[attr-defined]
        messages.success(request, _("已停用，查验方更新状态名单后即拒收。"))
    except Conflict as gone:
        messages.info(request, gone.detail.pick(_language()))
    return redirect("credentials:mine")


# -- the office
def _office(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    people.ensure_official(actor)
    if VERIFIER not in actor.role_ids:
        raise Forbidden
    return actor


@require_GET
@never_cache
def questions(request: HttpRequest) -> HttpResponse:
    """出示请求."""
    page = queries.questions(_office(request), request.GET)
    rows = [{"row": one, "type": _type_text(one.type_code)} for one in page.items]
    shown = {"page": page, "rows": rows, "filter": QuestionFilter(request.GET), "types": issuing.types()}
    return render(request, "credentials/questions.html", shown)


def _type_text(code: str) -> Text:
    return next((kind.text for kind in issuing.types() if kind.code == code), Text(code, code))


@require_http_methods(["GET", "POST"])
@never_cache
def new_question(request: HttpRequest, code: str) -> HttpResponse:
    """请求出示一种证照."""
    actor = _office(request)
    kind = trust.licence_type(code)
    mine = {pk for grant in actor.grants if grant.role == VERIFIER for pk in grant.departments}
    departments = [(row.pk, row.text.pick(_language())) for row in queries.departments(mine)]
    bound = request.POST if request.method == "POST" else None
    form, status = QuestionForm(bound, kind=kind, departments=departments, language=_language()), 200
    if bound is not None:
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                row = actions.ask(
                    request.call(),  # type: ignore[attr-defined]
                    department_id=int(data["department"]), type_code=code, claims=data["claims"],
                    purpose=data["purpose"],
                )  # fmt: skip
                return redirect("credentials:question", row.pk)
            except InvalidInput as wrong:
                for name, text in (wrong.fields or {}).items():
                    form.add_error(name if name in form.fields else None, text.pick(_language()))
    return render(
        request, "credentials/ask.html", {"form": form, "kind": kind, "key": new_key()}, status=status
    )


@require_GET
@never_cache
def question(request: HttpRequest, pk: int) -> HttpResponse:
    """一个出示请求: the QR while it waits, the facts once they came."""
    row = queries.question(_office(request), pk)
    facts = dict(issuing.configuration(trust.licence_type(row.type_code)).claims)
    shown = [(facts.get(name, Text(name, name)), value) for name, value in (row.facts or {}).items()]
    link = queries.link_of(row) if row.state == "asked" else ""
    return render(
        request,
        "credentials/question.html",
        {"row": row, "type": _type_text(row.type_code), "facts": shown, "link": link,
         "qr": _qr(link) if link else "", "wanted": [facts.get(name, Text(name, name)) for name in row.claims]},
    )  # fmt: skip


urlpatterns = [
    path("wallet/credentials/", mine, name="mine"),
    path("wallet/credentials/take/<str:number>/", take, name="take"),
    path("wallet/credentials/<int:pk>/stop/", stop, name="stop"),
    path("work/credentials/", questions, name="questions"),
    path("work/credentials/ask/<slug:code>/", new_question, name="ask"),
    path("work/credentials/<int:pk>/", question, name="question"),
]
