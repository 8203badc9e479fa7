"""名录: the peers in memory, read from the tables at the start and whenever one was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from quancheng.capabilities.video.signalling.wire import Target
from quancheng.capabilities.video.values import Peer

__all__ = ["Directory", "Line"]

Load = Callable[[datetime | None], tuple[list[Peer], datetime | None]]
"""Peers changed since a moment, and the newest change."""


@dataclass(slots=True)
class Line:
    """A peer with where it speaks from."""

    peer: Peer
    target: Target | None = None
    until: float = 0.0
    """When its registration ends, epoch seconds."""
    version: str = ""
    """X-GB-Ver of GB/T 28181-2022."""
    extra: dict[str, float] = field(default_factory=dict)


class Directory:
    """Who is known, by code."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._newest: datetime | None = None
        self.lines: dict[str, Line] = {}

    def fetch(self) -> tuple[list[Peer], datetime | None]:
        """Read what changed since the last time; blocks, so call it in a thread."""
        return self._load(self._newest)

    def take(self, found: tuple[list[Peer], datetime | None]) -> list[Peer]:
        """Take over what was read; returns the peers that are new or changed."""
        peers, newest = found
        changed = []
        for peer in peers:
            line = self.lines.get(peer.code)
            if line is None:
                self.lines[peer.code] = Line(peer)
                changed.append(peer)
            elif line.peer != peer:
                line.peer = peer
                changed.append(peer)
        self._newest = newest or self._newest
        return changed

    def get(self, code: str) -> Line | None:
        """A peer that may speak."""
        line = self.lines.get(code)
        return line if line is not None and line.peer.enabled else None

    def of_direction(self, direction: str) -> Iterable[Line]:
        return [line for line in self.lines.values() if line.peer.direction == direction]
