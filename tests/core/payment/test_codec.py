"""What is written of an order reads back to the very same order, and damage is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quancheng.core.payment import (
    Amount,
    AttemptStarted,
    ChannelReport,
    Decision,
    DisputeResolved,
    Moved,
    Order,
    Outcome,
    PaymentError,
    RefundRequested,
    advance,
    effect_from,
    event_from,
    order_from,
    to_plain,
)
from tests.core.payment.world import PRICE, minutes, new


def paid() -> tuple[Order, list[Any]]:
    """An order with an attempt, a payment, a refund and a dispute, and everything that was to be done."""
    events = [
        AttemptStarted("E1", "O1", minutes(1), "A1", "bank"),
        ChannelReport("E2", "O1", minutes(2), "A1", "bank", Outcome.SUCCEEDED, PRICE, "T1"),
        RefundRequested("E3", "O1", minutes(3), "R1", Amount(100)),
        ChannelReport("E4", "O1", minutes(4), "A1", "bank", Outcome.SUCCEEDED, PRICE, "T2"),
        DisputeResolved("E5", "O1", minutes(5), "E4#1", Decision.REJECT, "李会计", "银行确认只扣一次"),
    ]
    order, effects = new(), []
    for event in events:
        step = advance(order, event)
        order = step.order
        effects += step.effects
        assert event_from(json.loads(json.dumps(to_plain(event)))) == event
    return order, effects


def test_an_order_and_its_effects_come_back_whole() -> None:
    order, effects = paid()
    assert order.refunds
    assert order.disputes
    assert order_from(json.loads(json.dumps(to_plain(order)))) == order
    assert any(isinstance(one, Moved) for one in effects)
    for effect in effects:
        assert effect_from(json.loads(json.dumps(to_plain(effect)))) == effect


def _cut(plain: dict[str, Any]) -> None:
    del plain["lines"]


def _float(plain: dict[str, Any]) -> None:
    plain["lines"][0]["amount"] = 12.5


def _text(plain: dict[str, Any]) -> None:
    plain["lines"][0]["amount"] = "1200"


def _state(plain: dict[str, Any]) -> None:
    plain["attempts"][0]["outcome"] = "PAID"


def _more(plain: dict[str, Any]) -> None:
    plain["discount"] = 5


def _class(plain: dict[str, Any]) -> None:
    plain["disputes"][0]["claim"]["is"] = "AskPerson"


def _number(plain: dict[str, Any]) -> None:
    plain["payer"] = 7


@pytest.mark.parametrize("damage", [_cut, _float, _text, _state, _more, _class, _number])
def test_a_damaged_record_is_refused(damage: Any) -> None:
    plain = json.loads(json.dumps(to_plain(paid()[0])))
    damage(plain)
    with pytest.raises(PaymentError):
        order_from(plain)


def test_an_effect_is_not_read_as_an_event() -> None:
    _, effects = paid()
    with pytest.raises(PaymentError):
        event_from(to_plain(effects[0]))
