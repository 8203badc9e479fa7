"""Reads of unified payment, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Sum

from quancheng.capabilities.payment.models import (
    Booking,
    Channel,
    ChannelMessage,
    CheckFinding,
    DayCheck,
    EntryRow,
    PaymentOrder,
    PostingRow,
    Receipt,
    RefundCase,
)
from quancheng.capabilities.payment.values import OrderInfo
from quancheng.core.payment import (
    Account,
    AccountKind,
    Amount,
    NonTaxReceipt,
    OrderState,
    ReceiptLine,
    allocate,
    trial_balance,
)
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

PAYABLE = (OrderState.CREATED, OrderState.PAYING, OrderState.FAILED)


def order(actor: Actor, number: str) -> PaymentOrder:
    """One order. Raises NotFound, also for what the asker may not see."""
    rows = access.visible(actor, PaymentOrder).select_related("organ", "person", "firm")
    found: PaymentOrder | None = rows.filter(number=number).first()
    if found is None:
        raise NotFound
    return found


def by_subject(actor: Actor, subject: str) -> OrderInfo | None:
    """The order of a subject, as its owner may know it."""
    found = access.visible(actor, PaymentOrder).filter(subject=subject).first()
    return found.info if found else None


def mine(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """My orders: mine as a person, or of the firm I act for."""
    own = Q(person_id=actor.person_id) if actor.firm_id is None else Q(firm_id=actor.firm_id)
    rows = access.visible(actor, PaymentOrder).filter(own).select_related("organ")
    return pagination.page(_filtered(rows, params), ("-created_at", "-id"), params)


def orders(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Orders an office may see. Filters: q (number, subject, payer's name), state, organ, since, until."""
    rows = access.visible(actor, PaymentOrder).select_related("organ", "person", "firm")
    return pagination.page(_filtered(rows, params), ("-created_at", "-id"), params)


def _filtered(rows: QuerySet[Any], params: Mapping[str, str]) -> QuerySet[Any]:
    if words := params.get("q", "").strip():
        rows = rows.filter(
            Q(number__startswith=words)
            | Q(subject__contains=words)
            | Q(person__name=words)
            | Q(firm__name__contains=words)
        )
    state = params.get("state", "")
    if state == "payable":
        rows = rows.filter(state__in=[str(one) for one in PAYABLE])
    elif state in {str(one) for one in OrderState}:
        rows = rows.filter(state=state)
    if organ := params.get("organ", ""):
        rows = rows.filter(organ__code=organ)
    return rows


def channels() -> list[Channel]:
    """Channels that take money now; no secret in them."""
    return list(Channel.objects.filter(active=True).order_by("code"))


def messages_of(actor: Actor, row: PaymentOrder) -> list[ChannelMessage]:
    """What channels said of an order."""
    numbers = list(row.bookings.values_list("number", flat=True))
    rows = access.visible(actor, ChannelMessage).filter(subject__in=numbers)
    return list(rows.order_by("at", "pk"))


def postings_of(actor: Actor, row: PaymentOrder) -> list[PostingRow]:
    """The postings of an order with their entries."""
    rows = access.visible(actor, PostingRow).filter(order=row).prefetch_related("entries")
    return list(rows.order_by("made_at", "pk"))


def refund_cases(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Refunds asked for; those that wait first."""
    rows = access.visible(actor, RefundCase).select_related("order", "order__organ")
    if params.get("state", "") in RefundCase.State.values:
        rows = rows.filter(state=params["state"])
    return pagination.page(rows, ("-asked_at", "-id"), params)


def refund_case(actor: Actor, pk: int) -> RefundCase:
    """One refund asked for. Raises NotFound."""
    rows = access.visible(actor, RefundCase).select_related("order")
    found: RefundCase | None = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def days(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Compared days, newest first."""
    rows = access.visible(actor, DayCheck).select_related("channel")
    if code := params.get("channel", ""):
        rows = rows.filter(channel__code=code)
    return pagination.page(rows, ("-day", "-id"), params)


def day(actor: Actor, pk: int) -> DayCheck:
    """One compared day. Raises NotFound."""
    found: DayCheck | None = access.visible(actor, DayCheck).select_related("channel").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def findings(actor: Actor, row: DayCheck, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Differences of a day, open ones first."""
    rows = access.visible(actor, CheckFinding).filter(check_day=row).select_related("order")
    return pagination.page(rows, ("pk",), params)


def open_findings(actor: Actor) -> int:
    """How many differences wait for somebody."""
    count: int = access.visible(actor, CheckFinding).filter(closed_at=None).count()
    return count


def balances(actor: Actor, until: date | None = None) -> list[tuple[Account, Amount]]:
    """试算: sums of the accounts the asker may see, those of single orders joined by kind."""
    rows = access.visible(actor, EntryRow)
    if until is not None:
        rows = rows.filter(posting__day__lte=until)
    sums: dict[Account, int] = {}
    for kind, account, fen in rows.values_list("kind", "account").annotate(sum=Sum("fen")).order_by():
        one = AccountKind(kind)
        key = "*" if one in {AccountKind.PAYER, AccountKind.REFUND} else account
        sums[Account(one, key)] = sums.get(Account(one, key), 0) + fen
    return [(account, Amount(fen)) for account, fen in sorted(sums.items())]


def trial(table: list[tuple[Account, Amount]]) -> tuple[Amount, Amount]:
    """Debit and credit of the balances; equal in sound books."""
    return trial_balance(dict(table))


def pending(actor: Actor, row: PaymentOrder) -> list[Booking]:
    """Attempts and refunds a channel has not answered."""
    return list(access.visible(actor, Booking).filter(order=row, state="PENDING").order_by("pk"))


def receipts(actor: Actor, row: PaymentOrder) -> list[Receipt]:
    """Electronic receipts of an order."""
    return list(access.visible(actor, Receipt).filter(order=row).order_by("pk"))


def receipt_value(row: Receipt, order: PaymentOrder) -> NonTaxReceipt:
    """A receipt with everything printed on it. Raises PaymentError."""
    record = order.order
    first = order.receipts.filter(fen__gt=0).order_by("pk").first()
    red = (first.code, first.number) if row.fen < 0 and first is not None and first.pk != row.pk else None
    parts = allocate(Amount(row.fen), [line.amount.fen for line in record.lines])
    payer = order.person.name if order.person is not None else order.firm.name if order.firm else ""
    return NonTaxReceipt(
        row.code,
        row.number,
        row.check_code,
        payer,
        order.organ.zh,
        order.organ.code,
        row.issued,
        tuple(
            ReceiptLine(line.item, line.label.zh, part)
            for line, part in zip(record.lines, parts, strict=True)
            if part
        ),
        order=order.number,
        red_of=red,
    )
