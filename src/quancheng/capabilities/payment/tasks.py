"""Background work: effects, questions about what is pending, expiry, the daily statement."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Q

from quancheng.capabilities.payment import actions, connecting, reconciling, stepping
from quancheng.capabilities.payment.models import Booking, Channel, DayCheck, PaymentOrder
from quancheng.core.payment import OrderState, Outcome, effect_from
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, PartnerFailed

ASK_AFTER, ASK_AGAIN = timedelta(seconds=20), timedelta(minutes=2)
AT_ONCE = 200
OPEN = (OrderState.CREATED, OrderState.PAYING, OrderState.FAILED)


@jobs.job(stepping.EFFECT_JOB, max_attempts=8, lease_seconds=60)
def effect(handle: Any, order: str, effect: dict[str, Any]) -> dict[str, Any]:
    """Ask a channel for what a step decided; repeated until it answers."""
    return {"code": connecting.carry_out(order, effect_from(effect))}


@jobs.every("payment.poll", seconds=60)
def poll(handle: Any = None) -> dict[str, Any]:
    """Ask about what is pending and nobody told us; close what is over."""
    now = clock.now()
    quiet = Q(asked_at=None, at__lt=now - ASK_AFTER) | Q(asked_at__lt=now - ASK_AGAIN)
    waiting = Booking.objects.filter(quiet, state=Outcome.PENDING).select_related("order").order_by("at")
    asked = failed = 0
    for booking in waiting[:AT_ONCE]:
        try:
            connecting.enquire(booking)
            asked += 1
        except PartnerFailed:
            failed += 1
        if handle is not None:
            handle.heartbeat()
    over = PaymentOrder.objects.filter(state__in=[str(one) for one in OPEN], expires_at__lte=now)
    numbers = list(over.values_list("number", flat=True)[:AT_ONCE])
    for number in numbers:
        actions.expire_order(Call.system("payment"), number=number)
    return {"asked": asked, "failed": failed, "expired": len(numbers)}


@jobs.every("payment.reconcile", cron="30 6 * * *")
def reconcile(handle: Any = None, day: str = "") -> dict[str, Any]:
    """日对账: yesterday's business day of each channel, and days that were missed before."""
    results: dict[str, Any] = {}
    for channel in Channel.objects.filter(active=True):
        for wanted in [date.fromisoformat(day)] if day else missing_days(channel):
            name = f"{channel.code}/{wanted}"
            try:
                statement, digest = connecting.client(channel.code).statement(wanted, clock.now())
                done = actions.check_day(
                    Call.system("payment"), channel=channel, statement=statement, sha256=digest
                )
                results[name] = {"rows": done.rows, "differences": done.findings.count()}
            except (PartnerFailed, Conflict) as error:
                results[name] = {"failed": error.detail.zh}
                break  # days carry into each other: the next one waits for this one
            if handle is not None:
                handle.heartbeat()
    return results


def missing_days(channel: Channel, most: int = 31) -> list[date]:
    """Business days that are over and not compared yet, oldest first, from the first booking on."""
    last = DayCheck.objects.filter(channel=channel).order_by("-day").values_list("day", flat=True).first()
    first = Booking.objects.filter(channel=channel.code).order_by("at").values_list("at", flat=True).first()
    if last is None and first is None:
        return []
    today = reconciling.cut_off(clock.today()).day(clock.now())
    begin = last + timedelta(days=1) if last else reconciling.cut_off(clock.today()).day(first)
    return [begin + timedelta(days=n) for n in range(min((today - begin).days, most))]
