"""Certificates, requests, lists and paths; OpenSSL and ``cryptography`` are the outside judges."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.pki import (
    Issuer,
    Order,
    PkiError,
    PkiReason,
    Purpose,
    RevocationReason,
    Revoked,
    check_path,
    issue,
    make_request,
    make_revocation_list,
    read_certificate,
    read_request,
    read_revocation_list,
    self_signed,
    to_pem,
)
from tests.core.pki.world import DAY, NOW, world

ALGORITHMS = [Algorithm.ES256, Algorithm.EDDSA, Algorithm.SM2]


def _openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.EDDSA])
def test_openssl_and_cryptography_believe_our_path(tmp_path: Path, algorithm: Algorithm) -> None:
    there = world(algorithm)
    leaf = there.leaf(Purpose.DEVICE, "gate-7", names=("gate-7.example",)).certificate
    (tmp_path / "root.pem").write_text(to_pem(there.root.certificate))
    (tmp_path / "mid.pem").write_text(to_pem(there.issuing.certificate))
    (tmp_path / "leaf.pem").write_text(to_pem(leaf))
    at = str(int(NOW.timestamp()))
    found = _openssl(
        tmp_path, "verify", "-x509_strict", "-attime", at, "-purpose", "sslserver", "-verify_hostname",
        "gate-7.example", "-CAfile", "root.pem", "-untrusted", "mid.pem", "leaf.pem",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    theirs = x509.load_der_x509_certificate(leaf.der)
    theirs.verify_directly_issued_by(x509.load_der_x509_certificate(there.issuing.certificate.der))
    names = theirs.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gate-7.example"]


def test_openssl_believes_sm2_certificates(tmp_path: Path) -> None:
    there = world(Algorithm.SM2)
    leaf = there.leaf(Purpose.DEPARTMENT, "济南市大数据局").certificate
    for name, one in (("root", there.root.certificate), ("mid", there.issuing.certificate), ("leaf", leaf)):
        (tmp_path / f"{name}.pem").write_text(to_pem(one))
    at = str(int(NOW.timestamp()))
    for above, below in (("root", "mid"), ("mid", "leaf")):  # it gives the signer's identity to one link only
        found = _openssl(
            tmp_path, "verify", "-vfyopt", "distid:1234567812345678", "-attime", at, "-partial_chain",
            "-CAfile", f"{above}.pem", f"{below}.pem",
        )  # fmt: skip
        assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_path_holds_to_the_root_and_to_no_other(algorithm: Algorithm) -> None:
    there, other = world(algorithm), world(algorithm)
    leaf = there.leaf(Purpose.DEPARTMENT).certificate
    path = check_path(leaf, roots=there.roots, between=there.between, at=NOW, purpose=Purpose.DEPARTMENT)
    assert [one.serial for one in path] == [100, 2, 1]
    with pytest.raises(PkiError) as caught:
        check_path(leaf, roots=other.roots, between=other.between, at=NOW)
    assert caught.value.reason in (PkiReason.ISSUER, PkiReason.SIGNATURE)


def test_an_authority_of_the_same_name_and_another_key_is_passed_over() -> None:
    there, other = world(), world()
    leaf = there.leaf(Purpose.DEPARTMENT).certificate
    between = (*other.between, *there.between)
    assert (
        check_path(leaf, roots=(*other.roots, *there.roots), between=between, at=NOW)[1] == there.between[0]
    )


def test_time_purpose_and_place_in_the_path_are_checked() -> None:
    there = world()
    leaf = there.leaf(Purpose.DEPARTMENT)
    known = {"roots": there.roots, "between": there.between}

    def refused(certificate: object, **rest: object) -> PkiReason:
        with pytest.raises(PkiError) as caught:
            check_path(certificate, **(known | {"at": NOW} | rest))  # type: ignore[arg-type]
        return caught.value.reason

    assert refused(leaf.certificate, at=NOW + 400 * DAY) is PkiReason.VALIDITY
    assert refused(leaf.certificate, at=NOW - 2 * DAY) is PkiReason.VALIDITY
    assert refused(leaf.certificate, purpose=Purpose.STAMPING) is PkiReason.PURPOSE
    assert refused(there.issuing.certificate, purpose=Purpose.DEPARTMENT) is PkiReason.PURPOSE
    assert refused(leaf.certificate, between=()) is PkiReason.ISSUER
    # somebody with a certificate plays authority: the library will not issue, a forger would
    with pytest.raises(PkiError):
        issue(Order(Purpose.DEVICE, leaf.key.public, 5, "x", NOW, NOW + DAY), leaf)
    posing = Issuer(
        leaf.key, replace(leaf.certificate, authority=True, key_usage=frozenset({"key_cert_sign"}))
    )
    forged = issue(
        Order(Purpose.DEVICE, MemoryKey.generate(Algorithm.ES256).public, 5, "x", NOW, NOW + DAY), posing
    )
    assert refused(forged, between=(*there.between, leaf.certificate)) is PkiReason.ISSUER


def test_the_library_issues_nothing_it_would_not_believe() -> None:
    there = world()
    key = MemoryKey.generate(Algorithm.ES256)
    with pytest.raises(PkiError, match="authorities"):
        issue(Order(Purpose.ISSUING, key.public, 9, "下级", NOW, NOW + DAY), there.issuing)
    with pytest.raises(PkiError, match="beyond"):
        issue(Order(Purpose.DEVICE, key.public, 9, "长", NOW, NOW + 9999 * DAY), there.issuing)
    with pytest.raises(PkiError, match="root"):
        self_signed(Order(Purpose.DEVICE, key.public, 9, "自", NOW, NOW + DAY), key)
    with pytest.raises(PkiError, match="serial"):
        Order(Purpose.DEVICE, key.public, 0, "x", NOW, NOW + DAY)
    with pytest.raises(PkiError, match="begins"):
        Order(Purpose.DEVICE, key.public, 1, "x", NOW, NOW)
    with pytest.raises(PkiError):
        issue(Order(Purpose.DEVICE, key.public, 9, "名" * 65, NOW, NOW + DAY), there.issuing)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_byte_of_a_certificate_can_be_changed(algorithm: Algorithm) -> None:
    there = world(algorithm)
    der = there.leaf(Purpose.DEVICE, names=("a.example",)).certificate.der
    for at in range(len(der)):
        changed = bytearray(der)
        changed[at] ^= 1 << at % 8
        with pytest.raises(PkiError):
            check_path(read_certificate(bytes(changed)), roots=there.roots, between=there.between, at=NOW)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_request_proves_that_its_sender_holds_the_key(algorithm: Algorithm) -> None:
    key = MemoryKey.generate(algorithm)
    der = make_request(key, "闸机七号", organisation="济南地铁", names=("a.example", "b.example"))
    found = read_request(der)
    assert (found.public, found.common_name, found.organisation) == (key.public, "闸机七号", "济南地铁")
    assert found.names == ("a.example", "b.example")
    for at in range(0, len(der), 3):
        changed = bytearray(der)
        changed[at] ^= 0x01
        with pytest.raises(PkiError):
            read_request(bytes(changed))


def test_a_request_made_by_openssl_is_read(tmp_path: Path) -> None:
    made = _openssl(
        tmp_path, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k.pem",
        "-subj", "/C=CN/O=Bus/CN=gate 9", "-addext", "subjectAltName=DNS:gate-9.example", "-out", "r.pem",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    found = read_request((tmp_path / "r.pem").read_bytes())
    assert (found.common_name, found.organisation, found.names) == ("gate 9", "Bus", ("gate-9.example",))


def test_a_request_with_rsa_is_refused_with_the_reason(tmp_path: Path) -> None:
    _openssl(
        tmp_path, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-subj", "/CN=x",
        "-out", "r.pem",
    )  # fmt: skip
    with pytest.raises(PkiError) as caught:
        read_request((tmp_path / "r.pem").read_bytes())
    assert caught.value.reason is PkiReason.ALGORITHM


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.SM2])
def test_a_revoked_certificate_is_refused_from_that_moment(algorithm: Algorithm) -> None:
    there = world(algorithm)
    leaf = there.leaf(Purpose.DEPARTMENT).certificate
    revoked = Revoked(leaf.serial, NOW, RevocationReason.KEY_COMPROMISE)
    der = make_revocation_list(
        there.issuing, [revoked, Revoked(7, NOW)], number=3, this_update=NOW, next_update=NOW + DAY
    )
    found = read_revocation_list(der, there.issuing.certificate)
    assert (found.number, dict(found.revoked)) == (3, {leaf.serial: NOW, 7: NOW})
    known = {"roots": there.roots, "between": there.between, "lists": (found,)}
    check_path(leaf, at=NOW - timedelta(seconds=1), **known)  # type: ignore[arg-type]
    with pytest.raises(PkiError) as caught:
        check_path(leaf, at=NOW, **known)  # type: ignore[arg-type]
    assert caught.value.reason is PkiReason.REVOKED
    good = there.leaf(Purpose.DEPARTMENT, serial=101).certificate
    with pytest.raises(PkiError) as caught:  # an old list says nothing about today
        check_path(good, at=NOW + 2 * DAY, **known)  # type: ignore[arg-type]
    assert caught.value.reason is PkiReason.STALE
    for at in range(len(der)):
        changed = bytearray(der)
        changed[at] ^= 0x10
        with pytest.raises(PkiError):
            read_revocation_list(bytes(changed), there.issuing.certificate)


def test_openssl_reads_the_list_and_refuses_the_revoked(tmp_path: Path) -> None:
    there = world()
    leaf = there.leaf(Purpose.DEPARTMENT).certificate
    (tmp_path / "root.pem").write_text(to_pem(there.root.certificate))
    (tmp_path / "mid.pem").write_text(to_pem(there.issuing.certificate))
    (tmp_path / "leaf.pem").write_text(to_pem(leaf))
    at = str(int(NOW.timestamp()))

    def verdict(revoked: list[Revoked]) -> subprocess.CompletedProcess[str]:
        der = make_revocation_list(
            there.issuing, revoked, number=1, this_update=NOW - DAY, next_update=NOW + DAY
        )
        (tmp_path / "list.crl").write_bytes(der)
        text = _openssl(tmp_path, "crl", "-inform", "DER", "-in", "list.crl", "-out", "list.pem")
        assert text.returncode == 0, text.stderr
        return _openssl(
            tmp_path, "verify", "-crl_check", "-attime", at, "-CAfile", "root.pem", "-untrusted", "mid.pem",
            "-CRLfile", "list.pem", "leaf.pem",
        )  # fmt: skip

    assert verdict([]).returncode == 0
    gone = verdict([Revoked(leaf.serial, NOW - DAY, RevocationReason.SUPERSEDED)])
    assert gone.returncode != 0 and "revoked" in gone.stderr
