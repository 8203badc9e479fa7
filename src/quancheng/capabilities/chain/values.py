"""Values the chain's queries speak in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quancheng.core.text import Text
from quancheng.core.tlog import Health

HISTORY = "history: "
"""How a member's fault begins that is of its log, not of its witness."""
LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
"""The last moment that can be written down, in Unix seconds; a clock may claim more."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """存证回执: a proof bundle with what opens it; anybody can check it with the policy."""

    scene: str
    reference: str
    digest: bytes | None
    salt: bytes | None
    bundle: bytes
    origin: str
    index: int
    witnesses: int
    needed: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SceneRow:
    """A scene on the supervision page."""

    code: str
    text: Text
    group: Text
    happened: int
    anchored: int
    late: int
    last: datetime | None

    @property
    def percent(self) -> float | None:
        """Anchored of happened, per cent."""
        return round(100 * self.anchored / self.happened, 1) if self.happened else None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member on the supervision page."""

    member: Any
    health: Health
    seen_size: int | None
    skew: int | None

    @property
    def kind(self) -> str:
        """Colour of its tag."""
        return {Health.WELL: "ok", Health.SILENT: "warn", Health.NEVER: "warn"}.get(self.health, "bad")
