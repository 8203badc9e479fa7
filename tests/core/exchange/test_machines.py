"""Guards and bookkeeping: quota, rate, circuit breaker, stamping backlog, subscriptions."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quancheng.core.exchange import (
    Arrival,
    Breaker,
    BreakerRule,
    Circuit,
    Intake,
    LedgerLimits,
    Quota,
    QuotaReason,
    QuotaUse,
    RateLimit,
    Receipt,
    Receiver,
    Resend,
    Sender,
    leaf_included,
    make_batch,
    make_stamp,
    may_accept,
)
from tests.core.exchange.world import AUTHORITY, NOW, STAMP_KEY

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SECOND = timedelta(seconds=1)


@CALM
@given(st.lists(st.tuples(st.integers(-3, 30), st.integers(0, 9)), max_size=40))
def test_quota_never_gives_more_in_a_window(steps: list[tuple[int, int]]) -> None:
    quota = Quota(timedelta(seconds=60), calls=4, rows=20, rows_per_call=7)
    use, now = QuotaUse(), NOW
    calls: dict[int, int] = {}
    rows: dict[int, int] = {}
    for seconds, wanted in steps:
        now += timedelta(seconds=seconds)
        window = (now - NOW) // quota.period
        charged = quota.charge(use, NOW, now)
        if isinstance(charged, QuotaReason):
            assert charged.text.zh
            if charged is QuotaReason.CALLS:
                assert calls[window] == 4
            continue
        left = quota.rows_left(charged)
        assert left is not None
        given_rows = min(wanted, left)
        use = quota.delivered(charged, given_rows, NOW, now)
        calls[window], rows[window] = calls.get(window, 0) + 1, rows.get(window, 0) + given_rows
    assert all(count <= 4 for count in calls.values())
    assert all(count <= 20 for count in rows.values())


def test_quota_arguments() -> None:
    with pytest.raises(ValueError):
        Quota(timedelta())
    with pytest.raises(ValueError):
        Quota(SECOND).delivered(QuotaUse(), -1, NOW, NOW)
    assert Quota(SECOND).rows_left(QuotaUse()) is None
    assert Quota(SECOND, rows_per_call=0).rows_left(QuotaUse()) == 0


@CALM
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60))
def test_rate_in_every_span(pauses: list[int]) -> None:
    rate = RateLimit(SECOND, 3)
    due, now = None, NOW
    taken = []
    for pause in pauses:
        now += timedelta(milliseconds=pause)
        wait = rate.wait(due, now)
        conforms, due = rate.take(due, now)
        assert conforms == (wait == timedelta())
        if conforms:
            taken.append(now)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= 3 + (taken[last] - begin) / SECOND


RULE = BreakerRule(3, timedelta(seconds=10), trials=2, longest=timedelta(seconds=40))


def broken(breaker: Breaker, now: datetime) -> Breaker:
    while breaker.circuit is not Circuit.OPEN:
        breaker, ticket = breaker.admit(now)
        assert ticket is not None
        breaker = breaker.report(ticket, False, now)
    return breaker


def test_a_circuit_opens_tries_and_closes() -> None:
    breaker = broken(Breaker(RULE), NOW)
    assert breaker.failed == 0
    assert breaker.admit(NOW + 9 * SECOND)[1] is None
    now = NOW + 10 * SECOND
    breaker, first = breaker.admit(now)
    breaker, second = breaker.admit(now)
    assert breaker.circuit is Circuit.HALF_OPEN
    assert breaker.admit(now)[1] is None
    assert first is not None and second is not None
    breaker = breaker.report(first, True, now).report(second, True, now)
    assert breaker == Breaker(RULE, round=breaker.round)
    assert breaker.circuit.text.zh == "正常"


def test_rests_grow_and_late_answers_do_not_close() -> None:
    breaker, early = Breaker(RULE).admit(NOW)
    breaker = broken(breaker, NOW)
    now = NOW
    for seconds in (10, 20, 40, 40):
        assert breaker.until == now + seconds * SECOND
        now = breaker.until
        breaker, ticket = breaker.admit(now)
        assert ticket is not None and early is not None
        assert breaker.report(early, True, now) == breaker
        breaker = breaker.report(ticket, False, now) if seconds != 20 else breaker.forgive(now)
    assert Breaker(RULE).forgive(now) == Breaker(RULE)
    with pytest.raises(ValueError):
        BreakerRule(0, SECOND)


@CALM
@given(st.lists(st.tuples(st.integers(0, 15), st.booleans(), st.booleans()), max_size=60))
def test_the_provider_gets_rest(steps: list[tuple[int, bool, bool]]) -> None:
    breaker, now = Breaker(RULE), NOW
    for seconds, success, answers in steps:
        now += timedelta(seconds=seconds)
        before = breaker
        breaker, ticket = breaker.admit(now)
        if ticket is None:
            assert breaker.circuit is not Circuit.CLOSED
            if before.circuit is Circuit.OPEN and before.until is not None:
                assert now < before.until
        elif answers:
            breaker = breaker.report(ticket, success, now)
        if breaker.circuit is Circuit.OPEN:
            assert breaker.until is not None
        assert breaker.started <= RULE.trials
        assert breaker.failed < RULE.failures


LIMITS = LedgerLimits(100, timedelta(seconds=60))


@pytest.mark.parametrize(
    ("pending", "late", "intake"),
    [
        (0, None, Intake.OPEN),
        (69, 1, Intake.OPEN),
        (70, 1, Intake.WARNING),
        (99, 1, Intake.WARNING),
        (100, 1, Intake.STOPPED),
        (1, 41, Intake.OPEN),
        (1, 42, Intake.WARNING),
        (1, 60, Intake.STOPPED),
        (1, -1, Intake.STOPPED),
        (1, None, Intake.STOPPED),
        (0, 1, Intake.STOPPED),
        (-1, None, Intake.STOPPED),
    ],
)
def test_the_ledger_stops_when_stamping_is_late(pending: int, late: int | None, intake: Intake) -> None:
    oldest = None if late is None else NOW - timedelta(seconds=late)
    answer = may_accept(pending, oldest, NOW, LIMITS)
    assert answer.intake is intake
    assert answer.accepted == (intake is not Intake.STOPPED)
    assert answer.text.zh.endswith("。")


@CALM
@given(st.integers(1, 40), st.data())
def test_every_leaf_of_a_batch_is_proved_and_no_other(count: int, data: st.DataObject) -> None:
    leaves = [f"leaf {number}".encode() for number in range(count)]
    head, proofs = make_batch(leaves)
    stamp = make_stamp(head, "b", AUTHORITY, NOW, bytes(32), STAMP_KEY)
    place = data.draw(st.integers(0, count - 1))
    assert leaf_included(leaves[place], proofs[place], stamp)
    assert not leaf_included(b"stranger", proofs[place], stamp)
    other = data.draw(st.integers(0, count - 1))
    assert leaf_included(leaves[place], proofs[other], stamp) == (place == other)
    with pytest.raises(ValueError):
        make_batch([])


def test_a_subscription_over_a_bad_line() -> None:
    line = random.Random(7)
    sender, receiver, now = Sender(Resend(SECOND, 8 * SECOND, 60)), Receiver(16, 4), NOW
    taken = []
    for _ in range(40):
        sender, _ = sender.publish(bytes([line.randrange(256)]))
    contents = {one.number: one.digest for one in sender.open}
    for _ in range(2000):
        now += SECOND
        sender, numbers = sender.due(now, 10)
        for number in line.sample(numbers, len(numbers)):
            for _ in range(line.choice((0, 1, 1, 2))):  # lost, taken, doubled
                receiver, arrival = receiver.take(number, contents[number])
                assert arrival is not Arrival.CONFLICT
                taken += [number] if arrival is Arrival.NEW else []
        if line.random() < 0.5:
            sender = sender.acknowledged(receiver.receipt())
        if not sender.open:
            break
    assert sorted(taken) == list(range(1, 41))
    assert receiver.receipt() == Receipt(40)
    assert receiver.gaps() == ()
    assert not sender.given_up()


def test_gaps_conflicts_and_windows() -> None:
    receiver = Receiver(5, 2)
    for number in (1, 4):
        receiver, arrival = receiver.take(number, b"x")
        assert arrival is Arrival.NEW
    assert receiver.gaps() == ((2, 3),)
    assert receiver.receipt() == Receipt(1, frozenset({4}))
    assert receiver.take(4, b"y") == (receiver, Arrival.CONFLICT)
    assert receiver.take(1, b"y") == (receiver, Arrival.CONFLICT)
    assert receiver.take(7, b"x") == (receiver, Arrival.TOO_FAR)
    with pytest.raises(ValueError):
        receiver.take(0, b"x")
    assert Arrival.CONFLICT.text.zh


def test_giving_up_and_trying_again() -> None:
    sender, number = Sender(Resend(SECOND, 2 * SECOND, 3)).publish(b"x")
    now, sent = NOW, []
    for tick in range(10):
        sender, numbers = sender.due(now + tick * SECOND, 5)
        sent += [tick] * len(numbers)
    assert sent == [0, 1, 3]
    assert sender.given_up() == (number,)
    sender, numbers = sender.retry(number).due(now + 20 * SECOND, 5)
    assert numbers == (number,)
    with pytest.raises(ValueError):
        sender.acknowledged(Receipt(2))
    assert sender.acknowledged(Receipt(1)).open == ()
    assert Resend(SECOND, timedelta(hours=1), 99).wait(99) == timedelta(hours=1)
