"""What an agent does: be there, take a conversation, reply, hand over, close, call back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.guide import duty, knowledge, saying
from quancheng.capabilities.guide.actions.chatting import finish
from quancheng.capabilities.guide.models import Callback, Conversation, Message, Presence
from quancheng.capabilities.guide.talking import about, append, checked, locked, said_before
from quancheng.capabilities.guide.values import Side, State
from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound


@action("guide.presence", idempotent=False)
def set_presence(call: Call, *, available: bool) -> bool:
    """上线或下线; being there runs out by itself unless renewed. Raises Forbidden."""
    access.require(call.actor, "set", Presence)
    user = call.actor.user_id or 0  # agents have accounts; 0 is refused by the database
    audit.note(available=available)
    if not available:
        Presence.objects.filter(user_id=user).delete()
        return False
    until = call.at + timedelta(minutes=duty.number("presence_minutes"))
    row = Presence.objects.filter(user_id=user).first() or Presence(user_id=user, since=call.at)
    if row.pk is not None and row.until < call.at:
        row.since = call.at
    row.until = until
    row.save()
    return True


@action("guide.accept")
def accept_conversation(call: Call, *, conversation: Conversation) -> Conversation:
    """接入: the first agent gets it. Raises Conflict naming who was first, Forbidden."""
    held = locked(conversation)
    if held.state == State.OPEN and held.agent_id not in {None, call.actor.user_id}:
        access.require(call.actor, "set", Presence)
        raise Conflict(
            Text(f"{held.agent}已经接入这次会话。", f"{held.agent} has already taken this conversation.")
        )
    if held.state == State.OPEN:
        access.require(call.actor, "reply", held)
        return held
    if held.state != State.WAITING:
        access.require(call.actor, "set", Presence)
        raise Conflict(Text("市民已不在等待。", "The citizen is not waiting any more."))
    access.require(call.actor, "accept", held)
    held.state, held.agent_id, held.accepted_at = State.OPEN, call.actor.user_id, call.at
    seconds = (call.at - held.waiting_at).total_seconds() if held.waiting_at else 0.0
    held.late = held.late or seconds > duty.number("accept_seconds")
    held.save(update_fields=["state", "agent", "accepted_at", "late"])
    append(
        held, Side.SYSTEM, Text(f"坐席{call.actor}为您服务。", f"Agent {call.actor} is with you."), call.at
    )
    audit.note(conversation=held.number, seconds=round(seconds, 1))
    events.emit("guide.conversation.accepted", held.number, {**about(held), "seconds": round(seconds, 1)})
    return held


@action("guide.reply")
def reply(
    call: Call, *, conversation: Conversation, text: str = "", entry: str = "", client_id: str = ""
) -> Message:
    """回复 with words, an entry of the knowledge, or both; the same ``client_id`` is kept once.

    Raises InvalidInput, Conflict (closed), Forbidden (not this agent's).
    """
    access.require(call.actor, "reply", conversation)
    held = locked(conversation)
    if (before := said_before(held, client_id)) is not None:
        return before
    card: dict[str, Any] = {}
    if entry:
        found = knowledge.candidate(entry)
        if found is None:
            raise NotFound(Text("没有这个事项或条目。", "There is no such entry."))
        card = saying.matter_card(found)
    said = checked(text) if text.strip() or not entry else ""
    words: Text | str = said or Text("给您这份指南：", "Here is the guide:")
    if held.state != State.OPEN:
        raise Conflict(Text("这次会话已经结束。", "This conversation is closed."))
    message = append(
        held, Side.AGENT, words, call.at, author_id=call.actor.user_id, card=card, client_id=client_id
    )
    if entry:
        held.topic = entry
        held.save(update_fields=["topic"])
    audit.note(conversation=held.number, sequence=message.sequence)
    return message


@action("guide.hand_over")
def hand_over(
    call: Call, *, conversation: Conversation, to_user: int | None = None, note: str = ""
) -> Conversation:
    """转交 to a named agent, or back to the queue; the note is for agents only.

    Raises InvalidInput (no such agent), Conflict (not open), Forbidden.
    """
    access.require(call.actor, "hand", conversation)
    held = locked(conversation)
    if held.state != State.OPEN:
        raise Conflict(Text("这次会话不在进行中。", "This conversation is not open."))
    other = _other_agent(call, to_user)
    if note.strip():
        append(held, Side.SYSTEM, note.strip()[:300], call.at, author_id=call.actor.user_id, internal=True)
    if other is None:
        held.state, held.agent_id, held.waiting_at = State.WAITING, None, call.at
        told = Text("正在为您换一位坐席，请稍候。", "Another agent will be with you in a moment.")
    else:
        held.agent_id = other.pk
        told = Text(
            f"已转交坐席{other}，对话内容对方看得到。", f"Agent {other} goes on and can read what was said."
        )
    held.save(update_fields=["state", "agent", "waiting_at"])
    append(held, Side.SYSTEM, told, call.at)
    audit.note(conversation=held.number, to=other.pk if other else "queue")
    events.emit("guide.conversation.handed", held.number, about(held))
    if other is None:
        events.emit("guide.conversation.waiting", held.number, about(held))
    return held


@action("guide.close")
def close_conversation(call: Call, *, conversation: Conversation) -> Conversation:
    """结束会话 by the agent. Raises Forbidden."""
    access.require(call.actor, "close", conversation)
    why = Text("坐席已结束会话，欢迎评价。", "The agent closed the conversation; please rate it.")
    return finish(call, locked(conversation), why)


@action("guide.finish_callback")
def finish_callback(call: Call, *, callback: Callback, result: str) -> Callback:
    """答复留言: what was told on the telephone; a signed-in citizen also gets a message.

    Raises InvalidInput, Conflict (done already), Forbidden.
    """
    access.require(call.actor, "finish", callback)
    said = checked(result)[:300]
    row: Callback = Callback.objects.select_for_update().get(pk=callback.pk)
    if row.state == Callback.State.DONE:
        raise Conflict(Text("这条留言已由别人答复。", "Somebody has already answered this."))
    row.state, row.done_at, row.done_by_id, row.result = (
        Callback.State.DONE,
        call.at,
        call.actor.user_id,
        said,
    )
    row.save()
    audit.note(callback=row.pk)
    events.emit("guide.callback.done", row.conversation.number, {"callback": row.pk, "user_id": row.user_id})
    if row.user_id is not None:
        send_message(
            Call.system("guide", simulated=row.simulated),
            title=Text("您的留言已答复", "Your message was answered"),
            body=Text(said, said),
            source=f"guide.callback:{row.pk}",
            user_id=row.user_id,
            link="/guide/",
        )
    return row


def _other_agent(call: Call, to_user: int | None) -> Any:
    if to_user is None:
        return None
    found = people.officials(call.actor, "guide.agent").filter(pk=to_user).first()
    if found is None or found.pk == call.actor.user_id:
        wrong = Text("请选择另一位坐席。", "Choose another agent.")
        raise InvalidInput(wrong, fields={"to_user": wrong})
    return found
