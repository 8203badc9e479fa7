"""发言 Talking: appends to a conversation under its lock; used by the actions only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from quancheng.capabilities.guide.models import MAX_TEXT, Conversation, Message
from quancheng.capabilities.guide.values import Side, State
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.errors import Conflict, InvalidInput

EMPTY = Text("请先写要说的话。", "Write something first.")
CLOSED = Text("这次会话已经结束。", "This conversation is closed.")


def locked(conversation: Conversation) -> Conversation:
    """The conversation as it is now, held until the transaction ends; says are numbered by it."""
    found: Conversation = Conversation.objects.select_for_update().get(pk=conversation.pk)
    return found


def checked(text: str) -> str:
    """What somebody typed; raises InvalidInput when empty or too long."""
    said = text.replace("\x00", "").strip()
    if not said:
        raise InvalidInput(EMPTY, fields={"text": EMPTY})
    if len(said) > MAX_TEXT:
        wrong = Text(f"一次最多{MAX_TEXT}字，请分开发送。", f"At most {MAX_TEXT} characters at once.")
        raise InvalidInput(wrong, fields={"text": wrong})
    return said


def append(
    conversation: Conversation,
    side: Side,
    text: Text | str,
    at: datetime,
    *,
    author_id: int | None = None,
    card: dict[str, Any] | None = None,
    internal: bool = False,
    client_id: str = "",
) -> Message:
    """Add one thing said. ``conversation`` comes from ``locked``; raises Conflict when it is closed."""
    if conversation.state == State.CLOSED and side is not Side.SYSTEM:
        raise Conflict(CLOSED, todo=Text("可以开始一次新的会话。", "You can start a new one."))
    conversation.sequence += 1
    conversation.last_at = at
    conversation.save(update_fields=["sequence", "last_at"])
    message: Message = Message.objects.create(
        conversation=conversation,
        sequence=conversation.sequence,
        side=side,
        author_id=author_id,
        text=Text.of(text).to_dict(),
        card=card or {},
        internal=internal,
        client_id=client_id[:64],
        at=at,
    )
    if conversation.state in {State.WAITING, State.OPEN}:
        events.emit("guide.message.said", conversation.number, about(conversation))
    return message


def said_before(conversation: Conversation, client_id: str) -> Message | None:
    """The message a sender already sent under this id."""
    if not client_id:
        return None
    found: Message | None = Message.objects.filter(
        conversation=conversation, client_id=client_id[:64]
    ).first()
    return found


def about(conversation: Conversation) -> dict[str, Any]:
    """Data of events about a conversation: never what was said."""
    return {
        "conversation": conversation.number,
        "state": str(conversation.state),
        "user_id": conversation.user_id,
        "agent_id": conversation.agent_id,
        "simulated": conversation.simulated,
    }
