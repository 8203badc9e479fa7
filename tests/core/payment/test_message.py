"""Messages: one canonical string, three kinds of signature, and every change refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.payment import (
    Ed25519Signer,
    Ed25519Verifier,
    HmacKey,
    Message,
    NonceWindow,
    PaymentError,
    PaymentReason,
    RsaSigner,
    RsaVerifier,
    Signer,
    Verifier,
    accept,
    canonical,
    decode,
    encode,
    sign,
)
from tests.core.payment.world import CALM

AT = 1_795_000_000
NONCE = "n" * 20
FIELDS = {"number": "A1", "amount": "120.05", "state": "SUCCEEDED", "trade": "T-1", "memo": "号牌 & 证书=1%"}


@cache
def pair(name: str) -> tuple[Signer, Verifier]:
    if name == "hmac":
        key = HmacKey(b"a shared secret of the test")
        return key, key
    if name == "ed25519":
        private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        return Ed25519Signer(private), Ed25519Verifier(private.public_key())
    large = rsa.generate_private_key(65537, 2048)
    return RsaSigner(large), RsaVerifier(large.public_key())


def message(nonce: str = NONCE, time: int = AT) -> Message:
    return Message.of("bank", "city", "pay.result", time, nonce, FIELDS)


def judge(
    data: bytes, verifier: Verifier, now: int = AT, window: NonceWindow | None = None
) -> PaymentReason | None:
    try:
        accept(data, "city", {("bank", "k1"): verifier}, window or NonceWindow(300), now)
    except PaymentError as error:
        return error.reason
    return None


def test_the_parameter_string_of_rfc_5849() -> None:
    """RFC 5849, section 3.4.1.3.2, the printed example."""
    pairs = [
        ("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"), ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"), ("oauth_nonce", "7d8f3e4a"), ("c2", ""), ("a3", "2 q"),
    ]  # fmt: skip
    assert canonical(pairs) == (
        "a2=r%20b&a3=2%20q&a3=a&b5=%3D%253D&c%40=&c2=&oauth_consumer_key=9djdj82h48djs9d2"
        "&oauth_nonce=7d8f3e4a&oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131201"
        "&oauth_token=kkk9d7dh3k39sjv7"
    )


def test_the_signature_of_wechat_pay() -> None:
    """微信支付开发文档 (API v2) 安全规范, the printed example of HMAC-SHA256 over sorted fields."""
    fields = {
        "appid": "wxd930ea5d5a258f4f", "mch_id": "10000100", "device_info": "1000", "body": "test",
        "nonce_str": "ibuaiVcKdpRxkhJA",
    }  # fmt: skip
    secret = "192006250b4c09247ec02edce69f6a2d"
    text = f"{canonical(fields.items())}&key={secret}"
    found = HmacKey(secret.encode()).sign(text.encode()).hex().upper()
    assert found == "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"


def test_ed25519_of_rfc_8032() -> None:
    """RFC 8032, section 7.1, TEST 1."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    wanted = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert Ed25519Signer(Ed25519PrivateKey.from_private_bytes(secret)).sign(b"") == wanted
    assert Ed25519Verifier(Ed25519PublicKey.from_public_bytes(public)).holds(b"", wanted)


def test_rsa_sha256_of_rfc_7515() -> None:
    """RFC 7515, appendix A.2: RSASSA-PKCS1-v1_5 with SHA-256."""
    modulus = (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
        "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
        "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et"
        "hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    )
    signed = (
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb2"
        "90Ijp0cnVlfQ"
    )
    signature = (
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb"
        "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383"
        "LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy"
        "wlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    )
    number = int.from_bytes(base64.urlsafe_b64decode(modulus + "=="), "big")
    verifier = RsaVerifier(rsa.RSAPublicNumbers(65537, number).public_key())
    assert verifier.holds(signed.encode(), base64.urlsafe_b64decode(signature + "=="))
    assert not verifier.holds(signed.encode() + b"x", base64.urlsafe_b64decode(signature + "=="))


SMALL = st.dictionaries(st.text("a=&% ", max_size=3), st.text("a=&% 订", max_size=3), max_size=3)


@CALM
@given(SMALL, SMALL)
def test_two_sets_of_fields_never_give_one_string(first: dict[str, str], second: dict[str, str]) -> None:
    assert (canonical(first.items()) == canonical(second.items())) == (first == second)
    oracle = sorted((quote(name, safe="-._~"), quote(value, safe="-._~")) for name, value in first.items())
    assert canonical(first.items()) == "&".join(map("=".join, oracle))


@pytest.mark.parametrize("name", ["hmac", "ed25519", "rsa"])
def test_accepted_once_within_the_window(name: str) -> None:
    signer, verifier = pair(name)
    data = encode(sign(message(), "k1", signer))
    heard, window = accept(data, "city", {("bank", "k1"): verifier}, NonceWindow(300), AT + 300)
    assert heard == message() and heard.get("memo") == FIELDS["memo"]
    assert judge(data, verifier, AT + 300, window) is PaymentReason.REPLAYED
    assert judge(data, verifier, AT + 301) is PaymentReason.TIME_WINDOW
    assert judge(data, verifier, AT - 301) is PaymentReason.TIME_WINDOW


@pytest.mark.parametrize("name", ["hmac", "ed25519", "rsa"])
def test_every_changed_field_is_refused(name: str) -> None:
    signer, verifier = pair(name)
    flat = json.loads(encode(sign(message(), "k1", signer)))
    refusals = set()
    for field, value in flat.items():
        last = "A" if value[-1] != "A" else "B"
        changes = (value[:-1] + last, value + "0", "", value[1:], None)
        for changed in changes:
            other = (
                {**flat, field: changed}
                if changed is not None
                else {k: v for k, v in flat.items() if k != field}
            )
            reason = judge(json.dumps(other).encode(), verifier)
            assert reason is not None, (field, changed)
            refusals.add(reason)
    more = judge(json.dumps({**flat, "extra": "1"}).encode(), verifier)
    renamed = judge(
        json.dumps({**{k: v for k, v in flat.items() if k != "trade"}, "trace": "T-1"}).encode(), verifier
    )
    assert more is renamed is PaymentReason.SIGNATURE
    assert {PaymentReason.SIGNATURE, PaymentReason.KEY, PaymentReason.MESSAGE} <= refusals


@CALM
@given(st.integers(0, 600), st.integers(0, 255))
def test_any_byte_changed_on_the_wire_is_refused_or_reads_the_same(place: int, value: int) -> None:
    signer, verifier = pair("ed25519")
    data = bytearray(encode(sign(message(), "k1", signer)))
    data[place % len(data)] = value
    if judge(bytes(data), verifier) is None:
        assert decode(bytes(data)).message == message()


def test_wrong_keys_and_addresses() -> None:
    signer, verifier = pair("ed25519")
    data = encode(sign(message(), "k1", signer))
    other = HmacKey(b"another secret, long enough")
    assert judge(data, other) is PaymentReason.KEY  # the algorithm belongs to the key, not to the message
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert judge(data, Ed25519Verifier(stranger.public_key())) is PaymentReason.SIGNATURE
    misdirected = Message.of("bank", "town", "pay.result", AT, NONCE, FIELDS)
    assert judge(encode(sign(misdirected, "k1", signer)), verifier) is PaymentReason.MESSAGE
    assert judge(encode(sign(message(), "k2", signer)), verifier) is PaymentReason.KEY
    with pytest.raises(PaymentError):
        HmacKey(b"short")
    with pytest.raises(PaymentError):
        sign(message(), "=k", signer)
    assert "secret" not in repr(other)


def test_the_window_forgets_what_is_too_old_anyway() -> None:
    window = NonceWindow(300)
    for step in range(5):
        window = window.take(message(f"{NONCE}{step}", AT + 200 * step), AT + 200 * step)
    assert len(window.seen) == 2
    assert (
        len(
            NonceWindow(300)
            .take(message(), AT)
            .take(Message.of("other", "city", "x", AT, NONCE, {}), AT)
            .seen
        )
        == 2
    )
    with pytest.raises(PaymentError):
        NonceWindow(0)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"[]", b"null", b"1", b"{}", b'{"a":1}', b"[" * 9000, b"{" * 70_000, b'{"sender":"bank"}',
     b'{"sender":NaN}'],
)  # fmt: skip
def test_bytes_that_are_no_message(data: bytes) -> None:
    with pytest.raises(PaymentError) as caught:
        decode(data)
    assert caught.value.reason is PaymentReason.MESSAGE


def test_a_field_twice_is_refused() -> None:
    data = encode(sign(message(), "k1", pair("hmac")[0]))
    twice = data.replace(b'"amount":"120.05"', b'"amount":"120.05","amount":"120.05"')
    assert judge(twice, pair("hmac")[1]) is PaymentReason.MESSAGE
    number = data.replace(b'"amount":"120.05"', b'"amount":120.05')
    assert judge(number, pair("hmac")[1]) is PaymentReason.MESSAGE


@pytest.mark.parametrize(
    "fields",
    [{"A": "1"}, {"sender": "x"}, {"signature": "x"}, {"a b": "1"}, {"a": "\n"}, {"a": "\ud800"}, {"": "1"},
     {f"a{n}": "" for n in range(65)}],
)  # fmt: skip
def test_fields_that_are_none(fields: dict[str, str]) -> None:
    with pytest.raises(PaymentError):
        Message.of("bank", "city", "pay.result", AT, NONCE, fields)


def test_an_independent_reader_verifies_with_the_standard_library_alone() -> None:
    """Written from the docstring of ``message`` only: what a bank's own programmer would do."""
    key = HmacKey(b"a shared secret of the test")
    flat = json.loads(encode(sign(message(), "k1", key)))
    signature = base64.b64decode(flat.pop("signature"))
    parts = sorted(quote(name, safe="-._~") + "=" + quote(value, safe="-._~") for name, value in flat.items())
    expected = hmac.new(key.secret, "&".join(parts).encode(), hashlib.sha256).digest()
    assert signature == expected
