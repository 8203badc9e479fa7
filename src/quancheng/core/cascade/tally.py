"""对账: counts and set digests on both sides of a link, and the ranges of ids where they differ.

The digest of a set of rows is the sum of their SHA-256 modulo 2^256 (AdHash: Bellare & Micciancio, "A new
paradigm for collision-free hashing", EUROCRYPT 1997): no order, and rows are added and taken away one at
a time. It finds accidents. Against who may choose rows freely 256 bits are too few (Wagner, "A generalized
birthday problem", CRYPTO 2002): evidence among enemies needs signatures and :mod:`quancheng.core.merkle`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from quancheng.core.cascade.ledger import Ledger
from quancheng.core.cascade.model import Copy, RowId, Stream
from quancheng.core.cascade.offer import offerable, walk
from quancheng.core.cascade.route import Node

__all__ = ["Segment", "Tally", "differing", "received", "sent", "split"]

MODULUS = 2**256


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows, and the sum of their digests (对账值)."""

    count: int = 0
    total: int = 0

    def plus(self, other: Tally) -> Tally:
        """The tally of two sets without common rows."""
        return Tally(self.count + other.count, (self.total + other.total) % MODULUS)

    def minus(self, other: Tally) -> Tally:
        """The tally of what remains when a part is taken away."""
        return Tally(self.count - other.count, (self.total - other.total) % MODULUS)

    @classmethod
    def of(cls, digests: Iterable[bytes]) -> Tally:
        """The tally of rows by their digests (32 bytes each)."""
        count = total = 0
        for digest in digests:
            count += 1
            total += int.from_bytes(digest, "big")
        return cls(count, total % MODULUS)

    def hex(self) -> str:
        """The sum as 64 hexadecimal digits."""
        return f"{self.total:064x}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of row ids ``(after, upto]`` and what one side has in it (区段); None is open."""

    after: RowId | None
    upto: RowId | None
    tally: Tally


def sent(
    node: Node,
    ledger: Ledger,
    neighbour: str,
    stream: Stream,
    after: RowId | None = None,
    upto: RowId | None = None,
) -> Tally:
    """What this node gives the neighbour: living rows it may have that are not its own gift."""
    return Tally.of(copy.row.digest() for copy in _given(node, ledger, neighbour, stream, after, upto))


def received(
    ledger: Ledger, neighbour: str, stream: Stream, after: RowId | None = None, upto: RowId | None = None
) -> Tally:
    """What this node has from the neighbour: living rows that it vouches for."""
    return Tally.of(
        copy.row.digest()
        for copy in walk(ledger, stream, after, upto)
        if copy.live and any(supply.neighbour == neighbour for supply in copy.supplies)
    )


def split(
    node: Node, ledger: Ledger, neighbour: str, stream: Stream, segment: Segment, ways: int = 16
) -> tuple[Segment, ...]:
    """Cut a segment of what this node gives into at most about ``ways`` parts of like size.

    Together the parts cover the whole range, so rows that only the other side has fall into one too.
    """
    size = max(1, -(-segment.tally.count // max(2, ways)))
    parts: list[Segment] = []
    after = segment.after
    digests: list[bytes] = []
    last: RowId | None = None
    for copy in _given(node, ledger, neighbour, stream, segment.after, segment.upto):
        if len(digests) == size:
            parts.append(Segment(after, last, Tally.of(digests)))
            after, digests = last, []
        digests.append(copy.row.digest())
        last = copy.row.id
    parts.append(Segment(after, segment.upto, Tally.of(digests)))
    return tuple(parts)


def differing(
    ledger: Ledger, neighbour: str, stream: Stream, segments: Iterable[Segment]
) -> tuple[Segment, ...]:
    """Those of the neighbour's segments in which this node has something else from it."""
    return tuple(
        segment
        for segment in segments
        if received(ledger, neighbour, stream, segment.after, segment.upto) != segment.tally
    )


def _given(
    node: Node, ledger: Ledger, neighbour: str, stream: Stream, after: RowId | None, upto: RowId | None
) -> Iterator[Copy]:
    link = node.link(neighbour)
    for copy in walk(ledger, stream, after, upto):
        if copy.live and offerable(link, stream, copy) is not None:
            yield copy
