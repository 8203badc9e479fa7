"""One log line and one metric per request; unexpected faults are logged with their trace."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from quancheng.kernel.observability import metrics

log = structlog.get_logger("quancheng.request")
FACES = {"work": "desk", "screen": "command", "open": "open", "sec": "guard", "api": "api"}


def face_of(path: str) -> str:
    """The face a path belongs to (bounded label for metrics)."""
    return FACES.get(path.strip("/").split("/", 1)[0], "citizen")


class RequestLogMiddleware:
    """Request id, duration, structured log, metrics."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request_id = uuid.uuid4().hex[:16]
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
        seconds = time.perf_counter() - started
        face = face_of(request.path)
        metrics.REQUESTS.labels(face, request.method or "", str(response.status_code)).inc()
        metrics.REQUEST_SECONDS.labels(face).observe(seconds)
        response["X-Request-Id"] = request_id
        if response.status_code >= 500:
            metrics.ERRORS.labels(face).inc()
        log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            request_id=request_id,
        )
        return response
