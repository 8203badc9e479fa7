"""A session: record keys of both directions, strictly in order, forgotten on demand (会话).

A record is ``session (8) ‖ number (8) ‖ length (4) ‖ ciphertext and tag``; its head is authenticated.
The nonce is the direction's IV xor the number (RFC 8446 section 5.3), so none comes twice.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from quancheng.core.linkkey.errors import LinkFault, LinkReason
from quancheng.core.linkkey.schedule import LinkKeys
from quancheng.core.linkkey.suite import TAG, Aead, Strength, Suite

__all__ = ["HEAD_BYTES", "RECORD_BYTES", "RekeyPolicy", "RekeyReason", "Session", "body_length"]

HEAD_BYTES = 20
RECORD_BYTES = 16 * 1024 * 1024
"""Most plaintext bytes of a record."""

_MOST_RECORDS = 1 << 32  # NIST SP 800-38D section 8.3 bounds invocations of one GCM key


class RekeyReason(StrEnum):
    """Why new keys are due (换密钥原因)."""

    AGE = "AGE"
    RECORDS = "RECORDS"
    BYTES = "BYTES"


@dataclass(frozen=True, slots=True)
class RekeyPolicy:
    """How long keys may serve (换密钥策略): age, records and bytes, both directions together."""

    age: timedelta
    records: int
    amount: int

    def due(self, session: Session, since: datetime, now: datetime) -> RekeyReason | None:
        """The first limit that is reached, or None."""
        if now - since >= self.age:
            return RekeyReason.AGE
        if session.records >= self.records:
            return RekeyReason.RECORDS
        return RekeyReason.BYTES if session.amount >= self.amount else None


class Session:
    """An established link. ``strength`` and ``away`` tell people what protects it."""

    def __init__(
        self,
        keys: LinkKeys,
        suite: Suite,
        strength: Strength,
        away: str,
        qkd: uuid.UUID | None,
        initiator: bool,
    ) -> None:
        self.suite, self.strength, self.away, self.qkd = suite, strength, away, qkd
        self.name = keys.session
        mine, theirs = Aead(suite, keys.initiator_key), Aead(suite, keys.responder_key)
        ivs = (keys.initiator_iv, keys.responder_iv)
        self._out, self._in = (mine, theirs) if initiator else (theirs, mine)
        self._out_iv, self._in_iv = (int.from_bytes(iv, "big") for iv in (ivs if initiator else ivs[::-1]))
        self._exporter: bytes | None = keys.exporter
        self.sent = self.received = self.amount = 0

    @property
    def records(self) -> int:
        """Records of both directions so far."""
        return self.sent + self.received

    def seal(self, plain: bytes) -> bytes:
        """The next record. Raises LinkFault (TOO_LARGE, EXHAUSTED, ERASED)."""
        if len(plain) > RECORD_BYTES:
            raise LinkFault(LinkReason.TOO_LARGE)
        if self.sent >= _MOST_RECORDS:
            raise LinkFault(LinkReason.EXHAUSTED)
        head = self.name + self.sent.to_bytes(8, "big") + (len(plain) + TAG).to_bytes(4, "big")
        sealed = self._out.seal((self._out_iv ^ self.sent).to_bytes(12, "big"), plain, head)
        self.sent += 1
        self.amount += len(plain)
        return head + sealed

    def open(self, record: bytes) -> bytes:
        """The plaintext of the next record and no other.

        Raises LinkFault (MESSAGE, OTHER_SESSION, REPLAYED, OUT_OF_ORDER, TAMPERED, ERASED); the session
        stands as before, so the true record is still taken.
        """
        if len(record) != HEAD_BYTES + body_length(record):
            raise LinkFault(LinkReason.MESSAGE, "length")
        if record[:8] != self.name:
            raise LinkFault(LinkReason.OTHER_SESSION)
        number = int.from_bytes(record[8:16], "big")
        if number != self.received:
            early = number > self.received
            raise LinkFault(LinkReason.OUT_OF_ORDER if early else LinkReason.REPLAYED, str(number))
        nonce = (self._in_iv ^ number).to_bytes(12, "big")
        plain = self._in.open(nonce, record[HEAD_BYTES:], record[:HEAD_BYTES])
        self.received += 1
        self.amount += len(plain)
        return plain

    def export(self, purpose: str, size: int = 32) -> bytes:
        """A key for another purpose, the same on both sides (storage, say). Raises LinkFault (ERASED)."""
        if self._exporter is None:
            raise LinkFault(LinkReason.ERASED)
        return self.suite.derive(self._exporter, b"quancheng link export", purpose.encode(), size)

    def erase(self) -> None:
        """Forget all keys; every later use raises LinkFault (ERASED)."""
        self._out.erase()
        self._in.erase()
        self._exporter = None
        self._out_iv = self._in_iv = 0


def body_length(head: bytes) -> int:
    """Bytes that follow the head of a record. Raises LinkFault (MESSAGE, TOO_LARGE)."""
    if len(head) < HEAD_BYTES:
        raise LinkFault(LinkReason.MESSAGE, "head")
    length = int.from_bytes(head[16:20], "big")
    if length > RECORD_BYTES + TAG:
        raise LinkFault(LinkReason.TOO_LARGE)
    if length < TAG:
        raise LinkFault(LinkReason.MESSAGE, "length")
    return length
