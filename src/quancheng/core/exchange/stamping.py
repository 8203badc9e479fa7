"""批量时间戳: many evidence leaves under one signed tree head, and the stop when stamping is late.

Asking an authority for a time stamp for each message is what makes X-Road's message log its
bottleneck (X-Road issues 1293, 1766; notes on stalls during time-stamping). Here the leaves of a
while make one Merkle tree (RFC 9162 section 2.1); the authority signs its head with the time; each
leaf keeps its inclusion proof. Stamps name the digest of the one before: an authority cannot take a
stamp back without breaking all later ones. ``may_accept`` refuses new exchanges while stamping is
late, because an exchange that may never be stamped is not evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from quancheng.core.exchange.canonical import Json, canonical, write_time
from quancheng.core.exchange.signing import (
    Domain,
    KeyRole,
    Signature,
    Signer,
    TrustedKeys,
    Verifier,
    sign,
    signature_holds,
)
from quancheng.core.merkle import SHA256, MemoryTree, ProofError, TreeHead, verify_inclusion
from quancheng.core.text import Text

__all__ = [
    "FIRST",
    "Acceptance",
    "Intake",
    "LedgerLimits",
    "Proof",
    "SignedHeadCheck",
    "Stamp",
    "StampCheck",
    "leaf_included",
    "make_batch",
    "make_stamp",
    "may_accept",
]

SIGNED_HEAD = "signed-tree-head"
FIRST = bytes(32)
"""``previous`` of an authority's first stamp."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A signed tree head with time (时间戳): what stood in the batch stood there at ``time``.

    ``kind`` says how ``signature`` is to be checked: ``signed-tree-head`` is ours; a token of RFC
    3161 goes in as ``signature.value`` with a kind and a ``StampCheck`` of its own.
    """

    kind: str
    authority: str
    batch: str
    time: datetime
    size: int
    root: bytes
    previous: bytes
    signature: Signature

    def body(self) -> dict[str, Json]:
        """What is signed, as JSON (签名内容)."""
        return _stamp_body(
            self.kind, self.authority, self.batch, self.time, TreeHead(self.size, self.root), self.previous
        )

    @property
    def digest(self) -> bytes:
        """SHA-256 of the signed content; the next stamp names it (时间戳摘要)."""
        return hashlib.sha256(canonical(self.body())).digest()


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a leaf stands in its batch, and the way to the root (存在性证明)."""

    index: int
    path: tuple[bytes, ...]


class StampCheck(Protocol):
    """How stamps of one kind are checked (时间戳校验)."""

    def holds(self, stamp: Stamp, keys: TrustedKeys, verifiers: Mapping[str, Verifier]) -> bool:
        """Whether a trusted authority said this at this time."""
        ...


class SignedHeadCheck:
    """Check of ``signed-tree-head``: key of the authority, for stamps, valid at the time."""

    def holds(self, stamp: Stamp, keys: TrustedKeys, verifiers: Mapping[str, Verifier]) -> bool:
        """Whether the signature is the authority's."""
        key = keys.find(stamp.signature.key)
        if key is None or key.owner != stamp.authority or key.algorithm != stamp.signature.algorithm:
            return False
        if KeyRole.STAMP not in key.roles or not key.valid_at(stamp.time):
            return False
        data = canonical(stamp.body())
        return signature_holds(stamp.signature, Domain.STAMP, data, key.public_der, verifiers)


def make_batch(leaves: Sequence[bytes]) -> tuple[TreeHead, tuple[Proof, ...]]:
    """Head of a batch and the proof of each leaf, in order (成批). Refuses an empty batch."""
    if not leaves:
        raise ValueError("an empty batch needs no stamp")
    tree = MemoryTree(SHA256)
    tree.extend_hashes(map(SHA256.leaf, leaves))
    return tree.head(), tuple(Proof(index, tree.inclusion(index)) for index in range(len(leaves)))


def make_stamp(
    head: TreeHead, batch: str, authority: str, now: datetime, previous: bytes, signer: Signer
) -> Stamp:
    """What an authority gives for a head (签发时间戳); ``previous`` is its last stamp's digest."""
    body = _stamp_body(SIGNED_HEAD, authority, batch, now, head, previous)
    signature = sign(signer, Domain.STAMP, canonical(body))
    return Stamp(SIGNED_HEAD, authority, batch, now, head.size, head.root, previous, signature)


def leaf_included(leaf: bytes, proof: Proof, stamp: Stamp) -> bool:
    """Whether a leaf stands in the stamped batch (RFC 9162 section 2.1.3.2)."""
    try:
        verify_inclusion(SHA256, SHA256.leaf(leaf), proof.index, TreeHead(stamp.size, stamp.root), proof.path)
    except ProofError:
        return False
    return True


class Intake(StrEnum):
    """Whether new exchanges are taken (受理状态)."""

    OPEN = "OPEN"
    WARNING = "WARNING"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class LedgerLimits:
    """How far stamping may fall behind (台账上限); a warning comes at ``warn_at`` of either."""

    pending: int
    age: timedelta
    warn_at: float = 0.7

    def __post_init__(self) -> None:
        if self.pending < 1 or self.age <= timedelta() or not 0 < self.warn_at <= 1:
            raise ValueError("limits must be positive and the warning a share of them")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Whether a new exchange may begin (可否受理); ``load`` is the share of the tighter limit."""

    intake: Intake
    load: float
    text: Text

    @property
    def accepted(self) -> bool:
        """Whether one more exchange is taken (受理)."""
        return self.intake is not Intake.STOPPED


def may_accept(pending: int, oldest: datetime | None, now: datetime, limits: LedgerLimits) -> Acceptance:
    """Whether one more exchange may begin (熔停判断).

    ``pending`` leaves wait for a stamp, ``oldest`` since then. A clock behind the oldest leaf, or
    leaves without a time, stop the intake: lateness can then not be told.
    """
    if pending < 0 or (pending > 0) != (oldest is not None) or (oldest is not None and oldest > now):
        return Acceptance(Intake.STOPPED, 1.0, _UNKNOWN)
    late = timedelta() if oldest is None else now - oldest
    load = max(pending / limits.pending, late / limits.age)
    if pending >= limits.pending or late >= limits.age:
        return Acceptance(Intake.STOPPED, load, _STOPPED)
    if load >= limits.warn_at:
        return Acceptance(Intake.WARNING, load, _LATE)
    return Acceptance(Intake.OPEN, load, _FINE)


_UNKNOWN = Text(
    "台账的待盖戳数量或时间有误，暂停受理新的交换。",
    "The ledger's count or times are wrong; no new exchange is taken.",
)
_STOPPED = Text(
    "时间戳积压已达上限，暂停受理新的交换，直至补盖完成。",
    "Stamping is too late; no new exchange is taken until it has caught up.",
)
_LATE = Text("时间戳积压接近上限，请检查时间戳服务。", "Stamping is getting late; look at the authority.")
_FINE = Text("时间戳及时。", "Stamping is in time.")


def _stamp_body(
    kind: str, authority: str, batch: str, time: datetime, head: TreeHead, previous: bytes
) -> dict[str, Json]:
    return {
        "kind": kind,
        "authority": authority,
        "batch": batch,
        "time": write_time(time),
        "size": head.size,
        "root": head.root.hex(),
        "previous": previous.hex(),
    }
