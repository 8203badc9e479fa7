"""JWS (RFC 7515): one payload, one signature, three base64url parts."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from quancheng.core.keys import PublicKey, SignatureError, SigningKey

__all__ = [
    "JoseFault", "JoseReason", "Jws", "b64", "parse_jws", "read_json", "sign_jws", "signing_input", "unb64",
    "verify_jws",
]  # fmt: skip

MOST = 256 * 1024
"""Largest token that is read."""


class JoseReason(StrEnum):
    """Machine reasons (拒绝原因)."""

    MALFORMED = "MALFORMED"
    ALGORITHM = "ALGORITHM"
    CRITICAL = "CRITICAL"
    TYPE = "TYPE"
    SIGNATURE = "SIGNATURE"


class JoseFault(Exception):
    """A token that does not hold, with its machine reason."""

    def __init__(self, reason: JoseReason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Jws:
    """A parsed token; nothing in it is believed before ``verify_jws``."""

    header: Mapping[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes
    """The bytes the signature covers."""

    def json(self) -> dict[str, Any]:
        """The payload as a JSON object. Raises JoseFault."""
        return read_json(self.payload)


def b64(data: bytes) -> str:
    """base64url without padding (RFC 7515 appendix C)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Bytes of base64url; padding, other characters and loose last bits are refused. Raises JoseFault."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise JoseFault(JoseReason.MALFORMED, "not base64url") from None
    if b64(data) != text:
        raise JoseFault(JoseReason.MALFORMED, "not canonical base64url")
    return data


def read_json(data: bytes | str) -> dict[str, Any]:
    """A JSON object; a member named twice, NaN and infinities are refused. Raises JoseFault."""
    try:
        value = json.loads(data, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise JoseFault(JoseReason.MALFORMED, "not JSON") from None
    if not isinstance(value, dict):
        raise JoseFault(JoseReason.MALFORMED, "not a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member named twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def signing_input(header: Mapping[str, Any], payload: bytes) -> bytes:
    """What is signed: both parts in base64url with a dot."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
    return f"{b64(text.encode())}.{b64(payload)}".encode()


def sign_jws(payload: bytes, key: SigningKey, header: Mapping[str, Any] | None = None) -> str:
    """A compact token; ``alg`` is the key's."""
    signed = signing_input({"alg": str(key.public.algorithm), **(header or {})}, payload)
    return f"{signed.decode()}.{b64(key.sign(signed))}"


def parse_jws(text: str) -> Jws:
    """The parts of a compact token. Raises JoseFault."""
    parts = text.split(".")
    if len(text) > MOST or len(parts) != 3 or not text.isascii():
        raise JoseFault(JoseReason.MALFORMED, "not three parts")
    header = read_json(unb64(parts[0]))
    return Jws(header, unb64(parts[1]), unb64(parts[2]), f"{parts[0]}.{parts[1]}".encode())


def verify_jws(token: str | Jws, key: PublicKey, *, types: tuple[str, ...] = ()) -> Jws:
    """The token, when this key signed it. ``types``: allowed values of ``typ``. Raises JoseFault."""
    found = token if isinstance(token, Jws) else parse_jws(token)
    if found.header.get("alg") != str(key.algorithm):
        raise JoseFault(JoseReason.ALGORITHM, f"{found.header.get('alg')!r} under a key for {key.algorithm}")
    if "crit" in found.header:
        raise JoseFault(JoseReason.CRITICAL, repr(found.header["crit"]))
    if types and found.header.get("typ") not in types:
        raise JoseFault(JoseReason.TYPE, repr(found.header.get("typ")))
    try:
        key.verify(found.signed, found.signature)
    except SignatureError:
        raise JoseFault(JoseReason.SIGNATURE) from None
    return found
