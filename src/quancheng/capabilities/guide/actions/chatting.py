"""What a citizen does: ask, want a person, leave a message, end, rate."""

from __future__ import annotations

import re
from datetime import timedelta

from quancheng.capabilities.guide import duty, saying
from quancheng.capabilities.guide.models import Callback, Conversation, Inquiry, Message
from quancheng.capabilities.guide.talking import about, append, checked, locked, said_before
from quancheng.capabilities.guide.values import Answer, Outcome, Side, State
from quancheng.capabilities.guide.wording import masked
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, TooMany

_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}", re.ASCII)
MESSAGE_LIMIT = 500


@action("guide.ask")
def ask(
    call: Call,
    *,
    text: str,
    conversation: Conversation | None = None,
    client_id: str = "",
    language: str = "",
) -> Message:
    """提问: say something; the machine answers unless a person does. Without a conversation one begins.

    The same ``client_id`` is kept once. Returns the citizen's message. Raises InvalidInput, Conflict
    (closed), TooMany, Forbidden.
    """
    said = checked(text)
    access.require(call.actor, "start" if conversation is None else "say", conversation or Conversation)
    held = _begun(call, language) if conversation is None else locked(conversation)
    if (before := said_before(held, client_id)) is not None:
        audit.note(conversation=held.number, again=True)
        return before
    _not_too_many(held, call)
    message = append(held, Side.CITIZEN, said, call.at, author_id=call.actor.user_id, client_id=client_id)
    audit.note(conversation=held.number, sequence=message.sequence)
    if held.state == State.BOT:
        _answer(call, held, said)
    return message


@action("guide.ask_once")
def ask_once(call: Call, *, text: str) -> Inquiry:
    """单次提问 (interfaces, other channels): the question is counted, no conversation is kept.

    ``queries.answer`` gives the words. Raises InvalidInput.
    """
    access.require(call.actor, "ask", Inquiry)
    inquiry = _counted(call, None, checked(text), saying.answer_to(text))
    audit.note(inquiry=inquiry.pk, outcome=inquiry.outcome)
    return inquiry


@action("guide.ask_person")
def ask_person(call: Call, *, conversation: Conversation) -> Conversation:
    """转人工: wait for an agent; when nobody is on duty says so and when somebody will be.

    Raises Conflict when closed, Forbidden.
    """
    access.require(call.actor, "ask_person", conversation)
    held = locked(conversation)
    _queue(call, held)
    audit.note(conversation=held.number, state=held.state)
    return held


@action("guide.leave_message")
def leave_message(call: Call, *, conversation: Conversation, phone: str, text: str) -> Callback:
    """留言: an agent calls back within the promised working time.

    Raises InvalidInput naming the field, Forbidden.
    """
    access.require(call.actor, "leave", conversation)
    number, said = phone.strip(), checked(text)
    if not _PHONE.fullmatch(number):
        wrong = Text(
            "请填写11位手机号或带区号的座机。", "Enter a mobile number or a landline with area code."
        )
        raise InvalidInput(wrong, fields={"phone": wrong})
    if len(said) > MESSAGE_LIMIT:
        wrong = Text(f"留言最多{MESSAGE_LIMIT}字。", f"At most {MESSAGE_LIMIT} characters.")
        raise InvalidInput(wrong, fields={"text": wrong})
    held = locked(conversation)
    left: Callback = Callback.objects.create(
        conversation=held,
        user_id=held.user_id,
        phone=number,
        text=said,
        asked_at=call.at,
        due_at=duty.due_after(call.at, duty.number("callback_minutes")),
        simulated=held.simulated,
    )
    if held.state == State.WAITING:
        held.state = State.BOT
        held.save(update_fields=["state"])
    due = duty.due_after(call.at, duty.number("callback_minutes"))
    promise = Text(
        f"留言已收到，{due.month}月{due.day}日{due:%H:%M}前会打您留的电话。",
        f"Your message is with us; we call the number you left before {due:%d %B, %H:%M}.",
    )
    append(held, Side.SYSTEM, promise, call.at)
    audit.note(conversation=held.number, callback=left.pk)
    events.emit("guide.callback.asked", held.number, {**about(held), "callback": left.pk})
    return left


@action("guide.end")
def end_conversation(call: Call, *, conversation: Conversation) -> Conversation:
    """结束会话 by the citizen; twice is once. Raises Forbidden."""
    access.require(call.actor, "end", conversation)
    return finish(call, locked(conversation), Text("您已结束会话。", "You ended the conversation."))


@action("guide.rate")
def rate_conversation(call: Call, *, conversation: Conversation, score: int) -> Conversation:
    """评价 1 … 5, once more changes it. Raises InvalidInput, Forbidden."""
    access.require(call.actor, "rate", conversation)
    if score not in range(1, 6):
        raise InvalidInput(Text("评价是1到5分。", "A rating is 1 to 5."))
    held = locked(conversation)
    held.rating = score
    held.save(update_fields=["rating"])
    audit.note(conversation=held.number, score=score)
    return held


@action("guide.judge", idempotent=False)
def judge_answer(call: Call, *, conversation: Conversation, inquiry: int, helpful: bool) -> Inquiry:
    """有没有帮助: a citizen says whether an answer helped. Raises NotFound, Forbidden."""
    access.require(call.actor, "judge", conversation)
    found: Inquiry | None = Inquiry.objects.filter(pk=inquiry, conversation=conversation).first()
    if found is None:
        raise NotFound()
    first = found.helpful is None
    found.helpful = helpful
    found.save(update_fields=["helpful"])
    audit.note(inquiry=found.pk, helpful=helpful)
    if first and not helpful:
        events.emit("guide.answer.reported", str(found.pk), {"keys": found.keys, "outcome": found.outcome})
    return found


# -- inside -----------------------------------------------------------------------------------
def finish(call: Call, held: Conversation, why: Text) -> Conversation:
    """Close a locked conversation and say why."""
    if held.state == State.CLOSED:
        return held
    append(held, Side.SYSTEM, why, call.at)
    held.state, held.closed_at = State.CLOSED, call.at
    held.save(update_fields=["state", "closed_at"])
    audit.note(conversation=held.number)
    events.emit("guide.conversation.closed", held.number, about(held))
    return held


def _begun(call: Call, language: str) -> Conversation:
    made: Conversation = Conversation.objects.create(
        user_id=call.actor.user_id,
        language=language or "zh-hans",
        started_at=call.at,
        last_at=call.at,
        simulated=call.actor.simulated,
    )
    return locked(made)


def _not_too_many(held: Conversation, call: Call) -> None:
    limit = duty.number("asks_per_minute")
    since = call.at - timedelta(minutes=1)
    if held.messages.filter(side=Side.CITIZEN, at__gt=since).count() >= limit:
        raise TooMany(Text("发送得太快了，请等一分钟。", "Too fast; wait a minute."))


def _answer(call: Call, held: Conversation, said: str) -> None:
    answer = saying.answer_to(said)
    inquiry = _counted(call, held, said, answer)
    append(held, Side.BOT, answer.say, call.at, card=saying.card_of(answer, inquiry.pk))
    if answer.outcome is Outcome.ANSWER:
        held.topic = answer.keys[0]
        held.save(update_fields=["topic"])
    if answer.outcome is Outcome.PERSON:
        _queue(call, held)


def _counted(call: Call, held: Conversation | None, said: str, answer: Answer) -> Inquiry:
    made: Inquiry = Inquiry.objects.create(
        conversation=held,
        text=masked(said)[:300],
        outcome=answer.outcome,
        keys=list(answer.keys),
        confidence=answer.confidence,
        asked_at=call.at,
        simulated=held.simulated if held else call.actor.simulated,
    )
    return made


def _queue(call: Call, held: Conversation) -> None:
    if held.state == State.CLOSED:
        raise Conflict(Text("这次会话已经结束。", "This conversation is closed."))
    if held.state != State.BOT:
        return
    there = duty.now()
    if there.staffed:
        held.state, held.waiting_at, held.accepted_at, held.late = State.WAITING, call.at, None, False
        held.save(update_fields=["state", "waiting_at", "accepted_at", "late"])
    append(
        held, Side.SYSTEM, duty.promise_text(there), call.at, card={"kind": "duty", "staffed": there.staffed}
    )
    if there.staffed:
        events.emit("guide.conversation.waiting", held.number, about(held))
