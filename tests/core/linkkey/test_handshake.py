"""The handshake: both sides end with the same keys and the same opinion of their strength, or with none."""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import product

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.linkkey import (
    Finish,
    Hello,
    Initiator,
    LinkFault,
    LinkReason,
    QkdKey,
    Refusal,
    Reply,
    Responder,
    Strength,
    Suite,
    is_refusal,
)
from tests.core.linkkey.world import ALICE, QKD, ends, shake


def _refused(reason: LinkReason) -> AbstractContextManager[object]:
    return pytest.raises(LinkFault, check=lambda fault: fault.reason is reason)


@pytest.mark.parametrize("suite", list(Suite))
def test_with_all_three_the_link_is_full_and_carries_both_ways(suite: Suite) -> None:
    one, other = shake(*ends(suites=(suite,)))
    assert one.strength is other.strength is Strength.FULL
    assert one.qkd == other.qkd == QKD.key_id
    assert one.away == other.away == ""
    assert one.suite is other.suite is suite
    assert other.open(one.seal("去".encode())) == "去".encode()
    assert one.open(other.seal("回".encode())) == "回".encode()
    assert one.export("storage") == other.export("storage") != one.export("other")


@pytest.mark.parametrize(
    ("mine", "theirs", "why"), [(None, None, "KME_UNREACHABLE"), (QKD, None, "KEY_UNKNOWN")]
)
def test_without_the_quantum_key_both_sides_fall_back_and_say_so(
    mine: QkdKey | None, theirs: QkdKey | None, why: str
) -> None:
    one, other = shake(*ends(), mine, theirs)
    assert one.strength is other.strength is Strength.POST_QUANTUM
    assert one.qkd is other.qkd is None
    assert one.away == other.away == why
    assert other.open(one.seal(b"still safe")) == b"still safe"


def test_a_fallback_always_has_a_reason() -> None:
    one, other = ends()
    initiator = Initiator(one, None)
    responder = Responder(other, initiator.hello)
    last, session = initiator.finish(responder.reply(None))
    assert session.away
    assert responder.finish(last).away


def test_policy_may_refuse_to_fall_back() -> None:
    one, other = ends(weakest=Strength.FULL)
    with _refused(LinkReason.TOO_WEAK):
        Initiator(one, None)
    lax_one, lax_other = ends()
    with _refused(LinkReason.TOO_WEAK):  # the responder insists
        Responder(other, Initiator(lax_one, None).hello).reply(None)
    with _refused(LinkReason.TOO_WEAK):  # the initiator insists, and the responder knows
        Responder(lax_other, Initiator(one, QKD).hello).reply(None)
    assert shake(one, other)[0].strength is Strength.FULL


def test_an_initiator_that_insists_does_not_believe_a_weak_reply() -> None:
    strict, _ = ends(weakest=Strength.FULL)
    _, other = ends()
    initiator = Initiator(strict, QKD)
    lied = Hello.from_bytes(initiator.hello)
    weak = Responder(other, replace(lied, weakest=Strength.POST_QUANTUM).to_bytes()).reply(None)
    with _refused(LinkReason.TOO_WEAK):
        initiator.finish(weak)


def test_different_quantum_keys_under_one_name_never_agree() -> None:
    one, other = ends()
    with _refused(LinkReason.CONFIRMATION):
        shake(one, other, QKD, QkdKey(QKD.key_id, b"x" * 32))


def test_a_quantum_key_of_another_name_is_not_used() -> None:
    one, other = ends()
    responder = Responder(other, Initiator(one, QKD).hello)
    assert responder.wanted == QKD.key_id
    with _refused(LinkReason.QKD_KEY):
        responder.reply(QkdKey(uuid.uuid4(), b"x" * 32))
    with _refused(LinkReason.QKD_KEY):
        Responder(other, Initiator(one, QKD).hello).reply(QkdKey(QKD.key_id, b"short"))


def test_stripping_the_quantum_key_on_the_way_is_found_out() -> None:
    """The downgrade attack: someone in the middle removes the key's name so that both fall back."""
    one, other = ends()
    initiator = Initiator(one, QKD)
    stripped = replace(Hello.from_bytes(initiator.hello), qkd=None, away="KME_UNREACHABLE").to_bytes()
    reply = Responder(other, stripped).reply(None)
    with _refused(LinkReason.SIGNATURE):
        initiator.finish(reply)


def test_choosing_the_weaker_suite_for_others_is_found_out() -> None:
    one, other = ends(suites=(Suite.AES_256_GCM, Suite.SM4_GCM))
    initiator = Initiator(one, QKD)
    forced = replace(Hello.from_bytes(initiator.hello), suites=(Suite.SM4_GCM,)).to_bytes()
    with _refused(LinkReason.SIGNATURE):
        initiator.finish(Responder(other, forced).reply(QKD))


def test_suites_are_chosen_by_the_responder_or_refused() -> None:
    one, other = ends()
    both = replace(one, suites=(Suite.AES_256_GCM, Suite.SM4_GCM))
    assert shake(both, replace(other, suites=(Suite.SM4_GCM, Suite.AES_256_GCM)))[0].suite is Suite.SM4_GCM
    with _refused(LinkReason.SUITE):
        shake(one, replace(other, suites=(Suite.SM4_GCM,)))
    initiator = Initiator(one, QKD)
    reply = Reply.from_bytes(Responder(other, initiator.hello).reply(QKD))
    with _refused(LinkReason.SUITE):
        initiator.finish(replace(reply, suite=Suite.SM4_GCM).to_bytes())


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_any_signature_algorithm_serves(algorithm: Algorithm) -> None:
    key = MemoryKey.generate(algorithm)
    one, other = ends()
    session, _ = shake(replace(one, key=key), replace(other, peer_key=key.public))
    assert session.strength is Strength.FULL


def test_an_impostor_on_either_side_is_refused() -> None:
    one, other = ends()
    false = MemoryKey.generate(Algorithm.ES256)
    initiator = Initiator(one, QKD)
    with _refused(LinkReason.SIGNATURE):
        initiator.finish(Responder(replace(other, key=false), initiator.hello).reply(QKD))
    with _refused(LinkReason.SIGNATURE):
        shake(replace(one, key=false), other)


def test_a_hello_for_another_link_or_party_is_refused() -> None:
    one, other = ends()
    for wrong in (replace(one, link="jn-ta"), replace(one, name="taian"), replace(one, peer="yantai")):
        with _refused(LinkReason.OTHER_PARTY):
            Responder(other, Initiator(wrong, QKD).hello)


def test_a_reply_reflected_from_another_handshake_is_refused() -> None:
    one, other = ends()
    first, second = Initiator(one, QKD), Initiator(one, QKD)
    with _refused(LinkReason.SIGNATURE):
        second.finish(Responder(other, first.hello).reply(QKD))


def test_each_message_serves_once() -> None:
    one, other = ends()
    initiator = Initiator(one, QKD)
    responder = Responder(other, initiator.hello)
    with _refused(LinkReason.STEP):
        responder.finish(Finish(b"", bytes(32)).to_bytes())
    reply = responder.reply(QKD)
    last, _ = initiator.finish(reply)
    with _refused(LinkReason.STEP):
        initiator.finish(reply)
    responder.finish(last)
    with _refused(LinkReason.STEP):
        responder.finish(last)


def test_every_handshake_has_new_keys() -> None:
    one, other = ends()
    names = {shake(one, other)[0].name for _ in range(5)}
    assert len(names) == 5


# -- every flipped byte


def test_no_flipped_byte_of_the_reply_is_accepted() -> None:
    one, other = ends()
    initiator = Initiator(replace(one, peer_key=ALICE.public), QKD)
    reply = Responder(replace(other, key=ALICE), initiator.hello).reply(QKD)
    waiting = dict(vars(initiator))
    for place in range(len(reply)):
        bad = bytearray(reply)
        bad[place] ^= 1
        vars(initiator).update(waiting)  # as before any answer came
        with pytest.raises(LinkFault):
            initiator.finish(bytes(bad))
    vars(initiator).update(waiting)
    assert initiator.finish(reply)[1].strength is Strength.FULL


def test_no_flipped_byte_of_the_finish_or_the_hello_is_accepted() -> None:
    one, other = ends()
    initiator = Initiator(one, QKD)
    responder = Responder(other, initiator.hello)
    last, _ = initiator.finish(responder.reply(QKD))
    waiting = responder._waiting
    for place in range(len(last)):
        bad = bytearray(last)
        bad[place] ^= 1
        responder._waiting = waiting
        with pytest.raises(LinkFault):
            responder.finish(bytes(bad))
    responder._waiting = waiting
    assert responder.finish(last).strength is Strength.FULL


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_hello_changed_on_the_way_never_makes_a_link(place: int, bit: int) -> None:
    one, other = ends()
    initiator = Initiator(one, QKD)
    bad = bytearray(initiator.hello)
    bad[place % len(bad)] ^= 1 << bit
    with pytest.raises(LinkFault):
        initiator.finish(Responder(other, bytes(bad)).reply(QKD))


# -- malformed


_ONE, _OTHER = ends()
_HELLO = Initiator(_ONE, QKD).hello
_MALFORMED = {
    "empty": b"",
    "no cbor": b"\xff\xff",
    "a list": cbor2.dumps([1]),
    "trailing": _HELLO + b"\0",
    "cut": _HELLO[:-1],
    "another kind": Finish(b"s", bytes(32)).to_bytes(),
    "another version": cbor2.dumps({**cbor2.loads(_HELLO), "v": 2}, canonical=True),
    "one more member": cbor2.dumps({**cbor2.loads(_HELLO), "more": 1}, canonical=True),
    "not canonical": cbor2.dumps(dict(reversed(cbor2.loads(_HELLO).items()))),
    "short share": cbor2.dumps({**cbor2.loads(_HELLO), "x25519": b"1"}, canonical=True),
    "no nonce": cbor2.dumps({k: v for k, v in cbor2.loads(_HELLO).items() if k != "nonce"}, canonical=True),
    "strength unknown": cbor2.dumps({**cbor2.loads(_HELLO), "weakest": "NONE"}, canonical=True),
    "long name": cbor2.dumps({**cbor2.loads(_HELLO), "link": "x" * 81}, canonical=True),
    "huge": cbor2.dumps({**cbor2.loads(_HELLO), "away": "x" * 20_000}, canonical=True),
    "deep": b"\x81" * 5_000 + b"\x01",
    "suites no texts": cbor2.dumps({**cbor2.loads(_HELLO), "suites": [1]}, canonical=True),
}


@pytest.mark.parametrize("name", _MALFORMED)
def test_malformed_hellos_are_refused(name: str) -> None:
    with pytest.raises(LinkFault):
        Responder(_OTHER, _MALFORMED[name])


@pytest.mark.parametrize(
    ("kind", "data"),
    list(product((Reply, Finish, Refusal), (b"", b"\xa0", _HELLO))),
    ids=lambda one: f"{len(one)}B" if isinstance(one, bytes) else one.__name__,
)
def test_other_messages_are_as_strict(kind: type[Reply], data: bytes) -> None:
    with pytest.raises(LinkFault):
        kind.from_bytes(data)


def test_a_suite_of_the_future_is_passed_over() -> None:
    plain = cbor2.loads(_HELLO)
    future = cbor2.dumps({**plain, "suites": ["XYZ-512", *plain["suites"]]}, canonical=True)
    assert Hello.from_bytes(future).suites == (Suite.AES_256_GCM,)


def test_refusals_are_hints_with_a_reason() -> None:
    data = Refusal(LinkReason.TOO_WEAK).to_bytes()
    assert is_refusal(data)
    assert Refusal.from_bytes(data).reason is LinkReason.TOO_WEAK
    assert not is_refusal(_HELLO)
    assert not is_refusal(b"garbage")
    with pytest.raises(LinkFault):
        Refusal.from_bytes(cbor2.dumps({"t": "refusal", "v": 1, "reason": "BORED"}, canonical=True))


def test_every_reason_has_words_in_both_languages() -> None:
    for reason in LinkReason:
        assert LinkFault(reason).text.zh
        assert LinkFault(reason).text.en
