"""The citizen code in TypeScript answers as Python does: on the frozen cases, on damage, on codes of its own."""

from __future__ import annotations

import json
import random
import zlib
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core import cose
from quancheng.core.citycode import CodeFault, Gate, Verifying, issue, printed, verify
from quancheng.core.keys import Algorithm, MemoryKey, from_jwk, to_jwk
from quancheng.core.sm import sm3
from tests.core.citycode.vectors import CITY, EDDSA, FACTS, NOW, PAPER, SM2, shown
from tests.frontend.peer import NEEDS_NODE, PROJECT, Peer, Refused

pytestmark = NEEDS_NODE

VECTORS = json.loads((PROJECT / "docs/formats/qc1-vectors.json").read_text("utf-8"))
KNOWS = {name: VECTORS[name] for name in ("keys", "stopped", "skew", "window")}
ALL_KEYS = {one.public.kid: one.public for one in (CITY, SM2, EDDSA)}


def python_says(text: str, gate: Gate | None = None, now: int = NOW, scene: int = 1) -> str:
    gate = gate or Gate(Verifying(ALL_KEYS, lambda index: index in VECTORS["stopped"]))
    try:
        verdict = verify(text, gate, now=now, scene=scene)
    except CodeFault as refused:
        return str(refused.reason)
    nonce = verdict.nonce.hex()
    return f"ok {verdict.credential.hex()} {verdict.step} {nonce} {verdict.facts.level}"


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_every_frozen_case(library: Peer, case: dict[str, Any]) -> None:
    assert library.ask("verify", **KNOWS, **case).split()[0] == case["expected"]


@pytest.mark.parametrize("city", [CITY, SM2, EDDSA], ids=["ES256", "SM2", "EdDSA"])
def test_every_flipped_byte_is_refused_for_the_reason_python_gives(library: Peer, city: MemoryKey) -> None:
    raw = cose.base45_decode(shown(city=city)[4:])
    luck = random.Random(7)
    for place in range(len(raw)):
        damaged = bytearray(raw)
        damaged[place] ^= 1 << luck.randrange(8)
        text = "QC1:" + cose.base45_encode(bytes(damaged))
        said = library.ask("verify", **KNOWS, text=text, now=NOW, scene=1)
        assert not said.startswith("ok"), place
        assert said == python_says(text), (place, damaged.hex())


def test_a_phone_in_the_browser_makes_codes_python_takes(library: Peer) -> None:
    pair = library.ask("pair")
    credential = issue(replace(FACTS, device=from_jwk(pair["public"])), CITY)
    made = library.ask("present", credential=credential.hex(), pair=pair["number"], now=NOW + 0.75)
    again = library.ask("present", credential=credential.hex(), pair=pair["number"], now=NOW + 10)
    assert made != again
    assert set(made) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    gate = Gate(Verifying(ALL_KEYS, lambda index: False))
    assert python_says(made, gate).startswith("ok")
    assert python_says(made, gate) == "replayed"
    assert python_says(again, gate).startswith("ok")
    assert python_says(made, now=NOW + 300) == "stale"
    other = library.ask("pair")
    stolen = library.ask("present", credential=credential.hex(), pair=other["number"], now=NOW)
    assert python_says(stolen) == "bad-signature"


def test_a_challenge_is_answered(library: Peer) -> None:
    pair = library.ask("pair")
    credential = issue(replace(FACTS, device=from_jwk(pair["public"])), CITY)
    text = library.ask("present", credential=credential.hex(), pair=pair["number"], now=NOW, challenge="0a0b")
    gate = Gate(Verifying(ALL_KEYS, lambda index: False))
    assert verify(text, gate, now=NOW, scene=1, challenge=b"\x0a\x0b").facts.level == 2
    assert library.ask("verify", **KNOWS, text=text, now=NOW, scene=1, challenge="0a0b").startswith("ok")
    assert library.ask("verify", **KNOWS, text=text, now=NOW, scene=1, challenge="0a0c") == "wrong-challenge"


def test_a_printed_code_has_one_spelling(library: Peer) -> None:
    credential = issue(PAPER, CITY)
    assert library.ask("printed", credential=credential.hex()) == printed(credential)


def test_a_gate_with_a_wrong_clock_doubts_itself_at_the_fifth_code(library: Peer) -> None:
    """Same order of codes in both: stale four times, then ``clock``; with a good one between, never."""
    texts = [shown(replace(FACTS, status_index=n), now=NOW - 600 - n) for n in range(7)]
    gate = Gate(Verifying(ALL_KEYS, lambda index: False))
    ours = [library.ask("verify", gate="slow", **KNOWS, text=one, now=NOW, scene=1) for one in texts]
    assert ours == [python_says(one, gate) for one in texts]
    assert ours == ["stale"] * 4 + ["clock"] * 3
    good = shown(replace(FACTS, status_index=9))
    mixed = [*texts[:4], good, *texts[4:]]
    said = [library.ask("verify", gate="fine", **KNOWS, text=one, now=NOW, scene=1) for one in mixed]
    assert [one.split()[0] for one in said] == ["stale"] * 4 + ["ok"] + ["stale"] * 3


def test_status_lists_as_the_city_packs_them(library: Peer) -> None:
    size = 1 << 20
    bits = bytearray(size // 8)
    stopped = {0, 1, 7, 8, 12_345, size - 1}
    for index in stopped:
        bits[index >> 3] |= 1 << (index & 7)
    packed = urlsafe_b64encode(zlib.compress(bytes(bits), 9)).rstrip(b"=").decode()
    indexes = [*stopped, 2, 9, 12_346, size - 2]
    number = 4095
    found = library.ask(
        "status", status={"size": size, "lists": {str(number): packed}},
        indexes=[number * size + one for one in indexes] + list(indexes),
    )  # fmt: skip
    assert found == [one in stopped for one in indexes] + [False] * len(indexes)


@pytest.mark.parametrize(
    "raw", [b"", b"\0" * 16, zlib.compress(b"\0" * 15), zlib.compress(b"\0" * 17), zlib.compress(b"\0" * 10_000_000)],
    ids=["nothing", "no zlib", "too short", "too long", "a bomb"],
)  # fmt: skip
def test_a_status_list_that_is_none_is_refused(library: Peer, raw: bytes) -> None:
    packed = urlsafe_b64encode(raw).rstrip(b"=").decode()
    with pytest.raises(Refused):
        library.ask("status", status={"size": 128, "lists": {"1": packed}}, indexes=[])


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.EDDSA, Algorithm.SM2])
def test_signatures_of_every_algorithm(library: Peer, algorithm: Algorithm) -> None:
    luck = random.Random(3)
    for _ in range(5):
        key = MemoryKey.generate(algorithm)
        message = luck.randbytes(luck.randrange(300))
        good = key.sign(message)
        jwk = to_jwk(key.public)
        assert library.ask("kid", key=jwk) == key.public.kid.hex()
        assert library.ask("signature", key=jwk, message=message.hex(), signature=good.hex()) is True
        for wrong in (bytes(64), good[:-1], good + b"\0", bytes([good[0] ^ 1]) + good[1:], b"\xff" * 64):
            assert library.ask("signature", key=jwk, message=message.hex(), signature=wrong.hex()) is False
        assert library.ask("signature", key=jwk, message=message.hex() + "00", signature=good.hex()) is False


def test_sm2_refuses_a_key_beside_the_curve(library: Peer) -> None:
    jwk = to_jwk(SM2.public)
    crooked = {**jwk, "x": urlsafe_b64encode(bytes(31) + b"\1").rstrip(b"=").decode()}
    signature = SM2.sign(b"x").hex()
    assert library.ask("signature", key=jwk, message="78", signature=signature) is True
    assert library.ask("signature", key=crooked, message="78", signature=signature) is False


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_sm3_and_base45_as_python(library: Peer, data: bytes) -> None:
    assert library.ask("sm3", data=data.hex()) == sm3(data).hex()
    text = cose.base45_encode(data)
    assert library.ask("base45", data=data.hex()) == text
    assert library.ask("unbase45", text=text) == data.hex()


# keys of one sign: cbor2 orders keys by length first (RFC 7049), this library bytewise (RFC 8949); QC1 has no map where
# the two differ
VALUES = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 70_000), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(value=VALUES)
def test_cbor_of_python_comes_back_as_it_was(library: Peer, value: Any) -> None:
    data = cose.encode(value)
    assert library.ask("cbor", data=data.hex()) == data.hex()


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=12))
def test_cbor_takes_nothing_python_refuses(library: Peer, data: bytes) -> None:
    """Whatever is taken is the deterministic encoding of what was read."""
    try:
        again = library.ask("cbor", data=data.hex())
    except Refused:
        return
    assert again == data.hex()
    cose.decode(data)


@pytest.mark.parametrize(
    "data", ["1800", "1817", "190001", "5f4100ff", "9f01ff", "a2010101 02", "a202000100", "a201000100", "0000", "f97e00", "fb7ff8000000000000",
             "f7", "f820", "62c328", "a14100 00", "81" * 40 + "00", "5bffffffffffffffff00", "", "c01b0000000100000000", "d28443a10126a0f6f6"],
)  # fmt: skip
def test_other_spellings_of_cbor_are_refused(library: Peer, data: str) -> None:
    with pytest.raises(Refused):
        library.ask("cbor", data=data.replace(" ", ""))


@pytest.mark.parametrize("text", ["A", "a0", "::: ", ":::", "0000", "济00"])
def test_what_is_no_base45_is_refused(library: Peer, text: str) -> None:
    with pytest.raises(Refused):
        library.ask("unbase45", text=text)


@pytest.mark.parametrize("text", ["A", "AB=", "A+BC", "AB", "AAF"])
def test_what_is_no_base64url_is_refused(library: Peer, text: str) -> None:
    with pytest.raises(Refused):
        library.ask("base64url", text=text)
