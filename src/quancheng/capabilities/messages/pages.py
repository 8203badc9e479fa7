"""Pages of messages 消息."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.messages import actions, queries
from quancheng.capabilities.messages.models import Message
from quancheng.core.text import Text
from quancheng.kernel.errors import NotSignedIn

HAN = re.compile(r"([\u3400-\u9fff](?:[\d\s×、]*[\u3000-\u303f\u3400-\u9fff\uff00-\uffef])*)")


def quoting(text: Text) -> SafeString:
    """A message in the reader's language; Chinese words an English one quotes are marked as Chinese."""
    language = get_language() or "zh"
    parts = HAN.split(text.pick(language)) if language.startswith("en") else [text.pick(language)]
    rows = ((' lang="zh-Hans"', part) if at % 2 else ("", part) for at, part in enumerate(parts))
    return format_html_join("", "<span{}>{}</span>", ((mark_safe(mark), part) for mark, part in rows))  # noqa: S308


def _signed_in(request: HttpRequest) -> None:
    if not request.actor.is_authenticated:  # type: ignore[attr-defined]
        raise NotSignedIn()


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """我的消息."""
    _signed_in(request)
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.messages_of(actor, request.GET)
    return render(
        request,
        "messages/inbox.html",
        {
            "page": page,
            "rows": [(one, quoting(one.body_text)) for one in page.items],
            "unread": queries.unread_count(actor),
            "only_unread": request.GET.get("unread") == "1",
            "kind": request.GET.get("kind", ""),
            "kinds": Message.Kind.choices,
        },
    )


@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """打开消息: mark it read and go where it leads."""
    _signed_in(request)
    found = queries.message(request.actor, pk)  # type: ignore[attr-defined]
    actions.mark_read(request.call(), message=found)  # type: ignore[attr-defined]
    return redirect(found.link or "messages:inbox")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """全部标为已读."""
    _signed_in(request)
    actions.mark_all_read(request.call())  # type: ignore[attr-defined]
    return redirect("messages:inbox")


urlpatterns = [
    path("messages/", inbox, name="inbox"),
    path("messages/read-all/", read_all, name="read-all"),
    path("messages/<int:pk>/", read, name="read"),
]
