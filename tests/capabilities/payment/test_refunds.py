"""Money goes back: at once when it is little, by a second person when it is much, never twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.capabilities.payment.test_paying import balanced, begin, call_back, fresh

from quancheng.capabilities.payment import actions, queries
from quancheng.capabilities.payment.models import Receipt, RefundCase
from quancheng.core.payment import Amount, OrderState
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(bank: Any, open_order: Any, payer: Any) -> Any:
    row = open_order(fen=50_000)
    bank.pay(begin(row, payer()))
    call_back(bank)
    jobs.run_due()
    return fresh(row)


def ask(row: Any, who: Any, fen: int, reason: str = "多收") -> RefundCase:
    case: RefundCase = actions.request_refund(Call(who), number=row.number, amount=Amount(fen), reason=reason)
    return case


def test_a_small_refund_goes_out_and_a_red_receipt_is_written(bank: Any, paid: Any, staff: Any) -> None:
    case = ask(paid, staff("accountant"), 10_000)
    assert case.state == RefundCase.State.SENT
    jobs.run_due()
    assert [one.amount.fen for one in bank.bank.refunds.values()] == [10_000]
    bank.bank = bank.bank.give_back(case.number, clock.now())
    assert call_back(bank) == [200]
    row = fresh(paid)
    assert row.order_state is OrderState.PARTLY_REFUNDED
    assert balanced()
    red = Receipt.objects.get(order=row, fen__lt=0)
    value = queries.receipt_value(red, row)
    assert str(value.total) == "-100.00"
    assert value.red_of is not None


def test_a_large_refund_waits_for_another_person(bank: Any, paid: Any, staff: Any) -> None:
    asker = staff("accountant")
    case = ask(paid, asker, 50_000)
    assert case.state == RefundCase.State.WAITING
    assert not bank.bank.refunds
    with pytest.raises(Forbidden):
        actions.decide_refund(Call(asker), case_id=case.pk, agreed=True, note="")
    with pytest.raises(Forbidden):
        actions.decide_refund(Call(staff("approver", "jn-civil")), case_id=case.pk, agreed=True, note="")
    with pytest.raises(Conflict):
        ask(paid, asker, 1)
    actions.decide_refund(Call(staff("approver")), case_id=case.pk, agreed=True, note="同意")
    with pytest.raises(Conflict):
        actions.decide_refund(Call(staff("approver")), case_id=case.pk, agreed=True, note="同意")
    jobs.run_due()
    jobs.run_due()
    assert len(bank.bank.refunds) == 1


def test_a_refund_declined_says_why_and_moves_nothing(bank: Any, paid: Any, staff: Any) -> None:
    case = ask(paid, staff("accountant"), 50_000)
    with pytest.raises(InvalidInput):
        actions.decide_refund(Call(staff("approver")), case_id=case.pk, agreed=False, note=" ")
    actions.decide_refund(Call(staff("approver")), case_id=case.pk, agreed=False, note="依据不足")
    jobs.run_due()
    assert not bank.bank.refunds
    assert fresh(paid).order_state is OrderState.PAID


@pytest.mark.parametrize("fen", [0, 50_001])
def test_more_than_was_paid_or_nothing_cannot_go_back(paid: Any, staff: Any, fen: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(paid, staff("accountant"), fen)
    assert "amount" in refused.value.fields


def test_no_reason_no_refund(paid: Any, staff: Any) -> None:
    with pytest.raises(InvalidInput):
        ask(paid, staff("accountant"), 100, reason="  ")


def test_after_a_year_a_refund_is_too_late(paid: Any, staff: Any) -> None:
    with clock.at(clock.now() + timedelta(days=366)), pytest.raises(Conflict):
        ask(paid, staff("accountant"), 100)


def test_others_cannot_ask(paid: Any, staff: Any, payer: Any) -> None:
    for who in (staff("accountant", "jn-civil"), staff("auditor"), staff("approver"), payer(0)):
        with pytest.raises(Forbidden):
            ask(paid, who, 100)
