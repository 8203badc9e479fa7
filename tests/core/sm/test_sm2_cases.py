"""SM2 against the standard's worked examples and another implementation.

Sources: GB/T 32918.5-2017 annexes A (signature), C (encryption): the recommended curve, identity
1234567812345678. OpenSSL test/recipes/30-test_evp_data/evppkey_sm2.txt (Apache-2.0): a ciphertext in DER.
gmalg (pure Python, written by others) judges random keys both ways.
"""

from __future__ import annotations

import gmalg
import pytest
from asn1crypto.core import Sequence
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.sm import (
    SmFault,
    sm2_decrypt,
    sm2_encrypt,
    sm2_generate,
    sm2_public,
    sm2_sign,
    sm2_verify,
)
from quancheng.core.sm.curve import ORDER

# GB/T 32918.5-2017, A.2 and C.2: the same key pair in both
PRIVATE = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
NONCE = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
CIPHERTEXT = bytes.fromhex(
    "0404EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
    "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
    "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"  # C3
    "21886CA989CA9C7D58087307CA93092D651EFA"  # C2
)
# OpenSSL evppkey_sm2.txt: the private scalar of SM2_key1 and its ciphertext
OPENSSL_KEY = bytes.fromhex("D09156733017BDAD809FD9BBD8C693F60230593169B6F94AAF1C8EE138CC99B5")
OPENSSL_DER = bytes.fromhex(
    "30818A0220466BE2EF5C11782EC77864A0055417F407A5AFC11D653C6BCE69E417BB1D05B6022062B572E21FF0DDF5"
    "C726BD3F9FF2EAE56E6294713A607E9B9525628965F62CC804203C1B5713B5DB2728EB7BF775E44F4689FC32668BDC"
    "564F52EA45B09E8DF2A5F40422084A9D0CC2997092B7D3C404FCE95956EB604D732B2307A8E5B8900ED6608CA5B197"
)


def test_the_example_key_has_the_example_point() -> None:
    assert sm2_public(PRIVATE) == PUBLIC


def test_the_example_signature_holds_and_the_oracle_makes_the_same_with_its_nonce() -> None:
    assert sm2_verify(PUBLIC, b"message digest", SIGNATURE)
    judge = gmalg.SM2(PRIVATE, b"1234567812345678", PUBLIC, rnd_fn=lambda _: NONCE)
    assert b"".join(judge.sign(b"message digest")) == SIGNATURE


def test_the_example_ciphertext_opens() -> None:
    assert sm2_decrypt(PRIVATE, CIPHERTEXT) == b"encryption standard"


def test_openssls_ciphertext_opens() -> None:
    x, y, c3, c2 = (Sequence.load(OPENSSL_DER)[index].native for index in range(4))
    raw = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big") + c3 + c2
    assert sm2_decrypt(OPENSSL_KEY, raw) == b"The floofy bunnies hop at midnight"


def test_signatures_agree_with_the_oracle_both_ways() -> None:
    for number in range(3):
        private = sm2_generate()
        public, message = sm2_public(private), f"第{number}件".encode()
        judge = gmalg.SM2(private, b"1234567812345678", public)
        assert judge.generate_pk(private) == public
        signature = sm2_sign(private, message)
        assert judge.verify(message, signature[:32], signature[32:])
        assert sm2_verify(public, message, b"".join(judge.sign(message)))


def test_ciphertexts_agree_with_the_oracle_both_ways() -> None:
    for text in (b"\x00", b"key", b"k" * 33, b"long" * 64):
        private = sm2_generate()
        public = sm2_public(private)
        judge = gmalg.SM2(private, b"1234567812345678", public)
        assert judge.decrypt(sm2_encrypt(public, text)) == text
        assert sm2_decrypt(private, judge.encrypt(text)) == text


def test_another_identity_is_another_signature() -> None:
    mine = sm2_sign(PRIVATE, b"data", b"ALICE123@YAHOO.COM")
    assert sm2_verify(PUBLIC, b"data", mine, b"ALICE123@YAHOO.COM")
    assert not sm2_verify(PUBLIC, b"data", mine)
    assert gmalg.SM2(PRIVATE, b"ALICE123@YAHOO.COM", PUBLIC).verify(b"data", mine[:32], mine[32:])


@pytest.mark.parametrize("place", range(64))
def test_every_flipped_byte_of_a_signature_is_refused(place: int) -> None:
    bad = bytearray(SIGNATURE)
    bad[place] ^= 1
    assert not sm2_verify(PUBLIC, b"message digest", bytes(bad))


@pytest.mark.parametrize("place", range(len(CIPHERTEXT)))
def test_every_flipped_byte_of_a_ciphertext_is_refused(place: int) -> None:
    bad = bytearray(CIPHERTEXT)
    bad[place] ^= 1
    with pytest.raises(SmFault):
        sm2_decrypt(PRIVATE, bytes(bad))


_MALFORMED_SIGNATURES = {
    "empty": b"",
    "short": SIGNATURE[:-1],
    "long": SIGNATURE + b"\0",
    "r zero": bytes(32) + SIGNATURE[32:],
    "s zero": SIGNATURE[:32] + bytes(32),
    "r = n": ORDER.to_bytes(32, "big") + SIGNATURE[32:],
    "s = n": SIGNATURE[:32] + ORDER.to_bytes(32, "big"),
    "all ones": b"\xff" * 64,
    "swapped": SIGNATURE[32:] + SIGNATURE[:32],
    "r + s = 0 mod n": (1).to_bytes(32, "big") + (ORDER - 1).to_bytes(32, "big"),
}


@pytest.mark.parametrize("name", _MALFORMED_SIGNATURES)
def test_malformed_signatures_are_refused(name: str) -> None:
    assert not sm2_verify(PUBLIC, b"message digest", _MALFORMED_SIGNATURES[name])


_MALFORMED_POINTS = {
    "empty": b"",
    "compressed": b"\x02" + PUBLIC[1:33],
    "infinity": b"\0",
    "off the curve": PUBLIC[:-1] + bytes([PUBLIC[-1] ^ 1]),
    "zero": b"\x04" + bytes(64),
    "trailing": PUBLIC + b"\0",
    "hybrid": b"\x07" + PUBLIC[1:],
    "x = p": b"\x04" + (2**256 - 2**224 - 2**96 + 2**64 - 1).to_bytes(32, "big") + PUBLIC[33:],
}


@pytest.mark.parametrize("name", _MALFORMED_POINTS)
def test_what_is_no_point_is_refused(name: str) -> None:
    with pytest.raises(SmFault):
        sm2_verify(_MALFORMED_POINTS[name], b"data", SIGNATURE)
    with pytest.raises(SmFault):
        sm2_encrypt(_MALFORMED_POINTS[name], b"data")


@pytest.mark.parametrize("scalar", [0, ORDER - 1, ORDER, 2**256 - 1])
def test_scalars_out_of_range_are_refused(scalar: int) -> None:
    with pytest.raises(SmFault):
        sm2_sign(scalar.to_bytes(32, "big"), b"data")


@pytest.mark.parametrize("data", [b"", CIPHERTEXT[:97], b"\x04" + bytes(97), b"\x02" + CIPHERTEXT[1:]])
def test_what_is_no_ciphertext_is_refused(data: bytes) -> None:
    with pytest.raises(SmFault):
        sm2_decrypt(PRIVATE, data)


def test_there_is_nothing_in_an_empty_message_to_encrypt() -> None:
    with pytest.raises(SmFault):
        sm2_encrypt(PUBLIC, b"")


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=300), st.binary(min_size=1, max_size=200))
def test_whatever_is_signed_or_encrypted_comes_back(message: bytes, text: bytes) -> None:
    assert sm2_verify(PUBLIC, message, sm2_sign(PRIVATE, message))
    assert sm2_decrypt(PRIVATE, sm2_encrypt(PUBLIC, text)) == text
