"""EU Digital COVID Certificates (健康证书): a reader of ``HC1:`` codes, the largest deployed relative of QC1.

Technical Specifications for EU Digital COVID Certificates, volumes 1 and 3 (eHealth Network, 2021):
``HC1:`` + base45 + zlib + COSE_Sign1 (ES256 or PS256) over a CWT with the certificate under claim −260.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from asn1crypto.x509 import Certificate as AsnCertificate
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from quancheng.core.cose.cbor import decode
from quancheng.core.cose.errors import CoseFault, CoseReason
from quancheng.core.cose.sign1 import ALG, Sign1, parse1, signed_bytes

__all__ = ["HCert", "check_signature", "inflate", "read_hcert", "unprefix", "usable_for"]

PREFIX = "HC1:"
MOST = 64 * 1024
"""Largest certificate after decompression: a zlib bomb stops here."""
ES256, PS256 = -7, -37
_ISS, _EXP, _IAT, _HCERT = 1, 4, 6, -260
_CWT_TAG = b"\xd8\x3d"
"""CBOR tag 61."""
_KINDS = ("v", "t", "r")
_USAGE = {  # volume 1, section 3.3.2: extended key usage; the second arc is the draft's
    "t": {"1.3.6.1.4.1.1847.2021.1.1", "1.3.6.1.4.1.0.1847.2021.1.1"},
    "v": {"1.3.6.1.4.1.1847.2021.1.2", "1.3.6.1.4.1.0.1847.2021.1.2"},
    "r": {"1.3.6.1.4.1.1847.2021.1.3", "1.3.6.1.4.1.0.1847.2021.1.3"},
}


@dataclass(frozen=True, slots=True)
class HCert:
    """A certificate as read; ``message`` is what its signature covers."""

    issuer: str
    issued: int
    expires: int
    content: Mapping[str, Any]
    message: Sign1

    @property
    def kind(self) -> str:
        """``v`` vaccination, ``t`` test, ``r`` recovery."""
        return next(one for one in _KINDS if self.content.get(one))

    def expired(self, now: int) -> bool:
        """Past its last second, or not issued yet (Unix seconds)."""
        return now > self.expires or now < self.issued


def unprefix(text: str) -> str:
    """The base45 of a code. Raises CoseFault."""
    if not text.startswith(PREFIX):
        raise CoseFault(CoseReason.ENCODING, "not HC1:")
    return text[len(PREFIX) :]


def inflate(data: bytes) -> bytes:
    """zlib (RFC 1950), with a limit. Raises CoseFault, also for what is not compressed (volume 1, section 3.4)."""
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, MOST)
    except zlib.error as wrong:
        raise CoseFault(CoseReason.ENCODING, f"zlib: {wrong}") from None
    if not stream.eof or stream.unused_data:
        raise CoseFault(CoseReason.ENCODING, "cut off, too large, or with bytes behind")
    return plain


def read_hcert(data: bytes) -> HCert:
    """A certificate from COSE bytes; no signature is checked. Raises CoseFault."""
    message = _message(data)
    claims = decode(message.payload, canonical=False)
    if not isinstance(claims, Mapping):
        raise CoseFault(CoseReason.STRUCTURE, "the payload is no claims set")
    hcert = claims.get(_HCERT)
    content = hcert.get(1) if isinstance(hcert, Mapping) else None
    issued, expires = _seconds(claims.get(_IAT)), _seconds(claims.get(_EXP))
    if not isinstance(content, Mapping) or issued is None or expires is None:
        raise CoseFault(CoseReason.STRUCTURE, "no certificate under -260, or no times")
    _content(content)
    return HCert(str(claims.get(_ISS, "")), issued, expires, content, message)


def _message(data: bytes) -> Sign1:
    """A COSE_Sign1, in a CWT tag (RFC 8392 section 6) or without."""
    return parse1(data.removeprefix(_CWT_TAG), canonical=False)


def _seconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value)


def _content(content: Mapping[str, Any]) -> None:
    """The rules of the JSON schema 1.3.0 that name a holder and one kind of certificate."""
    name = content.get("nam")
    if not isinstance(content.get("ver"), str) or not isinstance(name, Mapping) or "fnt" not in name:
        raise CoseFault(CoseReason.STRUCTURE, "ver and nam with fnt are required")
    if not isinstance(content.get("dob"), str) or not _dob(content["dob"]):
        raise CoseFault(CoseReason.STRUCTURE, "dob is no date")
    groups = [one for one in _KINDS if content.get(one)]
    if len(groups) != 1 or not isinstance(content[groups[0]], list):
        raise CoseFault(CoseReason.STRUCTURE, "one of v, t, r")


def _dob(text: str) -> bool:
    """A date, or its beginning: year, or year and month (schema 1.1.0 on); empty when not known."""
    if text == "":
        return True
    try:
        date.fromisoformat(
            f"{text}-01-01"[:10] if len(text) == 4 else f"{text}-01" if len(text) == 7 else text[:10]
        )
    except ValueError:
        return False
    return len(text) in (4, 7, 10) or "T" in text


def check_signature(message: Sign1, certificate: bytes) -> None:
    """Nothing when the document signer of an X.509 certificate (DER) signed it. Raises CoseFault."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError as wrong:
        raise CoseFault(CoseReason.UNKNOWN_KEY, str(wrong)) from None
    name = hashlib.sha256(certificate).digest()[:8]
    if message.kid and message.kid != name:
        raise CoseFault(CoseReason.UNKNOWN_KEY, f"signed by {message.kid.hex()}, not {name.hex()}")
    algorithm = message.headers.get(ALG, message.unprotected.get(ALG))
    signed = signed_bytes(message.protected, message.payload)
    try:
        if algorithm == ES256 and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_der(message.signature, key.key_size), signed, ec.ECDSA(hashes.SHA256()))
        elif algorithm == PS256 and isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
            key.verify(message.signature, signed, pss, hashes.SHA256())
        else:
            raise CoseFault(CoseReason.ALGORITHM, f"{algorithm!r} with this key")
    except InvalidSignature:
        raise CoseFault(CoseReason.SIGNATURE) from None


def _der(signature: bytes, bits: int) -> bytes:
    """``r || s`` as DER; COSE's ES256 fixes the hash, not the curve (RFC 9053 section 2.1)."""
    width = (bits + 7) // 8
    if len(signature) != 2 * width:
        raise CoseFault(CoseReason.SIGNATURE, f"{len(signature)} bytes")
    r, s = (int.from_bytes(signature[at : at + width], "big") for at in (0, width))
    return encode_dss_signature(r, s)


def usable_for(certificate: bytes, kind: str) -> bool:
    """Whether a signer's certificate may sign this kind; without extended key usages it may sign all.

    Read with asn1crypto: signers' certificates in the field have encodings ``cryptography`` refuses.
    """
    found = AsnCertificate.load(certificate).extended_key_usage_value
    known = {one for names in _USAGE.values() for one in names}
    said = {usage.dotted for usage in found or ()} & known
    return not said or bool(said & _USAGE[kind])


def moment(text: str) -> int:
    """Unix seconds of an ISO time as test data writes it; without an offset it is UTC."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
