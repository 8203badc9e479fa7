"""时间戳、印章、配额: what the services did, verifying a token, callers and their quotas."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.security import actions, queries
from quancheng.capabilities.security.forms import (
    ClientForm,
    QuotaForm,
    SealForm,
    StampFilter,
    TextFilter,
    VerifyForm,
)
from quancheng.capabilities.security.pages.common import attempt, door
from quancheng.capabilities.security.words import told
from quancheng.core.pki import PkiError
from quancheng.kernel.middleware import new_key


# -- time stamps ----------------------------------------------------------------------------
@require_safe
@never_cache
def stamps(request: HttpRequest) -> HttpResponse:
    """时间戳列表."""
    actor = door(request)
    context = {"filter": StampFilter(request.GET or None), "page": queries.stamps(actor, request.GET)}
    return render(request, "security/stamps.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def verify(request: HttpRequest) -> HttpResponse:
    """核验时间戳: a token or an answer, with its document or without."""
    actor = door(request)
    form = VerifyForm(request.POST or None, request.FILES or None)
    found = None
    if request.method == "POST" and form.is_valid():
        document = form.cleaned_data["document"]
        try:
            data = form.cleaned_data["token"].read()
            found = queries.read_stamp(actor, data, document.read() if document else None)
        except PkiError as wrong:
            form.add_error(None, told(wrong).pick(get_language() or "zh"))
    context = {"form": form, "found": found, "with_document": bool(found and form.cleaned_data["document"])}
    return render(request, "security/verify.html", context, status=422 if form.errors else 200)


# -- seals ----------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def seals(request: HttpRequest) -> HttpResponse:
    """电子印章 and their latest uses; POST makes one."""
    actor = door(request)
    form = SealForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        call = request.call()  # type: ignore[attr-defined]
        deed = lambda: actions.make_electronic_seal(call, **form.cleaned_data)  # noqa: E731
        if attempt(request, form, deed, _("印章已制作。")):
            return redirect(reverse("security:seals"))
    context = {
        "form": form,
        "filter": TextFilter(request.GET or None),
        "page": queries.seals(actor, request.GET),
        "uses": queries.sealings(actor),
        "idempotency": new_key(),
    }
    return render(request, "security/seals.html", context, status=422 if form.errors else 200)


@require_POST
def halt_seal(request: HttpRequest, number: str) -> HttpResponse:
    """停用印章."""
    door(request)
    actions.stop_seal(request.call(), number=number)  # type: ignore[attr-defined]
    return redirect(reverse("security:seals"))


# -- callers and quotas ---------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def quotas(request: HttpRequest) -> HttpResponse:
    """配额与用量; POST sets a quota."""
    actor = door(request)
    form = QuotaForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        call = request.call()  # type: ignore[attr-defined]
        if attempt(request, form, lambda: actions.set_quota(call, **form.cleaned_data), _("配额已设定。")):
            return redirect(reverse("security:quotas"))
    context = {
        "form": form,
        "uses": queries.uses_today(actor),
        "filter": TextFilter(request.GET or None),
        "page": queries.clients(actor, request.GET),
        "idempotency": new_key(),
    }
    return render(request, "security/quotas.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new_client(request: HttpRequest) -> HttpResponse:
    """登记调用方: the secret is on the answer to this request and nowhere else."""
    door(request)
    form = ClientForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        call = request.call()  # type: ignore[attr-defined]
        made = attempt(request, form, lambda: actions.add_client(call, **form.cleaned_data))
    context = {"form": form, "made": made}
    return render(request, "security/client.html", context, status=422 if form.errors else 200)


@require_POST
@never_cache
def client(request: HttpRequest, code: str) -> HttpResponse:
    """停用、恢复、换凭据."""
    door(request)
    call = request.call()  # type: ignore[attr-defined]
    deed = request.POST.get("deed", "")
    if deed == "renew":
        context = {"made": actions.new_secret(call, code=code), "form": ClientForm()}
        return render(request, "security/client.html", context)
    actions.stop_client(call, code=code, active=deed == "resume")
    return redirect(reverse("security:quotas"))


urlpatterns = [
    path("sec/stamps/", stamps, name="stamps"),
    path("sec/stamps/verify/", verify, name="verify"),
    path("sec/seals/", seals, name="seals"),
    path("sec/seals/<slug:number>/stop/", halt_seal, name="stop_seal"),
    path("sec/quotas/", quotas, name="quotas"),
    path("sec/quotas/clients/", new_client, name="add_client"),
    path("sec/quotas/clients/<slug:code>/", client, name="client"),
]
