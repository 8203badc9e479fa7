"""What the pages share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import get_language

from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn, QuanchengError, TooLarge

COMMAND_ROLES = frozenset({"command.duty", "command.commander", "command.responder"})
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
SHOWN = (Conflict, InvalidInput, TooLarge)


def asker(request: HttpRequest, roles: frozenset[str] = COMMAND_ROLES) -> Actor:
    """Who asks; raises NotSignedIn or Forbidden unless one of the roles is held."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if roles and not actor.role_ids & roles:
        raise Forbidden(
            Text("这里供指挥中心和处置人员使用。", "This is for the command centre and responders.")
        )
    return actor


def attempt(request: HttpRequest, deed: Callable[[], Any], done: str) -> bool:
    """Do it and say so; what is refused is said where the reader stands."""
    try:
        deed()
    except SHOWN as refused:
        messages.error(request, sentence(refused))
        return False
    messages.success(request, done)
    return True


def marked(text: Text) -> str:
    """In the reader's language; what people wrote in Chinese is marked so for English readers."""
    language = get_language() or "zh-hans"
    said = text.pick(language)
    if not language.startswith("en") or not _HAN.search(said):
        return said
    return format_html('<span lang="zh-Hans">{}</span>', said)


def sentence(error: QuanchengError) -> str:
    """What happened and what to do, in the reader's language."""
    language = get_language() or "zh-hans"
    told = [text.pick(language) for text in (error.detail, *dict.fromkeys(error.fields.values()), error.todo)]
    return (" " if language.startswith("en") else "").join(dict.fromkeys(told))


def number_of(raw: Any, name: str) -> int | None:
    """A whole number from a form; None when empty; raises InvalidInput."""
    if raw in (None, ""):
        return None
    try:
        return int(str(raw))
    except ValueError as wrong:
        said = Text("应为整数。", "It must be a whole number.")
        raise InvalidInput(said, fields={name: said}) from wrong


def decimal_of(raw: Any, name: str) -> float | None:
    """A number from a form; None when empty; raises InvalidInput."""
    if raw in (None, ""):
        return None
    try:
        return float(str(raw))
    except ValueError as wrong:
        said = Text("应为数字。", "It must be a number.")
        raise InvalidInput(said, fields={name: said}) from wrong
