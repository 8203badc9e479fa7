"""What the pages share: who asks, signed in or not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse

from quancheng.capabilities.people.models import User
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotSignedIn
from quancheng.kernel.middleware import call_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in(view: View[P]) -> View[P]:
    """Refuse (and send to the sign-in page) whoever has not signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not call_of(request).actor.is_authenticated:
            raise NotSignedIn()
        return view(request, *args, **kwargs)

    return guarded


def actor_of(request: HttpRequest) -> Actor:
    """The actor of the request, evaluated."""
    return call_of(request).actor


def user_of(request: HttpRequest) -> User:
    """The account of a signed-in request."""
    if not isinstance(request.user, User):
        raise NotSignedIn()
    return request.user
