"""OCSP: ``openssl ocsp`` asks and believes the answers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from asn1crypto import ocsp

from quancheng.core.keys import Algorithm
from quancheng.core.pki import PkiError, Purpose, RevocationReason, Revoked, to_pem
from quancheng.core.pki.status import make_status, read_status_request, status_refusal
from tests.core.pki.world import DAY, NOW, world


def _openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_openssl_learns_which_certificate_is_good(tmp_path: Path, digest: str) -> None:
    there = world()
    names = {"good": 50, "gone": 51, "unknown": 52}
    for name, serial in names.items():
        leaf = there.leaf(Purpose.DEPARTMENT, name, serial=serial).certificate
        (tmp_path / f"{name}.pem").write_text(to_pem(leaf))
    (tmp_path / "root.pem").write_text(to_pem(there.root.certificate))
    (tmp_path / "mid.pem").write_text(to_pem(there.issuing.certificate))
    certificates = [word for name in names for word in (digest, "-cert", f"{name}.pem")]
    asked = _openssl(tmp_path, "ocsp", "-issuer", "mid.pem", *certificates, "-reqout", "q.der")
    assert asked.returncode == 0, asked.stderr
    request = read_status_request((tmp_path / "q.der").read_bytes())
    assert request.serials == (50, 51, 52) and request.nonce
    assert request.is_for(there.issuing.certificate) and not request.is_for(there.root.certificate)
    gone = Revoked(51, NOW - DAY, RevocationReason.KEY_COMPROMISE)
    answer = make_status(
        request, there.issuing, known=lambda serial: serial in (50, 51),
        revoked=lambda serial: gone if serial == 51 else None, at=NOW, next_update=NOW + DAY,
    )  # fmt: skip
    (tmp_path / "a.der").write_bytes(answer)
    said = _openssl(
        tmp_path, "ocsp", "-respin", "a.der", "-reqin", "q.der", "-issuer", "mid.pem", "-resp_text",
        "-CAfile", "root.pem", "-verify_other", "mid.pem", "-attime", str(int(NOW.timestamp())),
        "-validity_period", "999999999",
    )  # fmt: skip
    text = said.stdout + said.stderr
    assert "Response verify OK" in text, text  # it compares the nonce, too
    found = [line.split(":")[1].strip() for line in text.splitlines() if "Cert Status:" in line]
    assert found == ["good", "revoked", "unknown"] and "keyCompromise" in text


@pytest.mark.parametrize("algorithm", [Algorithm.EDDSA, Algorithm.SM2])
def test_answers_are_signed_by_the_issuer(tmp_path: Path, algorithm: Algorithm) -> None:
    there = world(algorithm)
    leaf = there.leaf(Purpose.DEVICE)
    (tmp_path / "mid.pem").write_text(to_pem(there.issuing.certificate))
    (tmp_path / "leaf.pem").write_text(to_pem(leaf.certificate))
    made = _openssl(
        tmp_path, "ocsp", "-issuer", "mid.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "q.der"
    )
    assert made.returncode == 0, made.stderr
    request = read_status_request((tmp_path / "q.der").read_bytes())
    assert request.nonce is None
    answer = make_status(
        request, there.issuing, known=lambda _: True, revoked=lambda _: None, at=NOW, next_update=NOW + DAY
    )
    basic = ocsp.OCSPResponse.load(answer).basic_ocsp_response
    body, signature = basic["tbs_response_data"].dump(), basic["signature"].native
    from quancheng.core.pki.suites import raw_signature

    there.issuing.certificate.public.verify(body, raw_signature(algorithm, signature))


def test_rubbish_is_refused() -> None:
    for data in (b"", b"\x30\x00", b"hello" * 10):
        with pytest.raises(PkiError):
            read_status_request(data)
    assert (
        ocsp.OCSPResponse.load(status_refusal("malformed_request"))["response_status"].native
        == "malformed_request"
    )
