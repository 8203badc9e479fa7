"""Time stamps (时间戳, RFC 3161 with RFC 5816; for SM2 GB/T 20520-2006, the same structure with SM3).

A token is a CMS SignedData over TSTInfo: a digest existed at a time. The requester's data are never seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from asn1crypto import cms, core, tsp, x509

from quancheng.core.pki.asn1 import check_signature, digest_id, moment, read, sign, signature_id
from quancheng.core.pki.certificate import Certificate, Issuer, Purpose, read_certificate
from quancheng.core.pki.der import part
from quancheng.core.pki.errors import PkiError, PkiReason
from quancheng.core.pki.path import check_path
from quancheng.core.pki.revocation import RevocationList
from quancheng.core.pki.suites import DIGESTS, digest_of, naming

__all__ = [
    "Failure",
    "StampInfo",
    "StampRequest",
    "check_stamp",
    "make_stamp",
    "make_stamp_request",
    "read_stamp_request",
    "refusal",
    "response",
    "token_of",
]


class _Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp; asn1crypto's own wants a token even of a refusal."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


class Failure(StrEnum):
    """Why a request is refused (PKIFailureInfo, section 2.4.2)."""

    BAD_ALGORITHM = "bad_alg"
    BAD_REQUEST = "bad_request"
    BAD_FORMAT = "bad_data_format"
    POLICY = "unaccepted_policy"
    EXTENSION = "unaccepted_extension"
    SYSTEM = "system_failure"


@dataclass(frozen=True, slots=True)
class StampRequest:
    """What is to be stamped: a digest, never the data."""

    digest_oid: str
    digest: bytes
    nonce: int | None = None
    policy: str = ""
    certificates: bool = False
    """Whether the token shall carry the authority's certificates."""


@dataclass(frozen=True, slots=True)
class StampInfo:
    """What a token says, after it was checked."""

    serial: int
    at: datetime
    policy: str
    digest_oid: str
    digest: bytes
    nonce: int | None
    accuracy_seconds: float | None
    signer: Certificate


def read_stamp_request(data: bytes) -> StampRequest:
    """A TimeStampReq. Raises PkiError: FORM, ALGORITHM (digest unknown or of a wrong length)."""
    value = read(tsp.TimeStampReq, data)
    if value["version"].native != "v1":
        raise PkiError(PkiReason.FORM, "version is not 1")
    if any(one["critical"].native for one in value["extensions"] or ()):
        raise PkiError(PkiReason.FORM, "critical extension")
    imprint = value["message_imprint"]
    oid, digest = imprint["hash_algorithm"]["algorithm"].dotted, imprint["hashed_message"].native
    _check_imprint(oid, digest)
    return StampRequest(
        oid,
        digest,
        value["nonce"].native,
        value["req_policy"].dotted if not isinstance(value["req_policy"], core.Void) else "",
        bool(value["cert_req"].native),
    )


def _check_imprint(oid: str, digest: bytes) -> None:
    if oid not in DIGESTS or len(digest) != DIGESTS[oid][0]:
        raise PkiError(PkiReason.ALGORITHM, f"digest {oid} of {len(digest)} bytes")


def make_stamp_request(request: StampRequest) -> bytes:
    """The request of a client, in DER."""
    fields: dict[str, Any] = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": digest_id(request.digest_oid),
            "hashed_message": request.digest,
        },
    }
    if request.policy:
        fields["req_policy"] = request.policy
    if request.nonce is not None:
        fields["nonce"] = request.nonce
    if request.certificates:
        fields["cert_req"] = True
    return bytes(tsp.TimeStampReq(fields).dump())


def make_stamp(
    request: StampRequest,
    issuer: Issuer,
    *,
    serial: int,
    at: datetime,
    policy: str,
    accuracy_seconds: int,
    above: Iterable[Certificate] = (),
) -> bytes:
    """签发时间戳: the token (CMS ContentInfo, DER). ``above`` are certificates between the signer and the root.

    Raises PkiError: ALGORITHM (a digest unknown or of a wrong length), PURPOSE (the certificate is not one
    for time stamps), VALIDITY.
    """
    _check_imprint(request.digest_oid, request.digest)
    signer = issuer.certificate
    if signer.extended != {"time_stamping"}:
        raise PkiError(PkiReason.PURPOSE, f"{signer.subject} may not stamp")
    if not signer.not_before <= at <= signer.not_after:
        raise PkiError(PkiReason.VALIDITY, f"{signer.subject} at {at.isoformat()}")
    info: dict[str, Any] = {
        "version": "v1",
        "policy": policy,
        "message_imprint": {
            "hash_algorithm": digest_id(request.digest_oid),
            "hashed_message": request.digest,
        },
        "serial_number": serial,
        "gen_time": moment(at),
        "accuracy": {"seconds": accuracy_seconds},
        "tsa": x509.GeneralName("directory_name", signer.value.subject),
    }
    if request.nonce is not None:
        info["nonce"] = request.nonce
    content = tsp.TSTInfo(info).dump()
    carried = [signer, *above] if request.certificates else []
    return _signed_data(content, issuer, moment(at), carried)


def _signed_data(content: bytes, issuer: Issuer, at: datetime, carried: list[Certificate]) -> bytes:
    algorithm = issuer.key.public.algorithm
    name = naming(algorithm)
    digest = digest_id(name.digest)
    signer = issuer.certificate
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {
                "type": "signing_time",
                "values": [cms.Time({"utc_time": at} if at.year < 2050 else {"general_time": at})],
            },
            {"type": "message_digest", "values": [digest_of(name.digest, content)]},
            {"type": "signing_certificate_v2", "values": [_signing_certificate(signer, name.digest)]},
        ]
    )
    signer_info: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number", {"issuer": signer.value.issuer, "serial_number": signer.serial}
        ),
        "digest_algorithm": digest,
        "signed_attrs": attributes,
        "signature_algorithm": signature_id(algorithm),
        "signature": sign(issuer.key, attributes.untag().dump()),
    }
    body: dict[str, Any] = {
        "version": "v3",
        "digest_algorithms": [digest],
        "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content)},
        "signer_infos": [signer_info],
    }
    if carried:
        body["certificates"] = [one.value for one in carried]
    made = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(body)})
    return bytes(made.dump())


def _signing_certificate(signer: Certificate, digest: str) -> dict[str, Any]:
    """SigningCertificateV2 (RFC 5035): which certificate the signature means."""
    serial = {
        "issuer": [x509.GeneralName("directory_name", signer.value.issuer)],
        "serial_number": signer.serial,
    }
    one: dict[str, Any] = {"cert_hash": digest_of(digest, signer.der), "issuer_serial": serial}
    one["hash_algorithm"] = digest_id(digest)
    return {"certs": [one]}


def response(token: bytes) -> bytes:
    """TimeStampResp that grants a token."""
    body = {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}
    return bytes(_Response(body).dump())


def refusal(failure: Failure, said: str) -> bytes:
    """TimeStampResp that refuses and says why."""
    status = {"status": "rejection", "status_string": [said[:200]], "fail_info": {failure.value}}
    return bytes(_Response({"status": status}).dump())


def token_of(data: bytes) -> bytes:
    """The token of a TimeStampResp. Raises PkiError (FORM; CONTENT with the authority's reason)."""
    value = read(_Response, data)
    if value["status"]["status"].native not in {"granted", "granted_with_mods"}:
        said = value["status"]["status_string"].native or []
        raise PkiError(PkiReason.CONTENT, f"refused: {' '.join(said)} {value['status']['fail_info'].native}")
    if isinstance(value["time_stamp_token"], core.Void):
        raise PkiError(PkiReason.FORM, "granted without a token")
    return bytes(value["time_stamp_token"].dump())


def check_stamp(
    token: bytes,
    *,
    roots: Iterable[Certificate],
    digest: bytes | None = None,
    request: StampRequest | None = None,
    between: Iterable[Certificate] = (),
    lists: Iterable[RevocationList] = (),
) -> StampInfo:
    """核验时间戳. Raises PkiError.

    1. The token is one SignedData over TSTInfo in DER, with one signer and nothing unsigned beside it.
    2. The signed attributes name this content and this certificate.
    3. The signature over them holds.
    4. The signer's certificate is for time stamps only and was good when it stamped; no other certificates
       are carried than those of its path.
    5. The imprint is the expected ``digest``; with ``request`` also nonce and policy are the asked ones.
    """
    data = _content_of(token)
    signer_info = data["signer_infos"][0]
    content = data["encap_content_info"]["content"].contents
    carried = [read_certificate(one.chosen.dump()) for one in data["certificates"] or ()]
    signer = _signer(signer_info, [*carried, *between])
    _check_attributes(signer_info, content, signer)
    check_signature(
        signer.public, signer_info["signature_algorithm"], _signed_attributes(token), signer_info["signature"]
    )
    info = _read_info(content, signer)
    path = check_path(
        signer, roots=roots, between=[*carried, *between], lists=lists, at=info.at, purpose=Purpose.STAMPING
    )
    if any(one not in path for one in carried):
        raise PkiError(PkiReason.FORM, "a certificate in the token that does not belong to its path")
    _check_asked(info, digest, request)
    return info


def _content_of(token: bytes) -> Any:
    value = read(cms.ContentInfo, token)
    if value["content_type"].native != "signed_data":
        raise PkiError(PkiReason.FORM, "not SignedData")
    data = value["content"]
    if data["encap_content_info"]["content_type"].native != "tst_info" or data["version"].native != "v3":
        raise PkiError(PkiReason.FORM, "not a time stamp")
    if len(data["signer_infos"]) != 1 or not isinstance(data["crls"], core.Void):
        raise PkiError(PkiReason.FORM, "one signer, no lists")
    signer = data["signer_infos"][0]
    if not isinstance(signer["unsigned_attrs"], core.Void) or isinstance(signer["signed_attrs"], core.Void):
        raise PkiError(PkiReason.FORM, "signed attributes only")
    algorithms = [one["algorithm"].dotted for one in data["digest_algorithms"]]
    if algorithms != [signer["digest_algorithm"]["algorithm"].dotted]:
        raise PkiError(PkiReason.FORM, "digest algorithms differ")
    for one in (data["digest_algorithms"][0], signer["digest_algorithm"]):
        if one["parameters"].dump() not in (b"", b"\x05\x00"):
            raise PkiError(PkiReason.FORM, "digest algorithm with parameters")
    return data


def _signed_attributes(token: bytes) -> bytes:
    """The attributes as they are signed: with the tag of SET OF (RFC 5652 section 5.4)."""
    data = part(token, 1, 0)
    last = 3
    while True:  # signer infos are the last part; certificates before them may be missing
        try:
            part(data, last + 1)
        except PkiError:
            break
        last += 1
    return b"\x31" + part(data, last, 0, 3)[1:]


def _signer(info: Any, known: list[Certificate]) -> Certificate:
    """The certificate the signer info names. Raises PkiError (ISSUER)."""
    sid = info["sid"]
    if sid.name != "issuer_and_serial_number" or info["version"].native != "v1":
        raise PkiError(PkiReason.FORM, "the signer is not named by issuer and serial number")
    issuer, serial = sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native
    for one in known:
        if one.serial == serial and one.issuer_der == issuer:
            return one
    raise PkiError(PkiReason.ISSUER, "the signer's certificate is not here")


def _check_attributes(info: Any, content: bytes, signer: Certificate) -> None:
    found: dict[str, Any] = {}
    for attribute in info["signed_attrs"]:
        if attribute["type"].native in found or len(attribute["values"]) != 1:
            raise PkiError(PkiReason.FORM, "an attribute twice")
        found[attribute["type"].native] = attribute["values"][0]
    if "content_type" not in found or found["content_type"].native != "tst_info":
        raise PkiError(PkiReason.CONTENT, "content type")
    expected = digest_of(info["digest_algorithm"]["algorithm"].dotted, content)
    if "message_digest" not in found or found["message_digest"].native != expected:
        raise PkiError(PkiReason.CONTENT, "message digest")
    named = found.get("signing_certificate_v2")
    if named is None:
        raise PkiError(PkiReason.CONTENT, "no signing certificate attribute (RFC 5816)")
    first = named["certs"][0]
    if digest_of(first["hash_algorithm"]["algorithm"].dotted, signer.der) != first["cert_hash"].native:
        raise PkiError(PkiReason.CONTENT, "another signing certificate")


def _read_info(content: bytes, signer: Certificate) -> StampInfo:
    value = read(tsp.TSTInfo, content)
    if value["version"].native != "v1" or any(one["critical"].native for one in value["extensions"] or ()):
        raise PkiError(PkiReason.FORM, "version or extensions of TSTInfo")
    imprint, accuracy = value["message_imprint"], value["accuracy"].native
    return StampInfo(
        serial=value["serial_number"].native,
        at=value["gen_time"].native,
        policy=value["policy"].dotted,
        digest_oid=imprint["hash_algorithm"]["algorithm"].dotted,
        digest=imprint["hashed_message"].native,
        nonce=value["nonce"].native,
        accuracy_seconds=_seconds(accuracy) if accuracy else None,
        signer=signer,
    )


def _seconds(accuracy: Any) -> float:
    parts = (accuracy["seconds"] or 0, accuracy["millis"] or 0, accuracy["micros"] or 0)
    return float(parts[0] + parts[1] / 1e3 + parts[2] / 1e6)


def _check_asked(info: StampInfo, digest: bytes | None, request: StampRequest | None) -> None:
    if digest is not None and info.digest != digest:
        raise PkiError(PkiReason.CONTENT, "another digest was stamped")
    if request is None:
        return
    if (info.digest_oid, info.digest) != (request.digest_oid, request.digest):
        raise PkiError(PkiReason.CONTENT, "another digest was stamped")
    if info.nonce != request.nonce:
        raise PkiError(PkiReason.CONTENT, "another nonce: an answer to somebody else's request")
    if request.policy and info.policy != request.policy:
        raise PkiError(PkiReason.CONTENT, "another policy")
