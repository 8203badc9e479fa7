"""Values that actions, queries and the signalling of video speak in; no tables, no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Change:
    """对端上下线: one peer's change as the signalling saw it."""

    peer: str
    online: bool
    at: datetime
    reason: str
    flapping: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """The password of a new device or platform: shown once, kept only as its digest."""

    code: str
    realm: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Peer:
    """对端 as the signalling keeps it in memory."""

    code: str
    direction: str
    keys: Mapping[str, str] = field(repr=False)
    """H(A1) by algorithm name."""
    host: str = ""
    port: int = 5060
    transport: str = "udp"
    realm: str = ""
    password: str = field(default="", repr=False)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class CatalogReport:
    """目录更新: what a catalogue answer changed."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    same: int = 0
    conflicts: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Sighting:
    """视频事件 as it comes in; ``box`` is left, top, right, bottom in shares of the picture (0–1)."""

    event_id: str
    camera: str
    kind: str
    at: datetime
    confidence: float
    count: int = 1
    box: tuple[float, float, float, float] | None = None
    picture: str = ""
    algorithm: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one sighting."""

    event_id: str
    status: str
    """accepted, duplicate"""
    alarm: int | None = None
    stream: int | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """覆盖指标 of one district."""

    region: str
    total: int
    networked: int
    online: int
    smart: int
    key_total: int
    key_networked: int

    @staticmethod
    def share(part: int, whole: int) -> float | None:
        """Percent, None of nothing."""
        return round(100 * part / whole, 1) if whole else None
