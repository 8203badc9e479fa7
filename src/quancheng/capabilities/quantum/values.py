"""What the module's actions, queries and clients speak in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from quancheng.core.linkkey import Strength, Suite

__all__ = ["Exchanged", "HttpAnswer", "Lap", "LineState", "SessionOpened", "SessionRefused"]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """An answer that came over a link, and what protected it: show ``strength`` to whoever reads it."""

    response: bytes = field(repr=False)
    strength: Strength
    away: str
    """Why the strength is not full; empty when it is."""
    session: str

    @property
    def fell_back(self) -> bool:
        """Whether the quantum key was away."""
        return self.strength is not Strength.FULL


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer that came over a link."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    done: Exchanged

    @classmethod
    def read(cls, done: Exchanged) -> HttpAnswer:
        """Raises ValueError when it is none."""
        head, blank, body = done.response.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        status, _, reason = rest.partition(" ")
        if not blank or not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit()):
            raise ValueError(first[:80])
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name, value.strip()) for name, _colon, value in pairs)
        return cls(int(status), reason, headers, body, done)


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """A session as others may know it (会话建立): no key in it."""

    link: str
    session: str
    strength: Strength
    away: str
    qkd: uuid.UUID | None
    suite: Suite
    reason: str
    at: datetime
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """A handshake or record that was refused (会话被拒)."""

    link: str
    reason: str
    at: datetime
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Lap:
    """One round of the QKD device (一轮): its error rate and what it gave."""

    number: int
    at: datetime
    qber: float
    outcome: str
    secret_bits: int


@dataclass(frozen=True, slots=True)
class LineState:
    """What a key manager says of its line (量子线路状况)."""

    stored: int
    most: int
    qber_most: float | None
    laps: tuple[Lap, ...]
    simulated: bool

    @property
    def alarmed(self) -> bool:
        """Whether the last round was above the threshold: somebody may be listening."""
        return bool(self.laps) and self.laps[-1].outcome == "TOO_NOISY"
