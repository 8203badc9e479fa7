"""Certificate requests (PKCS #10, RFC 2986): made by devices, checked before anything is issued."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asn1crypto import csr, keys, pem, x509

from quancheng.core.keys import KeyFault, PublicKey, SigningKey, from_spki, to_spki
from quancheng.core.pki.asn1 import check_signature, name_of, read, sign, signature_id
from quancheng.core.pki.der import part
from quancheng.core.pki.errors import PkiError, PkiReason

__all__ = ["CertificateRequest", "make_request", "read_request"]


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """证书申请, its proof of possession checked. What it asks to be called is a wish, not a fact."""

    public: PublicKey
    common_name: str
    organisation: str
    unit: str
    names: tuple[str, ...]


def make_request(
    key: SigningKey, common_name: str, *, organisation: str = "", names: tuple[str, ...] = ()
) -> bytes:
    """A request in DER, signed by the key it is for."""
    info: dict[str, Any] = {
        "version": "v1",
        "subject": name_of(common_name, organisation=organisation),
        "subject_pk_info": keys.PublicKeyInfo.load(to_spki(key.public)),
        "attributes": [],
    }
    if names:
        alternative = x509.GeneralNames([x509.GeneralName("dns_name", name) for name in names])
        extension = {"extn_id": "subject_alt_name", "critical": False, "extn_value": alternative}
        info["attributes"] = [{"type": "extension_request", "values": [[extension]]}]
    body = csr.CertificationRequestInfo(info)
    made = csr.CertificationRequest(
        {
            "certification_request_info": body,
            "signature_algorithm": signature_id(key.public.algorithm),
            "signature": sign(key, body.dump()),
        }
    )
    return bytes(made.dump())


def read_request(data: bytes) -> CertificateRequest:
    """The request of a DER or PEM. Raises PkiError: FORM, ALGORITHM, or SIGNATURE — it does not hold its key."""
    if pem.detect(data):
        try:
            data = pem.unarmor(data)[2]
        except ValueError as wrong:
            raise PkiError(PkiReason.FORM, str(wrong)) from None
    value = read(csr.CertificationRequest, data)
    info = value["certification_request_info"]
    try:
        public = from_spki(info["subject_pk_info"].dump())
    except KeyFault as wrong:
        raise PkiError(PkiReason.ALGORITHM, str(wrong)) from None
    check_signature(public, value["signature_algorithm"], part(data, 0), value["signature"])
    subject = info["subject"].native
    return CertificateRequest(
        public,
        _text(subject, "common_name"),
        _text(subject, "organization_name"),
        _text(subject, "organizational_unit_name"),
        _names(info["attributes"]),
    )


def _text(subject: Any, name: str) -> str:
    """One value of a name; of several the first."""
    value = subject.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _names(attributes: Any) -> tuple[str, ...]:
    found: list[str] = []
    for attribute in attributes:
        if attribute["type"].native != "extension_request":
            continue
        for extensions in attribute["values"]:
            for extension in extensions:
                if extension["extn_id"].native == "subject_alt_name":
                    found += [one.native for one in extension["extn_value"].parsed if one.name == "dns_name"]
    return tuple(found)
