"""The HTTP edge of the kernel: who asks, and how errors leave."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from quancheng.core.text import Text
from quancheng.kernel import errors
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

GetResponse = Callable[[HttpRequest], HttpResponse]
NUL = "\x00"
_NUL_TEXT = Text("网址中有不能使用的字符。", "The address holds a character that cannot be used.")
KEY_HEADER = "Idempotency-Key"
KEY_FIELD = "idempotency_key"


@lru_cache(maxsize=1)
def _loader() -> Callable[[Any, HttpRequest], Actor]:
    return import_string(settings.QUANCHENG_ACTOR_LOADER)  # type: ignore[no-any-return]


def new_key() -> str:
    """A fresh idempotency key for a form."""
    return uuid.uuid4().hex


class ActorMiddleware:
    """Puts ``request.actor`` (lazy) and ``request.call()`` on every request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _loader()(request.user, request))  # type: ignore[attr-defined]
        request.call = lambda: call_of(request)  # type: ignore[attr-defined]
        return self.get_response(request)


def call_of(request: HttpRequest) -> Call:
    """The circumstances of a deed asked for by ``request``; key from header or form field."""
    key = request.headers.get(KEY_HEADER) or request.POST.get(KEY_FIELD) or None
    if key and len(key) > 200:
        raise errors.InvalidInput(
            Text("幂等键过长(最多200字)。", "The idempotency key is too long (200 at most).")
        )
    actor = request.actor  # type: ignore[attr-defined]
    if isinstance(actor, SimpleLazyObject):
        actor = actor._wrapped if actor._wrapped.__class__ is Actor else _force(actor)
    return Call(actor, key=key, request_id=getattr(request, "request_id", ""))


def _force(lazy: Any) -> Actor:
    lazy.kind  # noqa: B018  evaluates the lazy object
    actor: Actor = lazy._wrapped
    return actor


class ErrorMiddleware:
    """Turns expected errors into problem details (API) or a human page (browser)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path or NUL in unquote(request.META.get("QUERY_STRING", "")):
            return error_response(request, errors.InvalidInput(_NUL_TEXT))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, failure: Exception) -> HttpResponse | None:
        expected = expected_error(failure)
        return None if expected is None else error_response(request, expected)


def expected_error(failure: Exception) -> errors.QuanchengError | None:
    """The taxonomy's view of an exception; None when it is a real fault of ours."""
    if isinstance(failure, errors.QuanchengError):
        return failure
    if isinstance(failure, Http404):
        return errors.NotFound()
    if isinstance(failure, RequestDataTooBig):
        return errors.TooLarge()
    if isinstance(failure, PermissionDenied):
        return errors.Forbidden()
    if isinstance(failure, SuspiciousOperation | DataError):
        return errors.InvalidInput()  # DataError: the database refused a value (PEP 249), say a NUL
    return None


def wants_json(request: HttpRequest) -> bool:
    """True for API paths and for clients that ask for JSON rather than HTML."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("json" in accept and "text/html" not in accept)


def error_response(request: HttpRequest, error: errors.QuanchengError) -> HttpResponse:
    """Answer with ``error`` in the form the client reads."""
    body = errors.problem(
        error,
        instance=request.path,
        language=get_language() or "zh-hans",
        request_id=getattr(request, "request_id", ""),
    )
    if wants_json(request):
        return JsonResponse(body, status=error.status, content_type="application/problem+json")
    if isinstance(error, errors.NotSignedIn):
        back = request.get_full_path() if request.method == "GET" else request.path
        return redirect(f"{settings.LOGIN_URL}?{urlencode({'next': back})}")
    return render(request, "errors/problem.html", {"problem": body}, status=error.status)
