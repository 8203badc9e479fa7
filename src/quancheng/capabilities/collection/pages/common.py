"""What the pages share: who is at the desk, faults at their fields."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from quancheng.capabilities.collection import queries
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotSignedIn, QuanchengError


def desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & queries.DESK_ROLES:
        raise Forbidden()
    return actor


def organs(actor: Actor) -> list[tuple[str, str]]:
    """Departments the actor may set feeds up for, as choices."""
    return [(one.code, one.text.pick(language())) for one in queries.organs_of(actor)]


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def mark(form: Any, refused: QuanchengError) -> None:
    """Put the faults of an action at their fields of a form."""
    if not refused.fields:
        form.add_error(None, refused.detail.pick(language()))
    for name, text in refused.fields.items():
        form.add_error(name if name in form.fields else None, text.pick(language()))
