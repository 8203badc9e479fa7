"""写观测: append, change, delete; each is durable when it returns.

These are not ``@action``: a million devices append 16,700 observations a second, and an audit entry for
each would be larger than the observation. Whoever may append is decided at the edge (a device's
credentials, an editor's right), and what came in is in the log itself. What people do to the store
(deleting streams, holds, retention) is an action in ``actions``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from asgiref.sync import sync_to_async

from quancheng.capabilities.observations import queries, uniqueness
from quancheng.capabilities.observations.config import cluster_limits
from quancheng.capabilities.observations.log import writer
from quancheng.capabilities.observations.values import Batch, Kind, Observation
from quancheng.core.text import Text
from quancheng.kernel.errors import NotFound


def append(batch: Batch, *, unique: bool = False) -> Batch:
    """Append durably and return the rows with ids. Raises LogFull, LogDamaged, TooLarge.

    ``unique``: a row whose (stream, time) is known with the same result is left out; with another
    result it becomes a change of the known one.
    """
    if not unique:
        return writer().append(batch)
    with uniqueness.sifted(batch) as fresh:
        return writer().append(fresh)


async def append_async(batch: Batch, *, unique: bool = False) -> Batch:
    """The same for asyncio; looking up what may be known happens in a thread."""
    if not unique:
        return await writer().append_async(batch)
    sifting = uniqueness.Sifting(batch)
    try:
        fresh = await sync_to_async(sifting.enter, thread_sensitive=False)()
        return await writer().append_async(fresh)
    finally:
        sifting.leave()


def in_cluster() -> bool:
    """True when observations go to the brokers of a cluster instead of the log of this machine."""
    return bool(cluster_limits().url)


async def accept_async(batch: Batch) -> None:
    """What gateways call: durable when it returns, here or, in a cluster, at a majority of its brokers.

    The same (stream, time) sent again is one observation. Raises LogFull, LogDamaged, ClusterDown.
    """
    if in_cluster():
        from quancheng.capabilities.observations.cluster.entrance import entrance

        await entrance().accept(batch)
    else:
        await append_async(batch, unique=True)


def accept(batch: Batch) -> tuple[int, int, int]:
    """The same for threads: how many rows were new, changed, known already.

    In a cluster that is found out where the rows are stored: all count as new. Not to be called in a
    thread that runs an event loop.
    """
    if in_cluster():
        from quancheng.capabilities.observations.cluster.entrance import accept_blocking

        accept_blocking(batch)
        return len(batch), 0, 0
    kept = append(batch, unique=True)
    changed = int((kept.kind == Kind.CHANGED).sum()) if len(kept) else 0
    return len(kept) - changed, changed, len(batch) - len(kept)


def change(observation: Observation) -> Observation:
    """Replace an observation under its id. Raises NotFound, InvalidInput, LogFull."""
    known = queries.by_ids([observation.id])
    if not known:
        raise NotFound(Text("没有这条观测。", "There is no such observation."))
    writer().append(changes([(known[0], observation)]))
    return observation


def changes(pairs: Sequence[tuple[Observation, Observation]]) -> Batch:
    """Rows that replace old observations by new ones under the same ids.

    One that moves to another stream is also deleted where it was, so that both streams are known to
    be touched; the later of two revisions counts.
    """
    moved = [old for old, new in pairs if old.stream != new.stream]
    batch = Batch.of([*moved, *(new for _, new in pairs)])
    batch.kind[:] = Kind.CHANGED
    batch.kind[: len(moved)] = Kind.DELETED
    if moved:
        batch.rev[: len(moved)] = writer().ids.revision()
    batch.rev[len(moved) :] = writer().ids.revision()
    return batch


def delete(ids: Iterable[int]) -> int:
    """Delete observations; those that are not there are ignored. Returns how many were."""
    rows = queries.by_ids(sorted(set(ids)))
    if not rows:
        return 0
    batch = Batch.of([replace(row, result=None, extra={}) for row in rows])
    batch.kind[:] = Kind.DELETED
    batch.rev[:] = writer().ids.revision()
    writer().append(batch)
    return len(rows)


def delete_streams(streams: Collection[int]) -> int:
    """All observations of some streams, as the platform: for the module that owns the streams and has
    asked for the right itself. Returns how many streams."""
    from quancheng.capabilities.observations.actions import drop_streams
    from quancheng.kernel.actions import Call

    return drop_streams(Call.system("observations"), streams=streams)
