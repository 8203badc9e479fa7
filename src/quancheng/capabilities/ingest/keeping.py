"""入库端口: what accepting needs of the observation store, as one small interface."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from quancheng.capabilities.ingest.sorting import Row, Value
from quancheng.capabilities.observations.values import Batch, Kind, Observation


class Store(Protocol):
    """The store as the acceptor sees it. Each method returns when the rows are on disk, or raises."""

    async def append(self, rows: Sequence[Row], received_at: int) -> None:
        """Write new rows."""

    def append_unique(self, rows: Sequence[Row], received_at: int) -> tuple[int, int, int]:
        """Write rows that may be known: how many were new, changed, known. Blocks; called in a thread."""

    def latest(self, streams: Iterable[int]) -> dict[int, tuple[int, Value]]:
        """The last (time, value) of each stream that has one. Blocks; called in a thread."""


class ObservationStore:
    """The city's observation store."""

    async def append(self, rows: Sequence[Row], received_at: int) -> None:
        from quancheng.capabilities.observations import log

        await log.writer().append_async(batch_of(rows, received_at))

    def append_unique(self, rows: Sequence[Row], received_at: int) -> tuple[int, int, int]:
        from quancheng.capabilities.observations import actions

        kept = actions.append(batch_of(rows, received_at), unique=True)
        changed = int((kept.kind == Kind.CHANGED).sum()) if len(kept) else 0
        return len(kept) - changed, changed, len(rows) - len(kept)

    def latest(self, streams: Iterable[int]) -> dict[int, tuple[int, Value]]:
        from quancheng.capabilities.observations import queries

        found: dict[int, Any] = queries.latest(list(streams))
        return {stream: (one.time, one.result) for stream, one in found.items()}


def batch_of(rows: Sequence[Row], received_at: int) -> Batch:
    """Columns for the store: numbers quickly, anything else row by row."""
    if all(type(row[2]) is float for row in rows):
        streams, times, values, marks = zip(*rows, strict=True)
        batch = Batch.numbers(streams, times, values, marks)
        batch.result_time[:] = received_at
        return batch
    return Batch.of(
        Observation(id=0, stream=stream, time=time, result_time=received_at, result=value, quality=mark)
        for stream, time, value, mark in rows
    )
