"""跨城协议客户端: signed JSON messages between two cities over HTTP, for outside programs too.

A message is ``{"payload": "<JSON text>", "signature": "<hex>"}``; the Ed25519 signature is over the
UTF-8 bytes of the text exactly as sent. The payload says protocol, id, from, to, sequence (1, 2, 3 …
for each direction), at, kind, exchange and body. The answer to a message that was taken, now or
before, is a receipt signed by the other city with the SHA-256 of the payload.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = [
    "KINDS", "MAX_BYTES", "PATH", "PROTOCOL", "TRANSITIONS", "BadMessage", "Message", "NotTaken", "PartnerClient",
    "public_hex", "read", "receipt_for", "seal", "unseal",
]  # fmt: skip

PROTOCOL = "quancheng-crossing/1"
PATH = "/crossing/messages/"
MAX_BYTES = 256 * 1024
KINDS = ("offer", "accept", "refuse", "deciding", "decided")
TRANSITIONS: Mapping[str, Mapping[str, str]] = {
    "offered": {"accept": "accepted", "refuse": "refused"},
    "accepted": {"deciding": "deciding", "decided": "decided"},
    "deciding": {"decided": "decided"},
}
"""State of an exchange → kind of message → next state."""
_SECONDS = 10.0


class BadMessage(ValueError):
    """Not a message of this protocol, or not signed by who it says."""


class NotTaken(RuntimeError):
    """The partner did not take the message: no connection, an error, or no genuine receipt."""

    def __init__(self, reason: str, expected: int | None = None) -> None:
        super().__init__(reason)
        self.expected = expected
        """The sequence number the partner waits for, when it said so."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an exchange (跨城报文)."""

    id: str
    sender: str
    recipient: str
    sequence: int
    at: str
    kind: str
    exchange: str
    body: Mapping[str, Any] = field(default_factory=dict)

    def payload(self) -> str:
        """The text that is signed."""
        values = {"protocol": PROTOCOL, **asdict(self)}
        return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def seal(payload: str, key: Ed25519PrivateKey) -> str:
    """A signed text as it goes over the wire."""
    return json.dumps({"payload": payload, "signature": key.sign(payload.encode()).hex()}, ensure_ascii=False)


def unseal(text: str | bytes, public: str) -> str:
    """The payload of a signed text; raises BadMessage unless ``public`` (hex) signed it."""
    outer = _object(text)
    payload, signature = outer.get("payload"), outer.get("signature")
    if not isinstance(payload, str) or not isinstance(signature, str):
        raise BadMessage("payload and signature are needed")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature), payload.encode("utf-8", "surrogatepass")
        )
    except (InvalidSignature, ValueError) as wrong:
        raise BadMessage("the signature does not fit") from wrong
    return payload


def read(payload: str) -> Message:
    """The message of a payload. Raises BadMessage saying what is wrong."""
    raw = _object(payload)
    if raw.pop("protocol", None) != PROTOCOL:
        raise BadMessage(f"protocol is {PROTOCOL}")
    try:
        found = Message(**raw)
    except TypeError as wrong:
        raise BadMessage("fields are missing or unknown") from wrong
    for name in ("id", "sender", "recipient", "exchange"):
        value = getattr(found, name)
        if not isinstance(value, str) or not 1 <= len(value) <= 64 or not value.isprintable():
            raise BadMessage(f"{name} is a text of 1 to 64 characters")
    if not isinstance(found.sequence, int) or isinstance(found.sequence, bool) or found.sequence < 1:
        raise BadMessage("sequence is a number from 1")
    if found.kind not in KINDS or not isinstance(found.body, dict) or not isinstance(found.at, str):
        raise BadMessage("kind, at or body is wrong")
    return found


def receipt_for(payload: str, message: Message, at: str, key: Ed25519PrivateKey) -> str:
    """What the taker answers: id, sequence and digest of the payload, signed."""
    kept = {"receipt": message.id, "sequence": message.sequence, "sha256": _digest(payload), "at": at}
    return seal(json.dumps(kept, sort_keys=True), key)


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public key as 64 hex digits."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


@dataclass(frozen=True, slots=True)
class PartnerClient:
    """Speaks to one partner city."""

    address: str
    key: Ed25519PrivateKey
    public: str
    """The partner's public key, hex."""
    seconds: float = _SECONDS

    def send(self, message: Message) -> str:
        """Deliver a message; the signed receipt. Sending again is safe. Raises NotTaken."""
        return self.send_sealed(message.payload(), seal(message.payload(), self.key))

    def send_sealed(self, payload: str, text: str) -> str:
        """Deliver a text sealed earlier."""
        try:
            answer = httpx.post(
                self.address.rstrip("/") + PATH,
                content=text.encode(),
                headers={"Content-Type": "application/json"},
                timeout=self.seconds,
                trust_env=False,
            )
        except httpx.HTTPError as cut:
            raise NotTaken(f"{type(cut).__name__}: {cut}"[:200]) from cut
        if answer.status_code != 200:
            raise NotTaken(f"HTTP {answer.status_code}", _expected(answer))
        return self._genuine(payload, answer.content)

    def _genuine(self, payload: str, content: bytes) -> str:
        if len(content) > MAX_BYTES:
            raise NotTaken("the receipt is too large")
        try:
            kept = _object(unseal(content, self.public))
        except BadMessage as wrong:
            raise NotTaken(f"receipt: {wrong}") from wrong
        if kept.get("sha256") != _digest(payload):
            raise NotTaken("the receipt is for another message")
        return content.decode()


def _expected(answer: httpx.Response) -> int | None:
    try:
        value = answer.json().get("expected")
    except (ValueError, AttributeError):
        return None
    return value if isinstance(value, int) else None


def _digest(payload: str) -> str:
    return hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()


def _object(text: str | bytes) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise BadMessage("too large")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise BadMessage("not JSON") from wrong
    if not isinstance(found, dict):
        raise BadMessage("not a JSON object")
    return found
