"""谁在问: programs sign in with each request, by Basic or Bearer; browsers read by their session.

A session never writes here: the addresses are free of CSRF tokens, as other servers' are. In demo mode
an anonymous caller may write, as everybody may be anybody there.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from collections import defaultdict, deque
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.core import signing
from django.http import HttpRequest

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.messages import Refused
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import NotSignedIn, TooMany

EDITOR = "sensorthings.editor"
_SALT = "sensorthings.token"
TOKEN_SECONDS = 90 * 86_400
_ANYBODY = Actor(ActorKind.ANONYMOUS, name="demo", grants=(RoleGrant(EDITOR),), simulated=True)
_NOBODY = Actor.anonymous()
_known: dict[bytes, tuple[float, Actor]] = {}
_key = secrets.token_bytes(32)
_failures: dict[str, deque[float]] = defaultdict(deque)
_TRIES, _TRY_SECONDS = 10, 60.0


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request. Raises NotSignedIn for wrong credentials, TooMany after many of them."""
    header = request.META.get("HTTP_AUTHORIZATION")
    if header:
        return _of_header(header, request)
    if settings.DEMO:
        return _ANYBODY
    if request.method in ("GET", "HEAD") and settings.SESSION_COOKIE_NAME in request.COOKIES:
        return people.actor_for(request.user, request)
    return _NOBODY


def _of_header(header: str, request: HttpRequest) -> Actor:
    digest = hmac.digest(_key, header.encode(), "sha256")
    found = _known.get(digest)
    if found is not None and found[0] > time.monotonic():
        return found[1]
    user = _user(header, request)
    actor = people.actor_for(user, None)
    if not actor.is_authenticated:
        raise NotSignedIn()
    if len(_known) > 10_000:
        _known.clear()
    _known[digest] = (time.monotonic() + LIMITS.credential_seconds, actor)
    return actor


def _user(header: str, request: HttpRequest) -> Any:
    scheme, _, value = header.partition(" ")
    place = str(request.META.get("REMOTE_ADDR", ""))
    tries = _failures[place]
    while tries and tries[0] < time.monotonic() - _TRY_SECONDS:
        tries.popleft()
    if len(tries) >= _TRIES:
        raise TooMany()
    found = _by_password(value, request) if scheme.lower() == "basic" else None
    if scheme.lower() == "bearer":
        found = _by_token(value.strip())
    if found is None:
        if len(_failures) > 10_000:
            _failures.clear()
        _failures[place].append(time.monotonic())
        raise NotSignedIn()
    return found


def _by_password(value: str, request: HttpRequest) -> Any:
    try:
        name, mark, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as wrong:
        raise Refused(400, "Authorization 无法解析。", "The Authorization header cannot be read.") from wrong
    return authenticate(request, username=name, password=password) if mark else None


def _by_token(value: str) -> Any:
    from django.contrib.auth import get_user_model

    try:
        pk, mark = signing.loads(value, salt=_SALT, max_age=TOKEN_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = get_user_model()._default_manager.filter(pk=pk, is_active=True).first()
    if user is None or not hmac.compare_digest(str(mark), user.get_session_auth_hash()[:16]):
        return None
    return user


def token_for(user: Any) -> str:
    """A Bearer token of a user; it ends after 90 days and with a change of the password."""
    return signing.dumps([user.pk, user.get_session_auth_hash()[:16]], salt=_SALT)
