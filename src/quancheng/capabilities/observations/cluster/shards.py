"""分片消费: from the brokers to the log of this machine, each shard in its order.

A message is acknowledged after fdatasync of its rows. While the log refuses (full disk, busy database)
the messages are kept and tried again, so the order of a shard stays. Of two processes only one should
take a shard; a message delivered to both would still be one observation, except in the same instant.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError, close_old_connections

from quancheng.capabilities.observations import cluster, frames
from quancheng.capabilities.observations.appending import append
from quancheng.capabilities.observations.config import ClusterLimits, cluster_limits, folder
from quancheng.capabilities.observations.values import Batch
from quancheng.kernel.errors import QuanchengError

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

log = structlog.get_logger(__name__)
_THREADS = 4
_FETCH_SECONDS = 1.0
_AGAIN_SECONDS = 1.0


class _Over:
    """True once told to stop, or once one shard lost its connection.

    The others are cancelled then, but ``asyncio.wait_for`` of Python 3.11 can swallow a cancellation that
    meets an answer: a shard that went on alone would keep the others from ever being taken again.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.lost = False

    def __bool__(self) -> bool:
        return self.lost or self._stop.is_set()


class Shards:
    """Takes the messages of some shards into the log until told to stop."""

    def __init__(self, limits: ClusterLimits | None = None) -> None:
        self._limits = limits or cluster_limits()
        self.rows = 0
        """Rows taken from messages, repeated ones too."""

    def run(self, stop: threading.Event) -> None:
        """Until ``stop``; a broker that is away is waited for."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor(_THREADS, "observations-shards") as pool:
            while not stop.is_set():
                try:
                    await self._connected(stop, pool)
                except (OSError, TimeoutError, _nats_error()) as error:
                    log.warning("observations.cluster.away", reason=repr(error)[:200])
                    await asyncio.sleep(_AGAIN_SECONDS)

    async def _connected(self, stop: threading.Event, pool: ThreadPoolExecutor) -> None:
        client, stream = await cluster.connect(self._limits, "observations-shards")
        over = _Over(stop)
        try:
            async with asyncio.TaskGroup() as tasks:
                for shard in self._limits.mine:
                    tasks.create_task(self._take(shard, stream, over, pool))
        except* Exception as group:
            raise OSError(repr(group.exceptions[0])) from group
        finally:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._limits.answer_seconds):
                    await client.close()

    async def _take(
        self, shard: int, stream: JetStreamContext, over: _Over, pool: ThreadPoolExecutor
    ) -> None:
        try:
            await self._take_until(shard, stream, over, pool)
        except Exception:
            over.lost = True
            raise

    async def _take_until(
        self, shard: int, stream: JetStreamContext, over: _Over, pool: ThreadPoolExecutor
    ) -> None:
        from nats.errors import TimeoutError as NatsTimeout
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        config = ConsumerConfig(
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._limits.ack_seconds,
            deliver_policy=DeliverPolicy.ALL,
            max_deliver=-1,
            max_ack_pending=self._limits.fetch_messages,  # the next only after these: keeps the order
        )
        pull = await stream.pull_subscribe(
            f"{cluster.PREFIX}{shard}", durable=f"shard-{shard}", stream=cluster.STREAM, config=config
        )
        while not over:
            try:
                messages = await pull.fetch(self._limits.fetch_messages, timeout=_FETCH_SECONDS)
            except (NatsTimeout, TimeoutError):
                continue
            await self._keep(shard, messages, over, pool)

    async def _keep(self, shard: int, messages: Sequence[Msg], over: _Over, pool: ThreadPoolExecutor) -> None:
        """Make messages durable, then acknowledge them."""
        good: list[Msg] = []
        batches: list[Batch] = []
        for message in messages:
            batch = _read(shard, message)
            if batch is None:
                await message.term()
                continue
            good.append(message)
            batches.append(batch)
        if not good:
            return
        whole = Batch.join(batches)
        while not await asyncio.get_running_loop().run_in_executor(pool, _append, whole):
            if over:
                return  # not acknowledged: they come again
            for message in good:
                await message.in_progress()
            await asyncio.sleep(_AGAIN_SECONDS)
        self.rows += len(whole)
        for message in good:
            await message.ack()


def _append(batch: Batch) -> bool:
    """True when the rows are durable."""
    try:
        close_old_connections()
        append(batch, unique=True)
    except (QuanchengError, DatabaseError, OSError):
        log.exception("observations.cluster.waits", rows=len(batch))
        return False
    return True


def _read(shard: int, message: Msg) -> Batch | None:
    """The rows of a message; a bad one is set aside, loudly."""
    try:
        return frames.decode(memoryview(message.data)).batch
    except (frames.Torn, frames.Broken):
        place = folder() / "quarantine"
        place.mkdir(parents=True, exist_ok=True)
        kept = place / f"cluster-{shard}-{message.metadata.sequence.stream}.bin"
        kept.write_bytes(message.data)
        log.error("observations.cluster.damaged", shard=shard, bytes=len(message.data), kept=kept.name)
        return None


def _nats_error() -> type[Exception]:
    from nats.errors import Error

    return Error


def run_forever(stop: threading.Event) -> None:
    """The loop of the component ``observations.keeper`` that takes this machine's shards."""
    Shards().run(stop)
