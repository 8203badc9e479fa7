"""离散事件仿真: processes on one heap, ordered by time, priority and sequence.

A process is a generator: it yields how long it sleeps (``timedelta`` or seconds) or until when
(``datetime``). Everything it calls sees the virtual time through ``kernel.clock``::

    def rain(sim: Simulation) -> Iterator[Delay]:
        random = sim.rng("water.rain")
        while True:
            things.observe(level=random.gamma(2.0))
            yield timedelta(minutes=1)

    sim = Simulation(seed=7, start=storm_begins, speed=60)
    sim.process("water.rain", rain(sim))
    sim.run_until(storm_begins + timedelta(hours=3))

The same seed and processes give the same trace: times and order never depend on the wall clock,
and each name has random numbers of its own, so that a new process does not disturb the others.
"""

from __future__ import annotations

import hashlib
import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from quancheng.kernel import clock

Delay = timedelta | datetime | float | int
Process = Iterator[Delay]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: when and which process, in which order (步)."""

    number: int
    at: datetime
    name: str


@dataclass(slots=True)
class Handle:
    """A scheduled process or call; ``cancel()`` takes it off (句柄)."""

    name: str
    priority: int
    done: bool = False
    cancelled: bool = False
    steps: int = 0

    def cancel(self) -> None:
        """Do not run it any more; it stays where it is."""
        self.cancelled = True


@dataclass(order=True, slots=True)
class _Entry:
    at: datetime
    priority: int
    sequence: int
    handle: Handle = field(compare=False)
    run: Callable[[], Delay | None] = field(compare=False)


class Simulation:
    """A city on its own time (仿真).

    ``speed`` paces it against the wall clock: None runs as fast as possible, 60 lets an hour
    pass in a minute. ``sleep`` and ``monotonic`` are injected in tests.
    """

    def __init__(
        self,
        seed: int,
        start: datetime,
        speed: float | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if speed is not None and speed <= 0:
            raise ValueError("speed 应大于 0。 The speed must be above 0; None is unpaced.")
        self.seed = seed
        self.start = start
        self.speed = speed
        self.steps = 0
        self._clock = clock.VirtualClock(start.astimezone(UTC))
        self._heap: list[_Entry] = []
        self._sequence = 0
        self._random: dict[str, np.random.Generator] = {}
        self._observers: list[Callable[[Step], None]] = []
        self._sleep, self._monotonic = sleep, monotonic
        self._lag = 0.0
        self._stopping = False

    # -- asking ---------------------------------------------------------------------------
    @property
    def now(self) -> datetime:
        """The virtual time, in UTC."""
        return self._clock.now()

    @property
    def pending(self) -> int:
        """How many things are scheduled."""
        return sum(not entry.handle.cancelled for entry in self._heap)

    @property
    def lag(self) -> float:
        """Wall seconds the paced run is behind; 0 when it keeps up."""
        return self._lag

    def rng(self, name: str) -> np.random.Generator:
        """Random numbers of this name alone, the same for the same seed."""
        if name not in self._random:
            digest = hashlib.sha256(name.encode()).digest()
            words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]
            sequence = np.random.SeedSequence(entropy=[abs(self.seed), int(self.seed < 0), *words])
            self._random[name] = np.random.Generator(np.random.PCG64(sequence))
        return self._random[name]

    # -- scheduling -----------------------------------------------------------------------
    def process(self, name: str, process: Process, *, after: Delay = 0, priority: int = 0) -> Handle:
        """Start a generator ``after`` some time; lower priority numbers go first."""
        handle = Handle(name, priority)

        def advance() -> Delay | None:
            return next(process, None)

        self._push(self._moment(after), handle, advance)
        return handle

    def call(self, name: str, function: Callable[[], Any], *, after: Delay = 0, priority: int = 0) -> Handle:
        """Call a function once."""
        handle = Handle(name, priority)

        def once() -> None:
            function()

        self._push(self._moment(after), handle, once)
        return handle

    def every(
        self,
        name: str,
        period: timedelta,
        function: Callable[[], Any],
        *,
        after: Delay = 0,
        priority: int = 0,
    ) -> Handle:
        """Call a function again and again."""
        if period <= timedelta(0):
            raise ValueError("周期应大于 0。 The period must be above 0.")

        def repeat() -> Process:
            while True:
                function()
                yield period

        return self.process(name, repeat(), after=after, priority=priority)

    def observe(self, observer: Callable[[Step], None]) -> None:
        """Be told of every step after it ran: traces, checkpoints, progress."""
        self._observers.append(observer)

    def checkpoint(
        self,
        period: timedelta,
        report: Callable[[dict[str, Any]], None],
        *,
        name: str = "checkpoint",
    ) -> Handle:
        """Report progress every so often, after everything else of that moment."""
        return self.every(name, period, lambda: report(self.progress()), priority=1_000_000)

    def progress(self) -> dict[str, Any]:
        """Where the run stands."""
        return {
            "seed": self.seed,
            "start": self.start.isoformat(),
            "now": self.now.isoformat(),
            "steps": self.steps,
            "pending": self.pending,
            "lag_seconds": round(self._lag, 3),
        }

    # -- running --------------------------------------------------------------------------
    def run_until(self, moment: datetime) -> int:
        """Run everything due up to and including ``moment``; returns the number of steps.

        An exception of a process ends the run at that virtual time and is raised to the caller,
        with the process named; the other processes stay scheduled.
        """
        before, self._stopping = self.steps, False
        wall, virtual = self._monotonic(), self.now
        with clock.running(self._clock):
            while self._heap and self._heap[0].at <= moment and not self._stopping:
                entry = heapq.heappop(self._heap)
                if entry.handle.cancelled:
                    continue
                self._pace(entry.at, wall, virtual)
                self._step(entry)
            if not self._stopping and moment > self.now:
                self._pace(moment, wall, virtual)
                self._clock.set(moment.astimezone(UTC))
        return self.steps - before

    def run_for(self, duration: timedelta) -> int:
        """Run for a length of virtual time."""
        return self.run_until(self.now + duration)

    def stop(self) -> None:
        """End ``run_until`` after the running step; it can be continued."""
        self._stopping = True

    def _step(self, entry: _Entry) -> None:
        self._clock.set(entry.at)
        handle = entry.handle
        try:
            delay = entry.run()
        except Exception as error:
            handle.done = True
            error.add_note(f"仿真 simulation: {handle.name} at {entry.at.isoformat()}")
            raise
        self.steps += 1
        handle.steps += 1
        if delay is None:
            handle.done = True
        else:
            self._push(self._moment(delay), handle, entry.run)
        if self._observers:
            step = Step(self.steps, entry.at, handle.name)
            for observer in self._observers:
                observer(step)

    def _push(self, at: datetime, handle: Handle, run: Callable[[], Delay | None]) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, _Entry(at, handle.priority, self._sequence, handle, run))

    def _moment(self, delay: Delay) -> datetime:
        if isinstance(delay, datetime):
            at = delay.astimezone(UTC)
        elif isinstance(delay, timedelta):
            at = self.now + delay
        else:
            at = self.now + timedelta(seconds=delay)
        if at < self.now:
            raise ValueError("不能安排在过去。 Nothing can be scheduled in the past.")
        return at

    def _pace(self, at: datetime, wall: float, virtual: datetime) -> None:
        if self.speed is None:
            return
        due = wall + (at - virtual).total_seconds() / self.speed
        wait = due - self._monotonic()
        self._lag = max(0.0, -wait)
        if wait > 0:
            self._sleep(wait)
