"""Pages of differences: the list by organ, one difference with its decision."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.ledgers import actions, forms, queries
from quancheng.capabilities.ledgers.models import Difference
from quancheng.capabilities.ledgers.pages.common import call_of, desk, mark, place
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.middleware import new_key

STATE_TAGS = {"waiting": "warn", "accepted": "ok", "rejected": "bad"}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """差异: what the field found otherwise, by source organ."""
    actor = desk(request)
    form = forms.DifferenceFilter(request.GET)
    page = pagination.page(queries.differences(actor, **form.wanted()), ("-id",), request.GET)
    lines = [{"one": one, "place": place(one.region_code), "tag": STATE_TAGS[one.state]} for one in page]
    context = {"form": form, "page": page, "lines": lines, "organs": queries.by_organ(actor),
               "may_decide": access.allowed(actor, "decide", Difference)}  # fmt: skip
    return render(request, "ledgers/differences.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def difference(request: HttpRequest, pk: int) -> HttpResponse:
    """一条差异: base and field side by side; the source's officer decides."""
    actor = desk(request)
    found = queries.difference(actor, pk)
    form = forms.ReasonForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        accept = request.POST.get("what") == "accept"
        try:
            actions.decide_difference(
                call_of(request), difference=pk, accept=accept, reason=form.cleaned_data["reason"]
            )
            messages.success(
                request, _("已采纳，来源数据已更正。") if accept else _("已记为不采纳，上报人能看到理由。")
            )
            return redirect("ledgers:difference", pk=pk)
        except (Conflict, InvalidInput) as refused:
            mark(form, refused)
            status = 422
    may = found.state == Difference.State.WAITING and access.allowed(actor, "decide", found)
    context = {"one": found, "form": form, "may_decide": may, "place": place(found.region_code), "key": new_key(),
               "tag": STATE_TAGS[found.state]}  # fmt: skip
    return render(request, "ledgers/difference.html", context, status=status)
