"""What every page knows: city, language, theme, who is signed in, how many messages wait."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from quancheng.portal import navigation
from quancheng.portal.city import site_in
from quancheng.portal.i18n import language
from quancheng.portal.stream.topics import topics

THEME_COOKIE, ELDER_COOKIE = "qc_theme", "qc_elder"
UNREAD_TOPIC = "messages"
HOMES = {path for path, _icon in navigation.FACES.values()}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of the shell; costly parts are lazy."""
    actor = navigation.actor_of(request)
    return {
        "html_lang": "en" if language() == "en" else "zh-Hans",
        "city": site_in(language()),
        "demo": settings.DEMO,
        "theme": "dark" if request.COOKIES.get(THEME_COOKIE) == "dark" else "light",
        "elder": request.COOKIES.get(ELDER_COOKIE) == "1",
        "here": request.get_full_path() if request.method == "GET" else request.path,
        "is_home": request.path in HOMES,
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "actor": actor,
        "signed_in": SimpleLazyObject(lambda: actor.is_authenticated),
        "identity": SimpleLazyObject(lambda: str(actor)),
        "unread": SimpleLazyObject(lambda: unread(actor)),
        "messages_url": "/messages/",
        "unread_topic": UNREAD_TOPIC if UNREAD_TOPIC in topics() else "",
        "account_url": SimpleLazyObject(lambda: address("people:me", "/me/")),
        "login_url": f"{settings.LOGIN_URL}?next={_quoted(request)}",
        "logout_url": SimpleLazyObject(lambda: address("account_logout", "/accounts/logout/")),
    }


def _quoted(request: HttpRequest) -> str:
    from urllib.parse import quote

    return quote(request.get_full_path(), safe="/")


def address(name: str, otherwise: str) -> str:
    """A named address, or another when no module offers that name."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return otherwise


def unread(actor: Any) -> int:
    """Messages not read yet, asked of the messages capability when it is there."""
    dotted = "quancheng.capabilities.messages.queries"
    if not any(m.dotted == dotted.rpartition(".")[0] for m in settings.MODULES) or not find_spec(dotted):
        return 0
    count = getattr(import_module(dotted), "unread_count", None)
    return int(count(actor)) if count and actor.is_authenticated else 0
