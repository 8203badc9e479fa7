"""漂移: how a table differs from what it was, measured against limits that are passed in.

Population stability index, Σ (a−b)·ln(a/b) over the shares of bins before (b) and after (a): N. Siddiqi,
Credit Risk Scorecards, Wiley 2006; it is the symmetric divergence of H. Jeffreys (1946). Without any
change it is about (1/n+1/m)·χ² with bins−1 degrees of freedom: B. Yurdakul and J. Naranjo, Statistical
properties of the population stability index, Journal of Risk Model Validation 14 (2020). So a small sample
must not raise an alarm by chance: ``psi_noise``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log, sqrt

from quancheng.core.quality.profile import ColumnProfile, Profile
from quancheng.core.text import Text

__all__ = ["Drift", "DriftKind", "DriftLimits", "drift", "psi", "psi_noise"]


class DriftKind(StrEnum):
    """What changed (漂移类型)."""

    ROWS = "rows"
    MISSING = "missing"
    DISTRIBUTION = "distribution"
    NEW_VALUES = "new_values"
    LOST_VALUES = "lost_values"
    COLUMN_ADDED = "column_added"
    COLUMN_LOST = "column_lost"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class DriftLimits:
    """From where on a change counts (漂移阈值).

    ``rows``: relative change of the row count. ``missing``: change of the missing rate, in absolute terms.
    ``psi``: population stability index. ``deviations``: how many standard deviations above chance it must be.
    """

    rows: float
    missing: float
    psi: float
    deviations: float = 3.0


@dataclass(frozen=True, slots=True)
class Drift:
    """One change (漂移). ``exceeds``: whether it is beyond the limit."""

    kind: DriftKind
    column: str
    measure: float
    exceeds: bool
    text: Text


def psi(before: Sequence[int], after: Sequence[int]) -> float:
    """Population stability index of two rows of counts (群体稳定性指数), 0 if their shares are equal.

    Half a row is added to every bin, since the logarithm of an empty one has no value. Raises
    ``ValueError`` for different numbers of bins, negative counts or none.
    """
    if len(before) != len(after) or not before or min(*before, *after, 0) < 0:
        raise ValueError("two rows of counts of the same bins, none negative")
    first = [(count + 0.5) / (sum(before) + 0.5 * len(before)) for count in before]
    second = [(count + 0.5) / (sum(after) + 0.5 * len(after)) for count in after]
    return sum((new - old) * log(new / old) for old, new in zip(first, second, strict=True))


def psi_noise(before: int, after: int, bins: int, deviations: float) -> float:
    """The index that chance alone hardly exceeds (偶然波动上限): mean + deviations·σ of (1/n+1/m)·χ²(bins−1)."""
    if not before or not after:
        return float("inf")
    return (1 / before + 1 / after) * (bins - 1 + deviations * sqrt(2 * (bins - 1)))


def drift(before: Profile, after: Profile, limits: DriftLimits) -> tuple[Drift, ...]:
    """All changes between two profiles of a table (比较概况), exceeding or not, in the order of columns."""
    found = list(_rows(before.rows, after.rows, limits))
    for old in before.columns:
        new = after.of(old.name)
        if new is None:
            text = Text(f"“{old.name}”列不再存在。", f"The column “{old.name}” is gone.")
            found.append(Drift(DriftKind.COLUMN_LOST, old.name, 1.0, True, text))
        elif new.sort is not old.sort:
            text = Text(
                f"“{old.name}”列由{old.sort.text.zh}变为{new.sort.text.zh}。",
                f"The column “{old.name}” was {old.sort.text.en} and is {new.sort.text.en}.",
            )
            found.append(Drift(DriftKind.TYPE, old.name, 1.0, True, text))
        else:
            found.extend(_column(old, new, before.rows, after.rows, limits))
    for new in after.columns:
        if before.of(new.name) is None:
            text = Text(f"新增“{new.name}”列。", f"The column “{new.name}” is new.")
            found.append(Drift(DriftKind.COLUMN_ADDED, new.name, 1.0, True, text))
    return tuple(found)


def _rows(before: int, after: int, limits: DriftLimits) -> Iterator[Drift]:
    if before == after:
        return
    change = (after - before) / before if before else float("inf")
    text = Text(f"行数由{before}变为{after}。", f"There were {before} rows, there are {after}.")
    yield Drift(DriftKind.ROWS, "", change, abs(change) > limits.rows, text)


def _column(
    old: ColumnProfile, new: ColumnProfile, before: int, after: int, limits: DriftLimits
) -> Iterator[Drift]:
    if before and after:
        change = new.missing / after - old.missing / before
        if change:
            text = Text(
                f"“{old.name}”的缺失率由{old.missing / before:.2%}变为{new.missing / after:.2%}。",
                f"Of “{old.name}” {old.missing / before:.2%} were missing, now {new.missing / after:.2%}.",
            )
            yield Drift(DriftKind.MISSING, old.name, change, abs(change) > limits.missing, text)
    yield from _distribution(old, new, limits)
    yield from _values(old, new)


def _distribution(old: ColumnProfile, new: ColumnProfile, limits: DriftLimits) -> Iterator[Drift]:
    pair = _bins(old, new)
    if pair is None or not sum(pair[0]) or not sum(pair[1]):
        return
    index = psi(*pair)
    noise = psi_noise(sum(pair[0]), sum(pair[1]), len(pair[0]), limits.deviations)
    text = Text(
        f"“{old.name}”的群体稳定性指数为{index:.3f}。", f"The stability index of “{old.name}” is {index:.3f}."
    )
    yield Drift(DriftKind.DISTRIBUTION, old.name, index, index > limits.psi and index > noise, text)


def _bins(old: ColumnProfile, new: ColumnProfile) -> tuple[list[int], list[int]] | None:
    """Counts of the same bins: by histogram, else by value where both lists of values are complete."""
    if old.histogram and new.histogram and old.histogram.edges == new.histogram.edges:
        return list(old.histogram.counts), list(new.histogram.counts)
    if not (old.complete_top and new.complete_top):
        return None
    one, two = dict(old.top), dict(new.top)
    values = list(one | two)
    if len(values) < 2:
        return None
    return [one.get(value, 0) for value in values], [two.get(value, 0) for value in values]


def _values(old: ColumnProfile, new: ColumnProfile) -> Iterator[Drift]:
    one, two = {value for value, _ in old.top}, {value for value, _ in new.top}
    added = [value for value, _ in new.top if value not in one] if old.complete_top else []
    lost = [value for value, _ in old.top if value not in two] if new.complete_top else []
    if old.histogram or new.histogram:
        return
    for kind, values, zh, en in (
        (DriftKind.NEW_VALUES, added, "出现新的取值", "new values"),
        (DriftKind.LOST_VALUES, lost, "不再出现取值", "values gone"),
    ):
        if values:
            some = "、".join(str(value) for value in values[:5])
            text = Text(f"“{old.name}”{zh}：{some}。", f"“{old.name}”, {en}: {some.replace('、', ', ')}.")
            yield Drift(kind, old.name, float(len(values)), True, text)
