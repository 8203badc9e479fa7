"""What the pages of ledgers share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from quancheng.capabilities.ledgers import areas
from quancheng.capabilities.ledgers.models import Book
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotSignedIn, QuanchengError

ROLES = frozenset(
    f"ledgers.{one}" for one in ("clerk", "approver", "worker", "viewer", "asker", "source", "city")
)


def call_of(request: HttpRequest) -> Call:
    """The circumstances of the request."""
    found: Call = request.call()  # type: ignore[attr-defined]
    return found


def desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & ROLES:
        raise Forbidden()
    return actor


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def said(text: Text) -> str:
    """A text in the reader's language."""
    return text.pick(language())


def mark(form: Any, refused: QuanchengError, names: Iterable[tuple[str, str]] = ()) -> None:
    """Faults of an action at the fields of a form; ``names`` maps other names to fields."""
    known = dict(names)
    if not refused.fields:
        form.add_error(None, said(refused.detail))
    for name, text in refused.fields.items():
        field = known.get(name, name)
        if field in form.fields:
            form.add_error(field, said(text))
        else:
            form.add_error(None, f"{name}：{said(text)}" if not name.startswith("columns") else said(text))


def place(code: str) -> str:
    """Name of a region for a reader."""
    return said(people.region_name(code)) if code else "—"


def area_choices(actor: Actor, *, below: bool = True) -> list[tuple[str, str]]:
    """The actor's areas and what lies directly below them, for a select."""
    found = []
    for prefix in areas.prefixes(actor, frozenset(areas.AREA_ROLES | {"ledgers.asker"})):
        code = "370100" if prefix == areas.CITY else prefix
        found.append((code, place(code)))
        if below:
            found += [
                (one.code, f"　{said(one.text)}")
                for one in people.regions(None if code == "370100" else code)
            ]
    return found


def department_of(actor: Actor) -> str:
    """The office an official designs ledgers for: that of their post, else the topmost they hold a role at."""
    held = {
        pk
        for grant in actor.grants
        if grant.role in ("ledgers.clerk", "ledgers.asker")
        for pk in grant.departments
    }
    if actor.user_id is not None:
        for post in people.posts_of(actor.user_id):
            if post.post.department_id in held:
                return str(post.post.department.code)
    offices: Any = Book._meta.get_field("department").related_model
    top = offices.objects.filter(pk__in=held).order_by("path").first()
    if top is None:
        raise Forbidden(Text("您没有可以设计台账的单位。", "You hold no office ledgers can be designed for."))
    return str(top.code)


def csv_answer(text: str, name: str) -> HttpResponse:
    """A CSV to be kept, never cached."""
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{clock.today():%Y%m%d}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def refuse_get(request: HttpRequest) -> None:
    """Raise unless something was sent."""
    if request.method != "POST":
        raise InvalidInput(Text("请从页面提交。", "Send it from the page."))
