"""What the key schedule stands on, against published vectors.

Sources, all of cryptography-vectors: ``asymmetric/MLKEM/kat_MLKEM_768.rsp`` (FIPS 203: keys,
decapsulation, implicit rejection), ``KDF/rfc-5869-HKDF-SHA256.txt``, ``asymmetric/X25519/rfc7748.txt``.
"""

from __future__ import annotations

import hmac
from itertools import islice

import pytest
from cryptography.hazmat.primitives.asymmetric import mlkem
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.linkkey import LinkFault, LinkReason, Parts, Strength, Suite, derive, handshake
from quancheng.core.sm import hmac_sm3
from tests.core.vectors import records


def test_ml_kem_768_opens_as_published() -> None:
    count = 0
    for one in islice(records("asymmetric/MLKEM/kat_MLKEM_768.rsp", "count"), 60):
        key = mlkem.MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(one["d"] + one["z"]))
        assert key.public_key().public_bytes_raw().hex() == one["pk"]
        assert handshake._opened(key, bytes.fromhex(one["ct"])).hex() == one["ss"]
        assert handshake._opened(key, bytes.fromhex(one["ct_n"])).hex() == one["ss_n"]
        count += 1
    assert count == 60


def test_x25519_agrees_as_in_rfc_7748() -> None:
    one = next(records("asymmetric/X25519/rfc7748.txt", "count"))
    mine = X25519PrivateKey.from_private_bytes(bytes.fromhex(one["input_scalar"]))
    assert handshake._agreed(mine, bytes.fromhex(one["input_u"])).hex() == one["output_u"]


def test_x25519_shares_of_small_order_are_refused() -> None:
    """RFC 7748 section 6.1: a shared secret of zeros means the other side chose it."""
    for share in (bytes(32), b"\1" + bytes(31)):
        with pytest.raises(LinkFault) as fault:
            handshake._agreed(X25519PrivateKey.generate(), share)
        assert fault.value.reason is LinkReason.KEY_SHARE


def test_ml_kem_keys_out_of_range_are_refused() -> None:
    with pytest.raises(LinkFault) as fault:
        handshake._encapsulated(b"\xff" * 1184)  # coefficients above q, FIPS 203 section 7.2
    assert fault.value.reason is LinkReason.KEY_SHARE


def test_hkdf_is_that_of_rfc_5869() -> None:
    count = 0
    for one in records("KDF/rfc-5869-HKDF-SHA256.txt", "count"):
        secret, salt, info = (bytes.fromhex(one[name]) for name in ("ikm", "salt", "info"))
        assert Suite.AES_256_GCM.derive(secret, salt, info, int(one["l"])).hex() == one["okm"]
        count += 1
    assert count >= 2


def test_hkdf_over_sm3_is_the_construction() -> None:
    secret, salt, info = b"secret", b"salt", b"info"
    prk = hmac_sm3(salt, secret)
    first = hmac_sm3(prk, info + b"\1")
    second = hmac_sm3(prk, first + info + b"\2")
    assert Suite.SM4_GCM.derive(secret, salt, info, 48) == (first + second)[:48]


A, B, C = b"a" * 32, b"b" * 32, b"c" * 32
TRANSCRIPT = b"t" * 32


@pytest.mark.parametrize("suite", list(Suite))
def test_each_input_alone_still_makes_another_secret(suite: Suite) -> None:
    """Two of three known to an attacker: the third, being another, still changes every key."""
    whole = derive(Parts(A, B, C), TRANSCRIPT, suite)
    for other in (Parts(b"x" * 32, B, C), Parts(A, b"x" * 32, C), Parts(A, B, b"x" * 32), Parts(A, B)):
        keys = derive(other, TRANSCRIPT, suite)
        for name in whole.__slots__:
            assert getattr(keys, name) != getattr(whole, name), name


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([0, 1, 2]), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_no_input_masks_another(place: int, one: bytes, other: bytes) -> None:
    """The output depends on each input whatever the other two are, zeros chosen by an attacker included."""
    parts = [bytes(32), bytes(32), bytes(32)]
    parts[place] = one
    first = derive(Parts(*parts), TRANSCRIPT, Suite.AES_256_GCM)
    parts[place] = other
    assert (derive(Parts(*parts), TRANSCRIPT, Suite.AES_256_GCM) == first) == (one == other)


def test_inputs_cannot_be_shifted_into_each_other() -> None:
    """A longer QKD key is not a shorter one followed by something else; absent is not empty or zero."""
    short = Parts(A, B, C).joined()
    assert not Parts(A, B, C + b"\0").joined().startswith(short)
    assert derive(Parts(A, B), TRANSCRIPT, Suite.AES_256_GCM) != derive(
        Parts(A, B, bytes(32)), TRANSCRIPT, Suite.AES_256_GCM
    )
    assert Parts(A, B).joined() != Parts(B, A).joined()


FROZEN = {
    (Suite.AES_256_GCM, True): (
        "081fb647761cb4a0c345a732b6282a8dc8d07ac5c1cb9e4063e7e74db6341ec2",
        "f772a329195ef68a",
    ),
    (Suite.AES_256_GCM, False): (
        "e30d2c05ff07a881e79ae01cf7c55cee4513d61b3e410d0d281e353b48efee95",
        "40ec058baa882527",
    ),
    (Suite.SM4_GCM, True): (
        "532ce2331fca7b60e9c9fdcd3ae6886c8a9767241388ea60ed65a9369ef0b414",
        "38bf45294c488d44",
    ),
    (Suite.SM4_GCM, False): (
        "599303c34894bd539656771522efbedcbccd0c0cf615be208c370e14a13c2c0c",
        "2c533840619189b5",
    ),
}
"""Exporter and session name for these inputs: nodes of different versions must go on understanding each other."""


@pytest.mark.parametrize(("suite", "quantum"), list(FROZEN))
def test_the_schedule_is_frozen(suite: Suite, quantum: bool) -> None:
    keys = derive(Parts(A, B, C if quantum else None), TRANSCRIPT, suite)
    assert (keys.exporter.hex(), keys.session.hex()) == FROZEN[suite, quantum]


def test_the_schedule_is_what_its_words_say() -> None:
    """Built again by hand from RFC 5869 and the module's description."""

    def piece(name: bytes, value: bytes) -> bytes:
        return bytes([len(name)]) + name + b"\1" + len(value).to_bytes(2, "big") + value

    joined = piece(b"X25519", A) + piece(b"ML-KEM-768", B) + piece(b"QKD", C)
    info = b"quancheng link v1|AES-256-GCM-SHA256|FULL"
    prk = hmac.digest(TRANSCRIPT, joined, "sha256")
    stream, block = b"", b""
    for number in range(1, 8):
        block = hmac.digest(prk, block + info + bytes([number]), "sha256")
        stream += block
    keys = derive(Parts(A, B, C), TRANSCRIPT, Suite.AES_256_GCM)
    assert keys.initiator_key == stream[:32]
    assert keys.responder_key == stream[32:64]
    assert keys.initiator_iv + keys.responder_iv == stream[64:88]
    assert keys.exporter == stream[152:184]


def test_transcript_suite_and_strength_are_bound() -> None:
    base = derive(Parts(A, B, C), TRANSCRIPT, Suite.AES_256_GCM)
    assert derive(Parts(A, B, C), b"u" * 32, Suite.AES_256_GCM) != base
    assert derive(Parts(A, B, C), TRANSCRIPT, Suite.SM4_GCM).exporter != base.exporter
    assert Parts(A, B, C).strength is Strength.FULL
    assert Parts(A, B).strength is Strength.POST_QUANTUM
    assert Strength.FULL.rank > Strength.POST_QUANTUM.rank


@pytest.mark.parametrize("parts", [(A[:31], B, C), (A, B + b"\0", C), (A, B, C[:31]), (A, B, b"")])
def test_inputs_of_another_length_are_refused(parts: tuple[bytes, bytes, bytes]) -> None:
    with pytest.raises(LinkFault):
        Parts(*parts)


def test_secrets_are_not_shown() -> None:
    assert "aaaa" not in repr(Parts(A, B, C))
    keys = derive(Parts(A, B, C), TRANSCRIPT, Suite.AES_256_GCM)
    assert repr(keys.exporter) not in repr(keys)
