"""What the pages share: who asks, in which language, and faults put at their fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language

from quancheng.capabilities.masters.forms import mark
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn

READERS = frozenset({"masters.steward", "masters.reviewer", "masters.reader"})
REVIEWERS = frozenset({"masters.steward", "masters.reviewer"})


def desk(request: HttpRequest, roles: frozenset[str] = READERS) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & roles:
        raise Forbidden()
    return actor


def person(request: HttpRequest) -> Actor:
    """A signed-in person whose name is verified."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if actor.kind is ActorKind.SYSTEM or actor.person_id is None:
        raise Forbidden()
    return actor


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def tried(form: forms.Form, deed: Callable[[], Any]) -> bool:
    """Whether a valid form's deed was done; what was refused stands at its field."""
    if not form.is_valid():
        return False
    try:
        deed()
    except InvalidInput as refused:
        mark(form, refused.fields, refused.detail, language())
    except (Conflict, Forbidden) as refused:
        form.add_error(None, refused.detail.pick(language()))
    return form.is_valid()
