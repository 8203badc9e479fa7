"""规则内核: thousands of rules over a hundred thousand streams, a batch of readings at a time.

Finds exactly what :class:`reference.Reference` finds, for any cutting of the arrivals into batches.
A batch is worked through in rounds: the first reading of each stream, then the second … Within a
round all streams are different, so a rule over all of them is a few array operations. A reading out
of order, and the tail of a batch where only few streams are left, go through the scalar machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from quancheng.core.watch.found import Found
from quancheng.core.watch.memory import Floats, Ints, Memory
from quancheng.core.watch.pairs import Pair, Pairs
from quancheng.core.watch.reference import MEMORY
from quancheng.core.watch.signals import RatePairs, StuckPairs, WindowPairs
from quancheng.core.watch.silence import AbsencePairs
from quancheng.core.watch.sites import Sequences
from quancheng.core.watch.slots import NeighbourPairs
from quancheng.core.watch.spec import BIGGEST, Kind, Rule
from quancheng.core.watch.track import Change

__all__ = ["Engine"]

_NARROW = 24
"""Rounds with fewer streams than this are quicker one reading at a time."""


class Engine:
    """规则内核. ``memory``: readings remembered of each stream (at least 4)."""

    def __init__(self, rules: Iterable[Rule], memory: int = MEMORY) -> None:
        self.rules = {rule.id: rule for rule in rules}
        watched = {stream for rule in self.rules.values() for stream in _streams(rule)}
        self.memory = Memory(sorted(watched), memory)
        by_group: dict[str, list[Pair]] = {}
        makers: dict[str, Callable[[Sequence[Pair], Memory], Pairs]] = {}
        self.neighbours: dict[str, NeighbourPairs] = {}
        for rule in self.rules.values():
            if rule.spec.kind is Kind.NEIGHBOUR and rule.streams:
                self.neighbours[f"neighbour-{rule.id}"] = NeighbourPairs(rule, self.memory)
            elif rule.spec.kind not in {Kind.SEQUENCE, Kind.NEIGHBOUR}:
                name, makers_of = _group(rule)
                makers[name] = makers_of
                by_group.setdefault(name, []).extend((rule, stream) for stream in rule.streams)
        silent = by_group.pop("absence", [])
        self.absence = AbsencePairs(silent, self.memory)
        self.groups = {name: makers[name](pairs, self.memory) for name, pairs in by_group.items() if pairs}
        self.sequences = Sequences(
            [one for one in self.rules.values() if one.spec.kind is Kind.SEQUENCE], self.memory
        )
        self.seen = 0

    # -- readings ------------------------------------------------------------------------------
    def process(
        self, stream: Ints, time: Ints, value: Floats, good: npt.NDArray[np.bool_] | None = None,
        change: npt.NDArray[np.uint8] | None = None,
    ) -> Found:  # fmt: skip
        """A batch in order of arrival: stream ids, times (µs), values (NaN: no number), whether each is
        trusted, and whether it is new, changed or deleted (:class:`track.Change`)."""
        found = Found()
        rows = self.memory.rows_of(stream)
        kept = np.flatnonzero(rows >= 0)
        if not len(kept):
            return found
        rows, time, value = rows[kept], time[kept], value[kept]
        self.seen += len(kept)
        with np.errstate(invalid="ignore"):
            sound = np.abs(value) <= BIGGEST
        if good is not None:
            sound &= good[kept]
        changes = None if change is None or not change.any() else change[kept]
        self._rounds(rows, time, value, sound, changes, found)
        self._together(rows, time, value, sound, changes, found)
        return found

    def _rounds(self, rows: Ints, time: Ints, value: Floats, sound: Any, changes: Any, found: Found) -> None:
        left = np.arange(len(rows))
        first = np.zeros(len(self.memory), np.int64)
        while len(left) >= _NARROW:
            here = rows[left]
            first[here[::-1]] = left[::-1]  # of several assignments the last stays: the first to arrive
            mine = first[here] == left
            now = left if mine.all() else left[mine]
            if len(now) < _NARROW:
                break
            part = None if changes is None else changes[now]
            self._round(rows[now], time[now], value[now], sound[now], part, found)
            left = left[~mine]
        if len(left):
            self._one_by_one(left, rows, time, value, sound, changes, found)

    def _round(self, rows: Ints, time: Ints, value: Floats, sound: Any, changes: Any, found: Found) -> None:
        """One reading of each of these different streams."""
        if self.absence.pairs:
            kept = slice(None) if changes is None else changes != Change.DELETED
            self.absence.step(rows[kept], time[kept], value[kept], found)
        if not self.groups:
            return
        before = (self.memory.last_time[rows], self.memory.last_value[rows])
        plain = sound & (time > before[0])
        if changes is not None:
            plain &= changes != Change.DELETED
        if not plain.all():
            others = np.flatnonzero(
                (sound if changes is None else sound | (changes == Change.DELETED)) & ~plain
            )
            for place in others.tolist():
                change = 0 if changes is None else int(changes[place])
                self._scalar(int(rows[place]), [(int(time[place]), float(value[place]), change)], found)
            chosen = np.flatnonzero(plain)
            rows, time, value = rows[chosen], time[chosen], value[chosen]
            before = (before[0][chosen], before[1][chosen])
        if len(rows):
            self.memory.append(rows, time, value)
            for group in self.groups.values():
                group.step(rows, time, value, before, found)

    def _one_by_one(
        self, left: Ints, rows: Ints, time: Ints, value: Floats, sound: Any, changes: Any, found: Found
    ) -> None:
        """The readings that are left, each stream's in order of arrival, through the scalar machines."""
        by_row: dict[int, list[tuple[int, float, int]]] = {}
        for place in left.tolist():
            change = 0 if changes is None else int(changes[place])
            if change != Change.DELETED and self.absence.pairs:
                one = slice(place, place + 1)
                self.absence.step(rows[one], time[one], value[one], found)
            if sound[place] or change == Change.DELETED:
                by_row.setdefault(int(rows[place]), []).append(
                    (int(time[place]), float(value[place]), change)
                )
        for row, arrivals in by_row.items():
            self._scalar(row, arrivals, found)

    def _scalar(self, row: int, arrivals: list[tuple[int, float, int]], found: Found) -> None:
        if not self.groups:
            return
        track = self.memory.load(row)
        loaded = []
        for group in self.groups.values():
            for pair in group.index.at(row):
                machine = group.load(pair)
                loaded.append((group, pair, machine))
                track.machines.append(machine)
        if not loaded:
            return
        for at, value, change in arrivals:
            track.arrive(at, value, change, found)
        self.memory.save(row, track)
        for group, pair, machine in loaded:
            group.save(pair, machine)

    def _together(
        self, rows: Ints, time: Ints, value: Floats, sound: Any, changes: Any, found: Found
    ) -> None:
        """Rules that look at several streams at once, in order of arrival."""
        if not (self.neighbours or self.sequences.sites_known):
            return
        kept = sound if changes is None else sound & (changes != Change.DELETED)
        if not kept.all():
            rows, time, value = rows[kept], time[kept], value[kept]
        self.sequences.arrive(rows, time, value, found)
        for group in self.neighbours.values():
            group.arrive(rows, time, value, found)

    def advance(self, now: int, *, quiet: int = 0, patience: int = 2**62) -> Found:
        """It is ``now`` (µs): what is overdue, what has passed.

        ``quiet``: for how long (µs) nothing at all has come; longer than ``patience`` (or half of what
        an absence rule asks) and nobody's silence is judged, see :mod:`silence`.
        """
        found = Found()
        self.absence.advance(now, found, quiet, patience)
        self.sequences.advance(now, found)
        return found

    def resume(self, now: int, *, quiet: int, patience: int) -> None:
        """Readings come again after nothing at all came for ``quiet`` µs; call it before ``process``."""
        self.absence.resume(now, quiet, patience)

    # -- episodes going on ---------------------------------------------------------------------
    def open_episodes(self) -> set[tuple[int, int, int]]:
        """Rule, stream and beginning (µs) of every episode that goes on."""
        found = self.absence.open_episodes() | self.sequences.open_episodes()
        for group in (*self.groups.values(), *self.neighbours.values()):
            found |= group.open_episodes()
        return found

    def reopen(self, rule: int, stream: int, began: int) -> None:
        """An episode known from elsewhere goes on (the engine's own state was lost)."""
        row = int(self.memory.rows_of(np.array([stream], np.int64))[0])
        if row < 0 or rule not in self.rules:
            return
        groups: list[Any] = [self.absence, *self.groups.values(), *self.neighbours.values()]
        for group in groups:
            for pair in group.index.at(row):
                if group.pairs[pair][0].id == rule:
                    group.reopen(pair, began)

    # -- keeping -------------------------------------------------------------------------------
    def dump(self) -> dict[str, npt.NDArray[np.generic]]:
        """The whole state as named arrays: ``part.name``."""
        parts: dict[str, Any] = {"memory": self.memory, "absence": self.absence, "sequence": self.sequences}
        parts |= self.groups | self.neighbours
        return {
            f"{part}.{name}": array for part, owner in parts.items() for name, array in owner.dump().items()
        }

    def adopt(self, state: dict[str, npt.NDArray[np.generic]]) -> None:
        """Go on from a dumped state: rules and streams that are still here keep what they know.

        Call it once, on a new engine. A rule keeps its state when its id (of its version), kind and,
        for a window, length and statistic are the same.
        """
        parts: dict[str, dict[str, npt.NDArray[np.generic]]] = {}
        for key, array in state.items():
            part, name = key.split(".", 1)
            parts.setdefault(part, {})[name] = array
        owners: dict[str, Any] = {"memory": self.memory, "absence": self.absence, "sequence": self.sequences}
        for part, owner in (owners | self.groups | self.neighbours).items():
            if part in parts:
                owner.adopt(parts[part])


def _streams(rule: Rule) -> set[int]:
    return {*rule.streams, *rule.sites, *rule.followers}


def _group(rule: Rule) -> tuple[str, Callable[[Sequence[Pair], Memory], Pairs]]:
    spec = rule.spec
    if spec.kind is Kind.WINDOW:
        return f"window-{spec.minutes}-{spec.statistic}", WindowPairs
    if spec.kind is Kind.RATE:
        return "rate", RatePairs
    return (str(spec.kind), StuckPairs if spec.kind is Kind.STUCK else Pairs) if spec.kind in {
        Kind.STUCK, Kind.ABSENCE
    } else ("value", Pairs)  # fmt: skip
