"""``/healthz`` (alive), ``/readyz`` (may serve), ``/metrics``."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from quancheng.kernel.observability import metrics

_checks: dict[str, Callable[[], str | None]] = {}


def readiness(name: str, check: Callable[[], str | None]) -> None:
    """Register a readiness check: returns None when well, else one sentence."""
    _checks[name] = check


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return None


readiness("database", _database)


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; how long ago each background component was last seen (seconds)."""
    from quancheng.kernel.supervisor import heartbeat

    try:
        seen = {name: round(age, 1) for name, age in heartbeat.ages().items()}
    except DatabaseError:
        seen = {}
    return JsonResponse({"status": "ok", "components": seen})


def readyz(request: HttpRequest) -> HttpResponse:
    """Everything needed to serve is there; 503 and the reasons otherwise."""
    found: dict[str, str] = {}
    for name, check in _checks.items():
        try:
            trouble = check()
        except Exception as failure:
            trouble = f"{type(failure).__name__}: {failure}"
        found[name] = trouble or "ok"
    well = all(state == "ok" for state in found.values())
    return JsonResponse(
        {"status": "ok" if well else "degraded", "checks": found}, status=200 if well else 503
    )


def metrics_view(request: HttpRequest) -> HttpResponse:
    """Prometheus exposition."""
    body, content_type = metrics.exposition()
    return HttpResponse(body, content_type=content_type)
