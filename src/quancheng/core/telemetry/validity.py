"""数据有效性: when a mean of an hour, a day or eight hours counts, and what it is.

A value that carries a quality flag is left out of every mean; a mean counts only when enough of its
period was measured. Sources of the amounts, which callers pass in as dated parameters:

- GB 3095-2012 表4 (数据统计的有效性): an hour needs at least 45 minutes of sampling, a mean of eight
  hours at least 6 hourly means, a day at least 20 hourly means (SO₂, NO₂, NOₓ, CO, PM₁₀, PM₂.₅);
  a month at least 27 daily means (February 25), a year at least 324;
- HJ 75-2017 §3 (有效小时均值、有效日均值): at least 45 minutes of valid data within a clock hour; for a
  day at least 75 % of the hours the plant ran;
- GB/T 8170-2008: rounding of results, a five before nothing goes to the even neighbour.

Clauses as quoted publicly. Times are microseconds UTC; a minute belongs to the period it begins in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from .reading import Quality

__all__ = [
    "DISQUALIFYING",
    "Mean",
    "Rule",
    "Sample",
    "daily",
    "hourly",
    "longest_of_day",
    "moving",
    "operating_day",
    "rounded",
]

MINUTE = 60_000_000
HOUR = 60 * MINUTE

DISQUALIFYING = (
    Quality.MISSING
    | Quality.SUSPECT
    | Quality.FAULT
    | Quality.CALIBRATION
    | Quality.MAINTENANCE
    | Quality.OVER_RANGE
    | Quality.ESTIMATED
    | Quality.COMMUNICATION
    | Quality.STOPPED
    | Quality.STALE
)
"""Flags that keep a value out of official means. UNDER_RANGE (below the detection limit), MANUAL, CLOCK,
LATE, TAMPER and SIMULATED do not: they say how a value came, not that it is wrong."""


@dataclass(frozen=True, slots=True)
class Sample:
    """样本: a value that stands for ``minutes`` minutes from ``time`` (µs UTC); ``None`` is no value."""

    time: int
    value: float | None
    quality: int = 0
    minutes: int = 1

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError(f"a sample stands for at least a minute: {self.minutes}")


@dataclass(frozen=True, slots=True)
class Rule:
    """有效性规则: ``least`` parts of ``expected`` must count; ``excluded`` are flags that keep a value out."""

    least: int
    expected: int
    excluded: int = int(DISQUALIFYING)

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.expected:
            raise ValueError(f"at least 1 and at most all parts: {self.least} of {self.expected}")


@dataclass(frozen=True, slots=True)
class Mean:
    """均值: arithmetic mean of the ``counted`` parts that count, ``None`` when there is none.

    ``valid`` says whether enough of ``expected`` counted; ``least`` how many that is. A mean that is not
    valid is shown, and never judged against a limit.
    """

    start: int
    value: float | None
    counted: int
    expected: int
    least: int

    @property
    def valid(self) -> bool:
        """Whether the mean counts."""
        return self.counted >= self.least


def hourly(samples: Iterable[Sample], start: int, rule: Rule) -> Mean:
    """The mean of the clock hour from ``start``: each minute once, then the mean of the minutes.

    Several samples of one minute are averaged first; of overlapping periods (minute data beside
    five-minute data) every sample counts in each minute it stands for. ``rule.expected`` is 60.
    """
    if start % HOUR:
        raise ValueError(f"{start} is not the beginning of an hour")
    minutes: dict[int, list[float]] = {}
    for sample in samples:
        if not _counts(sample, rule):
            continue
        first = (sample.time - start) // MINUTE
        for minute in range(max(first, 0), min(first + sample.minutes, rule.expected)):
            minutes.setdefault(minute, []).append(sample.value or 0.0)
    means = [math.fsum(values) / len(values) for values in minutes.values()]
    return _mean(start, means, rule)


def _counts(sample: Sample, rule: Rule) -> bool:
    return sample.value is not None and math.isfinite(sample.value) and not sample.quality & rule.excluded


def _mean(start: int, values: Sequence[float], rule: Rule) -> Mean:
    value = math.fsum(values) / len(values) if values else None
    return Mean(start, value, len(values), rule.expected, rule.least)


def daily(hours: Mapping[int, Mean], start: int, rule: Rule) -> Mean:
    """The mean of ``rule.expected`` hours from ``start``: of their valid hourly means only."""
    return _mean(start, _valid(hours, start, rule.expected), rule)


def _valid(hours: Mapping[int, Mean], start: int, count: int) -> list[float]:
    found = (hours.get(start + hour * HOUR) for hour in range(count))
    return [mean.value for mean in found if mean is not None and mean.valid and mean.value is not None]


def operating_day(hours: Mapping[int, Mean], running: Iterable[int], start: int, share: Decimal) -> Mean:
    """有效日均值 of a plant (HJ 75-2017): enough of the hours it ran must be valid.

    ``running``: beginnings (µs) of the hours in which the plant ran; others neither count nor weigh.
    ``share``: how much of them, 0.75 in HJ 75-2017. A plant that did not run has no valid mean.
    """
    ran = sorted({hour for hour in running if start <= hour < start + 24 * HOUR})
    least = max(1, math.ceil(share * len(ran)))
    values = [value for hour in ran for value in _valid(hours, hour, 1)]
    mean = math.fsum(values) / len(values) if values else None
    return Mean(start, mean, len(values), len(ran), least)


def moving(hours: Mapping[int, Mean], end: int, rule: Rule) -> Mean:
    """滑动均值: the mean of the ``rule.expected`` hours before ``end`` (eight for O₃ and CO)."""
    return daily(hours, end - rule.expected * HOUR, rule)


def longest_of_day(hours: Mapping[int, Mean], start: int, rule: Rule, least: int) -> Mean:
    """日最大 8 小时平均 (GB 3095-2012、HJ 663-2013): the largest valid moving mean of a day.

    Windows end at 8, 9 … 24 o'clock of the day from ``start``; ``least`` of them must be valid (14 of 17),
    unless what there is is over a limit, which is for the caller to judge.
    """
    ends = range(start + rule.expected * HOUR, start + 24 * HOUR + 1, HOUR)
    found = [mean for end in ends if (mean := moving(hours, end, rule)).valid and mean.value is not None]
    best = max((mean.value for mean in found if mean.value is not None), default=None)
    return Mean(start, best, len(found), len(ends), least)


def rounded(value: float, decimals: int) -> Decimal:
    """数值修约 (GB/T 8170-2008): four down, six up, five to the even neighbour, on the decimal written.

    The decimal written is the shortest that reads back as the same number: 2.675 is 2.675 and not the
    2.67499… that a binary computer holds. Raises ValueError for what is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"not finite: {value}")
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
