"""路由: which rows a neighbour may have (数据返还 by jurisdiction), and for whom it may speak."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from quancheng.core.cascade.errors import CascadeError, Reason
from quancheng.core.cascade.model import Path, Row, Scope, Stream, StreamKind, check_name

__all__ = ["Clause", "Link", "Node", "best_path", "region_prefix"]

BIGGEST_REVISION = 2**53


def region_prefix(code: str) -> str:
    """The prefix that all places inside a region share, e.g. ``370100`` → ``3701`` (济南市).

    GB/T 2260-2007: 2 digits of province, 2 of city, 2 of county, zeros where the region is larger;
    GB/T 10114-2003 adds 3 digits of town, the statistical division code 3 of village. ``""`` is the
    whole country. Not 2, 4, 6, 9 or 12 digits: ``CascadeError`` (BAD_ROUTE).
    """
    if code and (not code.isascii() or not code.isdigit() or len(code) not in (2, 4, 6, 9, 12)):
        raise CascadeError(Reason.BAD_ROUTE, f"not a region code: {code!r:.40}")
    for size in (2, 4, 6, 9):
        if not code[size:].strip("0"):
            return code[:size] if code[:size].strip("0") else ""
    return code


@dataclass(frozen=True, slots=True)
class Clause:
    """One permission of a route (路由条款): all named conditions must hold; None asks nothing.

    ``regions`` are prefixes of region codes: ``("370102",)`` is Lixia District with its towns.
    """

    kinds: tuple[StreamKind, ...] | None = None
    streams: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    organs: tuple[str, ...] | None = None
    owners: tuple[str, ...] | None = None

    def carries(self, stream: Stream) -> bool:
        """Whether the clause says anything about the stream."""
        return (self.kinds is None or stream.kind in self.kinds) and (
            self.streams is None or stream.name in self.streams
        )

    def admits(self, scope: Scope) -> bool:
        """Whether a row of a stream it carries may pass."""
        return (
            (self.regions is None or scope.region.startswith(self.regions))
            and (self.organs is None or scope.organ in self.organs)
            and (self.owners is None or scope.owner in self.owners)
        )


@dataclass(frozen=True, slots=True)
class Link:
    """A neighbour, what goes to it, and for whom it may speak, what it may bring (连接).

    No clause, no row. Raise ``revision`` whenever the clauses change: the neighbour then reads a
    snapshot and loses what it may no longer have. ``speaks_for`` None trusts it to relay any owner;
    ``hears`` limits the streams and rows it may bring.
    """

    neighbour: str
    clauses: tuple[Clause, ...] = ()
    revision: int = 1
    speaks_for: frozenset[str] | None = None
    hears: tuple[Clause, ...] = (Clause(),)

    def __post_init__(self) -> None:
        check_name(self.neighbour, "a neighbour")
        if not 0 < self.revision < BIGGEST_REVISION:
            raise CascadeError(Reason.BAD_ROUTE, f"a revision is a positive number: {self.revision}")

    def carries(self, stream: Stream) -> bool:
        """Whether any row of the stream may go to the neighbour."""
        return any(clause.carries(stream) for clause in self.clauses)

    def admits(self, stream: Stream, scope: Scope) -> bool:
        """Whether the neighbour may have a row of this scope."""
        return any(clause.carries(stream) and clause.admits(scope) for clause in self.clauses)

    def hears_of(self, stream: Stream) -> bool:
        """Whether the neighbour may bring us any row of the stream."""
        return any(clause.carries(stream) for clause in self.hears)

    def may_say(self, stream: Stream, row: Row) -> bool:
        """Whether the neighbour may bring us this row."""
        known = self.speaks_for is None or row.owner in self.speaks_for
        return known and any(clause.carries(stream) and clause.admits(row.scope) for clause in self.hears)


@dataclass(frozen=True, slots=True)
class Node:
    """A node and its links (节点)."""

    name: str
    links: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name, "a node")
        names = [link.neighbour for link in self.links]
        if len(set(names)) < len(names) or self.name in names:
            raise CascadeError(Reason.BAD_ROUTE, f"{self.name} is linked with itself or twice with one node")

    def link(self, neighbour: str) -> Link:
        """The link with a neighbour, or ``CascadeError`` (UNKNOWN_LINK)."""
        for link in self.links:
            if link.neighbour == neighbour:
                return link
        raise CascadeError(Reason.UNKNOWN_LINK, f"{self.name} has no link with {neighbour!r:.60}")


def best_path(paths: Iterable[Path], neighbour: str) -> Path | None:
    """The shortest way of support that does not lead through the neighbour (path vector, RFC 4271 §9.1.2).

    What a neighbour gave is not offered back to it, and a copy whose only support is a circle has none.
    """
    return min((path for path in paths if neighbour not in path), key=lambda p: (len(p), p), default=None)
