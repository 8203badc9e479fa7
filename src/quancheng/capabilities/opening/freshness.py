"""新鲜度: how old opened rows are against what their publisher promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from quancheng.core.catalogue import UpdateCycle


@dataclass(frozen=True, slots=True)
class Freshness:
    """Age in days, the promised longest gap in days (None: nothing promised), and whether it is kept."""

    age: int
    promised: int | None

    @property
    def late(self) -> bool:
        """Whether the promise is broken."""
        return self.promised is not None and self.age > self.promised


def judge(cycle: str, at: datetime | None, now: datetime) -> Freshness:
    """How fresh rows copied ``at`` are ``now``; an unknown cycle promises nothing."""
    try:
        promised = UpdateCycle(cycle).period
    except ValueError:
        promised = None
    return Freshness(max(0, (now - at).days) if at else 0, promised)
