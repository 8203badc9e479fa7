"""MOSIP Claim 169 (IANA CWT claim 169, QR Code Specification 1.2): a second profile of identity in a QR code.

base45 of zlib of COSE_Sign1 (tag 18) over a CWT with the holder under claim 169. Static: it names the holder and
can be copied, so the city offers it as proof of identity on paper, never for gates.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quancheng.core.cose.base45 import base45_decode, base45_encode
from quancheng.core.cose.cbor import decode, encode
from quancheng.core.cose.errors import CoseFault, CoseReason
from quancheng.core.cose.hcert import inflate
from quancheng.core.cose.sign1 import parse1, sign1, verify1
from quancheng.core.keys import PublicKey, SigningKey

__all__ = ["FIELDS", "Identity", "read_claim169", "write_claim169"]

FIELDS: Mapping[str, int] = {
    "id": 1, "version": 2, "language": 3, "full_name": 4, "first_name": 5, "middle_name": 6, "last_name": 7,
    "date_of_birth": 8, "gender": 9, "address": 10, "email": 11, "phone": 12, "nationality": 13,
    "marital_status": 14, "guardian": 15, "photo": 16, "photo_format": 17, "secondary_full_name": 19,
    "secondary_language": 20, "location_code": 21, "legal_status": 22, "country_of_issuance": 23,
}  # fmt: skip
"""Members of claim 169 by name; biometrics (50 and above) are not written here and are passed over when read."""
_NAMES = {number: name for name, number in FIELDS.items()}
_NUMBERS = {"gender", "marital_status", "photo_format"}
_ISS, _EXP, _NBF, _IAT, _CLAIM = 1, 4, 5, 6, 169


@dataclass(frozen=True, slots=True)
class Identity:
    """A holder as claim 169 says it; times in Unix seconds."""

    issuer: str
    issued: int
    expires: int
    members: Mapping[str, Any]


def write_claim169(identity: Identity, key: SigningKey) -> str:
    """The text of the QR code. Raises CoseFault (a member that is none, or of another type)."""
    claim = {FIELDS[name]: value for name, value in identity.members.items() if name in FIELDS}
    if len(claim) != len(identity.members) or not all(_typed(n, v) for n, v in identity.members.items()):
        raise CoseFault(CoseReason.STRUCTURE, "members of claim 169")
    payload = {_ISS: identity.issuer, _EXP: identity.expires, _IAT: identity.issued, _CLAIM: claim}
    return base45_encode(zlib.compress(b"\xd2" + sign1(encode(payload), key), 9))


def read_claim169(text: str, key: PublicKey, *, now: int, skew: int = 60) -> Identity:
    """The holder, when the key signed it and it is alive now. Raises CoseFault."""
    message = verify1(parse1(inflate(base45_decode(text)), canonical=False), key)
    claims = decode(message.payload, canonical=False)
    claim = claims.get(_CLAIM) if isinstance(claims, Mapping) else None
    if not isinstance(claim, Mapping):
        raise CoseFault(CoseReason.STRUCTURE, "no claim 169")
    issued, begins, expires = (
        claims.get(one, default) for one, default in ((_IAT, 0), (_NBF, 0), (_EXP, None))
    )
    if not all(type(one) is int for one in (issued, begins, expires)):
        raise CoseFault(CoseReason.STRUCTURE, "times")
    if not max(issued, begins) - skew <= now < expires:
        raise CoseFault(CoseReason.STRUCTURE, "not alive now")
    members = {_NAMES[number]: value for number, value in claim.items() if number in _NAMES}
    if not all(_typed(name, value) for name, value in members.items()):
        raise CoseFault(CoseReason.STRUCTURE, "members of other types")
    return Identity(str(claims.get(_ISS, "")), issued, expires, members)


def _typed(name: str, value: Any) -> bool:
    wanted = int if name in _NUMBERS else bytes if name == "photo" else str
    return type(value) is wanted
