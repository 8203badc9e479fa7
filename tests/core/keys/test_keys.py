"""Keys behind handles: every algorithm signs, is named, written and read back; nothing changed is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.keys import (
    Algorithm,
    KeyFault,
    MemoryKey,
    PublicKey,
    SignatureError,
    SigningKey,
    from_jwk,
    from_spki,
    thumbprint,
    to_jwk,
    to_spki,
)

ALL = list(Algorithm)
SHORT = [Algorithm.ES256, Algorithm.EDDSA, Algorithm.SM2]


@pytest.fixture(scope="module", params=ALL)
def key(request: pytest.FixtureRequest) -> MemoryKey:
    return MemoryKey.generate(request.param)


def test_a_key_signs_what_its_public_part_verifies(key: MemoryKey) -> None:
    handle: SigningKey = key
    handle.public.verify("泉城".encode(), handle.sign("泉城".encode()))


def test_another_message_or_another_key_is_refused(key: MemoryKey) -> None:
    signature = key.sign(b"one")
    with pytest.raises(SignatureError):
        key.public.verify(b"two", signature)
    with pytest.raises(SignatureError):
        MemoryKey.generate(key.algorithm).public.verify(b"one", signature)


def test_every_flipped_byte_of_a_signature_is_refused(key: MemoryKey) -> None:
    signature = key.sign(b"message")
    for place in range(len(signature)):
        bad = bytearray(signature)
        bad[place] ^= 0x01
        with pytest.raises(SignatureError):
            key.public.verify(b"message", bytes(bad))


def test_a_longer_or_shorter_signature_is_refused(key: MemoryKey) -> None:
    signature = key.sign(b"message")
    for bad in (b"", signature[:-1], signature + b"\0", b"\0" * len(signature), b"\xff" * len(signature)):
        with pytest.raises(SignatureError):
            key.public.verify(b"message", bad)


def test_a_key_comes_back_from_its_private_bytes(key: MemoryKey) -> None:
    again = MemoryKey.from_private(key.algorithm, key.private_bytes())
    assert again.public == key.public
    key.public.verify(b"x", again.sign(b"x"))


def test_the_private_part_is_never_shown(key: MemoryKey) -> None:
    private = key.private_bytes()
    assert repr(private) not in repr(key)
    assert private.hex() not in repr(key)


def test_jwk_and_spki_round_trips(key: MemoryKey) -> None:
    jwk = json.loads(json.dumps(to_jwk(key.public)))
    assert from_jwk(jwk) == key.public
    assert "d" not in jwk
    assert "priv" not in jwk
    assert from_spki(to_spki(key.public)) == key.public
    assert key.public.kid == thumbprint(key.public)[:8]


def test_the_thumbprint_ignores_what_rfc_7638_leaves_out(key: MemoryKey) -> None:
    more = to_jwk(key.public) | {"use": "sig", "kid": "other"}
    assert thumbprint(from_jwk(more)) == thumbprint(key.public)


def test_wrong_lengths_are_no_keys(key: MemoryKey) -> None:
    for data in (b"", key.public.data[:-1], key.public.data + b"\0"):
        with pytest.raises(KeyFault):
            PublicKey(key.algorithm, data)
    for private in (b"", key.private_bytes()[:-1], key.private_bytes() + b"\0"):
        with pytest.raises(KeyFault):
            MemoryKey.from_private(key.algorithm, private)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.SM2])
def test_points_and_scalars_that_are_none_are_refused(algorithm: Algorithm) -> None:
    good = MemoryKey.generate(algorithm)
    point = good.public.data
    for data in (
        b"\x04" + bytes(64),
        point[:-1] + bytes([point[-1] ^ 1]),
        b"\x02" + point[1:],
        b"\x04" + b"\xff" * 64,
    ):
        with pytest.raises(KeyFault):
            PublicKey(algorithm, data)
    for scalar in (bytes(32), b"\xff" * 32):
        with pytest.raises(KeyFault):
            MemoryKey.from_private(algorithm, scalar)


def _es256() -> dict[str, str]:
    return to_jwk(MemoryKey.generate(Algorithm.ES256).public)


_BAD_JWKS: dict[str, Any] = {
    "no kty": lambda jwk: jwk.pop("kty"),
    "kty number": lambda jwk: jwk.update(kty=1),
    "symmetric": lambda jwk: jwk.update(kty="oct"),
    "other curve": lambda jwk: jwk.update(crv="P-384"),
    "no y": lambda jwk: jwk.pop("y"),
    "short x": lambda jwk: jwk.update(x=jwk["x"][:-2]),
    "padded": lambda jwk: jwk.update(x=jwk["x"] + "="),
    "standard alphabet": lambda jwk: jwk.update(x="+" * 43),
    "a private key": lambda jwk: jwk.update(d=jwk["x"]),
    "another algorithm": lambda jwk: jwk.update(alg="SM2-SM3"),
    "curve of SM2": lambda jwk: jwk.update(crv="SM2", alg="SM2-SM3"),
    "spare bits set": lambda jwk: jwk.update(x=jwk["x"][:-1] + _next(jwk["x"][-1])),
}


def _next(letter: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(letter) + 1]


@pytest.mark.parametrize("name", _BAD_JWKS)
def test_malformed_jwks_are_refused(name: str) -> None:
    jwk: dict[str, Any] = _es256()
    _BAD_JWKS[name](jwk)
    with pytest.raises(KeyFault):
        from_jwk(jwk)


@pytest.mark.parametrize(
    "jwk", [{"kty": "AKP", "alg": "ML-DSA-45", "pub": "AA"}, {"kty": "OKP", "crv": "X25519"}]
)
def test_unknown_algorithms_are_refused(jwk: dict[str, str]) -> None:
    with pytest.raises(KeyFault):
        from_jwk(jwk)


@pytest.mark.parametrize("algorithm", SHORT)
def test_broken_der_is_refused(algorithm: Algorithm) -> None:
    der = to_spki(MemoryKey.generate(algorithm).public)
    for bad in (b"", der[:-1], der + b"\0", b"\x31" + der[1:], der[:30]):
        with pytest.raises(KeyFault):
            from_spki(bad)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(SHORT), st.binary(min_size=64, max_size=64))
def test_no_random_signature_holds(message: bytes, algorithm: Algorithm, signature: bytes) -> None:
    with pytest.raises(SignatureError):
        MemoryKey.generate(algorithm).public.verify(message, signature)
