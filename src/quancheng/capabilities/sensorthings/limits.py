"""运行限度: operating limits of the service, read from the environment in this one place."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


def _number(name: str, default: int) -> int:
    return int(os.environ.get(f"QUANCHENG_STA_{name}", default))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for."""

    page: int = field(default_factory=lambda: _number("PAGE", 100))
    """Entities of a page when ``$top`` is not given."""
    top: int = field(default_factory=lambda: _number("MAX_TOP", 10_000))
    """Most entities of a page; a larger ``$top`` gets so many and a next link."""
    scan: int = field(default_factory=lambda: _number("MAX_SCAN", 200_000))
    """Most candidates judged one by one for a filter the database cannot judge."""
    body: int = field(default_factory=lambda: _number("MAX_BODY", 16 << 20))
    """Longest request body, bytes."""
    depth: int = field(default_factory=lambda: _number("MAX_DEPTH", 12))
    """Levels of entities inside each other in one body."""
    batch: int = field(default_factory=lambda: _number("MAX_BATCH", 1_000))
    """Requests in one ``$batch``."""
    inline: int = field(default_factory=lambda: _number("MAX_INLINE", 200_000))
    """Expanded entities of one answer."""
    credential_seconds: int = field(default_factory=lambda: _number("CREDENTIAL_SECONDS", 60))
    """How long a checked password is remembered (as a keyed digest) by a process."""


LIMITS = Limits()
