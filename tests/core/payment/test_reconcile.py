"""Reconciliation: every row of both sides in one finding, to the fen, with what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.payment import (
    NOTHING_CARRIED,
    ZERO,
    Action,
    Amount,
    Carried,
    ChannelReport,
    OrderState,
    OurRow,
    Outcome,
    PaymentError,
    Reconciliation,
    RefundReport,
    Result,
    RowKind,
    Source,
    Statement,
    StatementRow,
    advance,
    our_rows,
    reconcile,
    report_of,
    total,
)
from tests.core.payment.test_statement import back, paid
from tests.core.payment.world import CALM, CUT_OFF, DAY, NOW, ask_back, minutes, new, run, start, success

MARGIN = timedelta(minutes=5)
LATE = datetime(2026, 11, 23, 23, 57, tzinfo=NOW.tzinfo)


def own(row: StatementRow, **changes: object) -> OurRow:
    mine = OurRow(row.kind, "O1", row.number, row.amount, row.state, row.at, row.trade, row.fee)
    return replace(mine, **changes)  # type: ignore[arg-type]


def compare(
    ours: list[OurRow], theirs: list[StatementRow], carried: Carried = NOTHING_CARRIED
) -> Reconciliation:
    found = reconcile(ours, Statement("bank", "city", DAY, tuple(theirs)), CUT_OFF, MARGIN, carried)
    assert found.proved
    return found


def one(ours: list[OurRow], theirs: list[StatementRow]) -> tuple[Result, Action, int]:
    found = compare(ours, theirs)
    assert len(found.findings) == 1
    return found.findings[0].result, found.findings[0].action, found.findings[0].gap.fen


def test_a_quiet_day() -> None:
    rows = [paid(), paid("A2"), back()]
    found = compare([own(row) for row in rows], rows)
    assert found.counts == {Result.MATCHED: 3} and found.differences == ()
    assert found.ours_total == found.theirs_total == Amount.of("220.05")
    assert found.carried == NOTHING_CARRIED


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (own(paid()), None, (Result.OURS_ONLY, Action.QUERY_CHANNEL, -12005)),
        (own(back()), None, (Result.OURS_ONLY, Action.QUERY_CHANNEL, 2005)),
        (None, paid(), (Result.THEIRS_ONLY, Action.ASK_PERSON, 12005)),
        (None, back(), (Result.THEIRS_ONLY, Action.ASK_PERSON, -2005)),
        (own(paid(), state=Outcome.PENDING), paid(), (Result.STATE_DIFFERS, Action.APPLY_REPORT, 12005)),
        (own(paid(), state=Outcome.CLOSED), paid(), (Result.STATE_DIFFERS, Action.APPLY_REPORT, 12005)),
        (
            own(paid()),
            replace(paid(), state=Outcome.FAILED),
            (Result.STATE_DIFFERS, Action.QUERY_CHANNEL, -12005),
        ),
        (own(paid()), paid(yuan="120.06"), (Result.AMOUNT_DIFFERS, Action.ASK_PERSON, 1)),
        (own(paid(), trade="x"), paid(), (Result.TRADE_DIFFERS, Action.ASK_PERSON, 0)),
        (own(paid()), paid(fee="0.73"), (Result.FEE_DIFFERS, Action.CLAIM, 0)),
        (own(paid(), fee=None), paid(fee="0.73"), (Result.MATCHED, Action.NONE, 0)),
        (own(paid(), state=Outcome.PENDING), None, (Result.IDLE, Action.NONE, 0)),
        (None, replace(paid(), state=Outcome.PENDING), (Result.IDLE, Action.NONE, 0)),
        (
            own(paid(), state=Outcome.FAILED),
            replace(paid(), state=Outcome.FAILED),
            (Result.IDLE, Action.NONE, 0),
        ),
        (own(paid(at=LATE)), None, (Result.CARRIED, Action.WAIT, -12005)),
        (None, paid(at=LATE), (Result.CARRIED, Action.WAIT, 12005)),
    ],
)
def test_each_difference_says_what_to_do(
    ours: OurRow | None, theirs: StatementRow | None, expected: tuple[Result, Action, int]
) -> None:
    assert one([ours] if ours else [], [theirs] if theirs else []) == expected


def next_day(ours: list[OurRow], theirs: list[StatementRow], carried: Carried) -> Reconciliation:
    day = DAY + timedelta(1)
    found = reconcile(ours, Statement("bank", "city", day, tuple(theirs)), CUT_OFF, MARGIN, carried)
    assert found.proved
    return found


def test_over_midnight_matches_the_next_day() -> None:
    """We booked at 23:57, the bank at 23:59:01; the other way round for a second payment."""
    after = CUT_OFF.end(DAY) + timedelta(seconds=1)
    today = compare([own(paid(at=LATE))], [paid("A2", at=LATE)])
    assert today.differences == () and today.counts == {Result.CARRIED: 2}
    found = next_day([own(paid("A2", at=after))], [paid(at=after)], today.carried)
    assert found.counts == {Result.MATCHED: 2} and found.carried == NOTHING_CARRIED


def test_what_does_not_come_the_next_day_is_a_difference() -> None:
    today = compare([own(paid(at=LATE))], [paid("A2", at=LATE)])
    found = next_day([], [], today.carried)
    assert found.counts == {Result.OURS_ONLY: 1, Result.THEIRS_ONLY: 1}


def test_carried_only_once() -> None:
    end_of_next = LATE + timedelta(1)
    found = next_day([], [], Carried((own(paid(at=end_of_next)),), (paid("A2", at=end_of_next),)))
    assert found.counts == {Result.OURS_ONLY: 1, Result.THEIRS_ONLY: 1}


def test_a_row_listed_on_both_days() -> None:
    found = next_day([own(paid())], [paid()], Carried((), (paid(),)))
    assert found.counts == {Result.MATCHED: 1, Result.THEIRS_TWICE: 1}
    assert [item.action for item in found.differences] == [Action.CLAIM]


def test_our_own_number_twice_is_an_error_of_ours() -> None:
    with pytest.raises(PaymentError):
        reconcile([own(paid()), own(paid())], Statement("bank", "city", DAY, ()), CUT_OFF, MARGIN)


NUMBERS = st.sampled_from([f"A{n}" for n in range(6)])
SIDES = st.builds(
    lambda number, kind, fen, state, late: StatementRow(
        kind, f"T-{number}", number, Amount(fen), ZERO, state, LATE if late else NOW, "A0"
    ),
    NUMBERS,
    st.sampled_from(RowKind),
    st.integers(1, 3),
    st.sampled_from([Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED, Outcome.PENDING]),
    st.booleans(),
)
SIDE = st.lists(SIDES, max_size=9, unique_by=lambda row: (row.kind, row.number))


@CALM
@given(SIDE, SIDE)
def test_any_two_sides_are_proved_to_the_fen(first: list[StatementRow], theirs: list[StatementRow]) -> None:
    ours = [own(row) for row in first]
    found = compare(ours, theirs)
    assert sum(found.counts.values()) == len({(r.kind, r.number) for r in [*first, *theirs]})
    gap = total(row.value for row in theirs) - total(row.value for row in ours)
    assert total(item.gap for item in found.findings) == gap
    matched = [item for item in found.findings if item.result is Result.MATCHED]
    assert all(not item.gap for item in matched)
    if not found.differences and found.carried == NOTHING_CARRIED:
        assert gap == ZERO


def test_a_lost_call_back_is_healed_by_the_statement() -> None:
    order = run(new(), start()).order
    found = compare(list(our_rows(order, "bank", {})), [paid()])
    report = report_of(found.differences[0], "bank", "stmt-1", minutes(900))
    assert isinstance(report, ChannelReport) and report.source is Source.STATEMENT
    healed = advance(order, report).order
    assert healed.state is OrderState.PAID
    again = compare(list(our_rows(healed, "bank", {"A1": NOW})), [paid()])
    assert again.counts == {Result.MATCHED: 1}


def test_a_lost_refund_call_back_too() -> None:
    order = run(new(), start(), success(trade="P-A1"), ask_back("R1", "20.05")).order
    rows = our_rows(order, "bank", {})
    assert our_rows(order, "wallet", {}) == ()
    found = compare(list(rows), [paid(), back()])
    report = report_of(found.differences[0], "bank", "stmt-1", minutes(900))
    assert isinstance(report, RefundReport)
    assert advance(order, report).order.state is OrderState.PARTLY_REFUNDED


def test_nothing_is_reported_of_what_one_side_does_not_know() -> None:
    found = compare([own(paid())], [paid("A2")])
    assert [report_of(item, "bank", "e", NOW) for item in found.findings] == [None, None]
    labels = [item.text for item in Result] + [action.text for action in Action]
    assert all(label.zh and label.en for label in labels)
