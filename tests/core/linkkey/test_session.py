"""Records: in order, once, unchanged; then the keys are forgotten."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.linkkey import HEAD_BYTES, LinkFault, LinkReason, RekeyPolicy, RekeyReason, Suite
from quancheng.core.linkkey import session as module
from tests.core.linkkey.world import ends, shake


def _refused(reason: LinkReason) -> AbstractContextManager[object]:
    return pytest.raises(LinkFault, check=lambda fault: fault.reason is reason)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=200)), max_size=12), st.sampled_from(list(Suite)))
def test_whatever_is_sent_arrives_in_order(talk: list[tuple[bool, bytes]], suite: Suite) -> None:
    one, other = shake(*ends(suites=(suite,)))
    for forth, text in talk:
        sender, receiver = (one, other) if forth else (other, one)
        assert receiver.open(sender.seal(text)) == text
    assert one.records == other.records == len(talk)
    assert one.amount == other.amount == sum(len(text) for _, text in talk)


def test_replay_and_reorder_are_refused_and_the_session_goes_on() -> None:
    one, other = shake(*ends())
    first, second = one.seal(b"first"), one.seal(b"second")
    with _refused(LinkReason.OUT_OF_ORDER):
        other.open(second)
    assert other.open(first) == b"first"
    with _refused(LinkReason.REPLAYED):
        other.open(first)
    assert other.open(second) == b"second"


@pytest.mark.parametrize("suite", list(Suite))
def test_no_flipped_byte_of_a_record_is_accepted(suite: Suite) -> None:
    one, other = shake(*ends(suites=(suite,)))
    record = one.seal(b"minutes of the meeting")
    for place in range(len(record)):
        bad = bytearray(record)
        bad[place] ^= 0x10
        with pytest.raises(LinkFault):
            other.open(bytes(bad))
    assert other.open(record) == b"minutes of the meeting"


def test_records_of_another_session_or_direction_are_refused() -> None:
    one, other = shake(*ends())
    later, _ = shake(*ends())
    with _refused(LinkReason.OTHER_SESSION):
        other.open(later.seal(b"x"))
    with _refused(LinkReason.TAMPERED):
        one.open(one.seal(b"reflected"))


@pytest.mark.parametrize("cut", [0, 7, HEAD_BYTES, HEAD_BYTES + 15, -1])
def test_cut_records_are_refused(cut: int) -> None:
    one, other = shake(*ends())
    with pytest.raises(LinkFault):
        other.open(one.seal(b"text")[:cut])


def test_the_same_text_never_looks_the_same() -> None:
    one, _ = shake(*ends())
    assert len({one.seal(b"same")[HEAD_BYTES:] for _ in range(20)}) == 20


def test_too_large_or_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = shake(*ends())
    monkeypatch.setattr(module, "RECORD_BYTES", 10)
    with _refused(LinkReason.TOO_LARGE):
        one.seal(b"x" * 11)
    with _refused(LinkReason.TOO_LARGE):
        other.open(one.name + bytes(8) + (27).to_bytes(4, "big") + bytes(27))
    monkeypatch.setattr(module, "_MOST_RECORDS", 2)
    one.seal(b"1")
    one.seal(b"2")
    with _refused(LinkReason.EXHAUSTED):
        one.seal(b"3")


def test_erased_keys_do_nothing_more() -> None:
    one, other = shake(*ends())
    record = one.seal(b"x")
    for session in (one, other):
        session.erase()
    for attempt in (lambda: one.seal(b"y"), lambda: other.open(record), lambda: one.export("storage")):
        with _refused(LinkReason.ERASED):
            attempt()
    assert one._out_iv == 0


def test_rekeying_is_due_by_age_records_or_bytes() -> None:
    policy = RekeyPolicy(timedelta(minutes=10), records=4, amount=1_000)
    start = datetime(2026, 11, 23, 8, tzinfo=UTC)
    one, other = shake(*ends())
    assert policy.due(one, start, start + timedelta(minutes=9)) is None
    assert policy.due(one, start, start + timedelta(minutes=10)) is RekeyReason.AGE
    other.open(one.seal(b"x" * 1_000))
    assert policy.due(one, start, start) is RekeyReason.BYTES
    assert policy.due(other, start, start) is RekeyReason.BYTES
    for _ in range(3):
        one.seal(b"")
    assert policy.due(one, start, start) is RekeyReason.RECORDS
