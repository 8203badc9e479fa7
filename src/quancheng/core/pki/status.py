"""Is this certificate good now? OCSP (RFC 6960), answered by the issuing authority itself.

One or more certificates of one issuer a request, by SHA-1 or SHA-256 of its name and key (SHA-1 only
names the issuer here, RFC 6960 section 4.3; it protects nothing).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import core, ocsp

from quancheng.core.pki.asn1 import moment, read, sign, signature_id
from quancheng.core.pki.certificate import Certificate, Issuer
from quancheng.core.pki.errors import PkiError, PkiReason
from quancheng.core.pki.revocation import Revoked

__all__ = ["StatusRequest", "make_status", "read_status_request", "status_refusal"]

MOST = 20
_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "1.3.14.3.2.26": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
}


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """状态查询: which certificates are asked about."""

    asked: tuple[Any, ...]
    """CertID values as they came."""
    nonce: bytes | None

    @property
    def serials(self) -> tuple[int, ...]:
        """Serial numbers asked about."""
        return tuple(one["serial_number"].native for one in self.asked)

    def is_for(self, issuer: Certificate) -> bool:
        """Whether every certificate asked about is named as one of this issuer's."""
        return all(_names(one, issuer) for one in self.asked)


def read_status_request(data: bytes) -> StatusRequest:
    """An OCSPRequest. Raises PkiError (FORM, ALGORITHM)."""
    value = read(ocsp.OCSPRequest, data)["tbs_request"]
    asked = tuple(one["req_cert"] for one in value["request_list"])
    if not 0 < len(asked) <= MOST:
        raise PkiError(PkiReason.FORM, f"1 to {MOST} certificates a request")
    if any(one["hash_algorithm"]["algorithm"].dotted not in _DIGESTS for one in asked):
        raise PkiError(PkiReason.ALGORITHM, "the issuer is named by SHA-1 or SHA-256")
    nonce = None
    for extension in value["request_extensions"] or ():
        if extension["extn_id"].native == "nonce":
            nonce = bytes(extension["extn_value"].parsed.native)
        elif extension["critical"].native:
            raise PkiError(PkiReason.FORM, "a critical extension that is not understood")
    if nonce is not None and not 1 <= len(nonce) <= 128:  # RFC 9654 section 2.1
        raise PkiError(PkiReason.FORM, "a nonce has 1 to 128 bytes")
    return StatusRequest(asked, nonce)


def make_status(
    request: StatusRequest,
    issuer: Issuer,
    *,
    known: Callable[[int], bool],
    revoked: Callable[[int], Revoked | None],
    at: datetime,
    next_update: datetime,
) -> bytes:
    """状态应答, signed by the issuer. A serial number that was never issued is ``unknown``, not good."""
    rows = []
    for one in request.asked:
        serial = one["serial_number"].native
        rows.append(
            {
                "cert_id": one,
                "cert_status": _status(known(serial), revoked(serial)),
                "this_update": moment(at),
                "next_update": moment(next_update),
            }
        )
    key_hash = hashlib.sha1(issuer.key.public.data, usedforsecurity=False).digest()
    body: dict[str, Any] = {
        "responder_id": ocsp.ResponderId("by_key", core.OctetString(key_hash)),
        "produced_at": moment(at),
        "responses": rows,
    }
    if request.nonce is not None:
        nonce = {"extn_id": "nonce", "critical": False, "extn_value": core.OctetString(request.nonce)}
        body["response_extensions"] = [nonce]
    data = ocsp.ResponseData(body)
    basic = ocsp.BasicOCSPResponse(
        {
            "tbs_response_data": data,
            "signature_algorithm": signature_id(issuer.key.public.algorithm),
            "signature": sign(issuer.key, data.dump()),
            "certs": [issuer.certificate.value],
        }
    )
    whole = {"response_type": "basic_ocsp_response", "response": core.ParsableOctetString(basic.dump())}
    return bytes(ocsp.OCSPResponse({"response_status": "successful", "response_bytes": whole}).dump())


def status_refusal(reason: str) -> bytes:
    """An answer without status: ``malformed_request``, ``unauthorized``, ``try_later``."""
    return bytes(ocsp.OCSPResponse({"response_status": reason}).dump())


def _status(known: bool, revoked: Revoked | None) -> ocsp.CertStatus:
    if revoked is not None:
        when = {"revocation_time": moment(revoked.at), "revocation_reason": revoked.reason.value}
        return ocsp.CertStatus("revoked", ocsp.RevokedInfo(when))
    return ocsp.CertStatus("good" if known else "unknown", core.Null())


def _names(asked: Any, issuer: Certificate) -> bool:
    digest = _DIGESTS[asked["hash_algorithm"]["algorithm"].dotted]
    named = (asked["issuer_name_hash"].native, asked["issuer_key_hash"].native)
    return named == (digest(issuer.subject_der), digest(issuer.public.data))
