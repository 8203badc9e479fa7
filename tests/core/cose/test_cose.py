"""COSE_Sign1, base45 and deterministic CBOR against the words of their standards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core import cose
from quancheng.core.cose import CoseFault, CoseReason
from quancheng.core.keys import Algorithm, MemoryKey, PublicKey


@pytest.mark.parametrize(
    ("data", "text"),
    [  # RFC 9285 section 4.3 and 4.4
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"", ""),
    ],
)
def test_base45_examples_of_rfc_9285(data: bytes, text: str) -> None:
    assert cose.base45_encode(data) == text
    assert cose.base45_decode(text) == data


@pytest.mark.parametrize("text", ["GGW", ":::", "A", "::", "abc", "BB8B", "BB\n"])
def test_base45_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CoseFault):
        cose.base45_decode(text)


@given(st.binary(max_size=200))
def test_base45_there_and_back(data: bytes) -> None:
    assert cose.base45_decode(cose.base45_encode(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        "1801",  # 1 in two bytes (RFC 8949 section 4.2.1)
        "9f01ff",  # an indefinite array
        "a2020102" + "02",  # a key twice
        "a202010102",  # keys not sorted
        "0101",  # something behind
        "fb3ff0000000000000",  # 1.0 in eight bytes
        "",
        "ff",
    ],
)
def test_cbor_that_is_not_deterministic_is_refused(data: str) -> None:
    with pytest.raises(CoseFault) as caught:
        cose.decode(bytes.fromhex(data))
    assert caught.value.reason is CoseReason.ENCODING


def test_keys_are_sorted_as_rfc_8949_section_4_2_1_prints_them() -> None:
    # its own example: 10, 100, -1, "z", "aa", [100], [-1], false
    keys = [False, (-1,), (100,), "aa", "z", -1, 100, 10]
    expected = "a8" + "0a00" + "186400" + "2000" + "617a00" + "62616100" + "81186400" + "812000" + "f400"
    assert cose.encode(dict.fromkeys(keys, 0)).hex() == expected
    assert cose.encode(cose.decode(bytes.fromhex(expected))).hex() == expected
    with pytest.raises(CoseFault):  # by length first, as RFC 7049 did
        cose.decode(bytes.fromhex("a2" + "2000" + "186400"))


@given(st.recursive(st.integers() | st.binary() | st.text() | st.booleans() | st.none(),
                    lambda one: st.lists(one) | st.dictionaries(st.integers() | st.text(), one), max_leaves=20))  # fmt: skip
def test_what_is_written_is_read_and_has_one_form(value: object) -> None:
    data = cose.encode(value)
    assert cose.encode(cose.decode(data)) == data
    assert cose.decode(data) == value


def test_a_long_array_and_a_tag_have_their_heads() -> None:
    for size in (23, 24, 255, 256, 1000):
        assert cose.decode(cose.encode([0] * size)) == [0] * size
    assert cose.decode(b"\xd8\x3d\x01").value == 1
    assert cose.encode(cose.decode(b"\xd8\x3d\x01")) == b"\xd8\x3d\x01"


def test_a_key_twice_is_refused_in_the_messages_of_others_too() -> None:
    with pytest.raises(CoseFault):
        cose.decode(bytes.fromhex("a201020102"), canonical=False)


def test_a_detached_payload_is_put_back_and_no_other() -> None:
    key = MemoryKey.generate(Algorithm.ES256)
    data = cose.sign1(b"apart", key, detached=True)
    assert b"apart" not in data
    with pytest.raises(CoseFault):
        cose.parse1(data)
    assert cose.verify1(cose.attach(data, b"apart"), key.public).payload == b"apart"
    with pytest.raises(CoseFault) as caught:
        cose.verify1(cose.attach(data, b"other"), key.public)
    assert caught.value.reason is CoseReason.SIGNATURE
    with pytest.raises(CoseFault):
        cose.attach(cose.sign1(b"within", key), b"apart")


def test_cbor_deeper_or_larger_than_any_message_is_refused() -> None:
    for data in (b"\x81" * 40 + b"\x01", b"\x5a\x00\x02\x00\x00" + bytes(131072)):
        with pytest.raises(CoseFault):
            cose.decode(data)


# RFC 9052 appendix C.2.1, "Single Signature": the key is appendix C.7.1's "11", the kid "11".
_C21_KEY = PublicKey(
    Algorithm.ES256,
    b"\x04"
    + bytes.fromhex("bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff")
    + bytes.fromhex("20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e"),
)
_C21 = bytes.fromhex(
    "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23"
    "d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"
)


def test_the_single_signature_of_rfc_9052_appendix_c_2_1_holds() -> None:
    message = cose.verify1(cose.parse1(_C21, canonical=False), {b"11": _C21_KEY})
    assert message.payload == b"This is the content."


def test_and_not_when_a_byte_of_it_changed() -> None:
    for place in range(len(_C21)):
        changed = _C21[:place] + bytes([_C21[place] ^ 1]) + _C21[place + 1 :]
        with pytest.raises(CoseFault):
            cose.verify1(cose.parse1(changed, canonical=False), {b"11": _C21_KEY})


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_every_algorithm_signs_and_names_its_key(algorithm: Algorithm) -> None:
    key = MemoryKey.generate(algorithm)
    data = cose.sign1(b"payload", key, external=b"context")
    assert cose.verify1(data, {key.public.kid: key.public}, external=b"context").payload == b"payload"
    with pytest.raises(CoseFault) as caught:
        cose.verify1(data, {key.public.kid: key.public}, external=b"another")
    assert caught.value.reason is CoseReason.SIGNATURE
    with pytest.raises(CoseFault) as caught:
        cose.verify1(data, {})
    assert caught.value.reason is CoseReason.UNKNOWN_KEY


def test_the_algorithm_is_the_keys_and_not_the_headers() -> None:
    key = MemoryKey.generate(Algorithm.ES256)
    data = cose.encode([cose.encode({1: -8}), {}, b"x", bytes(64)])
    with pytest.raises(CoseFault) as caught:
        cose.verify1(data, key.public)
    assert caught.value.reason is CoseReason.ALGORITHM


def test_a_critical_header_nobody_understands_is_refused() -> None:
    with pytest.raises(CoseFault) as caught:
        cose.parse1(cose.encode([cose.encode({1: -7, 2: [99]}), {}, b"x", bytes(64)]))
    assert caught.value.reason is CoseReason.CRITICAL
