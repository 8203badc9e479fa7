"""演示证书: a certificate authority for the simulated key managers and their applications (模拟).

A real QKD network brings its own certificates (ETSI GS QKD 014 clause 5 leaves them to its operator);
this one makes the reference peer testable over real mutual TLS.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
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
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["AUTHORITY", "certificate", "make"]

AUTHORITY = "authority.pem"
_LIFE = timedelta(days=3650)


def certificate(folder: Path, name: str) -> Path:
    """Where the key and certificate of ``name`` are."""
    return folder / f"{name}.pem"


def make(folder: Path, names: Sequence[str]) -> Path:
    """An authority and a certificate for each name, made where they are missing; returns ``folder``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key, authority = _authority(folder)
    for name in names:
        if not certificate(folder, name).exists():
            own = ec.generate_private_key(ec.SECP256R1())
            signed = _certificate(name, own.public_key(), key, authority)
            _write(certificate(folder, name), _private(own) + signed.public_bytes(Encoding.PEM))
    return folder


def _authority(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    private, public = folder / "authority.key", folder / AUTHORITY
    if not private.exists() or not public.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        signed = _certificate("模拟量子网证书机构 Simulated QKD CA", key.public_key(), key, None)
        _write(private, _private(key))
        _write(public, signed.public_bytes(Encoding.PEM))
    loaded = load_pem_private_key(private.read_bytes(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{private} holds another kind of key")
    return loaded, x509.load_pem_x509_certificate(public.read_bytes())


def _certificate(
    name: str,
    public: ec.EllipticCurvePublicKey,
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate | None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    issuing = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if authority is None else authority.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing), critical=False)
        .add_extension(_usage(authority is None), critical=True)
    )
    if authority is not None:
        local = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.SubjectAlternativeName(local), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
    return builder.sign(key, hashes.SHA256())


def _usage(issuing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not issuing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issuing,
        crl_sign=issuing,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, for the owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    temporary.replace(path)
