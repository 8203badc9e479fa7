"""规则定义: a rule over streams as data; what each kind means, and what may not be asked of it.

Times are whole microseconds since the epoch, UTC (µs). Values are numbers in the stream's unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from math import inf, isfinite, nextafter

from quancheng.core.text import Text

__all__ = [
    "BIGGEST",
    "MICRO",
    "MINUTE",
    "SECOND",
    "Direction",
    "Kind",
    "Role",
    "Rule",
    "Spec",
    "Statistic",
    "Step",
    "bucket_minutes",
]

SECOND = 1_000_000
MINUTE = 60 * SECOND
MICRO = 1_000_000
"""Windows add whole millionths, so that a sum does not depend on the order of its readings."""
BIGGEST = 1e9
"""A reading beyond this is no measurement: rules do not look at it (sums stay exact in 64 bits)."""
_STEPS = (1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440)
_BUCKETS = 60
_WEEK = 7 * 1440
_DAY_SECONDS = 86_400


class Kind(StrEnum):
    """规则类型."""

    THRESHOLD = "threshold"
    HYSTERESIS = "hysteresis"
    WINDOW = "window"
    RATE = "rate"
    SEQUENCE = "sequence"
    ABSENCE = "absence"
    NEIGHBOUR = "neighbour"
    STUCK = "stuck"


class Direction(StrEnum):
    """越限方向."""

    ABOVE = "above"
    BELOW = "below"
    EITHER = "either"


class Statistic(StrEnum):
    """窗口统计量. ``LEQ``: equivalent continuous sound level of levels in dB (GB 3096-2008, 3.2)."""

    MEAN = "mean"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    LEQ = "leq"


class Role(StrEnum):
    """序列中的先后."""

    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class Step:
    """序列的后一条件: what has to follow, at the same site."""

    direction: Direction
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """规则参数: what comes true, whatever streams it is asked of.

    A reading gives a *signal*; the signal is judged by ``direction``, ``limit`` and ``clear``:

    ========== ============================================================================ ===========
    kind       signal                                                                       unit
    ========== ============================================================================ ===========
    threshold  the value                                                                    stream's
    hysteresis the value; over ``consecutive`` times in a row; ends past ``clear``          stream's
    window     ``statistic`` of the last ``minutes``, in steps of :func:`bucket_minutes`;   stream's,
               none while fewer than ``coverage`` of the steps have a reading               1 for count
    rate       change since the reading before, per ``per_seconds``; none after a gap       stream's per
               longer than ``seconds`` (0: any gap)                                         time
    stuck      how long the value has stayed within ``tolerance``; at least ``seconds``     s
    absence    how long nothing came; more than ``seconds``                                 s
    sequence   the condition, and within ``seconds`` after it ``then`` at the same site     s between
    neighbour  distance from the median of the ``neighbours`` nearest in the same slot of   stream's
               ``minutes``; at least half of them must have spoken; a slot is judged
               ``seconds`` after its end
    ========== ============================================================================ ===========

    ``hours``: minutes of the local day (first, end; end ≤ first crosses midnight) outside which
    readings are not looked at. ``strict``: over means more than ``limit``, not as much as.
    """

    kind: Kind
    direction: Direction = Direction.ABOVE
    limit: float = 0.0
    strict: bool = False
    clear: float | None = None
    consecutive: int = 1
    minutes: int = 0
    statistic: Statistic = Statistic.MEAN
    coverage: float = 0.0
    seconds: int = 0
    tolerance: float = 0.0
    per_seconds: int = 60
    neighbours: int = 0
    hours: tuple[int, int] | None = None
    then: Step | None = None

    def faults(self) -> dict[str, Text]:
        """What is wrong, by field; empty when the rule can run."""
        wrong: dict[str, Text] = {}
        _numbers(self, wrong)
        _KIND_FAULTS.get(self.kind, _no_faults)(self, wrong)
        if self.hours is not None and not all(0 <= one <= 1440 for one in self.hours):
            wrong["hours"] = Text("时段应在0时到24时之间", "Hours must lie between 0:00 and 24:00")
        if self.hours is not None and self.kind is Kind.ABSENCE:
            wrong["hours"] = Text("缺数规则不分时段", "Absence knows no hours of the day")
        return wrong

    def level(self, limit: float | None = None) -> float:
        """What the measured signal must reach; see :meth:`measure`."""
        bare = self.limit if limit is None else limit
        turned = self.measure(bare) if self.direction is Direction.BELOW else bare
        return nextafter(turned, inf) if self.strict else turned

    def cleared(self, limit: float | None = None) -> float:
        """The measured signal below this ends an episode.

        ``clear`` is a distance of the rule's own limit; where a stream has another limit it goes along.
        """
        bare = self.limit if limit is None else limit
        if self.clear is None:
            return self.level(limit)
        moved = self.clear + (bare - self.limit)
        return self.measure(moved) if self.direction is Direction.BELOW else moved

    def measure(self, signal: float) -> float:
        """The signal turned so that more is worse."""
        if self.direction is Direction.ABOVE:
            return signal
        return -signal if self.direction is Direction.BELOW else abs(signal)

    @property
    def buckets(self) -> int:
        """Steps of a window."""
        return self.minutes // bucket_minutes(self.minutes)

    @property
    def needed(self) -> int:
        """Steps of a window that must have a reading."""
        whole = self.buckets
        return max(1, -int(-self.coverage * whole // 1))


@cache
def bucket_minutes(minutes: int) -> int:
    """Minutes of one step of a window: the shortest that gives at most 60 steps; 0 when none fits."""
    return next((one for one in _STEPS if minutes % one == 0 and minutes // one <= _BUCKETS), 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """规则与范围: a version of a rule and the streams it watches.

    ``since``: readings at or before it (µs) are not looked at: the rule was not in force yet.
    ``limits``: limits of single streams, where they differ. ``sites``: for a sequence, site of each
    stream of the first condition; ``followers``: of each stream of the second.
    ``near``: for a neighbour comparison, the nearest streams of each, nearest first.
    """

    id: int
    spec: Spec
    streams: tuple[int, ...]
    since: int = -(2**62)
    limits: Mapping[int, float] = field(default_factory=dict)
    sites: Mapping[int, str] = field(default_factory=dict)
    followers: Mapping[int, str] = field(default_factory=dict)
    near: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


# -- what may not be asked ---------------------------------------------------------------------
def _no_faults(spec: Spec, wrong: dict[str, Text]) -> None:
    return None


def _numbers(spec: Spec, wrong: dict[str, Text]) -> None:
    for name in ("limit", "clear", "tolerance"):
        value = getattr(spec, name)
        if value is not None and not (isfinite(value) and abs(value) <= BIGGEST):
            wrong[name] = Text("应为有限的数", "Must be a finite number")
    if not 1 <= spec.consecutive <= 1000:
        wrong["consecutive"] = Text("连续次数应为1到1000", "1 to 1000 in a row")
    sound = spec.clear is not None and "clear" not in wrong and "limit" not in wrong
    if sound and spec.measure(spec.clear or 0.0) > spec.measure(spec.limit):
        wrong["clear"] = Text("解除值不能比阈值更严重", "The clearing value cannot be worse than the limit")
    if spec.direction is Direction.EITHER and spec.limit < 0:
        wrong["limit"] = Text("双向规则的阈值不能为负", "A limit in both directions cannot be negative")


def _span(spec: Spec, wrong: dict[str, Text], most: int = 31 * _DAY_SECONDS) -> None:
    if not 1 <= spec.seconds <= most:
        wrong["seconds"] = Text(f"应为1到{most}秒", f"1 to {most} seconds")


def _minutes(spec: Spec, wrong: dict[str, Text]) -> None:
    if not 1 <= spec.minutes <= _WEEK or not bucket_minutes(spec.minutes):
        wrong["minutes"] = Text(
            "应为1到10080分钟，且能分成不超过60个整分钟的时段",
            "1 to 10,080 minutes that divide into at most 60 steps of whole minutes",
        )


def _window(spec: Spec, wrong: dict[str, Text]) -> None:
    _minutes(spec, wrong)
    if not 0 <= spec.coverage <= 1:
        wrong["coverage"] = Text("有效率应在0到1之间", "Coverage must be 0 to 1")


def _rate(spec: Spec, wrong: dict[str, Text]) -> None:
    if not 1 <= spec.per_seconds <= _DAY_SECONDS:
        wrong["per_seconds"] = Text("应为1秒到1天", "One second to one day")
    if not 0 <= spec.seconds <= 31 * _DAY_SECONDS:
        wrong["seconds"] = Text("应为0秒到31天", "0 seconds to 31 days")


def _stuck(spec: Spec, wrong: dict[str, Text]) -> None:
    _span(spec, wrong)
    if spec.tolerance < 0:
        wrong["tolerance"] = Text("容差不能为负", "The tolerance cannot be negative")


def _sequence(spec: Spec, wrong: dict[str, Text]) -> None:
    _span(spec, wrong, _DAY_SECONDS)
    if spec.then is None:
        wrong["then"] = Text("请写明随后的条件", "Say what has to follow")
    elif not isfinite(spec.then.limit):
        wrong["then"] = Text("应为有限的数", "Must be a finite number")


def _neighbour(spec: Spec, wrong: dict[str, Text]) -> None:
    if not 1 <= spec.minutes <= 1440:
        wrong["minutes"] = Text("应为1到1440分钟", "1 to 1440 minutes")
    if not 0 <= spec.seconds <= _DAY_SECONDS:
        wrong["seconds"] = Text("应为0秒到1天", "0 seconds to 1 day")
    if not 2 <= spec.neighbours <= 20:
        wrong["neighbours"] = Text("应为2到20个邻站", "2 to 20 neighbours")


_KIND_FAULTS = {
    Kind.WINDOW: _window,
    Kind.RATE: _rate,
    Kind.STUCK: _stuck,
    Kind.ABSENCE: _span,
    Kind.SEQUENCE: _sequence,
    Kind.NEIGHBOUR: _neighbour,
}
