"""Electronic seals (电子印章) of GB/T 38540-2020, version 4: made and verified with SM2 and SM3.

A seal binds a picture and a name to certificates of those who may use it, signed by its maker. A sealing
(签章) binds a seal to the SM3 digest of a document at a time, signed by one of them. The time stamp
covers the signature (section 7.1); our own and that of others are tokens of RFC 3161.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import core
from asn1crypto.algos import SignedDigestAlgorithm

from quancheng.core.keys import Algorithm
from quancheng.core.pki.asn1 import check_signature, moment, read, sign, whole_bytes
from quancheng.core.pki.certificate import Certificate, Issuer, Purpose, read_certificate
from quancheng.core.pki.der import part
from quancheng.core.pki.errors import PkiError, PkiReason
from quancheng.core.pki.path import check_path
from quancheng.core.pki.revocation import RevocationList
from quancheng.core.pki.seal_types import Certificates, SealInfo, SESeal, SESignature, TbsSign
from quancheng.core.pki.stamping import StampInfo, check_stamp
from quancheng.core.pki.suites import naming
from quancheng.core.sm import sm3

__all__ = [
    "SealFacts",
    "Sealed",
    "Trust",
    "apply_seal",
    "make_seal",
    "read_seal",
    "seal_verify",
    "stamped_digest",
    "with_stamp",
]

VERSION = 4
OFFICIAL, LEGAL_PERSON = 1, 3
"""Types of seals; 1 单位印章. The standard leaves the numbers to its users' agreement (section 6.2.3)."""


@dataclass(frozen=True, slots=True)
class SealFacts:
    """印章信息: what a seal says of itself."""

    identifier: str
    name: str
    kind: int
    created: datetime
    valid_from: datetime
    valid_until: datetime
    picture_type: str
    picture: bytes
    width_mm: int
    height_mm: int
    vendor: str = "QUANCHENG"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a verifier believes."""

    roots: tuple[Certificate, ...]
    between: tuple[Certificate, ...] = ()
    lists: tuple[RevocationList, ...] = ()
    stamp_roots: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a verified sealing says."""

    seal: SealFacts
    maker: Certificate
    sealer: Certificate
    at: datetime
    property_info: str
    stamp: StampInfo | None


def make_seal(facts: SealFacts, signers: Iterable[Certificate], maker: Issuer) -> bytes:
    """制章: a seal signed by its maker, in DER. Raises PkiError (ALGORITHM): the maker's key is not SM2."""
    _only_sm2(maker)
    body = SealInfo(
        {
            "header": {"id": "ES", "version": VERSION, "vid": facts.vendor},
            "id": facts.identifier,
            "property": {
                "type": facts.kind,
                "name": facts.name,
                "list_type": 1,
                "signers": Certificates([core.OctetString(one.der) for one in signers]),
                "created": moment(facts.created),
                "valid_from": moment(facts.valid_from),
                "valid_until": moment(facts.valid_until),
            },
            "picture": {
                "type": facts.picture_type,
                "data": facts.picture,
                "width": facts.width_mm,
                "height": facts.height_mm,
            },
        }
    )
    seal = SESeal(
        {
            "info": body,
            "certificate": maker.certificate.der,
            "algorithm": naming(Algorithm.SM2).signature,
            "signature": sign(maker.key, body.dump()),
        }
    )
    return bytes(seal.dump())


def apply_seal(seal: bytes, digest: bytes, sealer: Issuer, *, at: datetime, property_info: str) -> bytes:
    """签章: the sealing of a document by its SM3 ``digest``, in DER; ``property_info`` says where it is (ASCII).

    Raises PkiError: ALGORITHM, PURPOSE (the sealer is none of the seal's), VALIDITY.
    """
    _only_sm2(sealer)
    value = read(SESeal, seal)
    _check_sealer(value, sealer.certificate)
    _check_times(_facts(value["info"]), at)
    if len(digest) != 32:
        raise PkiError(PkiReason.FORM, "an SM3 digest has 32 bytes")
    if not property_info.isascii():
        raise PkiError(PkiReason.FORM, "the place of the document is written in ASCII")
    body = TbsSign(
        {
            "version": VERSION,
            "seal": value,
            "time": moment(at),
            "data_hash": digest,
            "property_info": property_info,
        }
    )
    made = SESignature(
        {
            "to_sign": body,
            "certificate": sealer.certificate.der,
            "algorithm": naming(Algorithm.SM2).signature,
            "signature": sign(sealer.key, body.dump()),
        }
    )
    return bytes(made.dump())


def with_stamp(sealing: bytes, token: bytes) -> bytes:
    """The sealing with a time stamp over SM3 of its signature."""
    value = read(SESignature, sealing)
    parts = {name: value[name] for name in ("to_sign", "certificate", "algorithm", "signature")}
    return bytes(SESignature({**parts, "time_stamp": token}).dump())


def stamped_digest(sealing: bytes) -> bytes:
    """SM3 of the signature: what a time stamp for this sealing covers."""
    return sm3(read(SESignature, sealing)["signature"].native)


def read_seal(data: bytes, trust: Trust, at: datetime) -> tuple[SealFacts, Certificate]:
    """验章: a seal and its maker (section 6.4). Raises PkiError.

    The maker's certificate must have been good when the seal was made, and the seal within its time now.
    """
    value = read(SESeal, data)
    return _verified_seal(value, part(data, 0), trust, at)


def seal_verify(sealing: bytes, document: bytes, trust: Trust) -> Sealed:
    """验证签章 (section 7.4). Raises PkiError.

    1. One DER of version 4, SM2 with SM3 throughout.
    2. The sealer's signature over the sealing holds.
    3. The document's SM3 digest is the sealed one.
    4. The seal: its maker's signature, the maker's path at the time of making, the seal's own time.
    5. The sealer is one of the seal's, with a path to a root at the time of sealing, not revoked then.
    6. A time stamp, when there is one, covers this signature and is not before the sealing's own time.
    """
    value = read(SESignature, sealing)
    body = value["to_sign"]
    sealer = read_certificate(value["certificate"].native)
    _check(sealer, value, part(sealing, 0))
    if body["version"].native != VERSION:
        raise PkiError(PkiReason.FORM, "not a sealing of version 4")
    _no_critical(body["extensions"])
    if body["data_hash"].native != sm3(document):
        raise PkiError(PkiReason.CONTENT, "the document is not the sealed one")
    at = moment(body["time"].native)
    facts, maker = _verified_seal(body["seal"], part(sealing, 0, 1, 0), trust, at)
    _check_sealer(body["seal"], sealer)
    check_path(
        sealer, roots=trust.roots, between=trust.between, lists=trust.lists, at=at, purpose=Purpose.SEAL
    )
    return Sealed(facts, maker, sealer, at, body["property_info"].native, _stamp(value, trust, at))


def _stamp(value: Any, trust: Trust, at: datetime) -> StampInfo | None:
    if isinstance(value["time_stamp"], core.Void):
        return None
    token = whole_bytes(value["time_stamp"])
    info = check_stamp(
        token,
        roots=trust.stamp_roots or trust.roots,
        between=trust.between,
        digest=sm3(value["signature"].native),
        lists=trust.lists,
    )
    if info.at < at:
        raise PkiError(PkiReason.VALIDITY, "stamped before it was sealed")
    return info


def _verified_seal(value: Any, signed: bytes, trust: Trust, at: datetime) -> tuple[SealFacts, Certificate]:
    maker = read_certificate(value["certificate"].native)
    _check(maker, value, signed)
    header = value["info"]["header"]
    if header["id"].native != "ES" or header["version"].native != VERSION:
        raise PkiError(PkiReason.FORM, "not a seal of version 4")
    _no_critical(value["info"]["extensions"])
    _no_critical(value["info"]["bare_extensions"])
    facts = _facts(value["info"])
    check_path(
        maker,
        roots=trust.roots,
        between=trust.between,
        lists=trust.lists,
        at=facts.created,
        purpose=Purpose.SEAL,
    )
    _check_times(facts, at)
    return facts, maker


def _no_critical(extensions: Any) -> None:
    """Custom data may be ignored unless their maker calls them critical."""
    if any(one["critical"].native for one in extensions or ()):
        raise PkiError(PkiReason.FORM, "critical custom data that are not understood")


def _check(signer: Certificate, value: Any, body: bytes) -> None:
    oid = value["algorithm"].native
    if oid != naming(Algorithm.SM2).signature:
        raise PkiError(PkiReason.ALGORITHM, f"{oid}, not SM2 with SM3")
    check_signature(signer.public, SignedDigestAlgorithm({"algorithm": oid}), body, value["signature"])


def _check_sealer(seal: Any, sealer: Certificate) -> None:
    """The sealer's certificate, or its digest, is on the seal's list (section 6.2.3)."""
    listed = seal["info"]["property"]
    if listed["list_type"].native == 1:
        good = sealer.der in [one.native for one in listed["signers"]]
    else:
        good = sm3(sealer.der) in [one["value"].native for one in listed["signers"]]
    if not good:
        raise PkiError(PkiReason.PURPOSE, f"{sealer.subject} may not use this seal")


def _check_times(facts: SealFacts, at: datetime) -> None:
    if not facts.valid_from <= at <= facts.valid_until:
        raise PkiError(PkiReason.VALIDITY, f"the seal {facts.identifier} at {at.isoformat()}")


def _facts(info: Any) -> SealFacts:
    of, picture = info["property"], info["picture"]
    return SealFacts(
        identifier=info["id"].native,
        name=of["name"].native,
        kind=of["type"].native,
        created=of["created"].native.astimezone(UTC),
        valid_from=of["valid_from"].native.astimezone(UTC),
        valid_until=of["valid_until"].native.astimezone(UTC),
        picture_type=picture["type"].native,
        picture=picture["data"].native,
        width_mm=picture["width"].native,
        height_mm=picture["height"].native,
        vendor=info["header"]["vid"].native,
    )


def _only_sm2(who: Issuer) -> None:
    if who.key.public.algorithm is not Algorithm.SM2:
        raise PkiError(PkiReason.ALGORITHM, "seals of GB/T 38540 are signed with SM2")
