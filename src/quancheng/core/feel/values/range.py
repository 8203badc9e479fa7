"""Ranges: intervals of anything that has an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """``[start..end]``; ``None`` is an open end. ``excluding`` marks ``(!=x)``: all but ``start``."""

    start: Any
    end: Any
    start_included: bool = True
    end_included: bool = True
    excluding: bool = False

    def __hash__(self) -> int:
        return hash((self.start_included, self.end_included, self.excluding))
