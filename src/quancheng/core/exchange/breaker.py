"""熔断: a provider that fails is left alone for a while, then tried with a few calls.

Closed → open after ``failures`` in a row; open → half-open when ``rest`` has passed; half-open →
closed after ``trials`` successes in a row, → open again at the first failure, each time longer by
``growth`` up to ``longest``. (Nygard, Release It!, 2nd edition 2018, chapter 5 "Circuit Breaker".)
Time is passed in; a call must be reported by its ticket, so that a late answer from before the
circuit opened cannot close it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["Breaker", "BreakerRule", "Circuit"]


class Circuit(StrEnum):
    """State of the circuit (熔断状态)."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"

    @property
    def text(self) -> Text:
        """Label (名称)."""
        return _LABELS[self]


_LABELS = {
    Circuit.CLOSED: Text("正常", "closed"),
    Circuit.OPEN: Text("已熔断", "open"),
    Circuit.HALF_OPEN: Text("试探恢复", "half-open"),
}


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """When a circuit opens and closes (熔断规则)."""

    failures: int
    rest: timedelta
    trials: int = 1
    growth: int = 2
    longest: timedelta = timedelta(minutes=30)

    def __post_init__(self) -> None:
        if min(self.failures, self.trials, self.growth) < 1:
            raise ValueError("failures, trials and growth must be at least one")
        if not timedelta() < self.rest <= self.longest:
            raise ValueError("the rest must be positive and at most the longest")


@dataclass(frozen=True, slots=True)
class Breaker:
    """State of one circuit (熔断器). A value: every step returns a new one.

    ``round`` numbers the changes of state; it is the ticket of the calls let through in it.
    """

    rule: BreakerRule
    circuit: Circuit = Circuit.CLOSED
    round: int = 0
    failed: int = 0
    succeeded: int = 0
    started: int = 0
    openings: int = 0
    until: datetime | None = None

    def admit(self, now: datetime) -> tuple[Breaker, int | None]:
        """Let a call through and give its ticket, or ``None`` (放行)."""
        state = self
        if state.circuit is Circuit.OPEN and state.until is not None and now >= state.until:
            state = replace(
                state, circuit=Circuit.HALF_OPEN, round=state.round + 1, succeeded=0, started=0, until=None
            )
        if state.circuit is Circuit.OPEN:
            return state, None
        if state.circuit is Circuit.HALF_OPEN:
            if state.started >= state.rule.trials:
                return state, None
            state = replace(state, started=state.started + 1)
        return state, state.round

    def report(self, ticket: int, success: bool, now: datetime) -> Breaker:
        """State after a call has ended (报告结果); tickets of earlier rounds change nothing."""
        if ticket != self.round or self.circuit is Circuit.OPEN:
            return self
        if not success:
            failed = self.failed + 1
            trip = self.circuit is Circuit.HALF_OPEN or failed >= self.rule.failures
            return self._opened(now) if trip else replace(self, failed=failed)
        if self.circuit is Circuit.CLOSED:
            return replace(self, failed=0)
        succeeded = self.succeeded + 1
        if succeeded < self.rule.trials:
            return replace(self, succeeded=succeeded)
        return Breaker(self.rule, round=self.round + 1)

    def forgive(self, now: datetime) -> Breaker:
        """A trial that never came back is given up (放弃等待): counts as a failure when half-open."""
        return self._opened(now) if self.circuit is Circuit.HALF_OPEN else self

    def _opened(self, now: datetime) -> Breaker:
        rest = self.rule.rest
        for _ in range(self.openings):
            rest = min(rest * self.rule.growth, self.rule.longest)
            if rest == self.rule.longest:
                break
        return Breaker(self.rule, Circuit.OPEN, self.round + 1, openings=self.openings + 1, until=now + rest)
