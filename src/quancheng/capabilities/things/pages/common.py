"""What all desk pages of things share."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest
from django.utils.translation import get_language

from quancheng.capabilities.people import queries as people
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, NotSignedIn

DESK = frozenset({"things.operator", "things.viewer", "things.supervisor"})
ORDERS = DESK | {"things.maintainer"}


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def call_of(request: HttpRequest) -> Call:
    """Who asks, under which key."""
    call: Call = request.call()  # type: ignore[attr-defined]
    return call


def desk(request: HttpRequest, roles: frozenset[str] = DESK) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & roles:
        raise Forbidden()
    return actor


def owner(code: str) -> Any:
    """The name of a department, or its code where it is unknown."""
    try:
        return people.department(code).text
    except NotFound:
        return code


def blame(form: Form, refused: InvalidInput) -> None:
    """Show what an action refused beside the fields it names."""
    for name, text in refused.fields.items():
        form.add_error(name if name in form.fields else None, text.pick(language()))
    if not refused.fields:
        form.add_error(None, refused.detail.pick(language()))
