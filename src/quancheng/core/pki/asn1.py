"""Shared steps with ASN.1: strict reading, times, names, algorithm identifiers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asn1crypto import algos, core, x509

from quancheng.core.keys import Algorithm, PublicKey, SignatureError, SigningKey
from quancheng.core.pki.der import check_der
from quancheng.core.pki.errors import PkiError, PkiReason
from quancheng.core.pki.suites import algorithm_of, naming, raw_signature, wire_signature

__all__ = [
    "check_signature",
    "digest_id",
    "moment",
    "name_of",
    "read",
    "sign",
    "signature_id",
    "time_of",
    "whole_bytes",
]

MOST_BYTES = 4 << 20
"""Nothing read here is larger; certificates and tokens have a few kilobytes, seals a picture."""


def read(kind: Any, data: bytes) -> Any:
    """The value of a DER. Raises PkiError (FORM): broken, with something behind it, or not DER."""
    if len(data) > MOST_BYTES:
        raise PkiError(PkiReason.FORM, f"{len(data)} bytes")
    check_der(data)
    try:
        # asn1crypto is lazy: a fault deep inside would come up later. What was walked is thrown away,
        # because asn1crypto encodes values anew once their parts were looked at
        _walk(kind.load(data, strict=True))
        value = kind.load(data, strict=True)
    except (
        ValueError,
        TypeError,
        KeyError,
        OverflowError,
        RecursionError,
        AttributeError,
        IndexError,
    ) as wrong:
        raise PkiError(PkiReason.FORM, f"{kind.__name__}: {wrong}") from None
    return value


def _walk(value: Any) -> None:
    """Parse every part. (``.native`` of the whole would do, but takes 40 ms for a time stamp.)"""
    if isinstance(value, core.Choice):
        _walk(value.chosen)
    elif isinstance(value, core.Sequence | core.SequenceOf):  # Set and SetOf are among them
        for part in (value[name] for name in value) if isinstance(value, core.Sequence) else value:
            _walk(part)
        if isinstance(value, core.Sequence) and value._fields and len(value.children) > len(value._fields):
            raise ValueError("something behind the last field")  # asn1crypto keeps it and says nothing
    elif not isinstance(value, core.Any):
        value.native  # noqa: B018


def time_of(at: datetime) -> x509.Time:
    """UTCTime until 2049, GeneralizedTime later (RFC 5280 section 4.1.2.5); whole seconds."""
    at = moment(at)
    return x509.Time({"utc_time": at} if at.year < 2050 else {"general_time": at})


def moment(at: datetime) -> datetime:
    """In UTC and whole seconds. Raises ValueError for a time without zone."""
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return at.astimezone(UTC).replace(microsecond=0)


def name_of(common: str, *, organisation: str = "", unit: str = "", country: str = "CN") -> x509.Name:
    """A distinguished name in UTF-8. Raises PkiError (FORM): empty, or longer than RFC 5280 allows."""
    parts = {
        "country_name": country,
        "organization_name": organisation,
        "organizational_unit_name": unit,
        "common_name": common,
    }
    if not common or any(len(part) > 64 for part in parts.values()):
        raise PkiError(PkiReason.FORM, "a name has 1 to 64 characters")
    return x509.Name.build({key: part for key, part in parts.items() if part})


def signature_id(algorithm: Algorithm) -> algos.SignedDigestAlgorithm:
    """AlgorithmIdentifier without parameters."""
    return algos.SignedDigestAlgorithm({"algorithm": naming(algorithm).signature})


def digest_id(oid: str) -> algos.DigestAlgorithm:
    """AlgorithmIdentifier without parameters (RFC 5754 section 2)."""
    return algos.DigestAlgorithm({"algorithm": oid})


def sign(key: SigningKey, body: bytes) -> bytes:
    """Signature in wire form."""
    return wire_signature(key.public.algorithm, key.sign(body))


def whole_bytes(bits: Any) -> bytes:
    """The bytes of a BIT STRING that has no unused bits. Raises PkiError (FORM)."""
    if bits.unused_bits:
        raise PkiError(PkiReason.FORM, "a BIT STRING with unused bits")
    return bytes(bits.native)


def check_signature(public: PublicKey, identifier: Any, body: bytes, signature: Any) -> None:
    """Nothing when the signature (BIT STRING or OCTET STRING) holds. Raises PkiError (ALGORITHM, SIGNATURE)."""
    raw = whole_bytes(signature) if isinstance(signature, core.OctetBitString) else signature.native
    algorithm = algorithm_of(identifier["algorithm"].dotted)
    if not isinstance(identifier["parameters"], core.Void | core.Null):
        parameters = identifier["parameters"]
        if parameters.dump() not in (b"", b"\x05\x00"):
            raise PkiError(PkiReason.ALGORITHM, "signature algorithm with parameters")
    if algorithm is not public.algorithm:
        raise PkiError(PkiReason.ALGORITHM, f"{algorithm} signature under a key for {public.algorithm}")
    try:
        public.verify(body, raw_signature(algorithm, raw))
    except SignatureError as wrong:
        raise PkiError(PkiReason.SIGNATURE, str(wrong)) from None
