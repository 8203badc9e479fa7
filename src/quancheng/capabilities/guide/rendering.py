"""发言的样子 Rendering: a message as the same piece of page over the socket and without script."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from quancheng.capabilities.guide import saying
from quancheng.capabilities.guide.models import Message
from quancheng.capabilities.guide.values import Side, State

OWN = {"citizen": Side.CITIZEN, "agent": Side.AGENT}


def row(message: Message, viewer: str) -> dict[str, Any]:
    """What the template of one message needs; ``viewer`` is citizen or agent."""
    return {
        "one": message,
        "own": message.side == OWN[viewer],
        "viewer": viewer,
        "card": saying.shown(message.card) if message.card else {},
        "typed": message.side in {Side.CITIZEN, Side.AGENT}
        and message.text.get("zh") == message.text.get("en"),
    }


def rows(messages: Iterable[Message], viewer: str) -> list[dict[str, Any]]:
    """Messages for a page."""
    return [row(one, viewer) for one in messages]


def frame(messages: list[Message], through: int, state: State, viewer: str, language: str) -> dict[str, Any]:
    """What a socket is sent: messages as pieces of page, and where the conversation stands."""
    with translation.override(language):
        items = [
            {
                "sequence": one.sequence,
                "id": one.client_id,
                "side": one.side,
                "html": render_to_string("guide/message.html", {"row": row(one, viewer)}),
            }
            for one in messages
        ]
        return {
            "t": "messages",
            "items": items,
            "through": through,
            "state": state.value,
            "state_text": state.text.pick(language),
        }
