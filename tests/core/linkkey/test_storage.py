"""Data at rest: opened only by its master key, in its place, unchanged."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.linkkey import (
    Envelope,
    LinkFault,
    LinkReason,
    MasterKey,
    Suite,
    open_envelope,
    rewrap,
    seal_envelope,
)
from tests.core.linkkey.world import ends, shake

MASTER = MasterKey("m1", b"m" * 32)


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=500), st.binary(max_size=40), st.sampled_from(list(Suite)))
def test_what_is_stored_comes_back(plain: bytes, context: bytes, suite: Suite) -> None:
    stored = seal_envelope(MASTER, plain, context, suite).to_bytes()
    assert open_envelope(MASTER, Envelope.from_bytes(stored), context) == plain


@pytest.mark.parametrize("suite", list(Suite))
def test_no_flipped_byte_is_accepted(suite: Suite) -> None:
    stored = seal_envelope(MASTER, b"a plan", b"document 7", suite).to_bytes()
    for place in range(len(stored)):
        bad = bytearray(stored)
        bad[place] ^= 1
        with pytest.raises(LinkFault):
            open_envelope(MASTER, Envelope.from_bytes(bytes(bad)), b"document 7")


def test_an_envelope_moved_to_another_record_does_not_open() -> None:
    envelope = seal_envelope(MASTER, b"a plan", b"document 7")
    with pytest.raises(LinkFault):
        open_envelope(MASTER, envelope, b"document 8")


def test_another_master_key_does_not_open_even_under_the_same_name() -> None:
    envelope = seal_envelope(MASTER, b"a plan", b"7")
    with pytest.raises(LinkFault, check=lambda fault: fault.reason is LinkReason.OTHER_PARTY):
        open_envelope(MasterKey("m2", MASTER.secret), envelope, b"7")
    with pytest.raises(LinkFault, check=lambda fault: fault.reason is LinkReason.TAMPERED):
        open_envelope(MasterKey("m1", b"n" * 32), envelope, b"7")


def test_rewrapping_changes_the_key_and_not_the_data() -> None:
    envelope = seal_envelope(MASTER, b"a plan", b"7")
    new = MasterKey("m2", b"n" * 32)
    moved = rewrap(MASTER, new, envelope)
    assert moved.body == envelope.body
    assert open_envelope(new, moved, b"7") == b"a plan"
    with pytest.raises(LinkFault):
        open_envelope(MASTER, moved, b"7")
    with pytest.raises(LinkFault):
        open_envelope(new, replace(moved, wrapped=envelope.wrapped), b"7")


def test_a_link_gives_a_key_for_storage_that_both_ends_have() -> None:
    one, other = shake(*ends())
    mine, theirs = (MasterKey("link", session.export("storage")) for session in (one, other))
    assert open_envelope(theirs, seal_envelope(mine, b"x", b""), b"") == b"x"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        cbor2.dumps({}),
        cbor2.dumps([1]),
        cbor2.dumps([2, "AES-256-GCM-SHA256", "m", b"", b"", b""]),
        cbor2.dumps([1, "ROT13", "m", bytes(60), bytes(12), bytes(16)]),
        cbor2.dumps([1, "AES-256-GCM-SHA256", "m", bytes(60), bytes(11), bytes(16)]),
        cbor2.dumps([1, "AES-256-GCM-SHA256", "m", bytes(60), bytes(12), bytes(16)]) + b"\0",
    ],
)
def test_malformed_envelopes_are_refused(data: bytes) -> None:
    with pytest.raises(LinkFault):
        Envelope.from_bytes(data)


def test_master_keys_have_32_bytes_and_a_name_and_are_not_shown() -> None:
    for name, secret in (("m", b"short"), ("", b"m" * 32)):
        with pytest.raises(LinkFault):
            MasterKey(name, secret)
    assert "mmmm" not in repr(MASTER)
