"""日志尾: what is acknowledged but not sealed yet, in the memory of each process that asks.

A consistent state is made of a version of the lake and the positions to which it was sealed: both
change in one transaction of the keeper. The positions are read before and after the lake's version,
so that a seal in between is noticed. Frames are decoded once a process; what was sealed is let go.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from quancheng.capabilities.observations.config import log_folder
from quancheng.capabilities.observations.held import Held, held
from quancheng.capabilities.observations.log_files import Position
from quancheng.capabilities.observations.log_reader import Follower, Piece, offsets

KEEPER = "keeper"
_ALL = 1 << 60
_BLOCK = 50_000
"""Rows that are arranged together."""
_FRAMES = 64
"""Frames that are arranged together, if they are small."""


@dataclass(slots=True)
class Tail:
    """Frames after a moving start, of one folder; thread-safe."""

    folder: Path
    _follower: Follower | None = None
    _begins: dict[str, Position] = field(default_factory=dict)
    """From here on we hold everything."""
    _blocks: dict[str, list[Held]] = field(default_factory=dict)
    _loose: dict[str, list[Piece]] = field(default_factory=dict)
    """Frames that are not in a block yet."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def after(self, sealed: Mapping[str, Position]) -> list[Held]:
        """All rows beyond the given positions, whatever was acknowledged until now."""
        with self._lock:
            follower = self._follower
            if follower is None or any(
                sealed.get(writer, Position()) < begin for writer, begin in self._begins.items()
            ):  # nothing held yet, or the positions went back: what was let go is wanted again
                follower = self._follower = Follower(self.folder, dict(sealed))
                self._blocks.clear()
                self._loose.clear()
            self._begins = dict(sealed)
            for piece in follower.read(_ALL):
                self._loose.setdefault(piece.writer, []).append(piece)
            found: list[Held] = []
            for writer in sorted({*self._blocks, *self._loose}):
                found += self._of(writer, sealed.get(writer, Position()))
            return found

    def _of(self, writer: str, start: Position) -> list[Held]:
        """What is held of a writer after a position; arranges what has gathered."""
        loose = [piece for piece in self._loose.get(writer, []) if piece.end > start]
        kept = [block.after(start) for block in self._blocks.get(writer, [])]
        blocks = [block for block in kept if block is not None]
        if sum(len(piece.batch) for piece in loose) >= _BLOCK or len(loose) >= _FRAMES:
            blocks.append(held(loose, arrange=True))
            loose = []
        self._blocks[writer], self._loose[writer] = blocks, loose
        return blocks + [held([piece]) for piece in loose]


_tails: dict[Path, Tail] = {}
_making = threading.Lock()


def tail() -> Tail:
    """The tail of this process."""
    place = log_folder()
    with _making:
        found = _tails.get(place)
        if found is None:
            found = _tails[place] = Tail(place)
        return found


def sealed() -> dict[str, Position]:
    """How far the keeper has sealed."""
    return offsets(KEEPER)
