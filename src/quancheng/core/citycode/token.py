"""Making and reading of tokens. The layout is frozen: docs/formats/qc1.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from quancheng.core import cose
from quancheng.core.citycode.errors import CodeFault, CodeReason
from quancheng.core.citycode.pseudonym import SUBJECT_BYTES
from quancheng.core.keys import Algorithm, KeyFault, PublicKey, SigningKey

__all__ = [
    "PREFIX", "STEP_SECONDS", "Facts", "Kind", "Shown", "decode", "digest", "issue", "present", "printed", "step_of",
]  # fmt: skip

PREFIX = "QC1:"
STEP_SECONDS = 30
NONCE_BYTES = 8
MAX_TEXT = 1200
LARGEST = 1 << 53
"""Numbers are below it, so that JavaScript reads them exactly."""
_SUB, _EXP, _IAT, _OWN = 2, 4, 6, -65600


class Kind(IntEnum):
    """Form of a credential (形态)."""

    PHONE = 0
    """Bound to a phone's key; shown with a fresh second layer."""
    PRINTED = 1
    """Paper or card: whoever holds it may show it, so it carries less."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the city says in a credential. Times in Unix seconds; masks are bits of the city's vocabularies."""

    subject: bytes
    issued: int
    expires: int
    level: int
    entitlements: int
    scenes: int
    status_index: int
    kind: Kind = Kind.PHONE
    device: PublicKey | None = None
    """The phone's ES256 key; None for a printed one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A code as read, nothing checked yet."""

    credential: bytes
    """Layer 1, the bytes the city signed."""
    message: cose.Sign1
    facts: Facts
    presentation: cose.Sign1 | None
    step: int
    nonce: bytes
    challenge: bytes


def step_of(now: int) -> int:
    """Number of the 30-second step of a moment."""
    return now // STEP_SECONDS


def digest(credential: bytes) -> bytes:
    """SHA-256 of layer 1: what layer 2 is bound to, and its name in registers."""
    return hashlib.sha256(credential).digest()


def issue(facts: Facts, key: SigningKey) -> bytes:
    """签发: layer 1, signed by the city. Raises CodeFault (facts that contradict each other)."""
    own: list[Any] = [int(facts.kind), facts.level, facts.entitlements, facts.scenes, facts.status_index]
    if facts.kind is Kind.PHONE:
        if facts.device is None or facts.device.algorithm is not Algorithm.ES256:
            raise CodeFault(CodeReason.MALFORMED, "a phone's credential holds its ES256 key")
        point = facts.device.data
        own.append(bytes([2 + (point[64] & 1)]) + point[1:33])
    elif facts.device is not None:
        raise CodeFault(CodeReason.MALFORMED, "a printed credential holds no key")
    numbers = all(_number(one) for one in (facts.issued, facts.expires, *own[:5]))
    if len(facts.subject) != SUBJECT_BYTES or facts.expires <= facts.issued or not numbers:
        raise CodeFault(CodeReason.MALFORMED, "subject, times or numbers out of range")
    payload = {_SUB: facts.subject, _EXP: facts.expires, _IAT: facts.issued, _OWN: own}
    return cose.sign1(cose.encode(payload), key)


def present(credential: bytes, phone: SigningKey, *, now: int, nonce: bytes, challenge: bytes = b"") -> str:
    """出示: the text of the QR code for this moment. ``nonce``: 8 fresh random bytes.

    ``challenge``: up to 16 bytes a reader asked to be answered, or none.
    """
    moment: list[Any] = [step_of(now), nonce]
    if challenge:
        moment.append(challenge)
    layer2 = cose.sign1(cose.encode(moment), phone, external=digest(credential), named=False)
    return PREFIX + cose.base45_encode(cose.encode([credential, layer2]))


def printed(credential: bytes) -> str:
    """纸质码: the text of a printed code: layer 1 alone."""
    return PREFIX + cose.base45_encode(cose.encode([credential]))


def decode(text: str) -> Shown:
    """The parts of a code; nothing is verified. Raises CodeFault (MALFORMED)."""
    if not text.startswith(PREFIX) or len(text) > MAX_TEXT:
        raise CodeFault(CodeReason.MALFORMED, "prefix or length")
    try:
        parts = cose.decode(cose.base45_decode(text[len(PREFIX) :]))
        if not isinstance(parts, list) or not 1 <= len(parts) <= 2:
            raise CodeFault(CodeReason.MALFORMED, "not one or two layers")
        if not all(isinstance(part, bytes) for part in parts):
            raise CodeFault(CodeReason.MALFORMED, "layers are byte strings")
        message = _layer(parts[0])
        facts = _facts(message)
        if len(parts) == 1:
            return Shown(parts[0], message, facts, None, 0, b"", b"")
        second = _layer(parts[1])
        if second.headers.keys() != {1}:
            raise CodeFault(CodeReason.MALFORMED, "headers of layer 2")
        return Shown(parts[0], message, facts, second, *_moment(second))
    except cose.CoseFault as wrong:
        raise CodeFault(CodeReason.MALFORMED, str(wrong)) from None


def _layer(data: bytes) -> cose.Sign1:
    message = cose.parse1(data)
    if data[0] != 0x84 or message.unprotected:  # untagged, nothing unprotected: one form only
        raise CodeFault(CodeReason.MALFORMED, "a tag, or unprotected headers")
    return message


def _facts(message: cose.Sign1) -> Facts:
    claims = cose.decode(message.payload)
    if not isinstance(claims, dict) or claims.keys() != {_SUB, _EXP, _IAT, _OWN} or not _integers(claims):
        raise CodeFault(CodeReason.MALFORMED, "claims")
    subject, expires, issued, own = claims[_SUB], claims[_EXP], claims[_IAT], claims[_OWN]
    if not isinstance(subject, bytes) or len(subject) != SUBJECT_BYTES or not isinstance(own, list):
        raise CodeFault(CodeReason.MALFORMED, "subject")
    if not all(_number(number) for number in (expires, issued, *own[:5])):
        raise CodeFault(CodeReason.MALFORMED, "numbers")
    match own:
        case [0, level, entitlements, scenes, index, bytes(point)]:
            return Facts(
                subject, issued, expires, level, entitlements, scenes, index, Kind.PHONE, _device(point)
            )
        case [1, level, entitlements, scenes, index]:
            return Facts(subject, issued, expires, level, entitlements, scenes, index, Kind.PRINTED)
    raise CodeFault(CodeReason.MALFORMED, "own claims")


def _integers(keys: Iterable[object]) -> bool:
    """Whether keys are whole numbers as written: 2.0 and true are equal to some in Python."""
    return all(type(one) is int for one in keys)


def _number(value: object) -> bool:
    return type(value) is int and 0 <= value < LARGEST


@lru_cache(maxsize=4096)
def _device(point: bytes) -> PublicKey:
    try:
        if len(point) != 33:
            raise ValueError("length")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        return PublicKey(Algorithm.ES256, key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    except (ValueError, KeyFault):
        raise CodeFault(CodeReason.MALFORMED, "the phone's key is no point") from None


def _moment(message: cose.Sign1) -> tuple[int, bytes, bytes]:
    match cose.decode(message.payload):
        case [step, bytes(nonce)] if _number(step) and len(nonce) == NONCE_BYTES:
            return step, nonce, b""
        case [step, bytes(nonce), bytes(challenge)] if (
            _number(step) and len(nonce) == NONCE_BYTES and 0 < len(challenge) <= 16
        ):
            return step, nonce, challenge
    raise CodeFault(CodeReason.MALFORMED, "layer 2 is [step, nonce] or [step, nonce, challenge]")
