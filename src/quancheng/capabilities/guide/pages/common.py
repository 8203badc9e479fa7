"""What the pages of the guide share."""

from __future__ import annotations

from dataclasses import replace

from django.forms import Form
from django.http import HttpRequest
from django.utils.translation import get_language

from quancheng.capabilities.guide import queries
from quancheng.capabilities.guide.connection import SECRET
from quancheng.capabilities.guide.models import Conversation
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound, QuanchengError


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    found: Actor = request.call().actor  # type: ignore[attr-defined]
    return found


def own(request: HttpRequest) -> Conversation | None:
    """The conversation of this session, None before the first question."""
    return queries.resumed(actor_of(request), str(request.session.get(SECRET, "")))


def required(request: HttpRequest) -> Conversation:
    """The conversation of this session; raises NotFound."""
    found = own(request)
    if found is None:
        raise NotFound()
    return found


def call_for(request: HttpRequest, conversation: Conversation | None = None) -> Call:
    """The call of a request; a key is made the conversation's own, as nameless callers share a scope."""
    call: Call = request.call()  # type: ignore[attr-defined]
    if call.key and conversation is not None:
        return replace(call, key=f"{conversation.number}:{call.key}"[:200])
    return call


def refuse(form: Form, refused: QuanchengError) -> None:
    """Put an action's refusal where it belongs in the form."""
    if not refused.fields:
        form.add_error(None, refused.detail.pick(language()))
    for name, text in refused.fields.items():
        form.add_error(name if name in form.fields else None, text.pick(language()))
