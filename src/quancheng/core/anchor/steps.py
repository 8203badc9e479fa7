"""What is said to an anchor, and what an anchor is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "AnchorRefused",
    "Checkpoint",
    "Grant",
    "LedgerAnchor",
    "Outcome",
    "Revoke",
    "Step",
    "Use",
    "origin_id",
]

_WIDTH = 32
_MOST = 2**64


def origin_id(origin: str) -> bytes:
    """Name of a log on the chain: SHA-256 of its origin."""
    return hashlib.sha256(origin.encode()).digest()


def _wide(*ids: bytes) -> None:
    if any(len(one) != _WIDTH for one in ids):
        raise ValueError(f"ids and roots have {_WIDTH} bytes")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """检查点: the head of a log; its size only grows."""

    origin: bytes
    size: int
    root: bytes

    def __post_init__(self) -> None:
        _wide(self.origin, self.root)
        if not 0 < self.size < _MOST:
            raise ValueError("a size is between 1 and 2^64 - 1")


@dataclass(frozen=True, slots=True)
class Grant:
    """授权: once for each id."""

    id: bytes

    def __post_init__(self) -> None:
        _wide(self.id)


@dataclass(frozen=True, slots=True)
class Revoke:
    """撤回: of a live grant."""

    id: bytes

    def __post_init__(self) -> None:
        _wide(self.id)


@dataclass(frozen=True, slots=True)
class Use:
    """使用: under a live grant, once for each id."""

    grant: bytes
    id: bytes

    def __post_init__(self) -> None:
        _wide(self.grant, self.id)


Step = Checkpoint | Grant | Revoke | Use


class AnchorRefused(Exception):
    """The contract's rules forbid a step; ``reason`` is the name of its error, empty when it gave none."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that stands on the chain: in which block, by which transaction, for how much gas."""

    transaction: str
    block: int
    gas: int


class LedgerAnchor(Protocol):
    """An engine that keeps steps in an order all members share (共享排序的锚定引擎)."""

    def send(self, step: Step) -> str:
        """Hand a step over; returns the transaction's name. Raises AnchorRefused, and errors of transport."""

    def outcome(self, transaction: str) -> Outcome | None:
        """What became of a transaction; None while it is on its way. Raises AnchorRefused (it was reverted)."""

    def stands(self, step: Step) -> bool:
        """Whether the engine holds a step already, however it came there: for resuming and replay."""

    def includes(self, leaf_hash: bytes, index: int, head: Checkpoint, path: tuple[bytes, ...]) -> bool:
        """Whether the engine itself finds the leaf hash in a head by an RFC 9162 path (SHA-256 logs only)."""
