"""The writers of unified payment. Money moves only here, one transaction a step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from quancheng.capabilities.payment import reconciling, stepping
from quancheng.capabilities.payment.faults import plainly
from quancheng.capabilities.payment.models import (
    Channel,
    ChannelMessage,
    CheckFinding,
    DayCheck,
    PaymentOrder,
    RefundCase,
)
from quancheng.capabilities.payment.values import Charge
from quancheng.core.payment import (
    Amount,
    AttemptStarted,
    ChannelReport,
    CloseReason,
    Decision,
    DisputeResolved,
    Line,
    OrderClosed,
    ReceiptNumber,
    RefundLimits,
    RefundReport,
    RefundRequested,
    Statement,
    to_plain,
)
from quancheng.core.payment import open_order as new_order
from quancheng.core.payment.limits import Breach
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound


@action("payment.order.open")
def open_order(
    call: Call,
    *,
    subject: str,
    title: Text,
    charges: Sequence[Charge],
    organ_id: int,
    person_id: int | None = None,
    firm_id: int | None = None,
    basis: Text | None = None,
    link: str = "",
    simulated: bool = False,
) -> PaymentOrder:
    """开单: an order for one payer, once for each ``subject``; the second time the first is given.

    Raises InvalidInput (no payer, no charge, above the limit), Conflict (the subject has another amount).
    """
    access.require(call.actor, "open", PaymentOrder)
    if (person_id is None) == (firm_id is None):
        raise InvalidInput(Text("缴款人是个人或单位，只能填一个。", "The payer is one person or one firm."))
    known = PaymentOrder.objects.filter(subject=subject).first()
    whole = Amount(sum(one.amount.fen for one in charges))
    if known is not None:
        return _again(known, whole)
    _within_limit(whole)
    days = rulebook.find("payment.order_days").integer()
    number = _number(call.at)
    with plainly():
        payer = f"person:{person_id}" if person_id is not None else f"firm:{firm_id}"
        lines = tuple(Line(one.item, one.label, one.amount) for one in charges)
        order = new_order(number, payer, lines, call.at, call.at + timedelta(days=days))
    row = PaymentOrder.objects.create(
        number=number,
        title=title.to_dict(),
        basis=(basis or Text("", "")).to_dict(),
        subject=subject,
        link=link,
        person_id=person_id,
        firm_id=firm_id,
        organ_id=organ_id,
        fen=order.amount.fen,
        state=str(order.state),
        record=to_plain(order),
        created_at=call.at,
        expires_at=order.expires,
        simulated=simulated or call.actor.simulated,
    )
    audit.note(order=number, subject=subject, fen=row.fen)
    events.emit(
        "payment.order.opened",
        number,
        {"number": number, "subject": subject, "person_id": person_id, "firm_id": firm_id},
    )
    return row


def _again(known: PaymentOrder, whole: Amount) -> PaymentOrder:
    if known.fen != whole.fen:
        raise Conflict(
            Text(
                f"该业务已有缴款单 {known.number}，金额 {known.amount} 元，与本次不同。",
                f"This subject already has order {known.number} of {known.amount} yuan, another amount.",
            )
        )
    return known


def _within_limit(whole: Amount) -> None:
    most = rulebook.find("payment.order_most_yuan")
    if whole.fen > most.integer() * 100:
        raise InvalidInput(
            Text(
                f"超过单笔限额 {most.integer()} 元。{most.explain('zh')}",
                f"Above the limit of one order, {most.integer()} yuan. {most.explain('en')}",
            )
        )


def _number(at: datetime) -> str:
    day = at.astimezone(clock.LOCAL).date()
    return str(ReceiptNumber(rulebook.city_region()[:6], day, stepping.take_number(f"order.{day}")))


@action("payment.attempt.start")
def start_payment(call: Call, *, number: str, channel: str) -> str:
    """去缴款: begin an attempt at a channel, or give the one that still runs there; returns its number.

    Raises NotFound, Forbidden, Conflict (paid, closed, expired, in dispute).
    """
    row = _locked(number)
    access.require(call.actor, "pay", row)
    bank = Channel.objects.filter(code=channel, active=True).first()
    if bank is None:
        raise InvalidInput(
            Text("请选择可用的支付渠道。", "Choose a channel that is open."),
            fields={"channel": Text("没有这个渠道或已停用", "no such channel, or it is closed")},
        )
    order = row.order
    for attempt in order.attempts:
        if attempt.channel == channel and attempt.outcome == "PENDING":
            audit.note(order=number, attempt=attempt.id, again=True)
            return attempt.id
    name = f"{number}-A{len(order.attempts) + 1}"
    with plainly():
        stepping.apply(row, AttemptStarted(f"start-{name}", number, call.at, name, channel))
    return name


@action("payment.order.cancel")
def cancel_order(call: Call, *, number: str, reason: str) -> PaymentOrder:
    """撤销缴款单 that is not paid. Raises Forbidden, Conflict."""
    row = _locked(number)
    access.require(call.actor, "cancel", row)
    if not reason.strip():
        raise InvalidInput(Text("请写明撤销理由。", "Give the reason."), fields={"reason": _EMPTY})
    audit.note(reason=reason.strip())
    with plainly():
        stepping.apply(row, OrderClosed(f"cancel-{number}", number, call.at, CloseReason.CANCELLED))
    return row


_EMPTY = Text("不能为空", "must not be empty")


@action("payment.order.expire", idempotent=False)
def expire_order(call: Call, *, number: str) -> PaymentOrder:
    """到期关闭: nothing happens to one that is paid or not yet due."""
    row = _locked(number)
    access.require(call.actor, "expire", row)
    if call.at >= row.expires_at:
        with plainly():
            stepping.apply(row, OrderClosed(f"expire-{number}", number, call.at, CloseReason.EXPIRED))
    return row


@action("payment.report", idempotent=False)
def hear(
    call: Call,
    *,
    event: ChannelReport | RefundReport,
    nonce: str = "",
    kind: str = "",
    body: str = "",
    ended: datetime | None = None,
) -> PaymentOrder | None:
    """渠道结果: what a verified message says, and the message itself, together; a copy changes nothing.

    None for an order that is not ours. Raises Forbidden.
    """
    access.require(call.actor, "report", PaymentOrder)
    row = stepping.locked(event.order)
    subject = event.attempt if isinstance(event, ChannelReport) else event.refund
    audit.note(order=event.order, subject=subject, source=str(event.source))
    if row is None:
        return None
    if nonce:
        channel = event.channel if isinstance(event, ChannelReport) else _channel_of(row, subject)
        _, new = ChannelMessage.objects.get_or_create(
            channel=channel,
            nonce=nonce,
            defaults={"kind": kind, "subject": subject, "body": body, "at": call.at},
        )
        if not new:
            return row
    with plainly():
        stepping.apply(row, event, ended=ended)
    return row


def _channel_of(row: PaymentOrder, number: str) -> str:
    booking = row.bookings.filter(number=number).first()
    return booking.channel if booking else ""


@action("payment.refund.request")
def request_refund(call: Call, *, number: str, amount: Amount, reason: str) -> RefundCase:
    """申请退款: goes out at once when one person may do it, else waits for another.

    Raises Forbidden, InvalidInput (amount, reason), Conflict (state, dispute, limits).
    """
    row = _locked(number)
    access.require(call.actor, "refund", row)
    if not reason.strip():
        raise InvalidInput(Text("请写明退款理由。", "Give the reason."), fields={"reason": _EMPTY})
    order = row.order
    room = order.refundable(order.winner or "")
    if not 0 < amount.fen <= room.fen:
        raise InvalidInput(
            Text(f"可退金额为 {room} 元。", f"{room} yuan can be given back."),
            fields={"amount": Text(f"应在 0.01 到 {room} 元之间", f"from 0.01 to {room} yuan")},
        )
    if row.refund_cases.filter(state=RefundCase.State.WAITING).exists():
        raise Conflict(Text("已有一笔退款待审批。", "Another refund waits for approval."))
    broken = _limits().breaches(order, amount, call.at)
    for breach in broken:
        if breach is not Breach.REFUND_NEEDS_APPROVAL:
            raise Conflict(breach.text)
    case = RefundCase.objects.create(
        order=row,
        number=f"{number}-R{row.refund_cases.count() + 1}",
        fen=amount.fen,
        reason=reason.strip(),
        asked_by=call.actor.user_id or 0,
        asked_name=str(call.actor),
        asked_at=call.at,
    )
    audit.note(refund=case.number, fen=case.fen, reason=case.reason)
    if not broken:
        _send(call, row, case)
    return case


def _limits() -> RefundLimits:
    return RefundLimits(
        within=timedelta(days=rulebook.find("payment.refund_days").integer()),
        most=rulebook.find("payment.refunds_most").integer(),
        alone=Amount(rulebook.find("payment.refund_alone_yuan").integer() * 100),
    )


def _send(call: Call, row: PaymentOrder, case: RefundCase) -> None:
    with plainly():
        event = RefundRequested(f"refund-{case.number}", row.number, call.at, case.number, Amount(case.fen))
        stepping.apply(row, event)
    case.state, case.decided_name, case.decided_at = RefundCase.State.SENT, str(call.actor), call.at
    case.save(update_fields=["state", "decided_name", "decided_at"])


@action("payment.refund.decide")
def decide_refund(call: Call, *, case_id: int, agreed: bool, note: str) -> RefundCase:
    """审批退款 by somebody else than who asked. Raises Forbidden, Conflict."""
    found = RefundCase.objects.select_for_update().select_related("order").filter(pk=case_id).first()
    if found is None:
        raise NotFound
    access.require(call.actor, "approve", found)
    if found.state != RefundCase.State.WAITING:
        raise Conflict(Text("这笔退款已经处理。", "This refund has been decided."))
    if found.asked_by == (call.actor.user_id or 0):
        raise Forbidden(Text("申请人不能审批自己的退款。", "Who asked may not approve."))
    if not agreed and not note.strip():
        raise InvalidInput(Text("不同意时请写明理由。", "Give the reason."), fields={"note": _EMPTY})
    found.note = note.strip()
    audit.note(refund=found.number, agreed=agreed, note=found.note)
    if agreed:
        found.save(update_fields=["note"])
        row = _locked(found.order.number)
        _send(call, row, found)
    else:
        found.state, found.decided_name, found.decided_at = (
            RefundCase.State.DECLINED,
            str(call.actor),
            call.at,
        )
        found.save(update_fields=["state", "note", "decided_name", "decided_at"])
    return found


@action("payment.dispute.resolve")
def resolve_dispute(call: Call, *, number: str, dispute: str, accept: bool, note: str) -> PaymentOrder:
    """存疑处理: a person believes the channel's claim or does not, and says why. Raises Forbidden, Conflict."""
    row = _locked(number)
    access.require(call.actor, "resolve", row)
    if not note.strip():
        raise InvalidInput(Text("请写明核查结果。", "Say what was found."), fields={"note": _EMPTY})
    decision = Decision.ACCEPT if accept else Decision.REJECT
    name = f"resolve-{len(row.order.seen)}-{number}"
    with plainly():
        stepping.apply(
            row, DisputeResolved(name, number, call.at, dispute, decision, str(call.actor), note.strip())
        )
    return row


@action("payment.day.check", idempotent=False)
def check_day(call: Call, *, channel: Channel, statement: Statement, sha256: str) -> DayCheck:
    """日对账: compare a business day once with its statement; what lost call-backs left open heals here.

    Raises Forbidden, Conflict (the day was compared with another statement).
    """
    access.require(call.actor, "check", DayCheck)
    done = DayCheck.objects.filter(channel=channel, day=statement.day).first()
    if done is not None:
        if done.statement_sha256 != sha256:
            raise Conflict(
                Text(
                    f"{statement.day} 已与另一份对账单核对，请人工处理。",
                    f"{statement.day} was compared with another statement; a person must look.",
                )
            )
        return done
    with plainly():
        return reconciling.compare(call, channel, statement, sha256)


@action("payment.finding.close")
def close_finding(call: Call, *, finding_id: int, note: str) -> CheckFinding:
    """办结差异 with what was found. Raises Forbidden, Conflict."""
    found = CheckFinding.objects.select_for_update().filter(pk=finding_id).first()
    if found is None:
        raise NotFound
    access.require(call.actor, "close", found)
    if found.closed_at is not None:
        raise Conflict(Text("这条差异已经办结。", "This difference has been closed."))
    if not note.strip():
        raise InvalidInput(Text("请写明处理结果。", "Say what was done."), fields={"note": _EMPTY})
    found.closed_at, found.closed_by, found.note = call.at, str(call.actor), note.strip()
    found.save(update_fields=["closed_at", "closed_by", "note"])
    audit.note(finding=found.pk, note=found.note)
    return found


@action("payment.day.settle")
def settle_day(call: Call, *, day_id: int, arrived: Amount, on: date) -> DayCheck:
    """清算到账: the channel's money of a day is in the account. Raises Forbidden, InvalidInput, Conflict."""
    found = DayCheck.objects.select_for_update().select_related("channel").filter(pk=day_id).first()
    if found is None:
        raise NotFound
    access.require(call.actor, "settle", found)
    if found.settled_on is not None:
        raise Conflict(Text("当日已登记到账。", "The arrival was noted already."))
    if arrived.fen != found.net.fen:
        raise InvalidInput(
            Text(
                f"应到账 {found.net} 元，少到或多到请先与渠道核实。",
                f"{found.net} yuan are due; clear the rest with the channel first.",
            ),
            fields={"arrived": Text(f"应为 {found.net}", f"{found.net} is due")},
        )
    with plainly():
        reconciling.settle(found, on, call.at)
    audit.note(channel=found.channel.code, day=str(found.day), fen=arrived.fen)
    return found


@action("payment.channel.register")
def register_channel(call: Call, *, code: str, **fields: Any) -> Channel:
    """登记渠道 or change it. Raises Forbidden."""
    access.require(call.actor, "register", Channel)
    row, _ = Channel.objects.update_or_create(code=code, defaults=fields)
    audit.note(channel=code, keys=sorted(row.keys), url=row.url)
    return row


@action("payment.poll.mark", idempotent=False)
def mark_asked(call: Call, *, booking_id: int) -> int:
    """已查询: when the channel was last asked about a booking."""
    from quancheng.capabilities.payment.models import Booking

    access.require(call.actor, "report", PaymentOrder)
    audit.note(booking=booking_id)
    count: int = Booking.objects.filter(pk=booking_id).update(asked_at=call.at)
    return count


def _locked(number: str) -> PaymentOrder:
    row = stepping.locked(number)
    if row is None:
        raise NotFound(Text(f"没有缴款单 {number}。", f"There is no order {number}."))
    return row
