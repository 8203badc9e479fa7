"""集群入口: a gateway's side; ``accept`` returns when a majority of the brokers has the rows on disk.

Each shard has a lane with one message in flight: what comes meanwhile shares the next message, and rows
of one stream keep their order. A message is sent again under the same id until it is acknowledged,
whatever happens to the leader; the brokers drop what they have.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import uuid
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from quancheng.capabilities.observations import cluster, frames
from quancheng.capabilities.observations.config import ClusterLimits, cluster_limits
from quancheng.capabilities.observations.faults import ClusterDown
from quancheng.capabilities.observations.values import Batch

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

log = structlog.get_logger(__name__)
_AGAIN_SECONDS = 0.1


@dataclass(slots=True, eq=False)
class _Waiting:
    """Rows of one caller for one shard."""

    batch: Batch
    done: asyncio.Future[None]


class Entrance:
    """Publishes batches; belongs to one event loop."""

    def __init__(self, limits: ClusterLimits | None = None, name: str = "observations-entrance") -> None:
        self._limits = limits or cluster_limits()
        self._name = name
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None
        self._connecting = asyncio.Lock()
        self._lanes: dict[int, deque[_Waiting]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self.messages = self.again = 0
        """Messages acknowledged; sendings that had to be repeated."""

    async def accept(self, batch: Batch) -> None:
        """Hand rows over durably. Raises ClusterDown: then some rows may be there and some not; send all again.

        Rows get their ids where they are stored; the same (stream, time) sent again is one observation.
        """
        if not len(batch):
            return
        waits = []
        for shard, part in cluster.divide(batch, self._limits.shards):
            for first in range(0, len(part), self._limits.message_rows):
                piece = (
                    part
                    if len(part) <= self._limits.message_rows
                    else part.take(
                        slice(first, first + self._limits.message_rows)  # type: ignore[arg-type]
                    )
                )
                waits.append(self._queue(shard, piece))
        answers = await asyncio.gather(*waits, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def close(self) -> None:
        """Leave; what waits is told that it was not taken."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        if self._client is not None:
            with suppress(OSError, TimeoutError):
                await self._client.close()
        self._client = self._stream = None

    # -- lanes --------------------------------------------------------------------------------
    def _queue(self, shard: int, batch: Batch) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lanes.setdefault(shard, deque()).append(_Waiting(batch, done))
        if shard not in self._running:
            self._running[shard] = asyncio.create_task(self._run(shard))
        return done

    async def _run(self, shard: int) -> None:
        """Send what waits in a lane until nothing does."""
        lane = self._lanes[shard]
        group: list[_Waiting] = []
        try:
            while lane:
                if sum(len(one.batch) for one in lane) < self._limits.message_few:
                    await asyncio.sleep(self._limits.linger_seconds)
                group = self._next_group(lane)
                error = await self._send(shard, Batch.join([one.batch for one in group]))
                _tell(group, error)
                group = []
        finally:
            del self._running[shard]
            _tell([*group, *lane], ClusterDown())  # only when we were cancelled
            lane.clear()

    def _next_group(self, lane: deque[_Waiting]) -> list[_Waiting]:
        group = [lane.popleft()]
        rows = len(group[0].batch)
        while lane and rows + len(lane[0].batch) <= self._limits.message_rows:
            group.append(lane.popleft())
            rows += len(group[-1].batch)
        return group

    async def _send(self, shard: int, batch: Batch) -> Exception | None:
        """Publish one message until it is acknowledged; the error when nobody may be told so."""
        from nats.errors import Error as NatsError

        data = bytes(frames.encode(batch))
        headers = {"Nats-Msg-Id": uuid.uuid4().hex}
        until = time.monotonic() + self._limits.patience_seconds
        while True:
            try:
                stream = await self._connected()
                await stream.publish(
                    f"{cluster.PREFIX}{shard}", data,
                    timeout=self._limits.answer_seconds, stream=cluster.STREAM, headers=headers,
                )  # fmt: skip
            except (NatsError, OSError, TimeoutError) as error:
                self.again += 1
                if time.monotonic() >= until:
                    log.error("observations.cluster.refused", shard=shard, reason=repr(error)[:200])
                    return ClusterDown()
                await asyncio.sleep(_AGAIN_SECONDS)
            except Exception as error:
                log.exception("observations.cluster.failed", shard=shard)
                return error
            else:
                self.messages += 1
                return None

    async def _connected(self) -> JetStreamContext:
        async with self._connecting:
            if self._stream is None or self._client is None or self._client.is_closed:
                self._client, self._stream = await cluster.connect(self._limits, self._name)
            return self._stream


def _tell(group: list[_Waiting], error: Exception | None) -> None:
    for one in group:
        if not one.done.done():
            if error is None:
                one.done.set_result(None)
            else:
                one.done.set_exception(error)


_entrances: dict[asyncio.AbstractEventLoop, Entrance] = {}


def entrance() -> Entrance:
    """The entrance of the running loop, made when first asked for."""
    loop = asyncio.get_running_loop()
    for old in [one for one in _entrances if one.is_closed()]:
        del _entrances[old]
    found = _entrances.get(loop)
    if found is None:
        found = _entrances[loop] = Entrance()
    return found


_own: dict[int, asyncio.AbstractEventLoop] = {}
"""By process: the loop of the thread that sends for callers without a loop."""
_starting = threading.Lock()


def accept_blocking(batch: Batch) -> None:
    """:meth:`Entrance.accept` for threads without an event loop (uploads by HTTP). Raises ClusterDown."""

    async def accept() -> None:
        await entrance().accept(batch)

    asyncio.run_coroutine_threadsafe(accept(), _own_loop()).result()


def _own_loop() -> asyncio.AbstractEventLoop:
    with _starting:
        found = _own.get(os.getpid())  # a thread does not survive a fork
        if found is None:
            found = _own[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=found.run_forever, name="observations-entrance", daemon=True).start()
        return found


def leave() -> None:
    """End the connection and the thread of :func:`accept_blocking`; the next call makes new ones."""
    with _starting:
        loop = _own.pop(os.getpid(), None)
    if loop is None:
        return

    async def close() -> None:
        if (mine := _entrances.pop(loop, None)) is not None:
            await mine.close()

    asyncio.run_coroutine_threadsafe(close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
