"""Stories of one order: how it is paid, closed, refunded, and what happens when the channel is odd."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from quancheng.core.payment import (
    ZERO,
    Amount,
    AskPerson,
    CloseAtChannel,
    CloseReason,
    Decision,
    DisputeReason,
    Effect,
    Event,
    Line,
    Moved,
    Movement,
    OrderState,
    Outcome,
    PaymentError,
    PaymentReason,
    RefundReason,
    SendRefund,
    Source,
    StartPayment,
    Step,
    advance,
    open_order,
)
from quancheng.core.text import Text
from tests.core.payment.world import (
    LINES,
    NOW,
    PRICE,
    ask_back,
    close,
    decide,
    failure,
    given_back,
    minutes,
    new,
    run,
    start,
    success,
)


def moves(effects: tuple[Effect, ...]) -> list[Movement]:
    return [effect.movement for effect in effects if isinstance(effect, Moved)]


def refused(step: Step, event: Event) -> PaymentReason:
    with pytest.raises(PaymentError) as caught:
        advance(step.order, event)
    return caught.value.reason


def test_paid_at_the_first_try() -> None:
    begun = run(new(), start())
    assert begun.order.state is OrderState.PAYING
    assert begun.effects == (StartPayment("A1", "bank", PRICE, minutes(30)),)
    paid = advance(begun.order, success())
    assert paid.order.state is OrderState.PAID and paid.order.winner == "A1"
    assert moves(paid.effects) == [Movement.RECEIVED, Movement.EARNED]
    earned = paid.effects[1]
    assert isinstance(earned, Moved)
    assert earned.parts == (("103042750", Amount(10000)), ("103042751", Amount(2005)))


def test_a_call_back_three_times_pays_once() -> None:
    paid = run(new(), start(), success())
    again = replace(success(), at=minutes(9), source=Source.QUERY)
    assert advance(paid.order, again) == Step(paid.order)  # the same notification, later
    other = advance(paid.order, success("n2"))  # the same fact under another number
    assert other.effects == () and other.order.state is OrderState.PAID


def test_failed_then_paid_by_another_channel() -> None:
    step = run(new(), start(), failure())
    assert step.order.state is OrderState.FAILED
    step = run(step.order, start("A2", "wallet"), success("n2", "A2", channel="wallet"))
    assert (step.order.state, step.order.winner) == (OrderState.PAID, "A2")
    assert step.order.received == PRICE and step.order.surplus == ZERO


def test_lost_call_back_is_healed_by_a_query() -> None:
    step = run(new(), start(), success(source=Source.QUERY))
    assert step.order.state is OrderState.PAID
    assert advance(step.order, success("late-callback")).effects == ()


def test_closed_when_the_time_is_over() -> None:
    step = run(new(), start())
    assert refused(step, close(at=29)) is PaymentReason.NOT_EXPIRED
    step = advance(step.order, close())
    assert step.order.state is OrderState.CLOSED
    assert step.effects == (CloseAtChannel("A1", "bank"),)
    step = advance(step.order, failure("closed", outcome=Outcome.CLOSED))
    assert step.order.attempts[0].outcome is Outcome.CLOSED
    assert refused(step, start("A2")) is PaymentReason.STATE


def test_the_timer_of_a_paid_order_does_nothing() -> None:
    paid = run(new(), start(), success())
    assert advance(paid.order, close()).effects == ()
    assert advance(paid.order, close()).order.state is OrderState.PAID
    assert refused(paid, close("c2", CloseReason.CANCELLED)) is PaymentReason.STATE


def test_success_after_closing_goes_back_by_itself() -> None:
    late = advance(run(new(), start(), close()).order, success())
    assert late.order.state is OrderState.CLOSED and late.order.surplus == PRICE
    assert moves(late.effects) == [Movement.RECEIVED, Movement.REFUND_OWED]
    assert late.effects[-1] == SendRefund("A1-A", "A1", "bank", "T-A1", PRICE)
    assert late.order.refunds[0].reason is RefundReason.LATE
    done = advance(late.order, given_back("A1-A", "120.05"))
    assert moves(done.effects) == [Movement.REFUND_PAID] and done.order.surplus == ZERO


def test_two_channels_both_succeed() -> None:
    step = run(new(), start(), start("A2", "wallet"), success("n2", "A2", channel="wallet"))
    double = advance(step.order, success())
    assert double.order.winner == "A2" and double.order.state is OrderState.PAID
    assert [(item.attempt, item.reason) for item in double.order.refunds] == [("A1", RefundReason.DOUBLE)]
    assert double.order.received == PRICE + PRICE


def test_refunded_in_three_pieces_that_add_up_by_item() -> None:
    step = run(new(), start(), success(), ask_back("R1", "50.01"))
    assert step.order.state is OrderState.REFUNDING
    step = run(step.order, given_back("R1", "50.01"))
    assert step.order.state is OrderState.PARTLY_REFUNDED
    step = run(step.order, ask_back("R2", "0.01"), ask_back("R3", "70.03"))
    step = run(step.order, given_back("R3", "70.03"))
    assert step.order.state is OrderState.REFUNDING
    step = run(step.order, given_back("R2", "0.01"))
    assert step.order.state is OrderState.REFUNDED
    by_item = [sum(refund.parts[place].fen for refund in step.order.refunds) for place in (0, 1)]
    assert by_item == [10000, 2005]
    assert refused(step, ask_back("R4", "0.01")) is PaymentReason.REFUND_EXCEEDS


def test_a_refund_names_its_items() -> None:
    step = run(new(), start(), success())
    parts = (ZERO, Amount.of("20.05"))
    back = advance(step.order, ask_back("R1", "20.05", parts=parts))
    owed = back.effects[0]
    assert isinstance(owed, Moved) and owed.parts[1] == ("103042751", Amount(2005))
    assert refused(back, ask_back("R2", "0.01", parts=(ZERO, Amount(1)))) is PaymentReason.REFUND_EXCEEDS
    assert refused(step, ask_back("R3", "1.00", parts=(Amount(1), Amount(1)))) is PaymentReason.AMOUNT
    assert refused(back, ask_back("R1", "1.00")) is PaymentReason.EVENT_REUSED


def test_a_failed_refund_is_free_again_and_somebody_is_told() -> None:
    step = run(new(), start(), success(), ask_back("R1", "120.05"))
    failed = advance(step.order, given_back("R1", "120.05", Outcome.FAILED))
    assert failed.order.state is OrderState.PAID
    assert moves(failed.effects) == [Movement.REFUND_DROPPED]
    assert AskPerson("R1", "REFUND_FAILED") in failed.effects
    assert advance(failed.order, ask_back("R2", "120.05")).order.state is OrderState.REFUNDING


def test_a_surplus_whose_refund_failed_is_asked_for_by_a_person() -> None:
    step = run(new(), start(), close(), success(), given_back("A1-A", "120.05", Outcome.FAILED))
    assert [refund.id for refund in step.order.refunds] == ["A1-A"]  # not again by itself
    again = advance(step.order, ask_back("R9", "120.05", attempt="A1"))
    assert moves(again.effects) == [Movement.REFUND_OWED]
    done = advance(again.order, given_back("R9", "120.05"))
    assert done.order.surplus == ZERO and done.order.state is OrderState.CLOSED


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (success(), failure(), DisputeReason.FAILURE_AFTER_SUCCESS),
        (failure(), success(), DisputeReason.SUCCESS_AFTER_FAILURE),
        (success(), success("n2", trade="other"), DisputeReason.TRADE_DIFFERS),
        (success(), success("n2", amount=Amount(1)), DisputeReason.AMOUNT_DIFFERS),
        (success(), success("n1", amount=Amount(1)), DisputeReason.EVENT_REUSED),
        (success(), success("n2", "A7"), DisputeReason.UNKNOWN_ATTEMPT),
        (success(), success("n2", channel="wallet"), DisputeReason.UNKNOWN_ATTEMPT),
        (success(), given_back("R7", "1.00"), DisputeReason.UNKNOWN_REFUND),
    ],
)
def test_contradictions_move_no_money_and_wait_for_a_person(
    first: Event, second: Event, reason: DisputeReason
) -> None:
    before = run(new(), start(), first)
    step = advance(before.order, second)
    assert step.order.state is OrderState.DISPUTED and moves(step.effects) == []
    assert step.order.disputes[0].reason is reason
    assert step.effects == (AskPerson(step.order.disputes[0].id, reason),)
    assert refused(step, ask_back("R1", "1.00")) is PaymentReason.DISPUTED
    rejected = advance(step.order, decide(step.order.disputes[0].id, Decision.REJECT))
    assert rejected.order.state is before.order.state and rejected.effects == ()
    assert advance(rejected.order, replace(second, id="again")).effects == ()  # judged already


def test_accepted_success_after_failure_pays_the_order() -> None:
    step = run(new(), start(), failure(), success())
    accepted = advance(step.order, decide("n1#1", Decision.ACCEPT))
    assert accepted.order.state is OrderState.PAID
    assert moves(accepted.effects) == [Movement.RECEIVED, Movement.EARNED]


def test_accepted_failure_after_success_takes_the_money_off_the_books() -> None:
    step = run(new(), start(), success(), failure())
    accepted = advance(step.order, decide("f1#1", Decision.ACCEPT))
    assert accepted.order.state is OrderState.FAILED and accepted.order.received == ZERO
    assert moves(accepted.effects) == [Movement.EARNING_UNDONE, Movement.RECEIPT_UNDONE]


def test_a_failure_cannot_be_accepted_once_money_went_back() -> None:
    step = run(new(), start(), success(), ask_back("R1", "1.00"), given_back("R1", "1.00"), failure())
    assert refused(step, decide("f1#1", Decision.ACCEPT)) is PaymentReason.CLAIM_IMPOSSIBLE


def test_wrong_amount_accepted_goes_back_whole() -> None:
    step = run(new(), start(), success(amount=Amount(100)))
    accepted = advance(step.order, decide("n1#1", Decision.ACCEPT))
    assert moves(accepted.effects) == [Movement.RECEIVED, Movement.REFUND_OWED]
    assert accepted.order.refunds[0].reason is RefundReason.WRONG_AMOUNT and accepted.order.winner is None


def test_a_second_taking_by_one_attempt_goes_back() -> None:
    step = run(new(), start(), success(), success("n2", trade="second"))
    accepted = advance(step.order, decide("n2#1", Decision.ACCEPT))
    assert [item.trade for item in accepted.order.attempts] == ["T-A1", "second"]
    assert accepted.order.surplus == PRICE and accepted.order.refunds[0].reason is RefundReason.DOUBLE


def test_a_refund_that_failed_and_then_did_not() -> None:
    step = run(new(), start(), success(), ask_back("R1", "20.00"))
    step = run(step.order, given_back("R1", "20.00", Outcome.FAILED, "b1"), given_back("R1", "20.00"))
    assert step.order.disputes[0].reason is DisputeReason.SUCCESS_AFTER_FAILURE
    accepted = advance(step.order, decide("back-R1#1", Decision.ACCEPT))
    assert moves(accepted.effects) == [Movement.REFUND_OWED, Movement.REFUND_PAID]
    assert accepted.order.state is OrderState.PARTLY_REFUNDED


def test_a_refund_that_succeeded_and_then_did_not() -> None:
    step = run(new(), start(), success(), ask_back("R1", "20.00"), given_back("R1", "20.00"))
    step = run(step.order, given_back("R1", "20.00", Outcome.FAILED, "b1"))
    accepted = advance(step.order, decide("b1#1", Decision.ACCEPT))
    assert moves(accepted.effects) == [Movement.REFUND_PAYMENT_UNDONE, Movement.REFUND_DROPPED]
    assert accepted.order.state is OrderState.PAID and accepted.order.returned == ZERO


def test_a_failed_refund_replaced_by_another_cannot_be_accepted_too() -> None:
    step = run(new(), start(), success(), ask_back("R1", "120.05"))
    step = run(step.order, given_back("R1", "120.05", Outcome.FAILED, "b1"), ask_back("R2", "120.05"))
    step = run(step.order, given_back("R2", "120.05"), given_back("R1", "120.05"))
    assert refused(step, decide("back-R1#1", Decision.ACCEPT)) is PaymentReason.CLAIM_IMPOSSIBLE
    rejected = advance(step.order, decide("back-R1#1", Decision.REJECT, "no"))
    assert rejected.order.state is OrderState.REFUNDED


def test_automatic_refunds_wait_until_the_dispute_is_settled() -> None:
    step = run(new(), start(), start("A2"), success(), failure())
    held = advance(step.order, success("n2", "A2"))
    assert moves(held.effects) == [Movement.RECEIVED] and held.order.surplus == PRICE
    freed = advance(held.order, decide("f1#1", Decision.REJECT))
    assert moves(freed.effects) == [Movement.REFUND_OWED]
    # and had the failure been true, the second payment pays the order
    other = advance(held.order, decide("f1#1", Decision.ACCEPT))
    assert other.order.winner == "A2" and other.order.state is OrderState.PAID and not other.order.refunds


def test_reports_in_any_order_lead_to_the_same_money() -> None:
    """Two successes, each twice, and a closed third attempt: 5! arrivals, one end."""
    begun = run(new(), start(), start("A2"), start("A3")).order
    facts = [
        success(),
        success("n2", "A2"),
        success("n3"),
        success("n4", "A2"),
        failure("f3", "A3", Outcome.CLOSED),
    ]
    ends = set()
    for arrival in permutations(facts):
        order = run(begun, *arrival).order
        ends.add((order.state, order.received, order.surplus, len(order.refunds), order.disputed))
    assert ends == {(OrderState.PAID, PRICE + PRICE, PRICE, 1, False)}


def test_a_decision_needs_a_name_and_a_reason() -> None:
    step = run(new(), start(), failure(), success())
    assert refused(step, replace(decide("n1#1", Decision.REJECT), note=" ")) is PaymentReason.ORDER
    assert refused(step, decide("n9#1", Decision.REJECT)) is PaymentReason.UNKNOWN


def test_commands_that_are_not_allowed() -> None:
    step = run(new(), start())
    assert refused(step, start("A2", at=30)) is PaymentReason.EXPIRED
    assert refused(step, replace(start(), id="other")) is PaymentReason.ALREADY
    assert refused(step, replace(start(), channel="wallet")) is PaymentReason.EVENT_REUSED
    assert refused(step, ask_back("R1", "1.00")) is PaymentReason.STATE
    assert refused(step, replace(start("A2"), order="O2")) is PaymentReason.OTHER_ORDER
    assert refused(step, start("A2", number="a b")) is PaymentReason.NUMBER
    paid = run(new(), start(), success())
    for yuan in ("0.00", "-1.00", "120.06"):
        assert refused(paid, ask_back("R1", yuan)) is PaymentReason.REFUND_EXCEEDS


def test_orders_that_are_none() -> None:
    for number, payer, lines, end in (
        ("=1", "p", LINES, minutes(1)),
        ("O1", " ", LINES, minutes(1)),
        ("O1", "p", (), minutes(1)),
        ("O1", "p", LINES, NOW),
        ("O1", "p", LINES, minutes(1).replace(tzinfo=None)),
    ):
        with pytest.raises(PaymentError):
            open_order(number, payer, lines, NOW, end)
    for fen in (0, -1):
        with pytest.raises(PaymentError):
            Line("103042750", Text("费", "fee"), Amount(fen))


def test_every_state_and_reason_has_a_label_in_both_languages() -> None:
    labels = [state.text for state in OrderState] + [reason.text for reason in DisputeReason]
    labels += [PaymentError(reason, "x").text for reason in PaymentReason]
    assert all(label.zh and label.en and label.zh != label.en for label in labels)
