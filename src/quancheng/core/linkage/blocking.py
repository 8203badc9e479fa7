"""分块: candidate pairs by sorting keys, never the cross product.

A rule pairs rows whose keys are all equal; a row without one of them is in no block of the rule. A pair
that several rules find comes once, with the bits of all of them. A block beyond the cap is not expanded
and never silently lost: it is in the report, and its rows still meet through other rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quancheng.core.linkage.columns import Frame
from quancheng.core.linkage.errors import LinkageError, LinkageReason, bad_setting
from quancheng.core.linkage.forms import Form
from quancheng.core.text import Text

__all__ = ["BlockingRule", "Blocks", "Candidates", "Oversize"]

Keys = NDArray[np.int64]
MOST_RULES = 16


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """Pairs that agree on every key are candidates (分块规则). ``keys``: fields and their forms."""

    name: str
    keys: tuple[tuple[str, Form], ...]

    @property
    def fields(self) -> frozenset[str]:
        """Fields whose agreement the rule takes for granted."""
        return frozenset(field for field, _ in self.keys)


@dataclass(frozen=True, slots=True)
class Oversize:
    """A block that was not expanded (超限分块): ``key`` is its value, ``pairs`` what it would have cost."""

    rule: str
    key: tuple[str, ...]
    left: int
    right: int
    pairs: int


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """A batch of pairs of row numbers; bit r of ``rules``: rule r finds the pair."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    rules: NDArray[np.uint16]

    def of(self, chosen: NDArray[np.bool_]) -> Candidates:
        """Some of the pairs."""
        return Candidates(self.left[chosen], self.right[chosen], self.rules[chosen])


@dataclass(frozen=True, slots=True)
class _Rule:
    keys: Keys
    order_left: NDArray[np.int64]
    order_right: NDArray[np.int64]
    start_left: NDArray[np.int64]
    count_left: NDArray[np.int64]
    start_right: NDArray[np.int64]
    count_right: NDArray[np.int64]

    @property
    def products(self) -> NDArray[np.int64]:
        return np.asarray(self.count_left * self.count_right)


class Blocks:
    """The blocks of all rules over a frame (分块). ``most_pairs`` is the cap of one block."""

    def __init__(self, frame: Frame, rules: tuple[BlockingRule, ...], most_pairs: int) -> None:
        if not rules or len(rules) > MOST_RULES or most_pairs < 1:
            raise bad_setting(
                "rules",
                f"分块规则应为1至{MOST_RULES}条，且每块上限为正数。",
                f"Give 1 to {MOST_RULES} blocking rules and a positive cap of a block.",
            )
        self.frame, self.rules = frame, rules
        self.oversize: list[Oversize] = []
        self._made = [self._prepare(rule, most_pairs) for rule in rules]

    def batches(self, size: int = 1 << 18) -> Iterator[Candidates]:
        """Candidate pairs, each once, in batches of about ``size``."""
        for number, made in enumerate(self._made):
            for left, right in self._expand(made, size):
                bits = np.zeros(len(left), np.uint16)
                for other, rule in enumerate(self._made):
                    agree = (rule.keys[left] == rule.keys[right]) & (rule.keys[left] >= 0)
                    bits |= agree.astype(np.uint16) << np.uint16(other)
                first = (bits & np.uint16((1 << number) - 1)) == 0
                yield Candidates(left[first], right[first], bits[first])

    def _prepare(self, rule: BlockingRule, most: int) -> _Rule:
        keys = _keys(self.frame, rule)
        split = self.frame.left
        left = _sorted(keys[:split], 0)
        right = _sorted(keys[split:], split) if self.frame.right else left
        values, start, count = _runs(keys[left])
        others, start_r, count_r = _runs(keys[right])
        place = np.searchsorted(others, values)
        place[place == len(others)] = 0
        found = (others[place] == values) if len(others) else np.zeros(len(values), bool)
        start, count, place = start[found], count[found], place[found]
        made = _Rule(keys, left, right, start, count, start_r[place], count_r[place])
        return self._cap(rule, made, most)

    def _cap(self, rule: BlockingRule, made: _Rule, most: int) -> _Rule:
        """Report blocks beyond the cap and take their rows out of the rule."""
        cost = made.products if self.frame.right else made.count_left * (made.count_left - 1) // 2
        over = np.flatnonzero(cost > most)
        for block in over:
            first, size = int(made.start_left[block]), int(made.count_left[block])
            rows = made.order_left[first : first + size]
            values = tuple(self._value(field, form, int(rows[0])) for field, form in rule.keys)
            self.oversize.append(
                Oversize(
                    rule.name,
                    values,
                    size,
                    int(made.count_right[block]) if self.frame.right else size,
                    int(cost[block]),
                )
            )
            made.keys[rows] = -1
            begin = int(made.start_right[block])
            made.keys[made.order_right[begin : begin + int(made.count_right[block])]] = -1
        keep = cost <= most
        return _Rule(
            made.keys,
            made.order_left,
            made.order_right,
            made.start_left[keep],
            made.count_left[keep],
            made.start_right[keep],
            made.count_right[keep],
        )

    def _value(self, field: str, form: Form, row: int) -> str:
        return self.frame.column(field, form).value(row) or ""

    def _expand(self, made: _Rule, size: int) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        cost = made.products
        bounds = np.concatenate([[0], np.cumsum(cost)])
        begin = 0
        while begin < len(cost):
            end = max(begin + 1, int(np.searchsorted(bounds, bounds[begin] + size, side="right")) - 1)
            part = slice(begin, end)
            within = np.arange(bounds[end] - bounds[begin]) - np.repeat(
                bounds[begin:end] - bounds[begin], cost[part]
            )
            width = np.repeat(made.count_right[part], cost[part])
            left = made.order_left[np.repeat(made.start_left[part], cost[part]) + within // width]
            right = made.order_right[np.repeat(made.start_right[part], cost[part]) + within % width]
            if not self.frame.right:
                left, right = left[left < right], right[left < right]
            yield left.astype(np.int32), right.astype(np.int32)
            begin = end


def _keys(frame: Frame, rule: BlockingRule) -> Keys:
    """One number for each row, equal exactly when all keys are equal; -1 where one is missing."""
    keys: Keys | None = None
    for field, form in rule.keys:
        column = frame.column(field, form)
        codes = column.codes.astype(np.int64)
        if keys is None:
            keys = codes
            continue
        missing = (keys < 0) | (codes < 0)
        # numbered densely first, so that the product of two never leaves 64 bits
        keys = np.unique(keys, return_inverse=True)[1].reshape(-1) * len(column.words) + codes
        keys[missing] = -1
    if keys is None:
        raise LinkageError(
            LinkageReason.SETTING, rule.name, Text("分块规则没有键。", "The blocking rule has no key.")
        )
    return keys.copy()


def _sorted(keys: Keys, offset: int) -> NDArray[np.int64]:
    rows = np.flatnonzero(keys >= 0)
    return rows[np.argsort(keys[rows], kind="stable")] + offset


def _runs(keys: Keys) -> tuple[Keys, NDArray[np.int64], NDArray[np.int64]]:
    """Distinct values of sorted keys, where each begins, how many there are."""
    start = (
        np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        if len(keys)
        else np.zeros(0, np.int64)
    )
    return keys[start], start, np.diff(np.concatenate([start, [len(keys)]]))
