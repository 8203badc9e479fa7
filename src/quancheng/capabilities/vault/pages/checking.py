"""核验: anybody checks a receipt; nobody signs in, nothing is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.vault import forms, queries
from quancheng.capabilities.vault.pages.common import language
from quancheng.capabilities.vault.wording import names_of
from quancheng.kernel.errors import InvalidInput


@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest) -> HttpResponse:
    """核验使用回执."""
    form = forms.ReceiptForm(request.POST or None, request.FILES or None)
    found = None
    if request.method == "POST" and form.is_valid():
        try:
            found = queries.verify(form.content())
        except InvalidInput as wrong:
            form.add_error("receipt", wrong.detail.pick(language()))
    witnesses = found.witnesses if found is not None else None
    shown = {
        "form": form,
        "found": found,
        "items": names_of(one.name.to_dict() for one in found.shown.items) if found else None,
        "witnesses": [(name, datetime.fromtimestamp(int(at), UTC)) for name, at in (witnesses or {}).items()],
        "anchored": witnesses is not None,
    }  # fmt: skip
    return render(
        request,
        "vault/receipt.html",
        shown,
        status=422 if request.method == "POST" and found is None else 200,
    )
