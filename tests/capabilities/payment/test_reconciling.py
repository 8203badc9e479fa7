"""A business day compared with the bank's statement over a real connection, to the fen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.capabilities.payment.conftest import BANK, SYSTEM
from tests.capabilities.payment.test_paying import balanced, begin, call_back, fresh

from quancheng.capabilities.payment import actions, connecting, queries, reconciling, tasks
from quancheng.capabilities.payment.models import CheckFinding, DayCheck
from quancheng.core.payment import Amount, OrderState
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, PartnerFailed

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 15, 12, 0, tzinfo=clock.LOCAL)


@pytest.fixture
def at(bank: Any) -> Any:
    """The same clock for the platform and the bank."""
    from tests.capabilities.payment.conftest import register

    def move(moment: datetime) -> Any:
        bank.now = lambda: moment
        return clock.at(moment)

    with move(NOON):
        register(bank)
    return move


def check(at: Any, days: int = 1) -> DayCheck:
    with at(NOON + timedelta(days=days, hours=-5)):
        tasks.reconcile()
    row: DayCheck = DayCheck.objects.order_by("-day").first()
    return row


def test_an_ordinary_day_agrees_to_the_fen(
    bank: Any, open_order: Any, payer: Any, staff: Any, at: Any
) -> None:
    with at(NOON):
        for place in range(3):
            row = open_order(subject=f"tests.case:{place}", fen=8001 + place)
            bank.pay(begin(row, payer()))
        call_back(bank)
    day = check(at)
    assert day.proved
    assert (day.rows, day.counts) == (6, {"MATCHED": 3})
    assert day.gap == Amount(0)
    assert day.fee_fen == 3 * 30
    assert not day.findings.exists()
    with pytest.raises(InvalidInput):
        actions.settle_day(Call(staff("accountant")), day_id=day.pk, arrived=Amount(1), on=day.due)
    actions.settle_day(Call(staff("accountant")), day_id=day.pk, arrived=day.net, on=day.due)
    with pytest.raises(Conflict):
        actions.settle_day(Call(staff("accountant")), day_id=day.pk, arrived=day.net, on=day.due)
    assert balanced()
    table = dict(queries.balances(SYSTEM))
    channel = [amount for account, amount in table.items() if account.kind == "CHANNEL"]
    assert channel == [Amount(0)]
    assert check(at).pk == day.pk  # the same day again is the same comparison


def test_what_no_call_back_told_the_statement_tells(bank: Any, open_order: Any, payer: Any, at: Any) -> None:
    with at(NOON):
        row = open_order()
        bank.pay(begin(row, payer()))
    day = check(at)
    assert fresh(row).order_state is OrderState.PAID
    found = CheckFinding.objects.get(check_day=day)
    assert (found.result, found.closed_at is not None) == ("STATE_DIFFERS", True)
    assert balanced()


def test_one_fen_is_found_and_closed_by_a_person(
    bank: Any, open_order: Any, payer: Any, staff: Any, at: Any
) -> None:
    from dataclasses import replace

    with at(NOON):
        row = open_order()
        attempt = begin(row, payer())
        bank.pay(attempt)
        call_back(bank)
        wrong = replace(bank.bank.orders[attempt], amount=Amount(8001))
        bank.bank = replace(bank.bank, orders={attempt: wrong})
    day = check(at)
    assert day.proved
    assert day.gap == Amount(1)
    found = CheckFinding.objects.get(check_day=day)
    assert (found.result, found.gap_fen, found.closed_at) == ("AMOUNT_DIFFERS", 1, None)
    assert queries.open_findings(staff("accountant")) == 1
    for who in (staff("auditor"), staff("approver"), payer()):
        with pytest.raises(Forbidden):
            actions.close_finding(Call(who), finding_id=found.pk, note="x")
    with pytest.raises(InvalidInput):
        actions.close_finding(Call(staff("accountant")), finding_id=found.pk, note=" ")
    actions.close_finding(Call(staff("accountant")), finding_id=found.pk, note="银行次日更正")
    with pytest.raises(Conflict):
        actions.close_finding(Call(staff("accountant")), finding_id=found.pk, note="又一次")


def test_a_payment_at_the_cut_off_is_carried_once(bank: Any, open_order: Any, payer: Any, at: Any) -> None:
    """The bank dates it before 23:30, we hear of it as after: no difference, if the next day shows it."""
    from dataclasses import replace

    edge = reconciling.cut_off(NOON.date()).end(NOON.date())
    with at(edge - timedelta(minutes=2)):
        row = open_order()
        attempt = begin(row, payer())
        bank.pay(attempt)
        call_back(bank)
        moved = replace(bank.bank.orders[attempt], at=edge + timedelta(seconds=5))
        bank.bank = replace(bank.bank, orders={attempt: moved})
    first, second = check(at), check(at, 2)
    assert first.counts == {"CARRIED": 1}
    assert second.counts == {"MATCHED": 1}
    assert second.proved
    assert not CheckFinding.objects.exists()


def test_a_statement_not_ready_stops_and_waits(bank: Any, open_order: Any, payer: Any, at: Any) -> None:
    with at(NOON):
        row = open_order()
        bank.pay(begin(row, payer()))
        call_back(bank)
        with pytest.raises(PartnerFailed):
            connecting.client(BANK).statement(NOON.date(), clock.now())
        assert tasks.reconcile() == {}
    assert not DayCheck.objects.exists()


def test_another_statement_of_a_compared_day_is_for_a_person(
    bank: Any, open_order: Any, payer: Any, at: Any
) -> None:
    from dataclasses import replace

    from quancheng.capabilities.payment.models import Channel

    with at(NOON):
        row = open_order()
        bank.pay(begin(row, payer()))
        call_back(bank)
    day = check(at)
    with at(NOON + timedelta(days=1)):
        bank.bank = replace(bank.bank, orders={})
        statement, digest = connecting.client(BANK).statement(day.day, clock.now())
        with pytest.raises(Conflict):
            actions.check_day(
                Call.system("payment"), channel=Channel.objects.get(), statement=statement, sha256=digest
            )
