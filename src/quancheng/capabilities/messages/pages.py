"""Pages of messages 消息."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.messages import actions, queries
from quancheng.capabilities.messages.models import Message
from quancheng.kernel.errors import NotSignedIn


def _signed_in(request: HttpRequest) -> None:
    if not request.actor.is_authenticated:  # type: ignore[attr-defined]
        raise NotSignedIn()


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """我的消息."""
    _signed_in(request)
    actor = request.actor  # type: ignore[attr-defined]
    return render(
        request,
        "messages/inbox.html",
        {
            "page": queries.messages_of(actor, request.GET),
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
