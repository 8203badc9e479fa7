"""邻站比较(数组): one neighbour rule with all its streams, judged a slot at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quancheng.core.watch.found import Found, Reading3
from quancheng.core.watch.machine import Machine
from quancheng.core.watch.memory import Floats, Ints, Memory
from quancheng.core.watch.neighbour import KEPT, enough
from quancheng.core.watch.pairs import Pairs
from quancheng.core.watch.spec import MINUTE, SECOND, Rule
from quancheng.core.watch.track import Track

__all__ = ["NeighbourPairs"]

_NONE = -(2**62)


class _SlotMachine(Machine):
    """A trigger whose readings are those of the slot."""

    __slots__ = ("owner", "pair")

    def __init__(self, owner: NeighbourPairs, pair: int) -> None:
        super().__init__(*owner.pairs[pair])
        self.owner, self.pair = owner, pair

    def readings(self, track: Track, at: int) -> tuple[Reading3, ...]:
        return self.owner.readings(self.pair, at)


class NeighbourPairs(Pairs):
    """邻站比较. ``slots``: slot number → time and value of each stream's latest reading (NaN: none)."""

    def __init__(self, rule: Rule, memory: Memory) -> None:
        super().__init__([(rule, stream) for stream in rule.streams], memory)
        self.rule = rule
        self.slot_us, self.grace = rule.spec.minutes * MINUTE, rule.spec.seconds * SECOND
        local = {stream: place for place, (_, stream) in enumerate(self.pairs)}
        near = [[local.get(one, -1) for one in rule.near.get(stream, ())] for stream in local]
        width = max((len(one) for one in near), default=0)
        padded = [one + [-1] * (width - len(one)) for one in near]
        self.near: Ints = np.array(padded, np.int64).reshape(len(near), width)
        self.enough: Ints = np.array([enough(rule, one) for one in local], np.int64)
        self.affected: list[list[int]] = [[place] for place in range(len(near))]
        for place, others in enumerate(near):
            for other in others:
                if other >= 0:
                    self.affected[other].append(place)
        self.slots: dict[int, tuple[Ints, Floats]] = {}
        self.closed, self.newest = _NONE, _NONE

    def arrive(self, rows: Ints, times: Ints, values: Floats, found: Found) -> None:
        """Good readings of a batch in order of arrival; rows of other streams are passed over."""
        places, pairs = self.index.of(rows)
        at = times[places]
        awake = self.awake(pairs, at)
        pairs, at, values = pairs[awake], at[awake], values[places[awake]]
        if not len(pairs):
            return
        newest = np.maximum.accumulate(np.maximum(at, self.newest))
        last = (newest - self.grace) // self.slot_us - 1
        begin = 0
        for cut in [*np.flatnonzero(np.diff(last, prepend=self.closed) > 0).tolist(), len(pairs) - 1]:
            part = slice(begin, cut + 1)
            self._take(pairs[part], at[part], values[part], found)
            self._close(int(last[cut]), found)
            begin = cut + 1
        self.newest = int(newest[-1])

    def _take(self, pairs: Ints, times: Ints, values: Floats, found: Found) -> None:
        number = times // self.slot_us
        late = (number <= self.closed) & (self.closed != _NONE)
        for one in np.unique(number[~late]).tolist():
            chosen = np.flatnonzero((number == one) & ~late)
            chosen = chosen[np.argsort(times[chosen], kind="stable")]  # the last of a stream stands
            slot_times, slot_values = self._slot(one)
            chosen = chosen[times[chosen] >= slot_times[pairs[chosen]]]
            slot_times[pairs[chosen]], slot_values[pairs[chosen]] = times[chosen], values[chosen]
        for place in np.flatnonzero(late).tolist():
            self._late(int(pairs[place]), int(times[place]), float(values[place]), found)

    def _slot(self, number: int) -> tuple[Ints, Floats]:
        if number not in self.slots:
            size = len(self.pairs)
            self.slots[number] = (np.full(size, _NONE, np.int64), np.full(size, np.nan))
        return self.slots[number]

    def _late(self, pair: int, at: int, value: float, found: Found) -> None:
        number = at // self.slot_us
        if number <= self.closed - KEPT:
            found.stale.append((self.pairs[pair][1], at))
            return
        times, values = self._slot(number)
        if at < times[pair] or (at == times[pair] and value == values[pair]):
            return
        times[pair], values[pair] = at, value
        for one in self.affected[pair]:
            machine = self.load(one)
            judged = [self.signal(one, again) for again in range(number, self.closed + 1)]
            sequence = [known for known in judged if known is not None]
            machine.settle(Track(machine.stream, 0), sequence, found)
            self.save(one, machine)

    def load(self, pair: int) -> Machine:
        machine = _SlotMachine(self, pair)
        machine.run, machine.active = int(self.run[pair]), bool(self.active[pair])
        machine.episodes = self.episodes.get(pair, [])
        return machine

    # -- judging -------------------------------------------------------------------------------
    def _close(self, last: int, found: Found) -> None:
        if last <= self.closed:
            return
        for number in sorted(one for one in self.slots if self.closed < one <= last):
            times, _ = self.slots[number]
            signals = self.distances(number)
            spoke = np.flatnonzero(~np.isnan(signals))
            self.judge(spoke, times[spoke], signals[spoke], found)
        self.closed = last
        for old in [one for one in self.slots if one <= last - KEPT]:
            del self.slots[old]

    def distances(self, number: int, pairs: Ints | None = None) -> Floats:
        """Value less the median of the neighbours, of all streams or these; NaN where nothing can be said."""
        _, values = self.slots[number]
        chosen = np.arange(len(self.pairs)) if pairs is None else pairs
        near = self.near[chosen]
        if not near.shape[1]:
            return np.full(len(chosen), np.nan)
        others = np.sort(np.where(near >= 0, values[near], np.nan), axis=1)  # NaN last
        number_of = (~np.isnan(others)).sum(axis=1)
        low, high = np.maximum(number_of - 1, 0) // 2, np.minimum(number_of // 2, others.shape[1] - 1)
        line = np.arange(len(chosen))
        middle = np.where(low == high, others[line, low], (others[line, low] + others[line, high]) / 2)
        distance: Floats = values[chosen] - middle
        distance[number_of < self.enough[chosen]] = np.nan
        return distance

    def signal(self, pair: int, number: int) -> tuple[int, float] | None:
        """Time and distance of one stream in a slot."""
        if number not in self.slots:
            return None
        distance = float(self.distances(number, np.array([pair], np.int64))[0])
        return None if np.isnan(distance) else (int(self.slots[number][0][pair]), distance)

    def readings(self, pair: int, at: int) -> tuple[Reading3, ...]:
        slot = self.slots.get(at // self.slot_us)
        if slot is None:
            return ()
        near = [pair, *(int(one) for one in self.near[pair] if one >= 0)]
        return tuple(
            (self.pairs[one][1], int(slot[0][one]), float(slot[1][one]))
            for one in near
            if not np.isnan(slot[1][one])
        )

    # -- keeping -------------------------------------------------------------------------------
    def dump(self) -> dict[str, npt.NDArray[np.generic]]:
        numbers = sorted(self.slots)
        size = len(self.pairs)
        return super().dump() | {
            "numbers": np.array(numbers, np.int64),
            "slot_times": np.array([self.slots[one][0] for one in numbers], np.int64).reshape(-1, size),
            "slot_values": np.array([self.slots[one][1] for one in numbers], np.float64).reshape(-1, size),
            "marks": np.array([self.closed, self.newest], np.int64),
        }

    def adopt(self, kept: dict[str, npt.NDArray[np.generic]]) -> None:
        super().adopt(kept)
        if self.rule.id not in kept["rule"]:
            return
        local = {stream: place for place, (_, stream) in enumerate(self.pairs)}
        here = np.array([local.get(one, -1) for one in kept["stream"].tolist()], np.int64)
        known = np.flatnonzero(here >= 0)
        for line, number in enumerate(kept["numbers"].tolist()):
            times, values = self._slot(number)
            times[here[known]] = kept["slot_times"][line, known]
            values[here[known]] = kept["slot_values"][line, known]
        self.closed, self.newest = (int(one) for one in kept["marks"])
