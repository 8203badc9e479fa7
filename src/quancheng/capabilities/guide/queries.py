"""Reads of the guide, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Q

from quancheng.capabilities.guide import duty, knowledge, saying
from quancheng.capabilities.guide.models import (
    Article,
    Callback,
    CannedAnswer,
    Conversation,
    Correction,
    Inquiry,
    Message,
    Presence,
    Synonym,
)
from quancheng.capabilities.guide.values import Answer, Candidate, Outcome, State
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

AGENT, EDITOR = "guide.agent", "guide.editor"
BATCH = 200
WEEK = timedelta(days=7)


# -- asking -----------------------------------------------------------------------------------
def answer(question: str) -> Answer:
    """What the machine says to a question, with sources and freshness; nothing is kept."""
    return saying.answer_to(question)


def entry(key: str) -> Candidate:
    """One matter, article or outside office by key; raises NotFound."""
    found = knowledge.candidate(key)
    if found is None:
        raise NotFound()
    return found


def on_duty() -> duty.Duty:
    """Who is there now and what is promised."""
    return duty.now()


# -- the citizen's conversation ------------------------------------------------------------------
def resumed(actor: Actor, secret: str) -> Conversation | None:
    """The conversation a session holds the secret of; None when there is none or it is not theirs.

    Anonymous conversations are opened by access rules to anyone, but only ever looked up here, by a
    secret of 192 bits that lives in the asker's session.
    """
    if not secret:
        return None
    found: Conversation | None = (
        access.visible(actor, Conversation, verb="resume")
        .select_related("agent")
        .filter(secret=secret, purged_at=None)
        .first()
    )
    return found


def mine(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Conversation]:
    """A page of the asker's own conversations, newest first; raises NotSignedIn."""
    if actor.user_id is None:
        raise NotSignedIn()
    found = access.visible(actor, Conversation).filter(user_id=actor.user_id, purged_at=None)
    return pagination.page(found, ("-started_at", "-id"), params)


def said_to_citizen(conversation: Conversation, after: int = 0) -> list[Message]:
    """What was said after a place, without what agents tell each other; the caller resumed it."""
    found = conversation.messages.filter(sequence__gt=after, internal=False).select_related("author")
    return list(found.order_by("sequence")[:BATCH])


# -- the desk -------------------------------------------------------------------------------------
def require_agent(actor: Actor) -> None:
    """Raise unless the asker is a guide agent."""
    _require(actor, frozenset({AGENT}))


def require_desk(actor: Actor) -> None:
    """Raise unless the asker is an agent or an editor."""
    _require(actor, frozenset({AGENT, EDITOR}))


def _require(actor: Actor, roles: frozenset[str]) -> None:
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not roles & actor.role_ids:
        raise Forbidden()


def waiting(actor: Actor, limit: int = 50) -> list[Conversation]:
    """The queue, longest waiting first."""
    require_agent(actor)
    found = access.visible(actor, Conversation, verb="serve").filter(state=State.WAITING)
    return list(found.order_by("waiting_at", "id")[:limit])


def served(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Conversation]:
    """A page of the agent's conversations; ``state=open|closed``, ``q`` a number."""
    require_agent(actor)
    found = access.visible(actor, Conversation, verb="serve").filter(agent_id=actor.user_id)
    state = params.get("state")
    found = found.filter(state=State.CLOSED if state == "closed" else State.OPEN)
    if text := _text(params):
        found = found.filter(number__startswith=text.upper())
    return pagination.page(found, ("-last_at", "-id"), params)


def desk_conversation(actor: Actor, number: str) -> Conversation:
    """One waiting or own conversation; raises NotFound for others'."""
    require_agent(actor)
    found: Conversation | None = (
        access.visible(actor, Conversation, verb="serve")
        .select_related("agent", "user")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def transcript(actor: Actor, conversation: Conversation, after: int = 0) -> list[Message]:
    """What was said after a place, as an agent sees it."""
    found = access.visible(actor, Message, verb="serve").filter(conversation=conversation, sequence__gt=after)
    return list(found.select_related("author").order_by("sequence")[:BATCH])


def inquiry(actor: Actor, pk: int) -> Inquiry:
    """One question the asker may correct; raises NotFound."""
    found: Inquiry | None = access.visible(actor, Inquiry, verb="correct").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def present(actor: Actor) -> Presence | None:
    """The asker's own presence, if it has not run out."""
    found: Presence | None = (
        access.visible(actor, Presence).filter(user_id=actor.user_id or 0, until__gt=clock.now()).first()
    )
    return found


def colleagues(actor: Actor) -> list[Any]:
    """Other agents, those who are there now first: ``(user, there)``."""
    there = set(
        access.visible(actor, Presence).filter(until__gt=clock.now()).values_list("user_id", flat=True)
    )
    found = [one for one in people.officials(actor, AGENT)[:100] if one.pk != actor.user_id]
    return sorted(((one, one.pk in there) for one in found), key=lambda row: (not row[1], str(row[0])))


def canned(actor: Actor) -> list[CannedAnswer]:
    """Canned answers in use."""
    return list(access.visible(actor, CannedAnswer).filter(active=True).order_by("id")[:50])


def choices() -> list[tuple[str, Text]]:
    """Every matter and article by name, for choosing the right one."""
    found = knowledge.index().entries.values()
    return [(one.key, Text(one.names[0], one.names[1])) for one in found if one.kind != "elsewhere"]


def callbacks(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Callback]:
    """A page of callbacks, the next due first; ``state=open|done``, ``q`` a number."""
    require_agent(actor)
    state = params.get("state") if params.get("state") in Callback.State.values else "open"
    found = access.visible(actor, Callback).filter(state=state).select_related("conversation", "done_by")
    if text := _text(params):
        found = found.filter(conversation__number__startswith=text.upper())
    return pagination.page(found, ("due_at", "id"), params)


def callback(actor: Actor, pk: int) -> Callback:
    """One callback; raises NotFound."""
    require_agent(actor)
    found: Callback | None = (
        access.visible(actor, Callback, verb="finish").select_related("conversation").filter(pk=pk).first()
    )
    if found is None:
        raise NotFound()
    return found


def open_callbacks(actor: Actor) -> int:
    """How many wait for a call."""
    require_agent(actor)
    return access.visible(actor, Callback).filter(state=Callback.State.OPEN).count()


# -- editing --------------------------------------------------------------------------------------
def corrections(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Correction]:
    """A page of corrections, newest first; ``state``, ``q`` in the question or phrase."""
    require_desk(actor)
    found = access.visible(actor, Correction).select_related("proposed_by", "reviewed_by")
    if params.get("state") in Correction.State.values:
        found = found.filter(state=params["state"])
    if text := _text(params):
        found = found.filter(Q(question__contains=text) | Q(phrase__contains=text))
    return pagination.page(found, ("-proposed_at", "-id"), params)


def correction(actor: Actor, pk: int) -> Correction:
    """One correction; raises NotFound."""
    found: Correction | None = access.visible(actor, Correction).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def synonyms(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Synonym]:
    """A page of learnt synonyms; ``q`` in the phrase."""
    found = access.visible(actor, Synonym).filter(active=True)
    if text := _text(params):
        found = found.filter(phrase__contains=text)
    return pagination.page(found, ("-added_at", "-id"), params)


def synonym(actor: Actor, pk: int) -> Synonym:
    """One synonym; raises NotFound."""
    found: Synonym | None = access.visible(actor, Synonym).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def articles(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Article]:
    """A page of articles by code; ``q`` in code or content, ``stale=1`` past their review."""
    found = access.visible(actor, Article).select_related("current")
    if text := _text(params):
        found = found.filter(_in_article(text))
    if params.get("stale"):
        found = found.filter(current__valid_to__lt=clock.today())
    return pagination.page(found, ("code", "id"), params)


def _in_article(text: str) -> Q:
    found = Q(code__contains=text)
    for part in ("title", "body"):
        for key in ("zh", "en"):
            found |= Q(**{f"current__content__{part}__{key}__icontains": text})
    return found


def article(actor: Actor, code: str) -> Article:
    """One article with its current version; raises NotFound."""
    found: Article | None = access.visible(actor, Article).select_related("current").filter(code=code).first()
    if found is None or found.current is None:
        raise NotFound()
    return found


# -- figures ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of a period (导服统计)."""

    asked: int
    outcomes: dict[str, int]
    helpful: int
    reported: int
    conversations: int
    to_person: int
    accepted: int
    in_time: int
    rating: float | None
    callbacks_open: int
    outdated_articles: int

    @property
    def in_time_share(self) -> float | None:
        return round(100 * self.in_time / self.accepted, 1) if self.accepted else None

    @property
    def machine_share(self) -> float | None:
        rest = self.conversations - self.to_person
        return round(100 * rest / self.conversations, 1) if self.conversations else None


def statistics(actor: Actor, since: datetime | None = None) -> Statistics:
    """Figures since a moment (seven days by default), without anybody's words."""
    require_desk(actor)
    start = since or clock.now() - WEEK
    asked = Inquiry.objects.filter(asked_at__gte=start)
    by = dict(asked.values_list("outcome").annotate(n=Count("pk")).order_by("outcome"))
    judged = asked.aggregate(yes=Count("pk", filter=Q(helpful=True)), no=Count("pk", filter=Q(helpful=False)))
    talks = Conversation.objects.filter(started_at__gte=start).aggregate(
        all=Count("pk"),
        person=Count("pk", filter=Q(waiting_at__isnull=False)),
        accepted=Count("pk", filter=Q(accepted_at__isnull=False)),
        in_time=Count("pk", filter=Q(accepted_at__isnull=False, late=False)),
        rating=Avg("rating"),
    )
    return Statistics(
        asked=sum(by.values()),
        outcomes={one.value: by.get(one.value, 0) for one in Outcome},
        helpful=judged["yes"],
        reported=judged["no"],
        conversations=talks["all"],
        to_person=talks["person"],
        accepted=talks["accepted"],
        in_time=talks["in_time"],
        rating=round(talks["rating"], 1) if talks["rating"] is not None else None,
        callbacks_open=Callback.objects.filter(state=Callback.State.OPEN).count(),
        outdated_articles=knowledge.outdated(clock.today()),
    )


def unanswered(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Inquiry]:
    """A page of questions the machine did not answer or that were reported wrong (editors)."""
    found = access.visible(actor, Inquiry).filter(Q(outcome=Outcome.UNSURE) | Q(helpful=False))
    return pagination.page(found, ("-asked_at", "-id"), params)


def _text(params: Mapping[str, Any]) -> str:
    return str(params.get("q") or "").replace("\x00", "").strip()[:60]


__all__ = [
    "answer",
    "article",
    "articles",
    "callback",
    "callbacks",
    "canned",
    "choices",
    "colleagues",
    "correction",
    "corrections",
    "desk_conversation",
    "entry",
    "inquiry",
    "mine",
    "on_duty",
    "open_callbacks",
    "present",
    "require_agent",
    "require_desk",
    "resumed",
    "said_to_citizen",
    "served",
    "statistics",
    "synonym",
    "synonyms",
    "transcript",
    "unanswered",
    "waiting",
]
