"""Settlement by the working calendar; limits that are arguments."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from quancheng.core.calendar import CalendarNotCovered, HolidayTable, WorkingCalendar
from quancheng.core.payment import (
    ZERO,
    AccountKind,
    Amount,
    Book,
    Breach,
    PayLimits,
    RefundLimits,
    Statement,
    settlement_of,
)
from tests.core.payment.test_statement import back, paid
from tests.core.payment.world import PRICE, ask_back, given_back, minutes, new, run, start, success

RESOURCE = Path(__file__).parents[3] / "src/quancheng/kernel/resources/calendar_cn.toml"
CALENDAR = WorkingCalendar(HolidayTable.from_toml_dict(tomllib.loads(RESOURCE.read_text("utf-8"))))


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 11, 23), date(2026, 11, 24)),  # Monday to Tuesday
        (date(2026, 11, 20), date(2026, 11, 23)),  # Friday to Monday
        (date(2025, 9, 30), date(2025, 10, 9)),  # before National Day: the first day after eight off
        (date(2025, 10, 10), date(2025, 10, 11)),  # a Saturday on which offices work
    ],
)
def test_the_day_after_in_working_days(day: date, due: date) -> None:
    assert settlement_of(Statement("bank", "city", day, ()), CALENDAR, 1).due == due


def test_a_day_is_settled_to_the_fen() -> None:
    statement = Statement("bank", "city", date(2026, 11, 20), (paid(), back()))
    found = settlement_of(statement, CALENDAR, 1)
    assert (found.gross, found.fees, found.net) == (Amount(10000), Amount(72), Amount(9928))
    assert found.missing(Amount(9900)) == Amount(28)
    assert found.overdue(Amount(9900), date(2026, 11, 24)) and not found.overdue(
        found.net, date(2026, 11, 24)
    )
    assert not found.overdue(ZERO, date(2026, 11, 23))
    posting = found.posting("account", date(2026, 11, 23))
    assert posting is not None
    book = Book()
    assert book.post(posting) and not book.post(posting)
    assert book.balance(AccountKind.CHANNEL, "bank") == Amount(-10000)
    assert book.balance(AccountKind.BANK) == found.net


def test_no_holiday_arrangement_no_answer() -> None:
    with pytest.raises(CalendarNotCovered):
        settlement_of(Statement("bank", "city", date(2039, 1, 3), ()), CALENDAR, 1)
    with pytest.raises(ValueError):
        settlement_of(Statement("bank", "city", date(2026, 11, 20), ()), CALENDAR, 0)


def test_a_limit_may_be_reached_but_not_passed() -> None:
    limits = PayLimits(Amount(500), Amount(800), 3)
    assert limits.breaches(Amount(500), Amount(300), 2) == ()
    assert limits.breaches(Amount(501)) == (Breach.PER_ORDER,)
    assert limits.breaches(Amount(500), Amount(301), 3) == (Breach.PER_DAY, Breach.ORDERS_PER_DAY)
    assert PayLimits().breaches(Amount(10**15), ZERO, 10**6) == ()


def test_limits_of_refunds() -> None:
    order = run(new(), start(), success(), ask_back("R1", "1.00"), given_back("R1", "1.00")).order
    limits = RefundLimits(timedelta(days=90), 2, Amount.of("100.00"))
    assert limits.breaches(order, Amount.of("100.00"), minutes(60)) == ()
    assert limits.breaches(order, PRICE, minutes(60)) == (Breach.REFUND_NEEDS_APPROVAL,)
    assert limits.breaches(order, Amount(1), minutes(91 * 24 * 60)) == (Breach.REFUND_TOO_LATE,)
    again = run(order, ask_back("R2", "1.00")).order
    assert limits.breaches(again, Amount(1), minutes(60)) == (Breach.REFUNDS_PER_ORDER,)
    assert all(breach.text.zh and breach.text.en for breach in Breach)
