"""运行限度: every operating limit of the rule runner, read from the environment in this one place.

What a rule asks is dated and decided by people; this is about machines only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings


def _number(name: str, default: float) -> float:
    return float(os.environ.get(name, default))


def folder() -> Path:
    """Where checkpoints live."""
    return Path(settings.HOME) / "watch"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one runner takes on."""

    memory: int = field(default_factory=lambda: int(_number("QUANCHENG_WATCH_MEMORY", 32)))
    """Readings remembered of each stream, which late data can be put among."""
    poll_seconds: float = field(default_factory=lambda: _number("QUANCHENG_WATCH_POLL_SECONDS", 0.2))
    """Wait when nothing came."""
    gather_seconds: float = field(default_factory=lambda: _number("QUANCHENG_WATCH_GATHER_SECONDS", 0.05))
    """Wait after less than a whole batch: a busy log is read in larger pieces, for a fraction of the CPU."""
    batch: int = field(default_factory=lambda: int(_number("QUANCHENG_WATCH_BATCH", 100_000)))
    """Readings taken at once."""
    checkpoint_seconds: float = field(
        default_factory=lambda: _number("QUANCHENG_WATCH_CHECKPOINT_SECONDS", 20)
    )
    """Longest stretch of the log read again after a crash."""
    rules_seconds: float = field(default_factory=lambda: _number("QUANCHENG_WATCH_RULES_SECONDS", 0.8))
    """How often changed rules are looked for."""
    streams_seconds: float = field(default_factory=lambda: _number("QUANCHENG_WATCH_STREAMS_SECONDS", 30))
    """How soon scopes are resolved again after entities of the sensor service changed."""
    every_seconds: float = field(default_factory=lambda: _number("QUANCHENG_WATCH_EVERY_SECONDS", 600))
    """How often they are resolved again though no change was heard of."""
    absence_seconds: float = field(default_factory=lambda: _number("QUANCHENG_WATCH_ABSENCE_SECONDS", 2))
    """How often overdue streams are looked for."""
    trial_rows: int = field(default_factory=lambda: int(_number("QUANCHENG_WATCH_TRIAL_ROWS", 20_000_000)))
    """Readings one trial may look at."""
