"""Values of the counter that other modules may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Paper:
    """One kind of paper in a bag (纸质材料)."""

    name: str
    count: int = 1
    original: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What who takes over sees (签收核对)."""

    count: int
    seal: str
    intact: bool
    note: str = ""
