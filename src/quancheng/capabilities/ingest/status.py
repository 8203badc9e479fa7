"""网关状态: figures of the gateways, kept beside their heartbeats, for pages and metrics."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

from quancheng.kernel.events.retry import real_now
from quancheng.kernel.observability import metrics
from quancheng.kernel.supervisor.heartbeat import FRESH_SECONDS, Heart

PREFIX = "ingest."


@lru_cache(maxsize=4)
def _heart(component: str) -> Heart:
    return Heart(component)


def beat(component: str, figures: dict[str, Any]) -> None:
    """Write the figures with the heartbeat of this process."""
    _heart(component).beat(**figures)


def leave(component: str) -> None:
    """The process ends as it should."""
    _heart(component).stop()


def running() -> list[dict[str, Any]]:
    """Figures of processes alive now, with ``component``, ``id`` and ``seen_at``."""
    from quancheng.kernel.jobs.models import Beat

    fresh = real_now() - timedelta(seconds=FRESH_SECONDS)
    rows = Beat.objects.filter(component__startswith=PREFIX, seen_at__gte=fresh).order_by("-seen_at")
    return [{**row.detail, "component": row.component, "id": row.id, "seen_at": row.seen_at} for row in rows]


def register_gauges() -> None:
    """Metrics of all gateways, read from their heartbeats when scraped."""

    def total(*path: str) -> float:
        found = 0.0
        for one in running():
            value: Any = one
            for name in path:
                value = value.get(name, 0) if isinstance(value, dict) else 0
            found += float(value or 0)
        return found

    def worst(name: str) -> float:
        return max((float(one.get("ack_ms", {}).get(name, 0)) for one in running()), default=0.0) / 1000

    for name, about in (
        ("connections", "Open lines"),
        ("messages_per_second", "Messages a second"),
        ("rows_per_second", "Readings stored a second"),
        ("queued", "Readings waiting for their commit"),
        ("commits", "Commits since the gateways began"),
        ("duplicates", "Copies acknowledged and not stored again"),
        ("failures", "Commits that failed"),
    ):
        metrics.gauge(f"quancheng_ingest_{name}", about, lambda name=name: total(name))  # type: ignore[misc]
    for share in ("p50", "p95", "p99"):
        metrics.gauge(
            f"quancheng_ingest_ack_seconds_{share}",
            "From the message to its acknowledgement",
            lambda share=share: worst(share),  # type: ignore[misc]
        )
