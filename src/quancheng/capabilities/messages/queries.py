"""Reads of messages, always one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.messages.models import Message
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

ORDER = ("-created_at", "-id")
BADGE_LIMIT = 100


def unread_count(actor: Actor) -> int:
    """Unread messages of the asker, counted up to 100 (the shell's badge)."""
    if not actor.is_authenticated:
        return 0
    return len(access.visible(actor, Message).filter(read_at=None).values_list("pk")[:BADGE_LIMIT])


def messages_of(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Message]:
    """A page of the asker's messages, newest first; ``?unread=1`` and ``?kind=``."""
    found = access.visible(actor, Message)
    if params.get("unread") in {"1", "true", "on"}:
        found = found.filter(read_at=None)
    if params.get("kind") in Message.Kind.values:
        found = found.filter(kind=params["kind"])
    return pagination.page(found, ORDER, params)


def message(actor: Actor, pk: int) -> Message:
    """One own message; raises NotFound."""
    found: Message | None = access.visible(actor, Message).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found
