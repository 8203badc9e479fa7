"""短路: addresses for programs, answered without what only people's pages need (docs/decisions/0012).

A module names such addresses in its room ``lean.py``: ``PREFIXES``, prefix → view. A request below one
of them that carries no session cookie and a small body passes neither session, language, CSRF, messages
nor sign-in middleware and crosses threads once instead of four times. What remains: the request log with
its number, metrics, security headers, the check of the host, clear errors, the upkeep of the database
connections of the fixed threads. Everything else takes the long way, to the same view.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from a2wsgi.wsgi import build_environ
from django.conf import settings
from django.core import signals
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware

from quancheng.core.text import Text
from quancheng.kernel import errors
from quancheng.kernel.middleware import NUL, expected_error
from quancheng.kernel.observability.middleware import RequestLogMiddleware

View = Callable[[HttpRequest, str], HttpResponse]
"""Answers a request; the text is the address after the prefix. There is no session, user or message."""

MAX_BODY_BYTES = 256 * 1024
"""A body waits whole in memory before a thread takes it; longer ones take the long way, which reads as it goes."""
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_NUL_TEXT = Text("网址中有不能使用的字符。", "The address holds a character that cannot be used.")
_BODILESS = frozenset({b"GET", b"HEAD"})
logger = logging.getLogger("django.request")


@lru_cache(maxsize=1)
def views() -> tuple[tuple[str, View], ...]:
    """Views by prefix: ``PREFIXES`` in the ``lean.py`` of modules, longest first."""
    found: dict[str, View] = {}
    for module in settings.MODULES:
        if find_spec(f"{module.dotted}.lean") is not None:
            found |= import_module(f"{module.dotted}.lean").PREFIXES
    return tuple(sorted(found.items(), key=lambda one: -len(one[0])))


def view_for(scope: Any) -> tuple[str, View] | None:
    """The prefix and view of a request that may take the short way; None = the long way."""
    path = scope["path"]
    for prefix, view in views():
        if path.startswith(prefix):
            return (prefix, view) if not scope.get("root_path") and _is_plain(scope) else None
    return None


def _is_plain(scope: Any) -> bool:
    """No session cookie, and a body of a known, small length."""
    length = b"" if scope["method"] not in ("GET", "HEAD") else b"0"
    cookie = settings.SESSION_COOKIE_NAME.encode()
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = value
        elif (name == b"cookie" and cookie in value) or name in (b"transfer-encoding", b"upgrade", b"expect"):
            return False
    return length.isdigit() and len(length) < 10 and int(length) <= MAX_BODY_BYTES


async def pass_through(scope: Any, receive: Any, send: Any, found: tuple[str, View], pool: Executor) -> None:
    """Answer one request in a thread of ``pool``: body in, answer out."""
    body = await _body(receive)
    if body is None:
        return
    run = contextvars.copy_context().run
    started, content = await asyncio.get_running_loop().run_in_executor(
        pool, run, respond, scope, body, *found
    )
    await send(started)
    await send({"type": "http.response.body", "body": content})


async def _body(receive: Any) -> bytes | None:
    """The whole body; None when the client went away before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) != 1 else parts[0]


def respond(scope: Any, body: bytes, prefix: str, view: View) -> tuple[dict[str, Any], bytes]:
    """The answer to one request: the start message and the content. Never raises for what a view does."""
    environ: Any = build_environ(scope, BytesIO(body))  # type: ignore[arg-type]
    signals.request_started.send(sender=SecurityMiddleware, environ=environ)
    response: HttpResponseBase | None = None
    try:
        request = WSGIRequest(environ)
        response = _through(view, prefix)(request)
        content = response.content if isinstance(response, HttpResponse) else b"".join(response)
        start = {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": _headers(response, content),
        }
        return start, content
    finally:
        if response is not None:
            response.close()  # sends request_finished: connections past their age are closed
        else:
            signals.request_finished.send(sender=SecurityMiddleware)


@lru_cache(maxsize=64)
def _through(view: View, prefix: str) -> Callable[[HttpRequest], HttpResponseBase]:
    """The view behind security headers, the request log and clear errors."""

    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            if NUL in request.path or NUL in unquote(request.META.get("QUERY_STRING", "")):
                raise errors.InvalidInput(_NUL_TEXT)
            request.get_host()  # refuses hosts that are not ours
            response = view(request, request.path_info[len(prefix) :])
        except Exception as failure:
            response = _failed(request, failure)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", _POLICY)
        headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        headers.setdefault("Permissions-Policy", "interest-cohort=(), browsing-topics=()")
        return response

    whole: Any = SecurityMiddleware(RequestLogMiddleware(guarded))
    return whole  # type: ignore[no-any-return]


def _failed(request: HttpRequest, failure: Exception) -> HttpResponse:
    """Problem details in both languages; faults of ours are logged with their trace."""
    expected = expected_error(failure)
    if expected is None:
        signals.got_request_exception.send(sender=SecurityMiddleware, request=request)
        logger.error("Internal Server Error: %s", request.path, exc_info=failure)
        expected = errors.QuanchengError()
    body = errors.problem(
        expected,
        instance=request.path,
        language=settings.LANGUAGE_CODE,
        request_id=getattr(request, "request_id", ""),
    )
    return JsonResponse(body, status=expected.status, content_type="application/problem+json")


def _headers(response: HttpResponseBase, content: bytes) -> list[tuple[bytes, bytes]]:
    found = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in response.items()]
    if response.status_code not in (204, 304) and "Content-Length" not in response.headers:
        found.append((b"content-length", b"%d" % len(content)))
    found += [(b"set-cookie", one.OutputString().encode("latin1")) for one in response.cookies.values()]
    return found
