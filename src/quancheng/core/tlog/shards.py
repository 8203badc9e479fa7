"""Shards: a log of each month, so that none grows without end (Rekor #2303)."""

from __future__ import annotations

from datetime import datetime

__all__ = ["shard_of"]


def shard_of(base: str, moment: datetime) -> str:
    """Origin of the shard of a local moment: ``base/2026-11``."""
    return f"{base}/{moment:%Y-%m}"
