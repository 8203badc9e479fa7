"""Values of the water scenario."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class FloodPlace:
    """A place that floods, as registered."""

    code: str
    zh: str
    en: str
    kind: str
    lon: float
    lat: float
    region: str
    department: str
    closes_at_cm: int
    simulated: bool = True

    def columns(self) -> dict[str, Any]:
        """The columns besides the code."""
        return {key: value for key, value in asdict(self).items() if key != "code"}


@dataclass(frozen=True, slots=True)
class RunTerms:
    """How a rehearsal was run, for its record."""

    drill: str
    seed: int
    faults: float
    seats: str
    started_at: datetime
    ended_at: datetime
