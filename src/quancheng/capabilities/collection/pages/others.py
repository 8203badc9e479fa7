"""Pages of lineage, registered addresses and the collection rate."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.collection import actions, forms, queries
from quancheng.capabilities.collection.models import Address
from quancheng.capabilities.collection.pages.common import desk, language, organs
from quancheng.capabilities.collection.picture import flat
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import QuanchengError
from quancheng.kernel.middleware import new_key
from quancheng.kernel.refusals import mark


@require_safe
def lineage(request: HttpRequest, code: str) -> HttpResponse:
    """血缘: what the feed's table was made from, and what is made from it."""
    actor = desk(request)
    found = queries.feed(actor, code)
    graph = queries.lineage(str(found.table_id)) if found.table_id else {"name": "", "up": [], "down": []}
    context = {"feed": found, "up": flat(graph["up"]), "down": flat(graph["down"])}
    return render(request, "collection/lineage.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def addresses(request: HttpRequest) -> HttpResponse:
    """登记地址: hosts that connectors may reach."""
    actor = desk(request)
    may = access.allowed(actor, "register", Address)
    form = forms.AddressForm(request.POST or None, organs=organs(actor))
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                actions.register_address(request.call(), **form.cleaned_data)  # type: ignore[attr-defined]
                messages.success(request, _("地址已登记。"))
                return redirect(request.path)
            except QuanchengError as refused:
                mark(form, refused)
        status = 422
    page = pagination.page(queries.addresses(actor), ("host", "port", "id"), request.GET)
    context = {"page": page, "form": form, "may_register": may, "key": new_key()}
    return render(request, "collection/addresses.html", context, status=status)


@require_POST
def unregister(request: HttpRequest, pk: int) -> HttpResponse:
    """撤销登记."""
    desk(request)
    try:
        actions.remove_address(request.call(), address_id=pk)  # type: ignore[attr-defined]
        messages.success(request, _("登记已撤销。"))
    except QuanchengError as refused:
        messages.error(request, refused.detail.pick(language()))
    return redirect("collection:addresses")


@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    """归集率 by organ, each with what is missing."""
    actor = desk(request)
    rows: list[dict[str, Any]] = queries.rates_by_organ(actor)
    due, fresh = sum(row["rate"].due for row in rows), sum(row["rate"].fresh for row in rows)
    percent = round(fresh * 100 / due, 1) if due else None
    return render(
        request, "collection/rates.html", {"rows": rows, "due": due, "fresh": fresh, "percent": percent}
    )
