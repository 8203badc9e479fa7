"""Messages: canonical form, digests, signatures, replay."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quancheng.core.exchange import (
    VERIFIERS,
    Domain,
    Ed25519Verifier,
    FormatError,
    KeyFault,
    KeyRole,
    ReplayReason,
    ReplayWindow,
    Signature,
    TrustedKey,
    TrustedKeys,
    canonical,
    key_name,
    read_json,
    read_time,
    request_from_header,
    response_from_header,
    sign,
    signature_holds,
    write_time,
)
from tests.core.exchange.world import CONSUMER_KEY, NOW, ORDER, PROVIDER_KEY, a_pair, a_request, ecdsa_signer

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_canonical_form_is_a_fixed_point(value: object) -> None:
    written = canonical(value)  # type: ignore[arg-type]
    assert json.loads(written) == value
    assert canonical(read_json(written, 2**20)) == written


def test_rfc_8785_examples() -> None:
    # RFC 8785 section 3.2.3: sorting by UTF-16 code units; 3.2.2.2: string escapes
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = list(json.loads(canonical(dict.fromkeys(names, 0))))
    assert ordered == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert canonical('€$\x0f\nA\'B"\\\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


@pytest.mark.parametrize("value", [2**53, 1.5, b"x", {1: 2}, "\ud800", {"\udfff": 1}, object()])
def test_what_has_no_canonical_form(value: object) -> None:
    with pytest.raises(FormatError) as caught:
        canonical(value)  # type: ignore[arg-type]
    assert caught.value.text.zh


def test_times_have_one_spelling() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=8)))
    assert write_time(local) == write_time(NOW) == "2026-03-02T01:30:00.000000Z"
    assert read_time(write_time(local), "x") == NOW
    for bad in (
        "2026-03-02T01:30:00Z",
        "2026-03-02T01:30:00.000000+00:00",
        "2026-02-30T01:30:00.000000Z",
        5,
        None,
    ):
        with pytest.raises(FormatError):
            read_time(bad, "x")
    with pytest.raises(FormatError):
        write_time(datetime(2026, 1, 1))


def test_digest_is_the_rule_of_x_road() -> None:
    asked, answer = a_pair()
    header = hashlib.sha512(canonical(asked.header)).digest()
    assert asked.digest == hashlib.sha512(header + hashlib.sha512(b'{"page":1}').digest()).digest()
    assert answer.header["request_digest"] == base64.b64encode(asked.digest).decode()
    assert response_from_header(answer.header).request == "req-1"
    assert request_from_header(asked.header) == a_request()


@pytest.mark.parametrize("name", sorted(a_request().header()))
def test_headers_are_read_strictly(name: str) -> None:
    header = a_request().header()
    missing = {key: value for key, value in header.items() if key != name}
    wrong = {**header, name: 5}
    with pytest.raises(FormatError) as caught:
        request_from_header(missing)
    assert name in caught.value.place or name in ("format", "kind")
    if name != "condition":
        with pytest.raises(FormatError):
            request_from_header(wrong)
    with pytest.raises(FormatError):
        request_from_header({**header, "extra": ""})


@pytest.mark.parametrize("signer", [CONSUMER_KEY, PROVIDER_KEY], ids=["ed25519", "p256"])
def test_signatures(signer) -> None:  # type: ignore[no-untyped-def]
    signature = sign(signer, Domain.MESSAGE, b"hello")
    assert signature_holds(signature, Domain.MESSAGE, b"hello", signer.public_der)
    assert not signature_holds(signature, Domain.STAMP, b"hello", signer.public_der)
    assert not signature_holds(signature, Domain.MESSAGE, b"hellO", signer.public_der)
    assert not signature_holds(signature, Domain.MESSAGE, b"hello", ecdsa_signer("x").public_der)
    assert not signature_holds(signature, Domain.MESSAGE, b"hello", signer.public_der, {})
    other = "ecdsa-p256" if signature.algorithm == "ed25519" else "ed25519"
    assert not signature_holds(
        Signature(other, signature.key, signature.value), Domain.MESSAGE, b"hello", signer.public_der
    )


def test_the_other_spelling_of_an_ecdsa_signature_is_refused() -> None:
    good = sign(PROVIDER_KEY, Domain.MESSAGE, b"x").value
    s = int.from_bytes(good[32:], "big")
    twin = good[:32] + (ORDER - s).to_bytes(32, "big")
    verifier = VERIFIERS["ecdsa-p256"]
    data = Domain.MESSAGE.encode() + b"\nx"
    assert verifier.holds(PROVIDER_KEY.public_der, data, good)
    assert not verifier.holds(PROVIDER_KEY.public_der, data, twin)
    assert not verifier.holds(PROVIDER_KEY.public_der, data, good + b"\0")
    assert not verifier.holds(b"no key", data, good)
    assert not Ed25519Verifier().holds(PROVIDER_KEY.public_der, data, good)


def test_ed25519_of_rfc_8032() -> None:
    # RFC 8032 section 7.1, TEST 3
    public = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    der = bytes.fromhex("302a300506032b6570032100") + public
    assert Ed25519Verifier().holds(der, bytes.fromhex("af82"), signature)


def test_another_algorithm_can_be_plugged_in() -> None:
    class Toy:
        algorithm = "toy"
        public_der = b"toy key"

        def sign(self, data: bytes) -> bytes:
            return hashlib.sha256(self.public_der + data).digest()

        def holds(self, public_der: bytes, data: bytes, signature: bytes) -> bool:
            return hashlib.sha256(public_der + data).digest() == signature

    signature = sign(Toy(), Domain.MESSAGE, b"x")
    assert signature.key == key_name(b"toy key")
    assert signature_holds(signature, Domain.MESSAGE, b"x", b"toy key", {**VERIFIERS, "toy": Toy()})
    assert not signature_holds(signature, Domain.MESSAGE, b"x", b"toy key")


def certificate(private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "市公安局")])
    algorithm = hashes.SHA256() if isinstance(private, ec.EllipticCurvePrivateKey) else None
    builder = x509.CertificateBuilder(name, name, private.public_key(), 7, NOW, NOW + timedelta(days=30))
    return builder.sign(private, algorithm).public_bytes(Encoding.DER)


def test_keys_of_certificates() -> None:
    roles = frozenset({KeyRole.MESSAGE})
    key = TrustedKey.of_certificate(certificate(ec.derive_private_key(5, ec.SECP256R1())), "police", roles)
    assert key.algorithm == "ecdsa-p256"
    assert key.valid_at(NOW)
    assert not key.valid_at(NOW + timedelta(days=31))
    edwards = certificate(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert TrustedKey.of_certificate(edwards, "police", roles).algorithm == "ed25519"
    for bad in (b"", certificate(ec.derive_private_key(5, ec.SECP384R1()))):
        with pytest.raises(KeyFault):
            TrustedKey.of_certificate(bad, "police", roles)
    other = TrustedKey("housing", key.algorithm, key.public_der, roles, key.valid_from, key.valid_until)
    with pytest.raises(KeyFault):
        TrustedKeys.of((key, other))


def taken(window: ReplayWindow | ReplayReason) -> ReplayWindow:
    assert isinstance(window, ReplayWindow)
    return window


def test_a_message_is_taken_once() -> None:
    window = ReplayWindow(timedelta(minutes=5), timedelta(seconds=30))
    window = taken(window.take("a", NOW, NOW))
    assert window.take("a", NOW, NOW) is ReplayReason.SEEN
    assert window.take("a", NOW + timedelta(seconds=9), NOW) is ReplayReason.SEEN
    assert window.take("b", NOW + timedelta(seconds=31), NOW) is ReplayReason.FROM_THE_FUTURE
    assert window.take("b", NOW - timedelta(seconds=301), NOW) is ReplayReason.TOO_OLD
    later = taken(window.take("c", NOW + timedelta(hours=1), NOW + timedelta(hours=1)))
    assert len(later) == 1
    assert later.take("a", NOW, NOW) is ReplayReason.TOO_OLD  # the clock went back: still not


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(-100, 100), st.integers(-40, 60)), min_size=1, max_size=60
    )
)
def test_no_message_twice_whatever_the_clock_does(steps: list[tuple[int, int, int]]) -> None:
    window = ReplayWindow(timedelta(seconds=50), timedelta(seconds=10))
    now, accepted = datetime(2026, 1, 1, tzinfo=UTC), set()
    times: dict[int, datetime] = {}
    for number, offset, move in steps:
        now += timedelta(seconds=move)
        time = times.setdefault(number, now + timedelta(seconds=offset))  # an id is signed with one time
        result = window.take(str(number), time, now)
        if isinstance(result, ReplayWindow):
            assert number not in accepted
            accepted.add(number)
            window = result
