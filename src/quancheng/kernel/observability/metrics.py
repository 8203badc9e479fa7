"""Prometheus metrics of this process, and gauges read from the database when scraped."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

REQUESTS = Counter("quancheng_requests_total", "Answered requests", ["face", "method", "status"])
REQUEST_SECONDS = Histogram(
    "quancheng_request_seconds",
    "Time to answer",
    ["face"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
ERRORS = Counter("quancheng_unexpected_errors_total", "Faults of our own", ["face"])
_gauges: dict[str, tuple[Gauge, Callable[[], float]]] = {}


def gauge(name: str, description: str, read: Callable[[], float]) -> None:
    """Register a gauge whose value is read at scrape time."""
    if name not in _gauges:
        _gauges[name] = (Gauge(name, description), read)


def exposition() -> tuple[bytes, str]:
    """All metrics in the Prometheus text format, and its content type."""
    for metric, read in _gauges.values():
        try:
            metric.set(read())
        except Exception:  # a broken gauge must not hide the others
            metric.set(float("nan"))
    return generate_latest(), CONTENT_TYPE_LATEST
