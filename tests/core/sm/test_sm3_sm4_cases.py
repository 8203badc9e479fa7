"""SM3 and SM4-GCM against published examples.

Sources: GB/T 32905-2016 annex A examples 1 and 2; cryptography-vectors ``hashes/SM3/oscca.txt`` and
``ciphers/SM4/rfc8998.txt`` (RFC 8998 appendix A.1). gmalg judges random inputs.
"""

from __future__ import annotations

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core import merkle
from quancheng.core.sm import SM3_TREE, SmFault, hmac_sm3, sm3, sm4_gcm_decrypt, sm4_gcm_encrypt
from tests.core.vectors import records


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_examples_of_gbt_32905(message: bytes, digest: str) -> None:
    assert sm3(message).hex() == digest


def test_all_published_digests() -> None:
    count = 0
    for one in records("hashes/SM3/oscca.txt", "len"):
        assert sm3(bytes.fromhex(one["msg"])[: int(one["len"]) // 8]).hex() == one["md"]
        count += 1
    assert count >= 5


@settings(max_examples=10, deadline=None)
@given(st.binary(max_size=200))
def test_digests_agree_with_the_oracle(data: bytes) -> None:
    judge = gmalg.SM3()
    judge.update(data)
    assert sm3(data) == judge.value()


@settings(max_examples=10, deadline=None)
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_the_keyed_digest_is_the_construction_of_rfc_2104(key: bytes, data: bytes) -> None:
    block = (sm3(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = sm3(bytes(byte ^ 0x36 for byte in block) + data)
    assert hmac_sm3(key, data) == sm3(bytes(byte ^ 0x5C for byte in block) + inner)


def test_trees_over_sm3_prove_as_others_do() -> None:
    leaf, other = SM3_TREE.leaf(b"one"), SM3_TREE.leaf(b"two")
    assert leaf == sm3(b"\0one")
    head = merkle.TreeHead(2, SM3_TREE.node(leaf, other))
    merkle.verify_inclusion(SM3_TREE, leaf, 0, head, [other])
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(SM3_TREE, other, 0, head, [leaf])


def test_the_example_of_rfc_8998() -> None:
    count = 0
    for one in records("ciphers/SM4/rfc8998.txt", "count"):
        if "tag" not in one or len(one["iv"]) != 24:
            continue
        key, nonce, extra, plain = (bytes.fromhex(one[name]) for name in ("key", "iv", "aad", "plaintext"))
        sealed = bytes.fromhex(one["ciphertext"] + one["tag"])
        assert sm4_gcm_encrypt(key, nonce, plain, extra) == sealed
        assert sm4_gcm_decrypt(key, nonce, sealed, extra) == plain
        for place in range(len(sealed)):
            bad = bytearray(sealed)
            bad[place] ^= 0x80
            with pytest.raises(SmFault):
                sm4_gcm_decrypt(key, nonce, bytes(bad), extra)
        count += 1
    assert count >= 1


def test_other_associated_data_key_nonce_or_length_is_refused() -> None:
    key, nonce = bytes(16), bytes(12)
    sealed = sm4_gcm_encrypt(key, nonce, b"data", b"head")
    for wrong in (
        (key, nonce, sealed, b"Head"),
        (b"\1" * 16, nonce, sealed, b"head"),
        (key, b"\1" * 12, sealed, b"head"),
        (key, nonce, sealed[:-1], b"head"),
        (key, nonce, sealed[:15], b"head"),
        (key[:15], nonce, sealed, b"head"),
        (key, nonce + b"\0", sealed, b"head"),
    ):
        with pytest.raises(SmFault):
            sm4_gcm_decrypt(*wrong)
