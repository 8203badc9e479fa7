"""What the pages of weather share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import get_language

from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn, QuanchengError
from quancheng.scenarios.weather import steps
from quancheng.scenarios.weather.flow import State
from quancheng.scenarios.weather.models import Warning, WarningEvent


def asker(request: HttpRequest) -> Actor:
    """Who asks on the command face; raises NotSignedIn or Forbidden for others than staff of warnings."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "view", WarningEvent)
    return actor


def reader() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def attempt(request: HttpRequest, deed: Callable[[], Any], done: str) -> bool:
    """Do it and say so; what is refused is said where the reader stands."""
    try:
        deed()
    except NotSignedIn:
        raise
    except (Conflict, Forbidden, InvalidInput) as refused:
        messages.error(request, sentence(refused))
        return False
    messages.success(request, done)
    return True


def sentence(error: QuanchengError) -> str:
    """What happened and what to do, in the reader's language."""
    told = [text.pick(reader()) for text in (error.detail, *error.fields.values(), error.todo)]
    return (" " if reader().startswith("en") else "").join(dict.fromkeys(told))


def verbs_for(actor: Actor, warning: Warning) -> set[str]:
    """What the asker may do with the warning now."""
    drafts = access.allowed(actor, "draft", Warning)
    approves = access.allowed(actor, "approve", Warning)
    found: set[str] = set()
    if drafts and warning.state in {State.DRAFT, State.SUBMITTED}:
        found |= {"edit", "withdraw"}
    if drafts and warning.state == State.DRAFT:
        found.add("submit")
    if drafts and warning.state == State.PUBLISHED:
        found.add("update")
    if approves and warning.state == State.SUBMITTED:
        found |= {"return", "four_eyes" if steps.has_hand_in(actor, warning) else "approve"}
    if approves and warning.state == State.PUBLISHED:
        found.add("cancel")
    return found
