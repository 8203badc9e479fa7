"""What the pages share: the door, and deeds whose refusal goes to the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from quancheng.kernel import refusals
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)

OFFICER, CUSTODIAN = "security.officer", "security.custodian"


def door(request: HttpRequest, *roles: str) -> Actor:
    """Whoever holds one of the roles. Raises NotSignedIn, Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn
    if not actor.role_ids & set(roles or (OFFICER,)):
        raise Forbidden
    return actor


def attempt(request: HttpRequest, form: forms.Form, deed: Callable[[], Any], done: str = "") -> Any:
    """The deed's result and a notice; None when it was refused, which the form then says."""
    try:
        result = deed()
    except (InvalidInput, Conflict, Forbidden, NotFound, TooMany, Unavailable) as refused:
        refusals.mark(form, refused)
        return None
    if done:
        messages.success(request, done)
    return result
