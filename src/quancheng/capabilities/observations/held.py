"""日志尾的块: rows of the log in memory, arranged so that few streams are found without looking at all.

At a million devices a minute's tail is a million rows in hundreds of frames. Frames of a writer are
gathered into blocks sorted by stream; the rows of a stream are then a slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quancheng.capabilities.observations.log_files import Position
from quancheng.capabilities.observations.log_reader import Piece
from quancheng.capabilities.observations.values import Batch, Ints

_FEW = 20_000
"""More streams than this are looked for row by row."""


@dataclass(slots=True)
class Held:
    """Rows of consecutive frames of one writer."""

    writer: str
    start: Position
    end: Position
    batch: Batch
    edited: bool
    """True when some rows change or delete others."""
    ends: tuple[tuple[Position, int], ...]
    """End of each frame, and how many rows there are up to it."""
    arrival: Ints | None = None
    """Place of each row in the log, when the rows are sorted by stream."""

    def after(self, start: Position) -> Held | None:
        """Without the frames that end at or before a position; None when nothing is left."""
        if self.end <= start:
            return None
        cut = max((rows for end, rows in self.ends if end <= start), default=0)
        if not cut:
            return self
        arrival = np.arange(len(self.batch)) if self.arrival is None else self.arrival
        keep = arrival >= cut
        return Held(
            self.writer,
            start,
            self.end,
            self.batch.take(keep),
            self.edited,
            tuple((end, rows - cut) for end, rows in self.ends if rows > cut),
            None if self.arrival is None else self.arrival[keep] - cut,
        )

    def rows(self, where: Mapping[str, Any], dropped: Ints) -> Batch:
        """The rows that meet the conditions."""
        batch = self.batch
        streams = where.get("stream")
        if self.arrival is not None and streams is not None and len(streams) <= _FEW:
            batch = batch.take(_slices(batch.stream, np.asarray(streams, np.int64)))
            where = {name: wanted for name, wanted in where.items() if name != "stream"}
        if not len(batch):
            return batch
        keep = chosen(batch, where, dropped)
        return batch if keep.all() else batch.take(keep)


def held(pieces: Sequence[Piece], *, arrange: bool = False) -> Held:
    """Consecutive frames of one writer as one; sorted by stream (then log) when ``arrange``."""
    batch = Batch.join([piece.batch for piece in pieces])
    counts = np.cumsum([len(piece.batch) for piece in pieces]).tolist()
    arrival = None
    if arrange:
        arrival = np.argsort(batch.stream, kind="stable")
        batch = batch.take(arrival)
    return Held(
        pieces[0].writer,
        pieces[0].start,
        pieces[-1].end,
        batch,
        bool(batch.kind.any()),
        tuple(zip((piece.end for piece in pieces), counts, strict=True)),
        arrival,
    )


def chosen(batch: Batch, where: Mapping[str, Any], dropped: Ints) -> Any:
    """Mask of the rows that meet the conditions."""
    keep = np.ones(len(batch), bool)
    for name in ("stream", "id"):
        if name in where:
            keep &= _among(getattr(batch, name), where[name])
    low, before = where.get("time", (None, None))
    if low is not None:
        keep &= batch.time >= low
    if before is not None:
        keep &= batch.time < before
    if len(dropped):
        keep &= ~np.isin(batch.stream, dropped)
    return keep


def _among(column: Ints, wanted: Sequence[int] | Ints) -> Any:
    """Mask of the values that are among ``wanted``, which is sorted."""
    if not len(wanted):
        return np.zeros(len(column), bool)
    ordered = np.asarray(wanted, np.int64)
    places = np.searchsorted(ordered, column)
    return ordered[np.minimum(places, len(ordered) - 1)] == column


def _slices(ordered: Ints, wanted: Ints) -> Ints:
    """Places of all rows of some streams in a column sorted by stream."""
    low = np.searchsorted(ordered, wanted, "left")
    high = np.searchsorted(ordered, wanted, "right")
    parts = [np.arange(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True) if b > a]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
