"""What is said to an anchor, and what an anchor is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = [
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a transaction: in which block, for how much gas, and whether the contract took it."""

    transaction: str
    block: int
    gas: int
    taken: bool


class LedgerAnchor(Protocol):
    """An engine that keeps steps in an order all members share (共享排序的锚定引擎)."""

    def send(self, steps: Sequence[Step]) -> tuple[str, ...]:
        """Hand steps over in order; the names of their transactions. Raises errors of transport."""

    def outcomes(self, transactions: Sequence[str]) -> Mapping[str, Outcome]:
        """Of transactions: those that are in a block."""

    def refusal(self, step: Step) -> str:
        """Which rule of the contract forbids a step now; empty when none does."""

    def stands(self, step: Step) -> bool:
        """Whether the engine holds a step already, however it came there: for resuming and replay."""

    def includes(self, leaf_hash: bytes, index: int, head: Checkpoint, path: Sequence[bytes]) -> bool:
        """Whether the engine itself finds a leaf hash in a head by an RFC 9162 path (SHA-256 logs only)."""
