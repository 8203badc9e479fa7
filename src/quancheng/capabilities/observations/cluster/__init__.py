"""集群: observations of many gateways through a JetStream cluster of three to stores divided by stream.

    gateway → entrance → obs.<shard> (three copies, each synced) → shards → the log of this machine

Chosen by ``QUANCHENG_OBSERVATIONS_NATS_URL``; without it every gateway writes the log itself. A message
is one frame of :mod:`frames` with up to 1,000 rows. Acknowledged means: a majority of the servers has it
on disk (``sync_interval: always`` is the servers' own setting). A shard's consumer acknowledges a message
only when its rows are durable in the local log, so every row arrives at least once; the message id
and ``append(unique=True)`` make it exactly once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import structlog

from quancheng.capabilities.observations.config import ClusterLimits
from quancheng.capabilities.observations.values import Batch, Ints

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

log = structlog.get_logger(__name__)
STREAM = "QUANCHENG_OBSERVATIONS"
PREFIX = "obs."
_DUPLICATES_SECONDS = 120


def shards_of(streams: Ints, count: int) -> Ints:
    """The shard of each stream: finaliser of splitmix64 (Steele, Lea, Flood 2014) modulo ``count``.

    Neighbouring numbers go to different shards; the answer is the same on every machine.
    """
    mixed = streams.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    found: Ints = (mixed % np.uint64(count)).astype(np.int64)
    return found


def divide(batch: Batch, count: int) -> list[tuple[int, Batch]]:
    """The rows of a batch by shard, in their order."""
    shards = shards_of(batch.stream, count)
    present = np.unique(shards).tolist()
    if len(present) == 1:
        return [(present[0], batch)]
    return [(shard, batch.take(shards == shard)) for shard in present]


async def connect(limits: ClusterLimits, name: str) -> tuple[Client, JetStreamContext]:
    """A connection that comes back by itself, and the stream made if it is not there. Raises nats errors."""
    import nats

    async with asyncio.timeout(2 * limits.answer_seconds):  # the client itself would try for ever
        client = await nats.connect(
            limits.url.split(","),
            name=name,
            connect_timeout=2,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
            ping_interval=5,
            error_cb=_note,
        )
    try:
        stream = client.jetstream(timeout=limits.answer_seconds)
        await _ensure_stream(stream, limits)
    except BaseException:
        await client.close()
        raise
    return client, stream


async def _ensure_stream(stream: JetStreamContext, limits: ClusterLimits) -> None:
    """A work queue: what a shard has acknowledged goes; a full one refuses and forgets nothing."""
    from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
    from nats.js.errors import NotFoundError

    try:
        await stream.stream_info(STREAM)
    except NotFoundError:
        await stream.add_stream(
            StreamConfig(
                name=STREAM,
                subjects=[f"{PREFIX}*"],
                storage=StorageType.FILE,
                num_replicas=limits.replicas,
                retention=RetentionPolicy.WORK_QUEUE,
                discard=DiscardPolicy.NEW,
                max_bytes=limits.stream_bytes,
                duplicate_window=_DUPLICATES_SECONDS,
            )
        )


async def _note(error: Exception) -> None:
    log.info("observations.cluster.connection", reason=repr(error)[:200])
