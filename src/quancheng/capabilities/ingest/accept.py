"""接收: readings of devices become durable rows, once. What :func:`accept` returned is on disk.

One acceptor serves one event loop. Whatever waits is committed together: while one commit is on its way
to the disk the next group gathers. A row later than everything known of its stream is new by that alone;
anything else (a copy sent again, late data, a correction) goes through the store's own comparison in a
lane of its own, so that one device repeating its history does not hold up the others.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from quancheng.capabilities.ingest.keeping import ObservationStore, Store
from quancheng.capabilities.ingest.letterbox import LetterBox
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.limits import Limits, limits
from quancheng.capabilities.ingest.rates import Buckets, Percentiles
from quancheng.capabilities.ingest.sorting import NEVER, Horizon, Row, Value, sort_out, split
from quancheng.capabilities.ingest.values import DeviceRef, Outcome
from quancheng.core.telemetry.reading import Reading
from quancheng.kernel import clock
from quancheng.kernel.errors import QuanchengError, Unavailable

log = structlog.get_logger(__name__)
Done = Callable[[Outcome | None, BaseException | None], None]
_MICRO = 1_000_000


@dataclass(slots=True)
class _Item:
    """One message on its way: it is done when all its parts are."""

    rows: list[Row]
    received_at: int
    done: Done
    since: float
    refused: dict[str, int] = field(default_factory=dict)
    messages: int = 1
    parts: int = 1
    stored: int = 0
    changed: int = 0
    duplicate: int = 0
    fault: BaseException | None = None

    def part_done(self, fault: BaseException | None = None) -> bool:
        """One part is settled; True when it was the last."""
        self.fault = self.fault or fault
        self.parts -= 1
        return self.parts == 0


class Acceptor:
    """The way into the store for one event loop. Not thread-safe: call it from its loop."""

    def __init__(
        self, store: Store | None = None, bounds: Limits | None = None, box: LetterBox | None = None
    ) -> None:
        self.limits = bounds or limits()
        self._store = store or ObservationStore()
        self.box = box or LetterBox(self.limits.letters_per_flush)
        self._waiting: deque[_Item] = deque()
        self._doubtful: deque[tuple[_Item, list[Row]]] = deque()
        self._last: dict[int, tuple[int, Value]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-accept")
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="ingest-late")
        self._working = self._slow_working = False
        self._next_commit = 0.0
        self._on_room: list[Callable[[], None]] = []
        self.buckets = Buckets()
        self.seconds = Percentiles()
        self.queued = self.rows = self.messages = self.commits = self.duplicates = self.late = (
            self.failures
        ) = 0
        self.horizon = Horizon(10 * 60 * _MICRO, 400 * 86400 * _MICRO)

    # -- coming in ----------------------------------------------------------------------------
    @property
    def full(self) -> bool:
        """Too much waits for the disk: read no more lines until :meth:`when_room` calls."""
        return self.queued >= self.limits.queue_rows

    def when_room(self, call: Callable[[], None]) -> None:
        """Call once when there is room again."""
        self._on_room.append(call)

    def debt(self, device: DeviceRef, readings: int) -> float:
        """Count readings against the device's rate; seconds for which nothing more of it should be read."""
        rate = device.rate or self.limits.rate
        burst = rate * self.limits.burst_seconds
        return self.buckets.take(device.id, readings, rate, burst, time.monotonic())

    def submit(
        self,
        device: DeviceRef,
        readings: Sequence[Reading],
        received_at: int,
        raw: bytes,
        done: Done,
        source: str = "",
    ) -> None:
        """Take a message; ``done(outcome, fault)`` is called in the loop, later, when it is durable."""
        found = sort_out(device, readings, received_at, self.horizon)
        item = _Item(found.rows, received_at, done, time.perf_counter())
        self.messages += 1
        if found.refused:
            item.refused = dict(found.refused)
            item.parts += len(found.refused)
            for reason in found.refused:
                self._keep_letter(item, device, source, reason, found.examples[reason], raw)
        self.queued += len(found.rows)
        if not found.rows:
            self._settle(item)
            return
        self._wait(item)

    def submit_rows(self, rows: list[Row], messages: int, received_at: int, done: Done) -> None:
        """Take several messages of one device of which nothing is refused (:func:`sorting.add_plain`) as one:
        ``done`` is called when all of them are durable."""
        self.messages += messages
        self.queued += len(rows)
        self._wait(_Item(rows, received_at, done, time.perf_counter(), messages=messages))

    def _wait(self, item: _Item) -> None:
        self._waiting.append(item)
        if not self._working:
            self._working = True
            asyncio.get_running_loop().create_task(self._work())

    def refuse(
        self,
        device: DeviceRef | None,
        code: str,
        source: str,
        reason: str,
        detail: str,
        raw: bytes,
        done: Done,
    ) -> None:
        """A message nobody could read: a dead letter; ``done`` is called when it is durable."""
        item = _Item([], 0, done, time.perf_counter(), refused={reason: 1})
        self._keep_letter(item, device, source, reason, detail, raw, code=code)

    def _keep_letter(
        self,
        item: _Item,
        device: DeviceRef | None,
        source: str,
        reason: str,
        detail: str,
        raw: bytes,
        code: str = "",
    ) -> None:
        letter = Letter(
            device.id if device else 0, device.code if device else code, source or (device.protocol if device else ""),
            reason, detail, bytes(raw), clock.now(),
        )  # fmt: skip
        self.box.put(letter, lambda fault: self._settle(item, fault))

    # -- committing ---------------------------------------------------------------------------
    async def _work(self) -> None:
        try:
            while self._waiting:
                pause = self._next_commit - time.monotonic()
                if pause > 0.0 and self.queued < self.limits.group_rows:
                    await asyncio.sleep(pause)
                self._next_commit = time.monotonic() + self.limits.gather_seconds
                group = self._group()
                try:
                    await self._commit(group)
                except Exception as failure:
                    self._failed(group, failure)
        finally:
            self._working = False

    def _group(self) -> list[_Item]:
        group: list[_Item] = []
        rows = 0
        while self._waiting and (not group or rows + len(self._waiting[0].rows) <= self.limits.group_rows):
            item = self._waiting.popleft()
            rows += len(item.rows)
            group.append(item)
        return group

    async def _commit(self, group: list[_Item]) -> None:
        await self._know(group)
        overlay: dict[int, tuple[int, Value]] = {}
        fresh: list[Row] = []
        for item in group:
            found = split(item.rows, self._last, overlay)
            item.stored, item.duplicate = len(found.fresh), found.known
            fresh += found.fresh
            if found.doubtful:
                item.parts += 1
                self._doubtful.append((item, found.doubtful))
        if fresh:
            await self._store.append(fresh, group[-1].received_at)
            self.commits += 1
        self._last.update(overlay)
        self._free(sum(len(item.rows) for item in group))
        for item in group:
            self._settle(item)
        if self._doubtful and not self._slow_working:
            self._slow_working = True
            asyncio.get_running_loop().create_task(self._compare())

    async def _know(self, group: Sequence[_Item]) -> None:
        """Learn the last reading of streams this process has not seen yet."""
        last = self._last
        strangers = {row[0] for item in group for row in item.rows if row[0] not in last}
        if not strangers:
            return
        if len(last) + len(strangers) > self.limits.remembered_streams:
            last.clear()
            strangers = {row[0] for item in group for row in item.rows}
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, self._store.latest, strangers)
        for stream in strangers:
            last[stream] = found.get(stream, (NEVER, None))

    async def _compare(self) -> None:
        """The lane of doubtful rows: compared with the store, a group at a time."""
        loop = asyncio.get_running_loop()
        try:
            while self._doubtful:
                group = list(self._doubtful)
                self._doubtful.clear()
                for item, rows in group:
                    await self._compare_one(loop, item, rows)
        finally:
            self._slow_working = False

    async def _compare_one(self, loop: asyncio.AbstractEventLoop, item: _Item, rows: list[Row]) -> None:
        fault: BaseException | None = None
        try:
            new, changed, known = await loop.run_in_executor(
                self._slow, self._store.append_unique, rows, item.received_at
            )
            item.stored += new
            item.changed += changed
            item.duplicate += known
            self.late += new + changed
        except Exception as failure:
            self.failures += 1
            log.error("ingest.late.failed", reason=repr(failure)[:300])
            fault = failure
        self._settle(item, fault)

    def _failed(self, group: Sequence[_Item], failure: Exception) -> None:
        """Nothing of the group is acknowledged; what we believed of its streams is asked anew."""
        self.failures += 1
        log.error("ingest.commit.failed", messages=len(group), reason=repr(failure)[:300])
        for item in group:
            for row in item.rows:
                self._last.pop(row[0], None)
        mine = {id(item) for item in group}
        kept = [(item, rows) for item, rows in self._doubtful if id(item) not in mine]
        dropped = [item for item, _ in self._doubtful if id(item) in mine]
        self._doubtful = deque(kept)
        self._free(sum(len(item.rows) for item in group))
        for item in [*dropped, *group]:
            self._settle(item, failure)

    def _free(self, rows: int) -> None:
        self.queued -= rows
        if not self.full and self._on_room:
            waiting, self._on_room = self._on_room, []
            for call in waiting:
                call()

    def _settle(self, item: _Item, fault: BaseException | None = None) -> None:
        if not item.part_done(fault):
            return
        self.seconds.add(time.perf_counter() - item.since)
        if item.fault is not None:
            item.done(None, item.fault)
            return
        self.rows += item.stored
        self.duplicates += item.duplicate
        item.done(Outcome(item.stored, item.changed, item.duplicate, item.refused), None)

    def forget(self, streams: Sequence[int]) -> None:
        """What was believed of these streams may be wrong (others wrote them)."""
        for stream in streams:
            self._last.pop(stream, None)

    async def idle(self) -> None:
        """Return when nothing waits any more (for a graceful end)."""
        while self._working or self._slow_working or self.box.busy:
            await asyncio.sleep(0.01)

    def close(self) -> None:
        """No more work; threads end."""
        self._thread.shutdown(wait=True)
        self._slow.shutdown(wait=True)
        self.box.close()


_acceptors: dict[int, tuple[asyncio.AbstractEventLoop, Acceptor]] = {}


def acceptor() -> Acceptor:
    """The acceptor of the running event loop, made on first use with the city's parameters."""
    loop = asyncio.get_running_loop()
    held = _acceptors.get(id(loop))
    if held is not None and held[0] is loop:
        return held[1]
    made = Acceptor()
    made.horizon = horizon()
    _acceptors[id(loop)] = (loop, made)
    return made


def horizon() -> Horizon:
    """Which times are believed, by today's parameters."""
    from quancheng.kernel import rulebook

    ahead = rulebook.find("ingest.ahead_minutes").integer()
    oldest = rulebook.find("ingest.oldest_days").integer()
    return Horizon(ahead * 60 * _MICRO, oldest * 86400 * _MICRO)


async def accept(
    device: DeviceRef, readings: Sequence[Reading], received_at: int, raw: bytes = b""
) -> Outcome:
    """Make readings durable; waits for room and for the device's rate. For listeners of any protocol.

    ``received_at``: µs since 1970 UTC. ``raw``: the message, kept with a dead letter when a reading is refused.
    Raises Unavailable (or the store's own error) when nothing could be written: then do not acknowledge.
    """
    chosen = acceptor()
    loop = asyncio.get_running_loop()
    if wait := chosen.debt(device, len(readings)):
        await asyncio.sleep(min(wait, 60.0))
    while chosen.full:
        room = loop.create_future()
        chosen.when_room(lambda room=room: room.done() or room.set_result(None))  # type: ignore[misc]
        await room
    future: asyncio.Future[Outcome] = loop.create_future()

    def done(outcome: Outcome | None, fault: BaseException | None) -> None:
        if future.done():
            return
        if fault is None and outcome is not None:
            future.set_result(outcome)
        else:
            future.set_exception(fault if isinstance(fault, QuanchengError) else Unavailable())

    chosen.submit(device, readings, received_at, raw, done)
    return await future


async def refuse(
    device: DeviceRef | None, code: str, source: str, reason: str, detail: str, raw: bytes
) -> None:
    """Keep a dead letter for a message nobody could read; durable when it returns."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(outcome: Outcome | None, fault: BaseException | None) -> None:
        if not future.done():
            future.set_result(None)

    acceptor().refuse(device, code, source, reason, detail, raw, done)
    await future
