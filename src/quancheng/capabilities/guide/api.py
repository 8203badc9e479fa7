"""HTTP interface of the guide: /api/v1/guide/."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.guide import actions, queries
from quancheng.capabilities.guide.connection import SECRET
from quancheng.capabilities.guide.models import Conversation, Message
from quancheng.capabilities.guide.pages.common import actor_of, call_for, own
from quancheng.capabilities.guide.values import Answer, Candidate, State
from quancheng.kernel.errors import NotFound
from quancheng.kernel.problems import Bilingual, Problem

router = Router()


class Fact(Schema):
    label: Bilingual
    value: Bilingual


class CandidateOut(Schema):
    """A matter, article or outside office with source and freshness."""

    key: str
    kind: str
    title: Bilingual
    text: Bilingual
    link: str
    source: Bilingual
    as_of: date | None
    valid_to: date | None
    simulated: bool
    stale: bool
    facts: list[Fact]


class AnswerOut(Schema):
    """应答."""

    inquiry: int
    outcome: str
    say: Bilingual
    confidence: float
    telephone: str
    offer_person: bool
    candidates: list[CandidateOut]


class AskIn(Schema):
    text: str = Field(max_length=1000)


class SayIn(Schema):
    text: str = Field(max_length=1000)
    client_id: str = Field("", max_length=64)


class MessageIn(Schema):
    phone: str = Field(max_length=20)
    text: str = Field(max_length=500)


class JudgeIn(Schema):
    inquiry: int = Field(ge=1, le=2**62)
    helpful: bool


class RateIn(Schema):
    score: int = Field(ge=1, le=5)


class ConversationOut(Schema):
    """会话."""

    number: str
    state: str
    started_at: datetime
    sequence: int
    rating: int | None
    simulated: bool


class ConversationPage(Schema):
    items: list[ConversationOut]
    next: str | None
    previous: str | None


class ChatMessageOut(Schema):
    """发言."""

    sequence: int
    side: str
    text: Bilingual
    card: dict[str, Any]
    client_id: str
    at: datetime


class Messages(Schema):
    """What was said after a place; ``through`` is the place to ask from next."""

    conversation: ConversationOut
    items: list[ChatMessageOut]
    through: int


class DutyOut(Schema):
    """人工服务状态."""

    agents: int
    waiting: int
    promise_seconds: int
    opens_at: datetime | None


class CallbackOut(Schema):
    due_at: datetime


class Paging(Schema):
    cursor: str = Field("", max_length=500)
    size: int = Field(25, ge=1, le=200)


class After(Schema):
    after: int = Field(0, ge=0, le=2**31 - 1)


class DeskOut(Schema):
    waiting: list[ConversationOut]
    open: list[ConversationOut]


ERRORS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem, 429: Problem}


@router.post("/ask", response={200: AnswerOut, 409: Problem, 422: Problem}, summary="提问 Ask one question")
def ask(request: HttpRequest, data: AskIn) -> dict[str, Any]:
    counted = actions.ask_once(call_for(request), text=data.text)
    return answer_out(queries.answer(data.text), counted.pk)


@router.get("/duty", response=DutyOut, summary="人工服务状态 Who is on duty")
def duty(request: HttpRequest) -> Any:
    return queries.on_duty()


@router.get("/entries/{key}", response={200: CandidateOut, 404: Problem}, summary="条目 One entry")
def entry(request: HttpRequest, key: str) -> dict[str, Any]:
    return candidate_out(queries.entry(key[:80]))


# -- the conversation of this session ---------------------------------------------------------
@router.get(
    "/conversation", response={200: Messages, 404: Problem, 422: Problem}, summary="本次会话 This session's"
)
def conversation(request: HttpRequest, place: Query[After]) -> dict[str, Any]:
    held = _own(request)
    said = queries.said_to_citizen(held, place.after)
    return {"conversation": held, "items": [_said(one) for one in said],
            "through": said[-1].sequence if len(said) == queries.BATCH else held.sequence}  # fmt: skip


@router.post("/conversation/messages", response={200: ChatMessageOut, **ERRORS}, summary="发言 Say something")
def say(request: HttpRequest, data: SayIn) -> dict[str, Any]:
    held = own(request)
    if held is not None and held.state == State.CLOSED:
        held = None
    said = actions.ask(call_for(request, held), text=data.text, conversation=held, client_id=data.client_id)
    request.session[SECRET] = said.conversation.secret
    return _said(said)


@router.post(
    "/conversation/person", response={200: ConversationOut, **ERRORS}, summary="转人工 Ask for a person"
)
def person(request: HttpRequest) -> Conversation:
    held = _own(request)
    return actions.ask_person(call_for(request, held), conversation=held)


@router.post("/conversation/message", response={200: CallbackOut, **ERRORS}, summary="留言 Leave a message")
def message(request: HttpRequest, data: MessageIn) -> Any:
    held = _own(request)
    return actions.leave_message(call_for(request, held), conversation=held, phone=data.phone, text=data.text)


@router.post("/conversation/judge", response={200: None, **ERRORS}, summary="有没有帮助 Did it help")
def judge(request: HttpRequest, data: JudgeIn) -> None:
    held = _own(request)
    actions.judge_answer(call_for(request), conversation=held, inquiry=data.inquiry, helpful=data.helpful)


@router.post("/conversation/rating", response={200: ConversationOut, **ERRORS}, summary="评价 Rate")
def rate(request: HttpRequest, data: RateIn) -> Conversation:
    held = _own(request)
    return actions.rate_conversation(call_for(request, held), conversation=held, score=data.score)


@router.post("/conversation/end", response={200: ConversationOut, **ERRORS}, summary="结束会话 End")
def end(request: HttpRequest) -> Conversation:
    held = _own(request)
    return actions.end_conversation(call_for(request, held), conversation=held)


@router.get(
    "/conversations", auth=django_auth, response={200: ConversationPage, 401: Problem, 422: Problem},
    summary="我的会话 My conversations",
)  # fmt: skip
def conversations(request: HttpRequest, paging: Query[Paging]) -> Any:
    return queries.mine(actor_of(request), {"cursor": paging.cursor, "size": paging.size})


# -- the desk ------------------------------------------------------------------------------------
@router.get(
    "/desk", auth=django_auth, response={200: DeskOut, 401: Problem, 403: Problem}, summary="坐席 The desk"
)
def desk(request: HttpRequest) -> dict[str, Any]:
    actor = actor_of(request)
    return {"waiting": queries.waiting(actor), "open": queries.served(actor, {}).items}


@router.post(
    "/desk/{number}/accept",
    auth=django_auth,
    response={200: ConversationOut, **ERRORS},
    summary="接入 Take over",
)
def accept(request: HttpRequest, number: str) -> Conversation:
    found = queries.desk_conversation(actor_of(request), number[:12])
    return actions.accept_conversation(call_for(request, found), conversation=found)


@router.get(
    "/desk/{number}/messages",
    auth=django_auth,
    response={200: Messages, **ERRORS},
    summary="对话 What was said",
)
def transcript(request: HttpRequest, number: str, place: Query[After]) -> dict[str, Any]:
    actor = actor_of(request)
    found = queries.desk_conversation(actor, number[:12])
    said = queries.transcript(actor, found, place.after)
    through = said[-1].sequence if len(said) == queries.BATCH else found.sequence
    return {"conversation": found, "items": [_said(one) for one in said], "through": through}


@router.post(
    "/desk/{number}/messages",
    auth=django_auth,
    response={200: ChatMessageOut, **ERRORS},
    summary="回复 Reply",
)
def reply(request: HttpRequest, number: str, data: SayIn) -> dict[str, Any]:
    found = queries.desk_conversation(actor_of(request), number[:12])
    return _said(
        actions.reply(call_for(request, found), conversation=found, text=data.text, client_id=data.client_id)
    )


def answer_out(answer: Answer, inquiry: int) -> dict[str, Any]:
    """An answer as JSON."""
    return {
        "inquiry": inquiry,
        "outcome": answer.outcome.value,
        "say": answer.say.to_dict(),
        "confidence": answer.confidence,
        "telephone": answer.telephone,
        "offer_person": answer.offer_person,
        "candidates": [candidate_out(one) for one in answer.candidates],
    }


def candidate_out(one: Candidate) -> dict[str, Any]:
    """An entry as JSON."""
    return {
        "key": one.key, "kind": one.kind, "title": one.title.to_dict(), "text": one.text.to_dict(),
        "link": one.link, "source": one.source.to_dict(), "as_of": one.as_of, "valid_to": one.valid_to,
        "simulated": one.simulated, "stale": one.stale,
        "facts": [{"label": a.to_dict(), "value": b.to_dict()} for a, b in one.facts],
    }  # fmt: skip


def _own(request: HttpRequest) -> Conversation:
    found = own(request)
    if found is None:
        raise NotFound()
    return found


def _said(one: Message) -> dict[str, Any]:
    return {
        "sequence": one.sequence, "side": one.side, "text": one.text, "card": one.card,
        "client_id": one.client_id, "at": one.at,
    }  # fmt: skip
