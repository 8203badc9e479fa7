"""期限与限额: legal day counts and operating limits in force on a day, from the rule book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from quancheng.core.exchange import BreakerRule, Clock, LedgerLimits, Resend, Terms
from quancheng.kernel import rulebook


def terms(on: date) -> Terms:
    """Day counts of each limit of a request, in working days; ``rule`` ids ``exchange.days.<limit>``."""
    days = {clock: _integer(f"exchange.days.{clock}", on) for clock in Clock}
    longer = {Clock.ANSWER: (_integer("exchange.extension.answer", on), 1)}
    return Terms(days, longer)


@dataclass(frozen=True, slots=True)
class Tuning:
    """Operating limits of the gateway (网关运行参数)."""

    ledger: LedgerLimits
    batch: int
    """Exchanges under one stamp at most."""
    window: timedelta
    """How old a request may be."""
    skew: timedelta
    """How far a partner's clock may be ahead."""
    breaker: BreakerRule
    resend: Resend
    parcel_rows: int
    """Changes in one delivery of a subscription at most."""
    file_rows: int
    file_days: int


def tuning(on: date) -> Tuning:
    """The operating limits of a day."""

    def number(name: str) -> int:
        return _integer(f"exchange.{name}", on)

    return Tuning(
        LedgerLimits(number("ledger_pending"), timedelta(seconds=number("ledger_seconds"))),
        number("stamp_batch"),
        timedelta(seconds=number("message_seconds")),
        timedelta(seconds=number("skew_seconds")),
        BreakerRule(number("breaker_failures"), timedelta(seconds=number("breaker_seconds"))),
        Resend(
            timedelta(seconds=number("resend_seconds")),
            timedelta(seconds=number("resend_longest_seconds")),
            number("resend_attempts"),
        ),
        number("parcel_rows"),
        number("file_rows"),
        number("file_days"),
    )


def _integer(id: str, on: date) -> int:
    return rulebook.find(id, on=on).integer()
