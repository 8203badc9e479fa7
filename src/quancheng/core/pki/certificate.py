"""Certificates (RFC 5280; with SM2 GB/T 20518-2018): reading, profiles, issuing through a key handle.

Built with asn1crypto over ``SigningKey``, because ``cryptography`` signs only with keys it holds itself
and knows no SM2; its reader and OpenSSL judge the results in the tests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from asn1crypto import core, keys, pem, x509

from quancheng.core.keys import KeyFault, PublicKey, SigningKey, from_spki, to_spki
from quancheng.core.pki.asn1 import check_signature, moment, name_of, read, sign, signature_id, time_of
from quancheng.core.pki.der import part
from quancheng.core.pki.errors import PkiError, PkiReason

__all__ = [
    "PROFILES",
    "Certificate",
    "Issuer",
    "Order",
    "Profile",
    "Purpose",
    "issue",
    "read_certificate",
    "self_signed",
    "to_pem",
]


class Purpose(StrEnum):
    """What a certificate is for (证书用途)."""

    ROOT = "root"
    ISSUING = "issuing"
    DEPARTMENT = "department"
    DEVICE = "device"
    STAMPING = "stamping"
    SEAL = "seal"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate of a purpose says about the use of its key."""

    key_usage: frozenset[str]
    """Names of RFC 5280 section 4.2.1.3 as asn1crypto writes them."""
    extended: tuple[str, ...] = ()
    """Extended uses (section 4.2.1.12)."""
    extended_critical: bool = False
    authority: bool = False
    path_length: int | None = None


_SIGNING = frozenset({"digital_signature", "non_repudiation"})
_AUTHORITY = frozenset({"key_cert_sign", "crl_sign"})
PROFILES: Mapping[Purpose, Profile] = MappingProxyType(
    {
        Purpose.ROOT: Profile(_AUTHORITY, authority=True, path_length=1),
        Purpose.ISSUING: Profile(_AUTHORITY, authority=True, path_length=0),
        Purpose.DEPARTMENT: Profile(_SIGNING, ("email_protection",)),
        Purpose.DEVICE: Profile(frozenset({"digital_signature"}), ("client_auth", "server_auth")),
        # RFC 3161 section 2.3: exactly this extended use, and critical
        Purpose.STAMPING: Profile(
            frozenset({"digital_signature"}), ("time_stamping",), extended_critical=True
        ),
        Purpose.SEAL: Profile(_SIGNING),
    }
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """证书: what a DER says; ``value`` is asn1crypto's view of the same bytes."""

    der: bytes
    public: PublicKey
    serial: int
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    authority: bool
    path_length: int | None
    key_usage: frozenset[str]
    extended: frozenset[str]
    names: tuple[str, ...] = ()
    """Host names of the subject alternative name."""

    @property
    def value(self) -> Any:
        """asn1crypto's ``x509.Certificate``."""
        return x509.Certificate.load(self.der)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def subject_der(self) -> bytes:
        """The subject's name as bytes; issuers are found by it."""
        return bytes(self.value.subject.dump())

    @property
    def issuer_der(self) -> bytes:
        """The issuer's name as bytes."""
        return bytes(self.value.issuer.dump())

    def verify_under(self, issuer: PublicKey) -> None:
        """Nothing when this issuer's key signed it. Raises PkiError (SIGNATURE, ALGORITHM)."""
        value = self.value
        identifier = value["signature_algorithm"]
        if identifier.dump() != value["tbs_certificate"]["signature"].dump():
            raise PkiError(
                PkiReason.ALGORITHM, "the two algorithm identifiers differ (RFC 5280 section 4.1.1.2)"
            )
        check_signature(issuer, identifier, part(self.der, 0), value["signature_value"])

    def __hash__(self) -> int:
        return hash(self.der)


@dataclass(frozen=True, slots=True)
class Issuer:
    """签发者: a key handle and the certificate that goes with it."""

    key: SigningKey
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be certified."""

    purpose: Purpose
    public: PublicKey
    serial: int
    """Positive, at most 20 bytes, never used before by this issuer."""
    common_name: str
    not_before: datetime
    not_after: datetime
    organisation: str = ""
    unit: str = ""
    names: tuple[str, ...] = ()
    """Host names (subject alternative names) of devices."""
    crl_url: str = ""
    issuer_url: str = ""
    status_url: str = ""
    """Where OCSP is answered."""

    def __post_init__(self) -> None:
        if not 0 < self.serial < 1 << 159:
            raise PkiError(PkiReason.FORM, "a serial number is positive and has at most 20 bytes")
        if self.not_after <= self.not_before:
            raise PkiError(PkiReason.VALIDITY, "ends before it begins")


def issue(order: Order, issuer: Issuer) -> Certificate:
    """签发证书. Raises PkiError: the issuer may not, or does not live as long."""
    above = issuer.certificate
    if not above.authority or "key_cert_sign" not in above.key_usage:
        raise PkiError(PkiReason.PURPOSE, f"{above.subject} is no authority")
    if PROFILES[order.purpose].authority and above.path_length == 0:
        raise PkiError(PkiReason.PURPOSE, f"{above.subject} may not make authorities")
    if order.not_before < above.not_before or order.not_after > above.not_after:
        raise PkiError(PkiReason.VALIDITY, "reaches beyond its issuer's time")
    return _signed(order, issuer.key, above.value.subject, above.public)


def self_signed(order: Order, key: SigningKey) -> Certificate:
    """自签根证书: the certificate of a root over its own key. Raises PkiError."""
    if order.purpose is not Purpose.ROOT or order.public != key.public:
        raise PkiError(PkiReason.PURPOSE, "only a root signs for itself")
    return _signed(order, key, _subject(order), key.public)


def _subject(order: Order) -> x509.Name:
    return name_of(order.common_name, organisation=order.organisation, unit=order.unit)


def _signed(order: Order, key: SigningKey, issuer: x509.Name, above: PublicKey) -> Certificate:
    body = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": order.serial,
            "signature": signature_id(key.public.algorithm),
            "issuer": issuer,
            "validity": {"not_before": time_of(order.not_before), "not_after": time_of(order.not_after)},
            "subject": _subject(order),
            "subject_public_key_info": keys.PublicKeyInfo.load(to_spki(order.public)),
            "extensions": _extensions(order, above),
        }
    )
    made = x509.Certificate(
        {
            "tbs_certificate": body,
            "signature_algorithm": signature_id(key.public.algorithm),
            "signature_value": sign(key, body.dump()),
        }
    )
    return read_certificate(made.dump())


def key_identifier(public: PublicKey) -> bytes:
    """First 20 bytes of SHA-256 over the key's bits (RFC 7093 section 2, method 1)."""
    return hashlib.sha256(public.data).digest()[:20]


def _extensions(order: Order, above: PublicKey) -> list[dict[str, Any]]:
    profile = PROFILES[order.purpose]
    basic: dict[str, Any] = {"ca": profile.authority}
    if profile.path_length is not None:
        basic["path_len_constraint"] = profile.path_length
    found: list[tuple[str, bool, Any]] = [
        ("basic_constraints", True, x509.BasicConstraints(basic)),
        ("key_usage", True, x509.KeyUsage(set(profile.key_usage))),
        ("key_identifier", False, core.OctetString(key_identifier(order.public))),
        (
            "authority_key_identifier",
            False,
            x509.AuthorityKeyIdentifier({"key_identifier": key_identifier(above)}),
        ),
    ]
    if profile.extended:
        uses = x509.ExtKeyUsageSyntax(list(profile.extended))
        found.append(("extended_key_usage", profile.extended_critical, uses))
    if order.names:
        names = x509.GeneralNames([x509.GeneralName("dns_name", name) for name in order.names])
        found.append(("subject_alt_name", False, names))
    found += _addresses(order)
    return [{"extn_id": name, "critical": critical, "extn_value": value} for name, critical, value in found]


def _addresses(order: Order) -> list[tuple[str, bool, Any]]:
    """Where the revocation list and the issuer's certificate are."""
    found: list[tuple[str, bool, Any]] = []
    if order.crl_url:
        point = x509.GeneralName("uniform_resource_identifier", order.crl_url)
        name = x509.DistributionPointName("full_name", x509.GeneralNames([point]))
        found.append(
            ("crl_distribution_points", False, x509.CRLDistributionPoints([{"distribution_point": name}]))
        )
    access = [
        {"access_method": method, "access_location": x509.GeneralName("uniform_resource_identifier", url)}
        for method, url in (("ocsp", order.status_url), ("ca_issuers", order.issuer_url))
        if url
    ]
    if access:
        found.append(("authority_information_access", False, x509.AuthorityInfoAccessSyntax(access)))
    return found


_UNDERSTOOD = frozenset({"basic_constraints", "key_usage", "extended_key_usage", "subject_alt_name"})


@lru_cache(maxsize=1024)
def read_certificate(data: bytes) -> Certificate:
    """A certificate in DER or PEM. Raises PkiError (FORM, ALGORITHM)."""
    der = _unarmoured(data)
    value = read(x509.Certificate, der)
    try:
        return _read(der, value)
    except KeyFault as wrong:
        raise PkiError(PkiReason.ALGORITHM, str(wrong)) from None
    except (ValueError, TypeError, KeyError) as wrong:
        raise PkiError(PkiReason.FORM, f"certificate: {wrong}") from None


def _unarmoured(data: bytes) -> bytes:
    if not pem.detect(data):
        return data
    try:
        return bytes(pem.unarmor(data)[2])
    except ValueError as wrong:
        raise PkiError(PkiReason.FORM, str(wrong)) from None


def _read(der: bytes, value: Any) -> Certificate:
    basic, usage = value.basic_constraints_value, value.key_usage_value
    unknown = set(value.critical_extensions) - _UNDERSTOOD
    if unknown:
        raise PkiError(PkiReason.FORM, f"critical extensions not understood: {sorted(unknown)}")
    extended = value.extended_key_usage_value
    alternative = value.subject_alt_name_value
    return Certificate(
        der=der,
        public=from_spki(value.public_key.dump()),
        serial=value.serial_number,
        subject=value.subject.human_friendly,
        issuer=value.issuer.human_friendly,
        not_before=moment(value["tbs_certificate"]["validity"]["not_before"].native),
        not_after=moment(value["tbs_certificate"]["validity"]["not_after"].native),
        authority=bool(basic is not None and basic["ca"].native),
        path_length=basic["path_len_constraint"].native if basic is not None else None,
        key_usage=frozenset(usage.native) if usage is not None else frozenset(),
        extended=frozenset(extended.native) if extended is not None else frozenset(),
        names=tuple(one.native for one in alternative or () if one.name == "dns_name"),
    )


def to_pem(certificate: Certificate) -> str:
    """The certificate armoured for people and tools."""
    return str(pem.armor("CERTIFICATE", certificate.der), "ascii")
