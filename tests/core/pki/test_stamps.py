"""Time stamps: made, checked, tampered with; OpenSSL judges ours and we judge OpenSSL's."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.keys import Algorithm
from quancheng.core.pki import (
    Failure,
    PkiError,
    PkiReason,
    Purpose,
    StampRequest,
    check_stamp,
    make_stamp,
    make_stamp_request,
    read_certificate,
    read_stamp_request,
    refusal,
    response,
    to_pem,
    token_of,
)
from quancheng.core.sm import sm3
from tests.core.pki.world import DAY, NOW, World, world

SHA256, SM3 = "2.16.840.1.101.3.4.2.1", "1.2.156.10197.1.401"
POLICY = "1.3.6.1.4.1.99999.1.1"
DATA = "泉城的一份文件".encode()


def _stamped(there: World, request: StampRequest) -> bytes:
    tsa = there.leaf(Purpose.STAMPING, "时间戳")
    return make_stamp(request, tsa, serial=77, at=NOW, policy=POLICY, accuracy_seconds=1, above=there.between)


def _request(digest_oid: str = SHA256, nonce: int | None = 4711) -> StampRequest:
    digest = hashlib.sha256(DATA).digest() if digest_oid == SHA256 else sm3(DATA)
    return StampRequest(digest_oid, digest, nonce, certificates=True)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.SM2])
def test_a_stamp_says_when_a_digest_existed(algorithm: Algorithm) -> None:
    there = world(algorithm)
    request = _request(SM3 if algorithm is Algorithm.SM2 else SHA256)
    info = check_stamp(_stamped(there, request), roots=there.roots, request=request)
    assert (info.serial, info.at, info.policy, info.accuracy_seconds) == (77, NOW, POLICY, 1)
    for asked in (
        replace(request, nonce=1),
        replace(request, digest=bytes(32)),
        replace(request, policy="1.2"),
    ):
        with pytest.raises(PkiError) as caught:
            check_stamp(_stamped(there, request), roots=there.roots, request=asked)
        assert caught.value.reason is PkiReason.CONTENT


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.SM2])
def test_no_byte_of_a_stamp_can_be_changed(algorithm: Algorithm) -> None:
    there = world(algorithm)
    token = _stamped(there, _request())
    for at in range(len(token)):
        changed = bytearray(token)
        changed[at] ^= 1 << at % 8
        with pytest.raises(PkiError):
            check_stamp(bytes(changed), roots=there.roots, digest=_request().digest)


def test_only_a_certificate_for_stamping_stamps() -> None:
    there = world()
    with pytest.raises(PkiError, match="may not stamp"):
        make_stamp(
            _request(), there.leaf(Purpose.DEPARTMENT), serial=1, at=NOW, policy=POLICY, accuracy_seconds=1
        )
    tsa = there.leaf(Purpose.STAMPING)
    with pytest.raises(PkiError) as caught:
        make_stamp(_request(), tsa, serial=1, at=NOW + 400 * DAY, policy=POLICY, accuracy_seconds=1)
    assert caught.value.reason is PkiReason.VALIDITY
    with pytest.raises(PkiError):
        check_stamp(_stamped(there, _request()), roots=world().roots)


def test_without_its_certificate_the_verifier_must_bring_it() -> None:
    there = world()
    request = replace(_request(), certificates=False)
    tsa = there.leaf(Purpose.STAMPING)
    token = make_stamp(request, tsa, serial=1, at=NOW, policy=POLICY, accuracy_seconds=1)
    with pytest.raises(PkiError) as caught:
        check_stamp(token, roots=there.roots)
    assert caught.value.reason is PkiReason.ISSUER
    assert check_stamp(token, roots=there.roots, between=(*there.between, tsa.certificate)).serial == 1


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([SHA256, SM3]),
    st.binary(min_size=32, max_size=32),
    st.none() | st.integers(0, 1 << 127),
    st.booleans(),
)
def test_requests_come_back_as_sent(oid: str, digest: bytes, nonce: int | None, certificates: bool) -> None:
    sent = StampRequest(oid, digest, nonce, POLICY, certificates)
    assert read_stamp_request(make_stamp_request(sent)) == sent


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
def test_rubbish_is_no_request_and_no_token(data: bytes) -> None:
    for reader in (read_stamp_request, token_of, lambda raw: check_stamp(raw, roots=())):
        with pytest.raises(PkiError):
            reader(data)


def test_a_carried_certificate_that_proves_nothing_is_refused() -> None:
    there, other = world(), world()
    tsa = there.leaf(Purpose.STAMPING)
    above = [*there.between, *other.between]
    token = make_stamp(_request(), tsa, serial=1, at=NOW, policy=POLICY, accuracy_seconds=1, above=above)
    with pytest.raises(PkiError) as caught:
        check_stamp(token, roots=there.roots, between=there.between)
    assert caught.value.reason is PkiReason.FORM


def test_short_digests_and_old_functions_are_refused() -> None:
    for request in (StampRequest(SHA256, b"short"), StampRequest("1.3.14.3.2.26", bytes(20))):
        with pytest.raises(PkiError) as caught:
            read_stamp_request(make_stamp_request(request))
        assert caught.value.reason is PkiReason.ALGORITHM


def test_a_refusal_says_why() -> None:
    with pytest.raises(PkiError, match="digest too short"):
        token_of(refusal(Failure.BAD_ALGORITHM, "digest too short"))


# -- OpenSSL --------------------------------------------------------------------------------
def _openssl(folder: Path, *arguments: str) -> str:
    found = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=30)
    assert found.returncode == 0, found.stderr
    return found.stdout + found.stderr


def test_openssl_asks_and_believes_the_answer(tmp_path: Path) -> None:
    there = world()
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "root.pem").write_text(to_pem(there.root.certificate))
    (tmp_path / "mid.pem").write_text(to_pem(there.issuing.certificate))
    _openssl(tmp_path, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q.tsq")
    asked = read_stamp_request((tmp_path / "q.tsq").read_bytes())
    assert asked.digest == hashlib.sha256(DATA).digest() and asked.nonce is not None
    (tmp_path / "a.tsr").write_bytes(response(_stamped(there, asked)))
    at = str(int(NOW.timestamp()))
    trust = ["-attime", at, "-CAfile", "root.pem", "-untrusted", "mid.pem", "-in", "a.tsr"]
    assert "Verification: OK" in _openssl(tmp_path, "ts", "-verify", *trust, "-queryfile", "q.tsq")
    assert "Verification: OK" in _openssl(tmp_path, "ts", "-verify", *trust, "-data", "data")
    (tmp_path / "data").write_bytes(DATA + b"!")
    with pytest.raises(AssertionError, match="message imprint"):
        _openssl(tmp_path, "ts", "-verify", *trust, "-data", "data")


def test_we_believe_a_stamp_made_by_openssl(tmp_path: Path) -> None:
    """OpenSSL as authority: its key, its certificate, its token; we only verify."""
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "tsa.cnf").write_text(_TSA)
    subject = [
        "-subj",
        "/CN=outside",
        "-days",
        "30",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]
    _openssl(
        tmp_path, "req", "-x509", *subject, "-keyout", "ca.key", "-out", "ca.pem",
        "-config", "tsa.cnf", "-extensions", "authority",
    )  # fmt: skip
    _openssl(
        tmp_path,
        "req",
        "-new",
        *subject[:2],
        *subject[4:],
        "-keyout",
        "tsa.key",
        "-out",
        "tsa.csr",
        "-config",
        "tsa.cnf",
    )
    _openssl(
        tmp_path, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "20",
        "-extfile", "tsa.cnf", "-extensions", "stamping", "-set_serial", "7", "-out", "tsa.pem",
    )  # fmt: skip
    (tmp_path / "serial").write_text("01")
    _openssl(tmp_path, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q.tsq")
    _openssl(tmp_path, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "a.tsr")
    token = token_of((tmp_path / "a.tsr").read_bytes())
    root = read_certificate((tmp_path / "ca.pem").read_bytes())
    asked = read_stamp_request((tmp_path / "q.tsq").read_bytes())
    info = check_stamp(token, roots=[root], request=asked)
    assert info.serial == 2 and info.digest == hashlib.sha256(DATA).digest()


_TSA = """
[req]
distinguished_name = dn
[dn]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[stamping]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = one
[one]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""
