"""Pages of the payer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.payment import actions, connecting, desk, queries
from quancheng.capabilities.payment.forms import OrderFilter
from quancheng.capabilities.payment.models import Booking
from quancheng.capabilities.payment.printing import receipt_page
from quancheng.core.payment import OrderState, StartPayment
from quancheng.kernel.errors import Conflict, NotFound, NotSignedIn, PartnerFailed
from quancheng.kernel.middleware import new_key
from quancheng.kernel.press import pdf_of

KINDS = {
    OrderState.CREATED: "info",
    OrderState.PAYING: "info",
    OrderState.FAILED: "warn",
    OrderState.CLOSED: "",
    OrderState.PAID: "ok",
    OrderState.REFUNDING: "info",
    OrderState.PARTLY_REFUNDED: "info",
    OrderState.REFUNDED: "",
    OrderState.DISPUTED: "bad",
}


def shown(row: Any) -> dict[str, Any]:
    """An order as lists and pages show it."""
    state = row.order_state
    return {"row": row, "state": state, "kind": KINDS[state], "payable": state in queries.PAYABLE}


@require_GET
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """我的缴费."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.person_id is None and actor.firm_id is None:
        raise NotSignedIn
    form = OrderFilter(request.GET, language=get_language() or "zh")
    page = queries.mine(actor, request.GET)
    return render(
        request,
        "payment/mine.html",
        {"page": page, "rows": [shown(one) for one in page.items], "filter": form},
    )


@require_GET
@never_cache
def one(request: HttpRequest, number: str) -> HttpResponse:
    """一笔缴费: what for, how much, by what law; pay, or how it stands."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.order(actor, number)
    record = row.order
    waiting = [item for item in record.attempts if item.outcome == "PENDING"]
    return render(
        request,
        "payment/one.html",
        {
            **shown(row),
            "order": record,
            "channels": queries.channels(),
            "waiting": [{"attempt": item, "url": bank_page(item)} for item in waiting],
            "receipts": queries.receipts(actor, row),
            "key": new_key(),
        },
    )


def bank_page(attempt: Any) -> str:
    """Where the payer pays this attempt: the bank's page beside its gateway."""
    for channel in queries.channels():
        if channel.code == attempt.channel:
            return f"{channel.url.rsplit('/', 1)[0]}/pay/{attempt.id}"
    return ""


@require_POST
def pay(request: HttpRequest, number: str) -> HttpResponse:
    """去缴款: an attempt, told to the bank at once; then to the bank's page. Twice is once."""
    channel = request.POST.get("channel", "")
    try:
        attempt = actions.start_payment(request.call(), number=number, channel=channel)  # type: ignore[attr-defined]
    except Conflict as gone:
        messages.info(request, gone.detail.pick(get_language() or "zh"))
        return redirect("payment:one", number=number)
    booking = Booking.objects.select_related("order").get(number=attempt)
    order = booking.order
    try:
        connecting.carry_out(number, StartPayment(attempt, booking.channel, order.amount, order.expires_at))
    except PartnerFailed as failed:
        messages.warning(request, failed.detail.pick(get_language() or "zh"))
        return redirect("payment:one", number=number)
    return redirect("payment:one", number=number)  # a form may not lead to another host: a link does


@require_GET
def receipt(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """电子票据, to keep and print."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.order(actor, number)
    found = next((item for item in queries.receipts(actor, row) if item.pk == pk), None)
    if found is None:
        raise NotFound
    value = queries.receipt_value(found, row)
    answer = HttpResponse(
        pdf_of(receipt_page(value, simulated=row.simulated)), content_type="application/pdf"
    )
    answer["Content-Disposition"] = f'inline; filename="{value.code}-{value.number}.pdf"'
    return answer


urlpatterns = [
    path("me/payments/", mine, name="mine"),
    path("me/payments/<slug:number>/", one, name="one"),
    path("me/payments/<slug:number>/pay/", pay, name="pay"),
    path("me/payments/<slug:number>/receipts/<int:pk>.pdf", receipt, name="receipt"),
    *desk.urlpatterns,
]
