"""入库端口: what accepting needs of the observation store, as one small interface."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from quancheng.capabilities.ingest.sorting import Row, Value
from quancheng.capabilities.observations.values import Batch, Observation


class Store(Protocol):
    """The store as the acceptor sees it. Each method returns when the rows are on disk, or raises."""

    async def append(self, rows: Sequence[Row], received_at: int) -> None:
        """Write new rows."""

    def append_unique(self, rows: Sequence[Row], received_at: int) -> tuple[int, int, int]:
        """Write rows that may be known: how many were new, changed, known. Blocks; called in a thread."""

    def latest(self, streams: Iterable[int]) -> dict[int, tuple[int, Value]]:
        """The last (time, value) of each stream that has one. Blocks; called in a thread."""


class ObservationStore:
    """The city's observation store: the log of this machine, or the brokers of a cluster.

    In a cluster rows are compared with what is known where they are stored, so copies and corrections count
    as stored here. ``latest`` asks the store of this machine, which may know nothing of a stream: then its
    rows are sent, and left out over there.
    """

    def __init__(self) -> None:
        from quancheng.capabilities.observations import actions

        self._cluster = actions.in_cluster()

    async def append(self, rows: Sequence[Row], received_at: int) -> None:
        from quancheng.capabilities.observations import actions, log

        batch = batch_of(rows, received_at)
        if self._cluster:
            await actions.accept_async(batch)
        else:  # the acceptor knows that these rows are new: nothing to compare, straight to the log
            await log.writer().append_async(batch)

    def append_unique(self, rows: Sequence[Row], received_at: int) -> tuple[int, int, int]:
        from quancheng.capabilities.observations import actions

        return actions.accept(batch_of(rows, received_at))

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
