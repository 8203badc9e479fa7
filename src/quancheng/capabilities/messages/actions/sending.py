"""The writers of messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from quancheng.capabilities.messages import channels, outbox
from quancheng.capabilities.messages.models import Message
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput


@action("messages.send")
def send_message(
    call: Call,
    *,
    title: Text | Mapping[str, Any],
    body: Text | Mapping[str, Any],
    source: str,
    person_id: int | None = None,
    user_id: int | None = None,
    kind: str = "notice",
    link: str = "",
    simulated: bool = False,
) -> Message:
    """发送消息 to a person or an account; the same ``source`` reaches one recipient once.

    Raises InvalidInput without a recipient, Forbidden.
    """
    access.require(call.actor, "send", Message)
    if (person_id is None) == (user_id is None):
        raise InvalidInput(Text("消息要有一个接收者。", "A message needs one recipient."))
    if link and not link.startswith("/"):
        raise InvalidInput(Text("消息链接只能指向本平台。", "A message may only link inside the platform."))
    message, made = Message.objects.get_or_create(
        recipient=f"person:{person_id}" if person_id is not None else f"user:{user_id}",
        source=source[:120],
        defaults={
            "person_id": person_id,
            "user_id": user_id,
            "kind": kind if kind in Message.Kind.values else Message.Kind.NOTICE,
            "title": Text.of(title).to_dict(),
            "body": Text.of(body).to_dict(),
            "link": link[:200],
            "created_at": call.at,
            "simulated": simulated or call.actor.simulated,
        },
    )
    audit.note(message=message.pk, source=source, new=made)
    if made:
        outbox.dispatch(message, call.at)
        events.emit("messages.sent", message.recipient, {"message": message.pk, "kind": message.kind})
        transaction.on_commit(lambda: channels.deliver(message))
    return message


@action("messages.read", idempotent=False)
def mark_read(call: Call, *, message: Message) -> Message:
    """标为已读. Raises Forbidden."""
    access.require(call.actor, "read", message)
    if message.read_at is None:
        message.read_at = call.at
        message.save(update_fields=["read_at"])
    audit.note(messages=[message.pk])
    return message


@action("messages.read_all", idempotent=False)
def mark_all_read(call: Call) -> int:
    """全部标为已读: every unread message of the asker; returns how many."""
    access.require(call.actor, "read", Message)
    unread = access.visible(call.actor, Message, verb="read").filter(read_at=None)
    count: int = unread.update(read_at=call.at)
    audit.note(count=count)
    return count
