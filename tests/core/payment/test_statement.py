"""The channel's statement: written and read alike; one doubtful sign refuses it whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.payment import (
    ZERO,
    Amount,
    Outcome,
    PaymentError,
    PaymentReason,
    RowKind,
    Statement,
    StatementRow,
    parse_statement,
    render_statement,
)
from tests.core.payment.world import CALM, CUT_OFF, DAY, NOW, minutes


def paid(number: str = "A1", yuan: str = "120.05", fee: str = "0.72", at: datetime = NOW) -> StatementRow:
    return StatementRow(
        RowKind.PAY, f"P-{number}", number, Amount.of(yuan), Amount.of(fee), Outcome.SUCCEEDED, at
    )


def back(number: str = "R1", yuan: str = "20.05", at: datetime = NOW) -> StatementRow:
    amount = Amount.of(yuan)
    return StatementRow(RowKind.REFUND, f"B-{number}", number, amount, ZERO, Outcome.SUCCEEDED, at, "A1")


def statement(*rows: StatementRow) -> Statement:
    return Statement("bank", "city", DAY, rows)


def read(data: bytes) -> Statement:
    return parse_statement(data, "bank", "city", DAY)


ROWS = (paid(), paid("A2", "0.10", "0.00", minutes(3)), back(at=minutes(5)))
FILE = render_statement(statement(*ROWS))


def test_the_file_as_documented() -> None:
    assert FILE.decode() == (
        "H,1,bank,city,2026-11-23\n"
        "kind,trade,number,original,amount,fee,state,time\n"
        "PAY,P-A1,A1,,120.05,0.72,SUCCEEDED,2026-11-23T09:00:00+08:00\n"
        "PAY,P-A2,A2,,0.10,0.00,SUCCEEDED,2026-11-23T09:03:00+08:00\n"
        "REFUND,B-R1,R1,A1,20.05,0.00,SUCCEEDED,2026-11-23T09:05:00+08:00\n"
        "T,3,120.15,20.05,0.72,99.38\n"
    )
    assert read(FILE) == statement(*ROWS)
    assert read(b"\xef\xbb\xbf" + FILE.replace(b"\n", b"\r\n")) == statement(*ROWS)


@CALM
@given(
    st.lists(
        st.tuples(st.integers(1, 10**9), st.booleans(), st.sampled_from([Outcome.SUCCEEDED, Outcome.FAILED]))
    )
)
def test_any_statement_is_written_and_read_alike(facts: list[tuple[int, bool, Outcome]]) -> None:
    rows = []
    for number, (fen, is_back, state) in enumerate(facts):
        row = back(f"R{number}") if is_back else paid(f"A{number}", fee="0.00")
        rows.append(replace(row, amount=Amount(fen), state=state))
    made = statement(*rows)
    assert read(render_statement(made)) == made
    done = [(fen, is_back) for fen, is_back, state in facts if state is Outcome.SUCCEEDED]
    assert made.net.fen == sum(-fen if is_back else fen for fen, is_back in done)


@pytest.mark.parametrize(
    ("old", "new", "reason", "place"),
    [
        (b"H,1", b"H,2", PaymentReason.STATEMENT, "line 1"),
        (b"bank", b"tank", PaymentReason.STATEMENT, "line 1"),
        (b"2026-11-23\n", b"2026-11-24\n", PaymentReason.STATEMENT, "line 1"),
        (b"amount,fee", b"fee,amount", PaymentReason.STATEMENT, "line 1"),
        (b"T,3,120.15", b"T,3,120.16", PaymentReason.TOTALS, "line 6"),
        (b"T,3", b"T,2", PaymentReason.TOTALS, "line 6"),
        (b"99.38", b"99.39", PaymentReason.TOTALS, "line 6"),
        (b",0.10,", b",0.11,", PaymentReason.TOTALS, "line 6"),
        (b",0.10,", b",0.1,", PaymentReason.AMOUNT, "line 4"),
        (b",0.10,", b",-0.10,", PaymentReason.AMOUNT, "line 4"),
        (b",0.10,", b",0.00,", PaymentReason.AMOUNT, "line 4"),
        (b"0.72,SUCC", b"120.06,SUCC", PaymentReason.AMOUNT, "line 3"),
        (b"20.05,0.00", b"20.05,0.01", PaymentReason.AMOUNT, "line 5"),
        (b"P-A2,A2", b"P-A2,A1", PaymentReason.DUPLICATE_ROW, "line 4"),
        (b"P-A2,A2", b"P-A1,A2", PaymentReason.DUPLICATE_ROW, "line 4"),
        (b"A2,,", b"A2,A1,", PaymentReason.STATEMENT, "line 4"),
        (b"R1,A1", b"R1,", PaymentReason.STATEMENT, "line 5"),
        (b"REFUND", b"REVERSAL", PaymentReason.STATEMENT, "line 5"),
        (b"0.00,SUCCEEDED", b"0.00,CLOSED", PaymentReason.STATEMENT, "line 4"),
        (b"P-A1", b"=cmd|' /C calc'!A1", PaymentReason.NUMBER, "line 3"),
        (b"P-A1", b'"P-A1"', PaymentReason.NUMBER, "line 3"),
        (b"P-A1,", b"P-A1,,", PaymentReason.STATEMENT, "line 3"),
        (b"09:00:00+08:00", b"09:00:00", PaymentReason.STATEMENT, "line 3"),
        (b"2026-11-23T09:00", b"2026-02-30T09:00", PaymentReason.STATEMENT, "line 3"),
        (b"2026-11-23T09:00", b"20261123T09:00", PaymentReason.STATEMENT, "line 3"),
    ],
)
def test_one_thing_wrong_refuses_the_file(old: bytes, new: bytes, reason: PaymentReason, place: str) -> None:
    assert old in FILE
    with pytest.raises(PaymentError) as caught:
        read(FILE.replace(old, new, 1))
    assert (caught.value.reason, caught.value.place) == (reason, place)


@pytest.mark.parametrize(
    "data", [b"", b"\n", FILE[:-1], FILE[:-30], FILE + b"\n", FILE + FILE, b"\xff" + FILE]
)
def test_files_cut_or_doubled(data: bytes) -> None:
    with pytest.raises(PaymentError):
        read(data)


@CALM
@given(st.integers(0, len(FILE) - 1), st.integers(0, 255))
def test_no_changed_byte_changes_the_money_unseen(place: int, value: int) -> None:
    data = bytearray(FILE)
    data[place] = value
    try:
        found = read(bytes(data))
    except PaymentError:
        return
    assert (found.payments, found.refunds, found.fees) == (Amount(12015), Amount(2005), Amount(72))


def test_the_business_day_ends_at_the_cut_off() -> None:
    before = datetime(2026, 11, 23, 15, 58, 59, 999999, tzinfo=UTC)
    assert CUT_OFF.day(before) == DAY
    assert CUT_OFF.day(before + timedelta(microseconds=1)) == date(2026, 11, 24)
    assert CUT_OFF.end(DAY) == before + timedelta(microseconds=1)
    with pytest.raises(ValueError):
        CUT_OFF.day(datetime(2026, 11, 23))
