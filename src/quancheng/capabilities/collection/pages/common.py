"""What the pages share: who is at the desk, faults at their fields."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import get_language

from quancheng.capabilities.collection import queries
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotSignedIn


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
