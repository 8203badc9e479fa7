"""缺数: nothing came from a stream for longer than the rule allows.

Between two readings farther apart than ``seconds`` lies an episode, from the moment the reading was
overdue to the moment it came. While nothing comes, :meth:`AbsenceMachine.advance` finds the beginning.
Any reading counts, good or bad. A reading older than the newest one fills no gap: somebody was told.
A stream that never spoke is overdue from the day the rule began to look at it; a rule without such a
day waits for the first reading.
"""

from __future__ import annotations

from math import isnan

from quancheng.core.watch.found import Ending, Firing, Found
from quancheng.core.watch.spec import SECOND, Rule

__all__ = ["NEVER", "AbsenceMachine"]

NEVER = -(2**62)


class AbsenceMachine:
    """缺数: one rule at one stream."""

    __slots__ = ("active", "began", "rule", "seen", "span", "stream", "value")

    def __init__(self, rule: Rule, stream: int) -> None:
        self.rule, self.stream = rule, stream
        self.span = rule.spec.seconds * SECOND
        self.seen = rule.since
        self.value: float | None = None
        self.active, self.began = False, 0

    def arrive(self, at: int, value: float, found: Found) -> None:
        """A reading came."""
        if at <= self.seen:
            return
        if self.seen != NEVER and not self.active and at - self.seen > self.span:
            self._fire(at, found)
        if self.active:
            self.active = False
            found.endings.append(Ending(self.rule.id, self.stream, self.began, at))
        self.seen, self.value = at, value

    def advance(self, now: int, found: Found) -> None:
        """It is ``now`` and nothing more has come."""
        if self.seen != NEVER and not self.active and now - self.seen > self.span:
            self._fire(now, found)

    def _fire(self, now: int, found: Found) -> None:
        self.active, self.began = True, self.seen + self.span
        last = () if self.value is None or isnan(self.value) else ((self.stream, self.seen, self.value),)
        silence = (now - self.seen) / SECOND
        found.firings.append(
            Firing(self.rule.id, self.stream, self.began, silence, float(self.rule.spec.seconds), last)
        )
