"""证书: the list, issuing for a request, revoking."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.security import actions, queries
from quancheng.capabilities.security.forms import CertificateFilter, IssueForm, RevokeForm
from quancheng.capabilities.security.models import Certificate
from quancheng.capabilities.security.pages.common import attempt, door
from quancheng.capabilities.security.words import PURPOSES, REASONS
from quancheng.core.pki import Purpose, RevocationReason, to_pem
from quancheng.kernel import clock
from quancheng.kernel.middleware import new_key


def shown(row: Certificate) -> dict[str, Any]:
    """A row as the pages show it."""
    if row.revoked_at is not None:
        state, tag = _("已吊销"), "bad"
    elif row.not_after <= clock.now():
        state, tag = _("已过有效期"), "warn"
    else:
        state, tag = _("有效期内"), "ok"
    reason = REASONS[RevocationReason(row.revoked_reason)] if row.revoked_reason else None
    return {
        "row": row,
        "purpose": PURPOSES[Purpose(row.purpose)],
        "state": state,
        "tag": tag,
        "reason": reason,
    }


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """证书列表."""
    actor = door(request)
    page = queries.certificates(actor, request.GET)
    context = {
        "filter": CertificateFilter(request.GET or None),
        "page": page,
        "rows": [shown(one) for one in page],
        "authorities": queries.authorities(actor),
    }
    return render(request, "security/certificates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def issue(request: HttpRequest) -> HttpResponse:
    """签发证书."""
    door(request)
    form = IssueForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        call = request.call()  # type: ignore[attr-defined]
        made = attempt(
            request, form, lambda: actions.issue_certificate(call, **form.cleaned_data), _("证书已签发。")
        )
        if made:
            return redirect(reverse("security:certificate", args=[made.serial]))
    context = {"form": form, "idempotency": new_key()}
    return render(request, "security/issue.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def one(request: HttpRequest, serial: str) -> HttpResponse:
    """一张证书; POST revokes it."""
    actor = door(request)
    row = queries.certificate(actor, serial)
    form = RevokeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        call = request.call()  # type: ignore[attr-defined]
        done = attempt(
            request,
            form,
            lambda: actions.revoke_certificate(call, serial=serial, **form.cleaned_data),
            _("证书已吊销，吊销列表已更新。"),
        )
        if done:
            return redirect(reverse("security:certificate", args=[serial]))
    context = {
        **shown(row),
        "form": form,
        "may_revoke": row.revoked_at is None and not row.slug,
        "pem": to_pem(row.x509),
        "names": row.x509.names,
        "idempotency": new_key(),
    }
    return render(request, "security/certificate.html", context, status=422 if form.errors else 200)


urlpatterns = [
    path("sec/certificates/", index, name="certificates"),
    path("sec/certificates/issue/", issue, name="issue"),
    path("sec/certificates/<slug:serial>/", one, name="certificate"),
]
