"""状态机: one rule at one stream, one reading after another. Plain Python, no arrays.

**What an episode is.** Signals in time order run through a trigger: ``consecutive`` signals in a row
at or over the limit begin an episode (at the last of them); a signal past the clearing value ends it.
No signal (window too empty, first of a rate) changes nothing.

**Order of arrival.** A reading later than all of its stream moves the machine on by one signal. Any
other is put in its place among the ``memory`` newest readings and the machine *replays* them: it
starts as known at the first of them (inside a known episode or not, nothing in a row yet) and gives
the episodes of the data as they are now. Against the episodes known before:

* one that overlaps no known one is new: a firing at its own time, marked late, with its ending;
* one that overlaps a known one is the same episode: no second firing; its end may move, and an ended
  one may go on (it then ends once more, later);
* a known open one that is gone was taken back: it ends where it began;
* a known ended one stays, whatever became of its readings: somebody was told.

The same reading again changes nothing; another value at the same time replaces the first, a deleted
reading leaves, both with a replay. A reading older than everything in a full memory is *stale*.
All this depends on the order of arrival in one stream only, never on how arrivals are cut into batches.
"""

from __future__ import annotations

from collections.abc import Iterable

from quancheng.core.watch.found import Ending, Firing, Found, Reading3
from quancheng.core.watch.spec import (
    MICRO,
    MINUTE,
    SECOND,
    Direction,
    Kind,
    Rule,
    Spec,
    Statistic,
    bucket_minutes,
)
from quancheng.core.watch.track import Track

__all__ = ["KEPT_EPISODES", "Machine", "StuckMachine", "WindowMachine", "awake", "in_hours", "machine_of"]

KEPT_EPISODES = 32
LOCAL_OFFSET = 8 * 60 * MINUTE
"""Local time of the city, UTC+8 without summer time (GB/T 7408)."""
_DAY = 1440 * MINUTE
Episode = list[int]
OPEN = 2**62
"""End of an episode that goes on."""


def in_hours(hours: tuple[int, int] | None, at: int) -> bool:
    """Whether the local time of day of ``at`` lies in the hours."""
    if hours is None:
        return True
    minute = (at + LOCAL_OFFSET) % _DAY // MINUTE
    first, end = hours
    return first <= minute < end if first < end else minute >= first or minute < end


def awake(rule: Rule, at: int) -> bool:
    """Whether the rule looks at a reading of this time."""
    return at > rule.since and in_hours(rule.spec.hours, at)


class Machine:
    """阈值、回差、变化率: trigger over the value or its rate of change."""

    __slots__ = ("active", "clear", "episodes", "level", "limit", "rule", "run", "spec", "stream")

    def __init__(self, rule: Rule, stream: int) -> None:
        spec = rule.spec
        self.rule, self.spec, self.stream = rule, spec, stream
        self.limit = float(spec.seconds) if spec.kind is Kind.STUCK else rule.limits.get(stream, spec.limit)
        self.level, self.clear = levels(spec, self.limit)
        self.run, self.active = 0, False
        self.episodes: list[Episode] = []

    # -- one reading in order ------------------------------------------------------------------
    def step(self, track: Track, found: Found) -> None:
        """The newest reading of the track has come, in order."""
        at = track.times[-1]
        signal = self.signal(track, len(track.times) - 1)
        if signal is not None:
            self.judge(track, at, signal, found)

    def judge(self, track: Track, at: int, signal: float, found: Found) -> None:
        """Run the trigger by one signal."""
        x = self.spec.measure(signal)
        if self.active:
            if x < self.clear:
                self.active, self.run = False, 0
                self.episodes[-1][1] = at
                found.endings.append(Ending(self.rule.id, self.stream, self.episodes[-1][0], at))
        elif x >= self.level:
            self.run += 1
            if self.run >= self.spec.consecutive:
                self.active, self.run = True, 0
                self._remember([at, OPEN])
                found.firings.append(self._firing(track, at, signal, late=False))
        else:
            self.run = 0

    def signal(self, track: Track, index: int) -> float | None:
        """What the reading at this place says; None when it says nothing."""
        if self.spec.kind is not Kind.RATE:
            return track.values[index]
        if index == 0:
            return None
        return rate(
            self.spec,
            track.times[index] - track.times[index - 1],
            track.values[index] - track.values[index - 1],
        )

    # -- readings out of order -----------------------------------------------------------------
    def replay(self, track: Track, at: int, before: float | None, found: Found) -> None:
        """A reading at ``at`` was put in (``before``: the value it had, or None), changed or removed."""
        self.settle(track, list(self.sequence(track, at)), found)

    def sequence(self, track: Track, at: int) -> Iterable[tuple[int, float]]:
        """Times and signals of the memory in order; leaves the machine's signal where the last one is."""
        for index, moment in enumerate(track.times):
            if awake(self.rule, moment):
                signal = self.signal(track, index)
                if signal is not None:
                    yield moment, signal

    def settle(self, track: Track, sequence: list[tuple[int, float]], found: Found) -> None:
        """Run the trigger over the sequence and compare its episodes with the known ones."""
        first = sequence[0][0] if sequence else -OPEN
        active = bool(sequence) and any(one[0] <= first < one[1] for one in self.episodes)
        seen: list[tuple[Episode, float]] = [([first, OPEN], 0.0)] if active else []
        run = 0
        for at, signal in sequence:
            x = self.spec.measure(signal)
            if active:
                if x < self.clear:
                    active, run = False, 0
                    seen[-1][0][1] = at
            elif x >= self.level:
                run += 1
                if run >= self.spec.consecutive:
                    active, run = True, 0
                    seen.append(([at, OPEN], signal))
            else:
                run = 0
        self.active, self.run = active, run
        self._compare(track, seen, found)

    def _compare(self, track: Track, seen: list[tuple[Episode, float]], found: Found) -> None:
        touched: list[Episode] = []
        for episode, signal in seen:
            begin, end = episode
            known = [one for one in self.episodes if one[0] <= end and one[1] >= begin]
            if not known:
                self._remember(episode)
                touched.append(episode)
                found.firings.append(self._firing(track, begin, signal, late=True))
                if end != OPEN:
                    found.endings.append(Ending(self.rule.id, self.stream, begin, end))
                continue
            touched.extend(known)
            last = known[-1]
            if end == OPEN:
                last[1] = OPEN
            elif last[1] == OPEN:
                last[1] = end
                found.endings.append(Ending(self.rule.id, self.stream, last[0], end))
        for one in self.episodes:
            if one[1] == OPEN and not any(one is other for other in touched):
                one[1] = one[0]
                found.endings.append(Ending(self.rule.id, self.stream, one[0], one[0]))

    def _remember(self, episode: Episode) -> None:
        self.episodes.append(episode)
        self.episodes.sort()
        del self.episodes[:-KEPT_EPISODES]

    def _firing(self, track: Track, at: int, signal: float, *, late: bool) -> Firing:
        return Firing(
            self.rule.id,
            self.stream,
            at,
            shown(self.spec, signal),
            self.limit,
            self.readings(track, at),
            late,
        )

    def readings(self, track: Track, at: int) -> tuple[Reading3, ...]:
        """The readings an episode beginning at ``at`` was found by."""
        return evidence(self.spec, self.stream, track.times, track.values, at)


def levels(spec: Spec, limit: float) -> tuple[float, float]:
    """Where the measured signal begins and where it ends an episode (sound levels: as energy)."""
    if spec.kind is Kind.STUCK:
        return limit, limit
    if spec.kind is Kind.WINDOW and spec.statistic is Statistic.LEQ:
        begin, clear = spec.level(limit), spec.cleared(limit)
        if spec.direction is Direction.BELOW:
            return -float(10 ** (-begin / 10)), -float(10 ** (-clear / 10))
        return float(10 ** (begin / 10)), float(10 ** (clear / 10))
    return spec.level(limit), spec.cleared(limit)


def shown(spec: Spec, signal: float) -> float:
    """The signal in the unit people read."""
    if spec.kind is Kind.WINDOW and spec.statistic is Statistic.LEQ:
        from math import log10

        return round(10 * log10(max(signal, 1e-12)), 6)
    return float(signal)


def rate(spec: Spec, time: int, change: float) -> float | None:
    """Change per ``per_seconds``; None after a gap."""
    if spec.seconds and time > spec.seconds * SECOND:
        return None
    return change * float(spec.per_seconds * SECOND) / time


def evidence(spec: Spec, stream: int, times: list[int], values: list[float], at: int) -> tuple[Reading3, ...]:
    """Readings of the memory that made the signal at ``at``."""
    if spec.kind is Kind.WINDOW:
        step = bucket_minutes(spec.minutes) * MINUTE
        end = (at // step + 1) * step
        after, upto = end - spec.minutes * MINUTE - 1, end - 1
    else:
        after, upto = -OPEN, at
    if spec.kind is Kind.STUCK:
        after = at - spec.seconds * SECOND - 1
    found = [(stream, t, v) for t, v in zip(times, values, strict=True) if after < t <= upto]
    if spec.kind is Kind.RATE:
        return tuple(found[-1 - spec.consecutive :])
    return tuple(found if spec.kind in {Kind.WINDOW, Kind.STUCK} else found[-spec.consecutive :])


class StuckMachine(Machine):
    """停滞: how long the value has stayed within the tolerance of where it stood."""

    __slots__ = ("stand", "stood")

    def __init__(self, rule: Rule, stream: int) -> None:
        super().__init__(rule, stream)
        self.stood: int | None = None
        self.stand = 0.0

    def signal(self, track: Track, index: int) -> float | None:
        at, value = track.times[index], track.values[index]
        if self.stood is None or abs(value - self.stand) > self.spec.tolerance:
            self.stood, self.stand = at, value
        return (at - self.stood) / SECOND

    def sequence(self, track: Track, at: int) -> Iterable[tuple[int, float]]:
        if self.stood is not None and not (track.times and self.stood < track.times[0]):
            self.stood = None
        return super().sequence(track, at)


class WindowMachine(Machine):
    """窗口统计: readings added up in steps; a window is the newest step and those before it."""

    __slots__ = ("buckets", "head", "size", "step_us")

    def __init__(self, rule: Rule, stream: int) -> None:
        super().__init__(rule, stream)
        self.step_us = bucket_minutes(self.spec.minutes) * MINUTE
        self.size = self.spec.buckets
        self.head: int | None = None
        self.buckets: dict[int, list[int]] = {}
        """Step number → number of readings, and their sum, least or greatest in whole millionths."""

    def signal(self, track: Track, index: int) -> float | None:
        bucket = track.times[index] // self.step_us
        self.add(bucket, track.values[index])
        return self.window(bucket)

    def add(self, bucket: int, value: float) -> None:
        """Count a reading in."""
        whole = counted(self.spec.statistic, value)
        kept = self.buckets.get(bucket)
        if kept is None:
            self.buckets[bucket] = [1, whole]
            if self.head is None or bucket > self.head:
                self.head = bucket
                for old in [one for one in self.buckets if one <= bucket - 2 * self.size]:
                    del self.buckets[old]
            return
        kept[0] += 1
        kept[1] = joined(self.spec.statistic, kept[1], whole)

    def window(self, last: int) -> float | None:
        """The statistic of the window that ends with this step."""
        parts = [self.buckets[one] for one in range(last - self.size + 1, last + 1) if one in self.buckets]
        if len(parts) < self.spec.needed:
            return None
        statistic = self.spec.statistic
        number = sum(one[0] for one in parts)
        if statistic is Statistic.COUNT:
            return float(number)
        if statistic is Statistic.MIN:
            return float(min(one[1] for one in parts)) / MICRO
        if statistic is Statistic.MAX:
            return float(max(one[1] for one in parts)) / MICRO
        total = float(sum(one[1] for one in parts))
        if statistic is Statistic.LEQ:
            return total / number
        return total / MICRO if statistic is Statistic.SUM else total / MICRO / number

    def replay(self, track: Track, at: int, before: float | None, found: Found) -> None:
        bucket = at // self.step_us
        if self.head is not None and bucket <= self.head - 2 * self.size:
            found.stale.append((self.stream, at))
            return
        now = track.value_at(at)
        if before is None and now is not None:
            self.add(bucket, now)
        elif not self._recount(track, bucket):
            found.stale.append((self.stream, at))
            return
        head = bucket if self.head is None else max(self.head, bucket)
        sequence = [
            (max(at, one * self.step_us), signal)
            for one in range(bucket, head + 1)
            if (signal := self.window(one)) is not None
        ]
        self.settle(track, sequence, found)

    def _recount(self, track: Track, bucket: int) -> bool:
        """Count a step again from memory; False when memory does not reach back to its beginning."""
        begin, end = bucket * self.step_us, (bucket + 1) * self.step_us
        if track.full and track.times and track.times[0] >= begin:
            return False
        self.buckets.pop(bucket, None)
        for moment, value in zip(track.times, track.values, strict=True):
            if begin <= moment < end and awake(self.rule, moment):
                self.add(bucket, value)
        return True


def counted(statistic: Statistic, value: float) -> int:
    """A reading as whole millionths (sound: as energy, 10^(L/10), GB 3096-2008 3.2)."""
    if statistic is Statistic.LEQ:
        return round(10 ** (min(max(value, -100.0), 150.0) / 10))
    return round(value * MICRO)


def joined(statistic: Statistic, one: int, other: int) -> int:
    """Two readings of a step as one."""
    if statistic is Statistic.MIN:
        return min(one, other)
    return max(one, other) if statistic is Statistic.MAX else one + other


def machine_of(rule: Rule, stream: int) -> Machine:
    """The machine for a rule that looks at one stream at a time."""
    if rule.spec.kind is Kind.WINDOW:
        return WindowMachine(rule, stream)
    return StuckMachine(rule, stream) if rule.spec.kind is Kind.STUCK else Machine(rule, stream)
