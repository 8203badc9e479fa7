"""各类信号: rates, standing still and windows over many pairs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quancheng.core.watch.machine import Machine, StuckMachine, WindowMachine, counted
from quancheng.core.watch.memory import Bools, Floats, Ints, Memory
from quancheng.core.watch.pairs import Pair, Pairs
from quancheng.core.watch.spec import MICRO, MINUTE, SECOND, Rule, Statistic, bucket_minutes

__all__ = ["RatePairs", "StuckPairs", "WindowPairs"]


class RatePairs(Pairs):
    """变化率."""

    def __init__(self, pairs: Sequence[Pair], memory: Memory) -> None:
        super().__init__(pairs, memory)
        self.scale: Floats = np.array([float(rule.spec.per_seconds * SECOND) for rule, _ in self.pairs])
        gaps = [rule.spec.seconds * SECOND or 2**62 for rule, _ in self.pairs]
        self.gap: Ints = np.array(gaps, np.int64)

    def signals(self, pairs: Ints, at: Ints, values: Floats, before: tuple[Ints, Floats]) -> Floats:
        time = at - before[0]
        none = (time > self.gap[pairs]) | np.isnan(before[1])
        with np.errstate(invalid="ignore"):
            rates = (values - before[1]) * self.scale[pairs] / time
        rates[none] = np.nan
        return rates


class StuckPairs(Pairs):
    """停滞."""

    kept = (*Pairs.kept, "stood", "stand")

    def __init__(self, pairs: Sequence[Pair], memory: Memory) -> None:
        super().__init__(pairs, memory)
        self.tolerance: Floats = np.array([rule.spec.tolerance for rule, _ in self.pairs], np.float64)
        self.stood = np.full(len(self.pairs), -(2**62), np.int64)
        self.stand = np.full(len(self.pairs), np.nan)

    def signals(self, pairs: Ints, at: Ints, values: Floats, before: tuple[Ints, Floats]) -> Floats:
        stays = np.abs(values - self.stand[pairs]) <= self.tolerance[pairs]  # NaN: never stood yet
        moved = np.flatnonzero(~stays)
        self.stood[pairs[moved]], self.stand[pairs[moved]] = at[moved], values[moved]
        return (at - self.stood[pairs]) / SECOND

    def blank(self, rule: Rule, stream: int) -> Machine:
        return StuckMachine(rule, stream)

    def load(self, pair: int) -> Machine:
        machine = super().load(pair)
        if isinstance(machine, StuckMachine) and not np.isnan(self.stand[pair]):
            machine.stood, machine.stand = int(self.stood[pair]), float(self.stand[pair])
        return machine

    def save(self, pair: int, machine: Machine) -> None:
        super().save(pair, machine)
        if isinstance(machine, StuckMachine):
            standing = machine.stood is not None
            self.stood[pair] = machine.stood if machine.stood is not None else -(2**62)
            self.stand[pair] = machine.stand if standing else np.nan


class WindowPairs(Pairs):
    """窗口统计: all pairs of one length and statistic.

    ``tag``, ``number``, ``whole`` [pairs × 2·size]: step number, readings and their sum (or least,
    greatest) in each place of a ring of twice the window; a place holds the step its tag says.
    ``total_…``: the same of the window that ends with ``head``, right where ``known``.
    """

    kept = (*Pairs.kept, "tag", "number", "whole", "head")
    _NONE = -(2**62)

    def __init__(self, pairs: Sequence[Pair], memory: Memory) -> None:
        super().__init__(pairs, memory)
        spec = self.pairs[0][0].spec
        self.statistic = spec.statistic
        self.size = spec.buckets
        self.step_us = bucket_minutes(spec.minutes) * MINUTE
        self.needed: Ints = np.array([rule.spec.needed for rule, _ in self.pairs], np.int64)
        shape = (len(self.pairs), 2 * self.size)
        self.tag = np.full(shape, self._NONE, np.int64)
        self.number = np.zeros(shape, np.int64)
        self.whole = np.zeros(shape, np.int64)
        self.head = np.full(len(self.pairs), self._NONE, np.int64)
        self.adds = self.statistic not in {Statistic.MIN, Statistic.MAX}
        self.known = np.zeros(len(self.pairs), np.bool_)
        self.total_present = np.zeros(len(self.pairs), np.int64)
        self.total_number = np.zeros(len(self.pairs), np.int64)
        self.total_whole = np.zeros(len(self.pairs), np.int64)

    def signals(self, pairs: Ints, at: Ints, values: Floats, before: tuple[Ints, Floats]) -> Floats:
        bucket = at // self.step_us
        place = pairs * (2 * self.size) + bucket % (2 * self.size)
        tag, number, whole = self.tag.reshape(-1), self.number.reshape(-1), self.whole.reshape(-1)
        same = tag[place] == bucket
        count = self._counted(values)
        self._move(pairs, bucket, same, count)
        tag[place] = bucket
        number[place] = np.where(same, number[place], 0) + 1
        whole[place] = np.where(same, self._joined(whole[place], count), count)
        self._recount(pairs, bucket)
        self.head[pairs] = bucket
        return self._signal(pairs)

    def _move(self, pairs: Ints, bucket: Ints, same: Bools, count: Ints) -> None:
        """Take the totals of the last window on to this one where it is at most one step away."""
        moved = bucket - self.head[pairs]
        known = self.known[pairs] & (moved <= 1)
        place = pairs * (2 * self.size) + (bucket - self.size) % (2 * self.size)
        leaves = known & (moved == 1) & (self.tag.reshape(-1)[place] == bucket - self.size)
        self.known[pairs] = known & self.adds
        self.total_present[pairs] += ~same
        self.total_present[pairs] -= leaves
        self.total_number[pairs] += 1 - np.where(leaves, self.number.reshape(-1)[place], 0)
        self.total_whole[pairs] += count - np.where(leaves, self.whole.reshape(-1)[place], 0)

    def _recount(self, pairs: Ints, bucket: Ints) -> None:
        """Totals anew where they could not be taken on."""
        lost = np.flatnonzero(~self.known[pairs])
        if not len(lost):
            return
        chosen, last = pairs[lost], bucket[lost]
        tag = self.tag[chosen]
        inside: Bools = (tag > (last - self.size)[:, None]) & (tag <= last[:, None])
        self.total_present[chosen] = inside.sum(axis=1)
        self.total_number[chosen] = (self.number[chosen] * inside).sum(axis=1)
        if self.statistic is Statistic.MIN:
            self.total_whole[chosen] = np.where(inside, self.whole[chosen], 2**62).min(axis=1)
        elif self.statistic is Statistic.MAX:
            self.total_whole[chosen] = np.where(inside, self.whole[chosen], -(2**62)).max(axis=1)
        else:
            self.total_whole[chosen] = (self.whole[chosen] * inside).sum(axis=1)
        self.known[chosen] = self.adds

    def _signal(self, pairs: Ints) -> Floats:
        number: Floats = self.total_number[pairs].astype(np.float64)
        signal: Floats = self.total_whole[pairs].astype(np.float64)
        if self.statistic is Statistic.COUNT:
            signal = number
        elif self.statistic is Statistic.LEQ:
            signal = signal / number
        else:
            signal = signal / MICRO
            if self.statistic is Statistic.MEAN:
                signal = signal / number
        signal[self.total_present[pairs] < self.needed[pairs]] = np.nan
        return signal

    def _counted(self, values: Floats) -> Ints:
        if self.statistic is Statistic.LEQ:  # numpy's power may differ from Python's in the last bit
            return np.array([counted(self.statistic, one) for one in values.tolist()], np.int64)
        return np.rint(values * MICRO).astype(np.int64)

    def _joined(self, one: Ints, other: Ints) -> Ints:
        if self.statistic is Statistic.MIN:
            return np.minimum(one, other)
        return np.maximum(one, other) if self.statistic is Statistic.MAX else one + other

    def blank(self, rule: Rule, stream: int) -> Machine:
        return WindowMachine(rule, stream)

    def load(self, pair: int) -> Machine:
        machine = super().load(pair)
        if isinstance(machine, WindowMachine) and int(self.head[pair]) != self._NONE:
            head = machine.head = int(self.head[pair])
            oldest = head - 2 * self.size
            rows = zip(
                self.tag[pair].tolist(), self.number[pair].tolist(), self.whole[pair].tolist(), strict=True
            )
            machine.buckets = {tag: [number, whole] for tag, number, whole in rows if tag > oldest}
        return machine

    def save(self, pair: int, machine: Machine) -> None:
        super().save(pair, machine)
        if not isinstance(machine, WindowMachine):
            return
        self.known[pair] = False
        self.head[pair] = self._NONE if machine.head is None else machine.head
        self.tag[pair] = self._NONE
        for bucket, (number, whole) in machine.buckets.items():
            place = bucket % (2 * self.size)
            self.tag[pair, place], self.number[pair, place], self.whole[pair, place] = bucket, number, whole
