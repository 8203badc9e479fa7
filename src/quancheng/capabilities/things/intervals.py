"""应报间隔: how often a stream should speak and when it counts as silent, by dated parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quancheng.core.rules.model import thaw
from quancheng.kernel import clock, rulebook

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Intervals:
    """Minutes between reports by kind, and the grace."""

    minutes: dict[str, int]
    grace: float

    @classmethod
    def on(cls, at: datetime) -> Intervals:
        """As in force at a moment."""
        day = at.astimezone(clock.LOCAL).date()
        table: Any = thaw(rulebook.find("things.interval_minutes", on=day).value)
        grace = rulebook.find("things.silent_grace", on=day).decimal()
        return cls({kind: int(number) for kind, number in table.items()}, float(grace))

    def of(self, kind: str, own: int | None = None) -> int:
        """Expected minutes between reports of a stream."""
        return own or self.minutes.get(kind) or self.minutes[OTHER]

    def silent_after(self, kind: str, own: int | None = None) -> float:
        """Minutes without a report after which a stream is silent."""
        return self.of(kind, own) * self.grace
