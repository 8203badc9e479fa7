"""规则与数据流的配对: state of many (rule, stream) pairs as arrays, and the trigger over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from quancheng.core.watch.found import Ending, Firing, Found
from quancheng.core.watch.machine import (
    KEPT_EPISODES,
    LOCAL_OFFSET,
    OPEN,
    Episode,
    Machine,
    evidence,
    levels,
    shown,
)
from quancheng.core.watch.memory import Bools, Floats, Ints, Memory
from quancheng.core.watch.spec import MINUTE, Direction, Kind, Rule

__all__ = ["Pairs", "limit_of"]

Pair = tuple[Rule, int]


def limit_of(rule: Rule, stream: int) -> float:
    """The limit of a rule at a stream (stuck: seconds)."""
    spec = rule.spec
    return float(spec.seconds) if spec.kind is Kind.STUCK else rule.limits.get(stream, spec.limit)


class Index:
    """Which pairs a stream has: pairs are sorted by row, ``start[row]:start[row + 1]`` are its own."""

    def __init__(self, rows: Ints, streams: int) -> None:
        self.start = np.searchsorted(rows, np.arange(streams + 1)).astype(np.int64)
        counts = np.diff(self.start)
        self.single = bool(len(counts) == 0 or counts.max(initial=0) <= 1)
        self.first = np.where(counts > 0, self.start[:-1], -1) if streams else np.zeros(0, np.int64)

    def at(self, row: int) -> range:
        """The pairs of one row."""
        return range(int(self.start[row]), int(self.start[row + 1]))

    def of(self, rows: Ints) -> tuple[Ints, Ints]:
        """Place in ``rows`` and pair number of each pair of these rows."""
        if self.single:
            pairs = self.first[rows]
            places = np.flatnonzero(pairs >= 0)
            return places, pairs[places] if len(places) < len(rows) else pairs
        start = self.start[rows]
        counts = self.start[rows + 1] - start
        places = np.repeat(np.arange(len(rows)), counts)
        offset = np.repeat(start - np.cumsum(counts) + counts, counts)
        return places, offset + np.arange(len(places))


class Pairs:
    """配对: rules of kinds whose signal is the value itself; other kinds extend it.

    ``run``, ``active`` and ``episodes`` are what :class:`machine.Machine` keeps for one pair.
    """

    def __init__(self, pairs: Sequence[Pair], memory: Memory) -> None:
        self.memory = memory
        rows = memory.rows_of(np.array([stream for _, stream in pairs], np.int64))
        order = np.argsort(rows, kind="stable")
        self.pairs = [pairs[place] for place in order.tolist()]
        self.rows = rows[order]
        self.index = Index(self.rows, len(memory))
        made = {id(rule): levels(rule.spec, limit_of(rule, 0)) for rule, _ in self.pairs if not rule.limits}
        found = [
            made.get(id(rule)) or levels(rule.spec, limit_of(rule, stream)) for rule, stream in self.pairs
        ]
        self.level: Floats = np.array([one[0] for one in found], np.float64)
        self.clear: Floats = np.array([one[1] for one in found], np.float64)
        self.wanted = np.array([rule.spec.consecutive for rule, _ in self.pairs], np.int32)
        self.since: Ints = np.array([rule.since for rule, _ in self.pairs], np.int64)
        self.owner: Ints = np.array([rule.id for rule, _ in self.pairs], np.int64)
        self.stream: Ints = np.array([stream for _, stream in self.pairs], np.int64)
        self._turn()
        self._hours()
        number = len(self.pairs)
        self.run = np.zeros(number, np.int32)
        self.active: Bools = np.zeros(number, np.bool_)
        self.busy: Bools = np.zeros(number, np.bool_)
        self.episodes: dict[int, list[Episode]] = {}

    def _turn(self) -> None:
        directions = [rule.spec.direction for rule, _ in self.pairs]
        self.sign: Floats = np.array([-1.0 if one is Direction.BELOW else 1.0 for one in directions])
        self.either: Bools = np.array([one is Direction.EITHER for one in directions], np.bool_)
        self.turned, self.both = bool((self.sign < 0).any()), bool(self.either.any())

    def _hours(self) -> None:
        hours = [rule.spec.hours or (0, 1440) for rule, _ in self.pairs]
        self.first_minute: Ints = np.array([one[0] for one in hours], np.int64)
        self.end_minute: Ints = np.array([one[1] for one in hours], np.int64)
        self.hourly = any(rule.spec.hours is not None for rule, _ in self.pairs)
        self.oldest = int(self.since.max()) if len(self.since) else 0

    # -- readings in order ---------------------------------------------------------------------
    def step(
        self, rows: Ints, times: Ints, values: Floats, before: tuple[Ints, Floats], found: Found
    ) -> None:
        """The newest reading of each of these different streams, already in memory."""
        places, pairs = self.index.of(rows)
        if not len(pairs):
            return
        at = times[places]
        if self.hourly or int(at.min()) <= self.oldest:
            awake = self.awake(pairs, at)
            places, pairs, at = places[awake], pairs[awake], at[awake]
        signals = self.signals(pairs, at, values[places], (before[0][places], before[1][places]))
        self.judge(pairs, at, signals, found)

    def awake(self, pairs: Ints, at: Ints) -> Bools:
        """Which pairs look at a reading of this time."""
        awake: Bools = at > self.since[pairs]
        if self.hourly:
            minute = (at + LOCAL_OFFSET) % (1440 * MINUTE) // MINUTE
            first, end = self.first_minute[pairs], self.end_minute[pairs]
            after, until = minute >= first, minute < end
            awake &= np.where(first < end, after & until, after | until)
        return awake

    def signals(self, pairs: Ints, at: Ints, values: Floats, before: tuple[Ints, Floats]) -> Floats:
        """The signal of each pair, NaN for none."""
        return values

    def judge(self, pairs: Ints, at: Ints, signals: Floats, found: Found) -> None:
        """Run the triggers of different pairs by one signal each."""
        x = signals
        if self.turned:
            x = x * self.sign[pairs]
        if self.both:
            x = np.where(self.either[pairs], np.abs(x), x)
        over = x >= self.level[pairs]
        chosen = np.flatnonzero(over | self.busy[pairs])
        if not len(chosen):
            return
        chosen = chosen[~np.isnan(x[chosen])]
        p, x, over = pairs[chosen], x[chosen], over[chosen]
        active = self.active[p]
        ends = active & (x < self.clear[p])
        run = np.where(over & ~active, self.run[p] + 1, 0)
        fires = ~active & (run >= self.wanted[p])
        run[fires] = 0
        active = (active & ~ends) | fires
        self.run[p], self.active[p], self.busy[p] = run, active, active | (run > 0)
        for place in np.flatnonzero(fires | ends).tolist():
            pair, where = int(p[place]), int(chosen[place])
            self._tell(pair, int(at[where]), float(signals[where]), bool(fires[place]), found)

    def _tell(self, pair: int, at: int, signal: float, fires: bool, found: Found) -> None:
        rule, stream = self.pairs[pair]
        if not fires:
            episode = self.episodes[pair][-1]
            episode[1] = at
            found.endings.append(Ending(rule.id, stream, episode[0], at))
            return
        known = self.episodes.setdefault(pair, [])
        known.append([at, OPEN])
        del known[:-KEPT_EPISODES]
        readings = self.readings(pair, at)
        found.firings.append(
            Firing(rule.id, stream, at, shown(rule.spec, signal), limit_of(rule, stream), readings)
        )

    def readings(self, pair: int, at: int) -> tuple[tuple[int, int, float], ...]:
        """The readings a firing was found by."""
        rule, stream = self.pairs[pair]
        track = self.memory.load(int(self.rows[pair]))
        return evidence(rule.spec, stream, track.times, track.values, at)

    # -- one pair as a scalar machine ----------------------------------------------------------
    def load(self, pair: int) -> Machine:
        """The pair as a machine that works alone."""
        machine = self.blank(*self.pairs[pair])
        machine.run, machine.active = int(self.run[pair]), bool(self.active[pair])
        machine.episodes = self.episodes.get(pair, [])
        return machine

    def blank(self, rule: Rule, stream: int) -> Machine:
        """A machine of this kind."""
        return Machine(rule, stream)

    def save(self, pair: int, machine: Any) -> None:
        """Take the machine's state back."""
        self.run[pair], self.active[pair] = machine.run, machine.active
        self.busy[pair] = machine.active or machine.run > 0
        if machine.episodes:
            self.episodes[pair] = machine.episodes

    def open_episodes(self) -> set[tuple[int, int, int]]:
        """Rule, stream and beginning of every episode that goes on."""
        going = np.flatnonzero(self.active).tolist()
        return {(self.pairs[one][0].id, self.pairs[one][1], self.episodes[one][-1][0]) for one in going}

    def reopen(self, pair: int, began: int) -> None:
        """An episode known from elsewhere goes on."""
        self.active[pair], self.busy[pair] = True, True
        self.episodes.setdefault(pair, []).append([began, OPEN])

    # -- keeping -------------------------------------------------------------------------------
    kept: tuple[str, ...] = ("run", "active", "busy")

    def dump(self) -> dict[str, npt.NDArray[np.generic]]:
        """State by pair: ``rule`` and ``stream`` say whose it is."""
        state: dict[str, npt.NDArray[np.generic]] = {name: getattr(self, name) for name in self.kept}
        state["rule"], state["stream"] = self.owner, self.stream
        rows = [(pair, *one) for pair, known in self.episodes.items() for one in known]
        state["episodes"] = np.array(rows, np.int64).reshape(-1, 3)
        return state

    def adopt(self, kept: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over the state of pairs that were here before."""
        old = {
            key: place
            for place, key in enumerate(zip(kept["rule"].tolist(), kept["stream"].tolist(), strict=True))
        }
        pairs = [(place, old.get((rule.id, stream), -1)) for place, (rule, stream) in enumerate(self.pairs)]
        known = [(new, before) for new, before in pairs if before >= 0]
        if not known:
            return
        here, there = (np.array(one, np.int64) for one in zip(*known, strict=True))
        for name in self.kept:
            if kept[name].shape[1:] == getattr(self, name).shape[1:]:
                getattr(self, name)[here] = kept[name][there]
        moved = dict(zip(there.tolist(), here.tolist(), strict=True))
        for before, begin, end in kept["episodes"].tolist():
            if before in moved:
                self.episodes.setdefault(moved[before], []).append([begin, end])
