"""Pages of accountants, approvers and auditors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.payment import actions, queries
from quancheng.capabilities.payment.forms import CancelForm, NoteForm, OrderFilter, RefundForm, SettleForm
from quancheng.capabilities.payment.models import CheckFinding, PaymentOrder, RefundCase
from quancheng.core.payment import Amount
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput
from quancheng.kernel.middleware import new_key

STAFF = ("payment.accountant", "payment.approver", "payment.auditor")


def staff(actor: Actor) -> None:
    """The desk is for those who hold a role of it. Raises Forbidden, also for strangers."""
    if not actor.role_ids & set(STAFF):
        raise Forbidden


def _attempt(request: HttpRequest, form: forms.Form, deed: Callable[[], Any], done: str) -> bool:
    """Do it and say so; a refusal goes to the form's fields, a changed situation into a notice."""
    language = get_language() or "zh"
    try:
        deed()
    except InvalidInput as wrong:
        for name, text in wrong.fields.items():
            form.add_error(name if name in form.fields else None, text.pick(language))
        if not wrong.fields:
            form.add_error(None, wrong.detail.pick(language))
        return False
    except (Conflict, Forbidden) as refused:
        form.add_error(None, refused.detail.pick(language))
        return False
    messages.success(request, done)
    return True


@require_GET
@never_cache
def orders(request: HttpRequest) -> HttpResponse:
    """缴款订单."""
    from quancheng.capabilities.payment.pages import shown

    actor = request.actor  # type: ignore[attr-defined]
    staff(actor)
    page = queries.orders(actor, request.GET)
    form = OrderFilter(request.GET, language=get_language() or "zh")
    return render(
        request,
        "payment/orders.html",
        {"page": page, "rows": [shown(one) for one in page.items], "filter": form},
    )


@require_GET
@never_cache
def order(request: HttpRequest, number: str) -> HttpResponse:
    """一笔订单 with its money, its messages, its books."""
    return _order(request, number, {})


def _order(
    request: HttpRequest, number: str, bound: dict[str, forms.Form], status: int = 200
) -> HttpResponse:
    from quancheng.capabilities.payment.pages import shown

    actor = request.actor  # type: ignore[attr-defined]
    staff(actor)
    row = queries.order(actor, number)
    record = row.order
    room = record.refundable(record.winner or "")
    may = {verb: access.allowed(actor, verb, row) for verb in ("cancel", "refund", "resolve")}
    context = {
        **shown(row),
        "order": record,
        "room": room,
        "may_cancel": may["cancel"] and row.order_state in queries.PAYABLE,
        "may_refund": may["refund"] and room.fen > 0 and not record.disputed,
        "may_resolve": may["resolve"],
        "cases": list(access.visible(actor, RefundCase).filter(order=row).order_by("pk")),
        "said": queries.messages_of(actor, row),
        "postings": queries.postings_of(actor, row),
        "bookings": list(row.bookings.order_by("pk")),
        "receipts": queries.receipts(actor, row),
        "cancel": bound.get("cancel") or CancelForm(),
        "refund": bound.get("refund") or RefundForm(initial={"amount": str(room)}),
        "note": bound.get("note") or NoteForm(),
        "errors_of": next(iter(bound.values()), None),
        "key": new_key(),
    }
    return render(request, "payment/order.html", context, status=status)


@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """撤销."""
    if request.method == "GET":  # a page that was refused, loaded again
        return redirect("payment:order", number=number)
    form = CancelForm(request.POST)
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid() and _attempt(
        request,
        form,
        lambda: actions.cancel_order(call, number=number, reason=form.cleaned_data["reason"]),
        _("缴款单已撤销。"),
    ):
        return redirect("payment:order", number=number)
    return _order(request, number, {"cancel": form}, 422)


@require_http_methods(["GET", "POST"])
def refund(request: HttpRequest, number: str) -> HttpResponse:
    """申请退款."""
    if request.method == "GET":  # a page that was refused, loaded again
        return redirect("payment:order", number=number)
    form = RefundForm(request.POST)
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid() and _attempt(
        request,
        form,
        lambda: actions.request_refund(
            call, number=number, amount=form.cleaned_data["amount"], reason=form.cleaned_data["reason"]
        ),
        _("退款已登记；需要审批的会转给审批人。"),
    ):
        return redirect("payment:order", number=number)
    return _order(request, number, {"refund": form}, 422)


@require_http_methods(["GET", "POST"])
def resolve(request: HttpRequest, number: str) -> HttpResponse:
    """存疑处理."""
    if request.method == "GET":  # a page that was refused, loaded again
        return redirect("payment:order", number=number)
    form = NoteForm(request.POST)
    call = request.call()  # type: ignore[attr-defined]
    accept = request.POST.get("accept") == "1"
    dispute = request.POST.get("dispute", "")
    if form.is_valid() and _attempt(
        request,
        form,
        lambda: actions.resolve_dispute(
            call, number=number, dispute=dispute, accept=accept, note=form.cleaned_data["note"]
        ),
        _("存疑已处理。"),
    ):
        return redirect("payment:order", number=number)
    return _order(request, number, {"note": form}, 422)


@require_GET
@never_cache
def refunds(request: HttpRequest) -> HttpResponse:
    """退款申请."""
    actor = request.actor  # type: ignore[attr-defined]
    staff(actor)
    page = queries.refund_cases(actor, request.GET)
    rows = [{"case": one, "amount": Amount(one.fen)} for one in page.items]
    return render(
        request, "payment/refunds.html", {"page": page, "rows": rows, "states": RefundCase.State.choices}
    )


@require_http_methods(["GET", "POST"])
@never_cache
def refund_case(request: HttpRequest, pk: int) -> HttpResponse:
    """审批一笔退款."""
    actor = request.actor  # type: ignore[attr-defined]
    staff(actor)
    case = queries.refund_case(actor, pk)
    form = NoteForm(request.POST or None)
    status = 200
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]
        agreed = request.POST.get("agreed") == "1"
        if form.is_valid() and _attempt(
            request,
            form,
            lambda: actions.decide_refund(call, case_id=pk, agreed=agreed, note=form.cleaned_data["note"]),
            _("审批已完成。"),
        ):
            return redirect("payment:refunds")
        status = 422
    context = {"case": case, "amount": Amount(case.fen), "form": form, "key": new_key()}
    context["may"] = access.allowed(actor, "approve", case) and case.state == RefundCase.State.WAITING
    return render(request, "payment/refund.html", context, status=status)


@require_GET
@never_cache
def days(request: HttpRequest) -> HttpResponse:
    """渠道对账."""
    actor = request.actor  # type: ignore[attr-defined]
    staff(actor)
    page = queries.days(actor, request.GET)
    rows = [
        {
            "day": one,
            "ours": Amount(one.ours_fen),
            "theirs": Amount(one.theirs_fen),
            "open": one.findings.filter(closed_at=None).count(),
        }
        for one in page.items
    ]
    return render(request, "payment/days.html", {"page": page, "rows": rows})


@require_GET
@never_cache
def day(request: HttpRequest, pk: int) -> HttpResponse:
    """一天的对账."""
    return _day(request, pk, None)


def _day(request: HttpRequest, pk: int, bound: SettleForm | None, status: int = 200) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    staff(actor)
    row = queries.day(actor, pk)
    page = queries.findings(actor, row, request.GET)
    context = {
        "day": row,
        "ours": Amount(row.ours_fen),
        "theirs": Amount(row.theirs_fen),
        "fee": Amount(row.fee_fen),
        "page": page,
        "may_settle": access.allowed(actor, "settle", row) and row.settled_on is None,
        "may_close": "payment.accountant" in actor.role_ids,
        "form": bound or SettleForm(initial={"arrived": str(row.net)}),
        "note": NoteForm(),
        "key": new_key(),
    }
    return render(request, "payment/day.html", context, status=status)


@require_http_methods(["GET", "POST"])
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """登记到账."""
    if request.method == "GET":  # a page that was refused, loaded again
        return redirect("payment:day", pk=pk)
    form = SettleForm(request.POST)
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid() and _attempt(
        request,
        form,
        lambda: actions.settle_day(
            call, day_id=pk, arrived=form.cleaned_data["arrived"], on=form.cleaned_data["on"]
        ),
        _("到账已登记。"),
    ):
        return redirect("payment:day", pk=pk)
    return _day(request, pk, form, 422)


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """办结差异."""
    finding = CheckFinding.objects.filter(pk=pk).values_list("check_day_id", flat=True).first()
    language = get_language() or "zh"
    try:
        actions.close_finding(
            request.call(),  # type: ignore[attr-defined]
            finding_id=pk,
            note=request.POST.get("note", ""),
        )
        messages.success(request, _("差异已办结。"))
    except (InvalidInput, Conflict) as refused:
        messages.error(request, refused.detail.pick(language))
    return redirect("payment:day", pk=finding) if finding else redirect("payment:days")


@require_GET
@never_cache
def books(request: HttpRequest) -> HttpResponse:
    """账簿: balances and whether they balance."""
    actor = request.actor  # type: ignore[attr-defined]
    staff(actor)
    table = queries.balances(actor)
    debit, credit = queries.trial(table)
    rows = [
        {
            "account": account,
            "debit": amount if amount.fen > 0 else "",
            "credit": -amount if amount.fen < 0 else "",
        }
        for account, amount in table
        if amount
    ]
    whole = access.visible(actor, PaymentOrder).count()
    return render(
        request, "payment/books.html", {"rows": rows, "debit": debit, "credit": credit, "orders": whole}
    )


urlpatterns = [
    path("work/payment/", orders, name="orders"),
    path("work/payment/refunds/", refunds, name="refunds"),
    path("work/payment/refunds/<int:pk>/", refund_case, name="refund_case"),
    path("work/payment/days/", days, name="days"),
    path("work/payment/days/<int:pk>/", day, name="day"),
    path("work/payment/days/<int:pk>/settle/", settle, name="settle"),
    path("work/payment/findings/<int:pk>/close/", close, name="close"),
    path("work/payment/books/", books, name="books"),
    path("work/payment/orders/<slug:number>/", order, name="order"),
    path("work/payment/orders/<slug:number>/cancel/", cancel, name="cancel"),
    path("work/payment/orders/<slug:number>/refund/", refund, name="refund"),
    path("work/payment/orders/<slug:number>/resolve/", resolve, name="resolve"),
]
