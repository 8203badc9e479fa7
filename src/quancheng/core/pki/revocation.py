"""Revocation lists (RFC 5280 section 5): made through a key handle, read, asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from asn1crypto import core, crl, pem, x509

from quancheng.core.pki.asn1 import check_signature, moment, read, sign, signature_id, time_of
from quancheng.core.pki.certificate import Certificate, Issuer, key_identifier
from quancheng.core.pki.der import part
from quancheng.core.pki.errors import PkiError, PkiReason

__all__ = ["RevocationList", "RevocationReason", "Revoked", "make_revocation_list", "read_revocation_list"]


class RevocationReason(StrEnum):
    """Reasons of section 5.3.1 that the city uses (吊销原因)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key_compromise"
    CA_COMPROMISE = "ca_compromise"
    AFFILIATION_CHANGED = "affiliation_changed"
    SUPERSEDED = "superseded"
    CESSATION = "cessation_of_operation"
    PRIVILEGE_WITHDRAWN = "privilege_withdrawn"


@dataclass(frozen=True, slots=True)
class Revoked:
    """One certificate on the list."""

    serial: int
    at: datetime
    reason: RevocationReason = RevocationReason.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class RevocationList:
    """吊销列表, its signature checked."""

    der: bytes
    issuer_der: bytes
    number: int
    this_update: datetime
    next_update: datetime
    revoked: Mapping[int, datetime]

    def check(self, serial: int, at: datetime) -> None:
        """Nothing when the certificate is good at a time. Raises PkiError (REVOKED, STALE)."""
        since = self.revoked.get(serial)
        if since is not None and since <= at:
            raise PkiError(PkiReason.REVOKED, f"serial {serial:x} since {since.isoformat()}")
        if at > self.next_update:
            raise PkiError(PkiReason.STALE, f"the list ended {self.next_update.isoformat()}")


def make_revocation_list(
    issuer: Issuer, revoked: Iterable[Revoked], *, number: int, this_update: datetime, next_update: datetime
) -> bytes:
    """吊销列表 in DER. Raises PkiError: the issuer's certificate does not allow it."""
    if "crl_sign" not in issuer.certificate.key_usage:
        raise PkiError(PkiReason.PURPOSE, "the key may not sign revocation lists")
    algorithm = issuer.key.public.algorithm
    body: dict[str, Any] = {
        "version": "v2",
        "signature": signature_id(algorithm),
        "issuer": issuer.certificate.value.subject,
        "this_update": time_of(this_update),
        "next_update": time_of(next_update),
        "crl_extensions": [
            {
                "extn_id": "authority_key_identifier",
                "critical": False,
                "extn_value": x509.AuthorityKeyIdentifier(
                    {"key_identifier": key_identifier(issuer.key.public)}
                ),
            },
            {"extn_id": "crl_number", "critical": False, "extn_value": core.Integer(number)},
        ],
    }
    rows = [_entry(one) for one in sorted(revoked, key=lambda one: one.serial)]
    if rows:  # an empty list is left out (section 5.1.2.6)
        body["revoked_certificates"] = rows
    tbs = crl.TbsCertList(body)
    made = crl.CertificateList(
        {
            "tbs_cert_list": tbs,
            "signature_algorithm": signature_id(algorithm),
            "signature": sign(issuer.key, tbs.dump()),
        }
    )
    return bytes(made.dump())


def _entry(one: Revoked) -> dict[str, Any]:
    row: dict[str, Any] = {"user_certificate": one.serial, "revocation_date": time_of(one.at)}
    if one.reason is not RevocationReason.UNSPECIFIED:  # must not be written (section 5.3.1)
        reason = crl.CRLReason(one.reason.value)
        row["crl_entry_extensions"] = [{"extn_id": "crl_reason", "critical": False, "extn_value": reason}]
    return row


def read_revocation_list(data: bytes, issuer: Certificate) -> RevocationList:
    """The list of an issuer, checked. Raises PkiError: FORM, ISSUER, SIGNATURE, PURPOSE."""
    if pem.detect(data):
        data = pem.unarmor(data)[2]
    value = read(crl.CertificateList, data)
    tbs = value["tbs_cert_list"]
    if tbs["issuer"].dump() != issuer.subject_der:
        raise PkiError(PkiReason.ISSUER, "the list is of another authority")
    if "crl_sign" not in issuer.key_usage:
        raise PkiError(PkiReason.PURPOSE, "the key may not sign revocation lists")
    if tbs["signature"].dump() != value["signature_algorithm"].dump():
        raise PkiError(PkiReason.ALGORITHM, "the two algorithm identifiers differ")
    check_signature(issuer.public, value["signature_algorithm"], part(data, 0), value["signature"])
    if tbs["next_update"].native is None:
        raise PkiError(PkiReason.FORM, "a list without next update")
    rows = tbs["revoked_certificates"]
    number = value.crl_number_value
    return RevocationList(
        der=data,
        issuer_der=issuer.subject_der,
        number=number.native if number is not None else 0,
        this_update=moment(tbs["this_update"].native),
        next_update=moment(tbs["next_update"].native),
        revoked={row["user_certificate"].native: moment(row["revocation_date"].native) for row in rows or ()},
    )
