"""电子印章: seals PDF documents of offices: a drawn seal for people and a PAdES signature for machines.

Each office has an ECDSA P-256 key and a certificate of the city's own test authority (模拟 CA), made
on first use and kept under ``HOME/keys/seals``. A real deployment puts certificates of an accredited
authority there under the same names. GB/T 38540 seals with SM2 are the trust module's next step.
"""

from __future__ import annotations

import hashlib
import io
import math
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from quancheng.kernel import clock

__all__ = ["authority", "seal_image", "seal_pdf"]

YEARS = 5


def seal_pdf(pdf: bytes, office: str, *, reason: str = "") -> bytes:
    """The document with the office's signature (PAdES-B), as an incremental update. Raises ValueError."""
    from asn1crypto import keys as asn1_keys
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key, certificate = _office(office)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store = SimpleCertificateStore()
    store.register(asn1_x509.Certificate.load(authority().public_bytes(Encoding.DER)))
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(private),
        cert_registry=store,
    )
    meta = signers.PdfSignatureMetadata(
        field_name="Seal", reason=reason or None, name=office, subfilter=SigSeedSubFilter.PADES
    )
    target = io.BytesIO()
    signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=signer, output=target)
    return target.getvalue()


def seal_image(office: str, label: str = "电子印章") -> SafeString:
    """The round red seal as SVG: the office's name around a star, marked 模拟."""
    count, letters = max(len(office), 1), []
    spread = min(260.0, 22.0 * count)
    for number, letter in enumerate(office):
        angle = -spread / 2 + (spread * number / (count - 1) if count > 1 else spread / 2)
        letters.append(
            f'<text x="100" y="30" transform="rotate({angle:.1f} 100 100)" text-anchor="middle">{_escaped(letter)}</text>'
        )
    points = " ".join(
        f"{100 + radius * math.sin(math.pi * step / 5):.1f},{100 - radius * math.cos(math.pi * step / 5):.1f}"
        for step, radius in ((step, 28 if step % 2 == 0 else 11) for step in range(10))
    )
    size = 17 if count <= 14 else 13
    return mark_safe(  # noqa: S308 - every inserted letter is escaped above
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" fill="#c8102e" '
        f'font-family="Noto Serif CJK SC, Noto Sans CJK SC, serif" font-size="{size}" font-weight="700">'
        '<circle cx="100" cy="100" r="94" fill="none" stroke="#c8102e" stroke-width="5"/>'
        f'<polygon points="{points}"/>{"".join(letters)}'
        f'<text x="100" y="152" text-anchor="middle" font-size="15">{_escaped(label)}</text>'
        '<text x="100" y="172" text-anchor="middle" font-size="12">模拟</text></svg>'
    )


def authority() -> x509.Certificate:
    """The certificate of the city's test authority: what a reader has to trust."""
    return _authority()[1]


def _escaped(letter: str) -> str:
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(letter, letter)


def _folder() -> Path:
    found = Path(settings.HOME) / "keys" / "seals"
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    return _kept(str(_folder()), "authority", "泉城测试印章CA（模拟）")


def _office(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    return _kept(str(_folder()), hashlib.sha256(name.encode()).hexdigest()[:24], name)


@lru_cache(maxsize=512)
def _kept(folder: str, file: str, name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    path = Path(folder) / f"{file}.pem"
    if not path.exists():
        _make(path, name)
    raw = path.read_bytes()
    key = load_pem_private_key(raw, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} 不是 ECDSA 私钥。 {path} holds no ECDSA key.")
    return key, x509.load_pem_x509_certificate(raw)


def _make(path: Path, name: str) -> None:
    """Key and certificate in one file; of two processes at once the first wins."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, name, own=path.stem == "authority")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    temporary = path.with_suffix(f".{hashlib.sha256(pem).hexdigest()[:8]}")
    temporary.touch(mode=0o600)
    temporary.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _certificate(key: ec.EllipticCurvePrivateKey, name: str, *, own: bool) -> x509.Certificate:
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, name[:60])]
    )
    issuer_key, issuer = (key, subject) if own else (_authority()[0], authority().subject)
    since = clock.now() - timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since).not_valid_after(since + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=own, path_length=0 if own else None), critical=True)
        .add_extension(
            x509.KeyUsage(not own, not own, False, False, False, own, own, False, False), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )  # fmt: skip
    return builder.sign(issuer_key, hashes.SHA256())
