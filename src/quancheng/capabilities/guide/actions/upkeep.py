"""What the platform does by itself: watch the promise, end silent conversations, remove old transcripts."""

from __future__ import annotations

from datetime import timedelta

from quancheng.capabilities.guide import duty
from quancheng.capabilities.guide.actions.chatting import finish
from quancheng.capabilities.guide.models import Callback, Conversation, Inquiry, Message
from quancheng.capabilities.guide.talking import about, append, locked
from quancheng.capabilities.guide.values import Side, State
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action

BATCH = 200
GONE = Text("（已按保存期限清除）", "(removed at the end of its retention)")


@action("guide.late", idempotent=False)
def mark_late(call: Call) -> int:
    """超过承诺: tell those who wait longer than promised, once, and say so to the desk."""
    access.require(call.actor, "watch", Conversation)
    before = call.at - timedelta(seconds=duty.number("accept_seconds"))
    rows = Conversation.objects.filter(state=State.WAITING, late=False, waiting_at__lt=before)
    waiting = list(rows.order_by("waiting_at")[:BATCH])
    for row in waiting:
        held = locked(row)
        held.late = True
        held.save(update_fields=["late"])
        said = Text(
            "让您久等了，已超过我们的承诺。可以继续等，也可以留言由我们打给您。",
            "We kept you waiting longer than promised. Go on waiting, or leave a message and we call you.",
        )
        append(held, Side.SYSTEM, said, call.at, card={"kind": "duty", "staffed": False})
        events.emit("guide.conversation.late", held.number, about(held))
    audit.note(late=len(waiting))
    return len(waiting)


@action("guide.close_idle", idempotent=False)
def close_idle(call: Call) -> int:
    """结束空闲会话: nobody said anything for long."""
    access.require(call.actor, "watch", Conversation)
    before = call.at - timedelta(minutes=duty.number("idle_minutes"))
    rows = list(
        Conversation.objects.filter(state__in=[State.WAITING, State.OPEN], last_at__lt=before)[:BATCH]
    )
    why = Text("较长时间没有发言，会话已结束。", "Nothing was said for long; the conversation is closed.")
    for row in rows:
        finish(call, locked(row), why)
    audit.note(closed=len(rows))
    return len(rows)


@action("guide.purge", idempotent=False)
def purge_transcripts(call: Call) -> int:
    """清除过期会话: words, numbers and names go; that there was a conversation stays as a figure."""
    access.require(call.actor, "purge", Conversation)
    before = call.at - timedelta(days=duty.number("transcript_days"))
    rows = Conversation.objects.filter(purged_at=None, last_at__lt=before).exclude(state=State.OPEN)
    keys = list(rows.order_by("last_at").values_list("pk", flat=True)[:BATCH])
    Message.objects.filter(conversation__in=keys).update(text=GONE.to_dict(), card={}, author=None)
    Inquiry.objects.filter(conversation__in=keys).update(text=GONE.zh, conversation=None)
    Callback.objects.filter(conversation__in=keys).update(phone="", text=GONE.zh, result="", user=None)
    Conversation.objects.filter(pk__in=keys).update(purged_at=call.at, user=None)
    audit.note(purged=len(keys))
    return len(keys)
