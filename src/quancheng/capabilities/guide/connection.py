"""连接 Connection: who is at the other end of a WebSocket, and whether the page that opened it is ours."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.request import validate_host
from django.utils.module_loading import import_string

from quancheng.kernel.actor import Actor

SECRET = "guide.secret"  # noqa: S105  a name, not a secret
"""Session key of the conversation's secret."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who connected: the actor, the secret in the session, the language (来访者)."""

    actor: Actor
    secret: str
    language: str


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Headers of a connection, lower case names."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether the page that opens the socket is one of ours (browsers send cookies to any origin's socket)."""
    host, origin = headers.get("host", ""), headers.get("origin", "")
    if not validate_host(host.rsplit(":", 1)[0] if not host.endswith("]") else host, settings.ALLOWED_HOSTS):
        return False
    parts = urlsplit(origin)
    if not parts.scheme or not parts.netloc:
        return False
    return parts.netloc == host or f"{parts.scheme}://{parts.netloc}" in settings.CSRF_TRUSTED_ORIGINS


def caller_of(cookie_header: str) -> Caller:
    """Who connects, by the session cookie; nobody when there is none or it is no longer good."""
    jar: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        jar.load(cookie_header)
    chosen = jar.get(settings.LANGUAGE_COOKIE_NAME)
    language = chosen.value if chosen and chosen.value in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    cookie = jar.get(settings.SESSION_COOKIE_NAME)
    if cookie is None:
        return Caller(Actor.anonymous(), "", language)
    request = HttpRequest()
    request.method, request.path = "GET", "/ws/guide/"
    request.COOKIES = {name: morsel.value for name, morsel in jar.items()}
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookie.value)
    request.user = get_user(request)
    secret = str(request.session.get(SECRET, ""))
    if not request.user.is_authenticated:
        return Caller(Actor.anonymous(), secret, language)
    actor: Actor = import_string(settings.QUANCHENG_ACTOR_LOADER)(request.user, request)
    return Caller(actor, secret, language)
