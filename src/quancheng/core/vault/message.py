"""签名请求: a recipient's request to the vault, signed as a detached JWS (RFC 7515 appendix F).

The protected header binds the body to one moment, method, address and number, so that nothing can be
moved or replayed: ``alg``, ``kid`` (hex), ``iat`` (Unix seconds), ``jti`` (the idempotency key), ``htm`` and
``htu`` (as RFC 9449 names them; here the path). Header line: ``Vault-Signature: <protected>..<signature>``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from quancheng.core.keys import PublicKey, SignatureError, SigningKey
from quancheng.core.vault.errors import Reason, VaultFault

__all__ = ["HEADER", "Envelope", "digest", "kid_of", "sign_message", "verify_message"]

HEADER = "Vault-Signature"
_TYPE = "quancheng-vault+jws"
_MEMBERS = {"alg", "kid", "iat", "jti", "htm", "htu", "typ"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the signature binds the body to (签名头)."""

    iat: int
    jti: str
    htm: str
    htu: str


def sign_message(key: SigningKey, envelope: Envelope, body: bytes) -> str:
    """The header's value for a body."""
    protected = {
        "alg": str(key.public.algorithm), "kid": key.public.kid.hex(), "typ": _TYPE, "iat": envelope.iat,
        "jti": envelope.jti, "htm": envelope.htm, "htu": envelope.htu,
    }  # fmt: skip
    head = _encode(json.dumps(protected, sort_keys=True, separators=(",", ":")).encode())
    return f"{head}..{_encode(key.sign(_input(head, body)))}"


def kid_of(value: str) -> str:
    """The key's name in hex, not yet believed. Raises VaultFault (MALFORMED)."""
    return str(_read(value)[1]["kid"])


def verify_message(
    value: str, body: bytes, keys: Iterable[PublicKey], *, method: str, path: str, now: int, drift: int
) -> Envelope:
    """The envelope, when the signature holds for this body, method, path and time. Raises VaultFault."""
    head, said, signature = _read(value)
    named = [key for key in keys if key.kid.hex() == said["kid"] and str(key.algorithm) == said["alg"]]
    if not named:
        raise VaultFault(Reason.UNKNOWN_KEY)
    if not any(_fits(key, _input(head, body), signature) for key in named):
        raise VaultFault(Reason.SIGNATURE)
    envelope = Envelope(int(said["iat"]), str(said["jti"]), str(said["htm"]), str(said["htu"]))
    if (envelope.htm, envelope.htu) != (method, path):
        raise VaultFault(Reason.ADDRESS)
    if abs(now - envelope.iat) > drift:
        raise VaultFault(Reason.CLOCK, f"{envelope.iat - now} s")
    return envelope


def _fits(key: PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(message, signature)
    except SignatureError:
        return False
    return True


def _input(head: str, body: bytes) -> bytes:
    return f"{head}.{_encode(body)}".encode()


def _read(value: str) -> tuple[str, dict[str, Any], bytes]:
    parts = value.split(".")
    if len(value) > 16_384 or len(parts) != 3 or parts[1]:
        raise VaultFault(Reason.MALFORMED, "not a detached JWS")
    try:
        said = json.loads(_decode(parts[0]))
    except (ValueError, RecursionError) as wrong:
        raise VaultFault(Reason.MALFORMED, str(wrong)) from None
    if not isinstance(said, dict) or set(said) != _MEMBERS or said["typ"] != _TYPE:
        raise VaultFault(Reason.MALFORMED, "protected header")
    words = [said[name] for name in ("alg", "kid", "jti", "htm", "htu")]
    if not all(isinstance(one, str) and 0 < len(one) <= 300 for one in words) or type(said["iat"]) is not int:
        raise VaultFault(Reason.MALFORMED, "protected header")
    return parts[0], said, _decode(parts[2])


def digest(value: str, body: bytes) -> bytes:
    """SHA-256 over signature and body: what an entry remembers of the signed request."""
    return hashlib.sha256(value.encode() + b"\n" + body).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error) as wrong:
        raise VaultFault(Reason.MALFORMED, str(wrong)) from None
    if _encode(data) != text:
        raise VaultFault(Reason.MALFORMED, "base64url")
    return data
