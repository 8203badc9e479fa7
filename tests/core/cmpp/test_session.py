"""One connection: login, window, repeats, reports, silence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quancheng.core.cmpp import (
    Account,
    ActiveTest,
    ActiveTestResp,
    Answered,
    Closed,
    CmppError,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Heard,
    Opened,
    Pdu,
    Phase,
    Report,
    Session,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
    Timing,
    decode,
    encode,
    gateway_digest,
)

ACCOUNT = Account("901234", "secret")
TEXT = Submit("901234", "10690000", ("13800138000",), b"hello", 0)
AT = datetime(2026, 11, 23, 10, 20, 30, tzinfo=UTC)


def said(session: Session) -> list[Pdu]:
    found = [decode(one) for one in session.outgoing]
    session.outgoing.clear()
    return found


def opened(timing: Timing | None = None) -> Session:
    session = Session(ACCOUNT, timing)
    session.open(AT, 0.0)
    (login,) = said(session)
    assert isinstance(login.message, Connect)
    answer = ConnectResp(0, gateway_digest(0, login.message.digest, "secret"))
    assert session.feed(encode(Pdu(login.sequence, answer)), 0.1) == [Opened()]
    return session


def test_a_gateway_that_does_not_know_the_secret_is_left() -> None:
    session = Session(ACCOUNT)
    session.open(AT, 0.0)
    (event,) = session.feed(encode(Pdu(1, ConnectResp(0, b"x" * 16))), 0.1)
    assert isinstance(event, Closed)
    assert session.phase is Phase.CLOSED


def test_a_login_refused_says_its_status() -> None:
    session = Session(ACCOUNT)
    session.open(AT, 0.0)
    (event,) = session.feed(encode(Pdu(1, ConnectResp(3, b"x" * 16))), 0.1)
    assert event == Closed("login refused, status 3", ())


def test_a_text_is_answered_and_reported() -> None:
    session = opened()
    sequence = session.submit(TEXT, 1.0)
    assert said(session) == [Pdu(sequence, TEXT)]
    assert session.feed(encode(Pdu(sequence, SubmitResp(77, 0))), 1.2) == [Answered(sequence, 77, 0)]
    told = Deliver(
        5, "10690000", "13800138000", report=Report(77, "DELIVRD", "2611231020", "2611231021", "13800138000")
    )
    assert session.feed(encode(Pdu(900, told)), 1.3) == [Heard(told)]
    assert said(session) == [Pdu(900, DeliverResp(5))]
    assert told.report is not None and told.report.arrived and told.report.final


def test_no_more_than_the_window_waits() -> None:
    session = opened(Timing(window=2))
    first = session.submit(TEXT, 1.0)
    session.submit(TEXT, 1.0)
    assert session.room == 0
    with pytest.raises(CmppError):
        session.submit(TEXT, 1.0)
    session.feed(encode(Pdu(first, SubmitResp(1, 8))), 1.1)
    assert session.room == 1


def test_what_is_not_answered_is_sent_again_with_its_number_and_then_given_up() -> None:
    session = opened(Timing(answer=10, tries=3))
    sequence = session.submit(TEXT, 0.0)
    said(session)
    for now in (11.0, 22.0):
        assert session.tick(now) == []
        assert said(session) == [Pdu(sequence, TEXT)]
    assert session.tick(33.0) == [Closed("submissions are not answered", (sequence,))]


def test_an_answer_that_comes_twice_counts_once() -> None:
    session = opened()
    sequence = session.submit(TEXT, 0.0)
    answer = encode(Pdu(sequence, SubmitResp(1, 0)))
    assert len(session.feed(answer + answer, 0.5)) == 1


def test_a_silent_line_is_tested_and_then_left() -> None:
    session = opened(Timing(answer=10, tries=2, quiet=30))
    assert session.tick(20.0) == []
    for now in (31.0, 41.0):
        session.tick(now)
        assert [one.message for one in said(session)] == [ActiveTest()]
    assert session.tick(51.0) == [Closed("the line is dead", ())]
    alive = opened(Timing(answer=10, tries=2, quiet=30))
    alive.tick(31.0)
    alive.feed(encode(Pdu(said(alive)[0].sequence, ActiveTestResp())), 32.0)
    assert alive.tick(45.0) == []


def test_both_sides_may_say_goodbye() -> None:
    session = opened()
    session.end()
    (goodbye,) = said(session)
    assert session.feed(encode(Pdu(goodbye.sequence, TerminateResp())), 1.0) == [Closed("ended", ())]
    other = opened()
    assert other.feed(encode(Pdu(4, Terminate())), 1.0) == [Closed("the gateway says goodbye", ())]
    assert [one.message for one in said(other)] == [TerminateResp()]


def test_tests_of_the_gateway_are_answered() -> None:
    session = opened()
    session.feed(encode(Pdu(8, ActiveTest())), 1.0)
    assert said(session) == [Pdu(8, ActiveTestResp())]


@pytest.mark.parametrize("noise", [b"\0" * 20, encode(Pdu(1, TEXT)), b"\0\0\0\x0d\x00\x00\x00\x09\0\0\0\1\0"])
def test_noise_ends_the_connection_and_says_what_is_unanswered(noise: bytes) -> None:
    session = opened()
    sequence = session.submit(TEXT, 0.0)
    (event,) = session.feed(noise, 1.0)
    assert isinstance(event, Closed)
    assert event.unanswered == (sequence,)


def test_before_the_login_nothing_else_is_heard() -> None:
    session = Session(ACCOUNT)
    session.open(AT, 0.0)
    (event,) = session.feed(encode(Pdu(1, ActiveTest())), 0.1)
    assert isinstance(event, Closed)
    assert session.tick(1000.0) == []
