"""对账落库: a day's comparison and what follows of it, in the caller's transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from quancheng.capabilities.payment import stepping
from quancheng.capabilities.payment.models import Booking, Channel, CheckFinding, DayCheck, PaymentOrder
from quancheng.core.payment import (
    Amount,
    Carried,
    CutOff,
    Finding,
    OurRow,
    Outcome,
    Reconciliation,
    RowKind,
    Settlement,
    Statement,
    StatementRow,
    reconcile,
    report_of,
    settlement_of,
)
from quancheng.core.payment.reconcile import NOTHING_CARRIED, Action
from quancheng.kernel import audit, clock, events, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.calendar import working_calendar


def cut_off(on: date) -> CutOff:
    """When a business day ends, by the contract in force then."""
    found = rulebook.find("payment.cut_off", on=on)
    return CutOff(datetime.strptime(found.string(), "%H:%M").time(), clock.LOCAL)  # noqa: DTZ007


def bookings_of(channel: str, day: date) -> QuerySet[Booking]:
    """Ours of a business day, and older ones still open: the statement may tell how they ended."""
    edge = cut_off(day)
    inside = Q(at__gte=edge.end(day - timedelta(days=1)), at__lt=edge.end(day))
    waiting = Q(state=Outcome.PENDING, at__lt=edge.end(day))
    rows: QuerySet[Booking] = Booking.objects.filter(inside | waiting, channel=channel)
    return rows


def our_row(booking: Booking, order_number: str) -> OurRow:
    """A booking as reconciliation reads it."""
    return OurRow(
        RowKind(booking.kind),
        order_number,
        booking.number,
        Amount(booking.fen),
        Outcome(booking.state),
        booking.at,
        booking.trade,
    )


def compare(call: Call, channel: Channel, statement: Statement, sha256: str) -> DayCheck:
    """Compare, keep, heal what was lost; returns the day. Raises PaymentError."""
    carried = _carried(channel, statement.day)
    known = {row.number for row in carried.ours}
    ours = [
        our_row(booking, booking.order.number)
        for booking in bookings_of(channel.code, statement.day).select_related("order").iterator(2000)
        if booking.number not in known
    ]
    margin = timedelta(minutes=rulebook.find("payment.carry_minutes", on=statement.day).integer())
    result = reconcile(ours, statement, cut_off(statement.day), margin, carried)
    row = _keep(call, channel, statement, sha256, result)
    for place, finding in enumerate(result.differences, 1):
        _difference(call, row, finding, place)
    audit.note(channel=channel.code, day=str(statement.day), rows=result.rows, proved=result.proved)
    events.emit(
        "payment.day.checked",
        f"{channel.code}/{statement.day}",
        {"channel": channel.code, "day": str(statement.day), "differences": len(result.differences)},
    )
    return row


def _keep(
    call: Call, channel: Channel, statement: Statement, sha256: str, result: Reconciliation
) -> DayCheck:
    due = _settlement(statement)
    row: DayCheck = DayCheck.objects.create(
        channel=channel,
        day=statement.day,
        rows=result.rows,
        ours_fen=result.ours_total.fen,
        theirs_fen=result.theirs_total.fen,
        fee_fen=statement.fees.fen,
        counts={str(kind): count for kind, count in result.counts.items()},
        carried=_plain_carried(result.carried),
        proved=result.proved,
        statement_sha256=sha256,
        due=due.due,
        made_at=call.at,
    )
    return row


def _settlement(statement: Statement) -> Settlement:
    days = rulebook.find("payment.settle_days", on=statement.day).integer()
    return settlement_of(statement, working_calendar(rulebook.city_region()), days)


def _difference(call: Call, row: DayCheck, finding: Finding, place: int) -> None:
    """A difference for a person; one that the statement itself can settle is settled at once."""
    event = f"statement-{row.channel.code}-{row.day}-{place}"
    number = finding.ours.number if finding.ours else (finding.theirs.number if finding.theirs else "")
    order = PaymentOrder.objects.filter(number=number.split("-", 1)[0]).first()
    healed = False
    if finding.action is Action.APPLY_REPORT and order is not None:
        report = report_of(finding, row.channel.code, event, call.at)
        locked = stepping.locked(order.number) if report is not None else None
        if report is not None and locked is not None:
            stepping.apply(locked, report, ended=finding.theirs.at if finding.theirs else None)
            healed = True
    CheckFinding.objects.create(
        check_day=row,
        result=str(finding.result),
        action=str(finding.action),
        number=number,
        order=order,
        ours=_plain(finding.ours),
        theirs=_plain(finding.theirs),
        gap_fen=finding.gap.fen,
        closed_at=call.at if healed else None,
        closed_by=str(call.actor) if healed else "",
        note="按对账单补记 applied from the statement" if healed else "",
    )


def settle(row: DayCheck, on: date, at: datetime) -> None:
    """The money of a day arrived whole: the posting, and the day it came."""
    done = Settlement(row.channel.code, row.day, row.due, Amount(row.theirs_fen), Amount(row.fee_fen))
    posting = done.posting(row.channel.account, on)
    if posting is not None:
        stepping.post(posting, None, at)
    row.settled_on = on
    row.save(update_fields=["settled_on"])


def _carried(channel: Channel, day: date) -> Carried:
    before = DayCheck.objects.filter(channel=channel, day=day - timedelta(days=1)).first()
    if before is None or not before.carried:
        return NOTHING_CARRIED
    return Carried(
        tuple(_our(one) for one in before.carried.get("ours", ())),
        tuple(_their(one) for one in before.carried.get("theirs", ())),
    )


def _plain_carried(carried: Carried) -> dict[str, Any]:
    return {"ours": [_plain(one) for one in carried.ours], "theirs": [_plain(one) for one in carried.theirs]}


def _plain(row: OurRow | StatementRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    said: dict[str, Any] = {}
    for name, value in asdict(row).items():
        if isinstance(value, datetime):
            said[name] = value.isoformat()
        elif isinstance(value, dict):  # an Amount, by asdict
            said[name] = value["fen"]
        else:
            said[name] = None if value is None else str(value)
    return said


def _our(said: dict[str, Any]) -> OurRow:
    fee = said.get("fee")
    return OurRow(
        RowKind(said["kind"]),
        said["order"],
        said["number"],
        Amount(said["amount"]),
        Outcome(said["state"]),
        datetime.fromisoformat(said["at"]),
        said["trade"],
        None if fee is None else Amount(fee),
    )


def _their(said: dict[str, Any]) -> StatementRow:
    return StatementRow(
        RowKind(said["kind"]),
        said["trade"],
        said["number"],
        Amount(said["amount"]),
        Amount(said["fee"]),
        Outcome(said["state"]),
        datetime.fromisoformat(said["at"]),
        said["original"],
    )
