"""Reads of themes, consents and hints; figures below five are never shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from quancheng.capabilities.outreach import gathering, themes
from quancheng.capabilities.outreach.models import Consent, Hint, Theme
from quancheng.core.feel import FeelError
from quancheng.kernel import access, clock, pagination, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, NotSignedIn

OFFICER = "outreach.officer"
HINTS = ("-told_at", "-id")
SAMPLE = 500


def require_person(actor: Actor) -> None:
    """Raise unless the asker's real name is verified."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if actor.person_id is None:
        raise Forbidden()


def require_officer(actor: Actor) -> None:
    """Raise unless the asker looks after themes."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if OFFICER not in actor.role_ids:
        raise Forbidden()


# -- the person -----------------------------------------------------------------------------------
def my_hints(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Hint]:
    """A page of the asker's hints, newest first."""
    require_person(actor)
    return pagination.page(access.visible(actor, Hint).select_related("theme"), HINTS, params)


def my_hint(actor: Actor, pk: int) -> Hint:
    """One own hint; raises NotFound."""
    found: Hint | None = access.visible(actor, Hint).select_related("theme").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def my_consents(actor: Actor) -> tuple[bool, frozenset[str]]:
    """Whether the asker agreed to be told at all, and of which themes."""
    require_person(actor)
    rows = access.visible(actor, Consent).filter(agreed=True).select_related("theme")
    given = {row.theme.code if row.theme else "" for row in rows}
    return "" in given, frozenset(given - {""})


def offered(actor: Actor) -> list[Theme]:
    """Themes one may agree to."""
    return list(access.visible(actor, Theme).filter(active=True).order_by("order", "id"))


def agreed(people: Iterable[int]) -> dict[int, frozenset[int]]:
    """For each of these people the themes they agreed to, with the general consent given."""
    rows = Consent.objects.filter(person_id__in=set(people), agreed=True).values_list("person_id", "theme_id")
    kept: dict[int, set[int | None]] = {}
    for person, theme in rows:
        kept.setdefault(person, set()).add(theme)
    return {person: frozenset(filter(None, given)) for person, given in kept.items() if None in given}


# -- the officer -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Figures:
    """What an officer sees of a theme; None stands for fewer than the smallest number shown."""

    theme: Theme
    entitled: int | None
    told: int | None
    applied: int | None
    declined: int | None


def smallest() -> int:
    """The smallest number that is shown, by dated parameter."""
    return rulebook.find("outreach.smallest_shown").integer()


def figures(actor: Actor) -> list[Figures]:
    """All themes with their figures."""
    require_officer(actor)
    least = smallest()
    rows = access.visible(actor, Theme).annotate(
        told=Count("hints"),
        applied=Count("hints", filter=Q(hints__state=Hint.State.APPLIED)),
        declined=Count("hints", filter=Q(hints__state=Hint.State.DECLINED)),
    )

    def shown(value: int | None) -> int | None:
        return value if value is not None and (value >= least) else None

    return [
        Figures(one, shown(one.entitled), shown(one.told), shown(one.applied), shown(one.declined))
        for one in rows.order_by("order", "id")
    ]


def theme(actor: Actor, code: str) -> Theme:
    """One theme; raises NotFound."""
    require_officer(actor)
    found: Theme | None = access.visible(actor, Theme).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def preview(actor: Actor, found: Theme, condition: str) -> tuple[int | None, int]:
    """How many of a sample a condition concerns (None: fewer than shown), and the sample's size.

    Raises InvalidInput when the condition cannot be read or is too costly.
    """
    require_officer(actor)
    spec = found.spec.model_copy(update={"condition": condition.strip() or "false"})
    if wrong := themes.problems(spec):
        raise InvalidInput(wrong[0], fields={"condition": wrong[0]})
    batch = gathering.persons(0, SAMPLE) if spec.subject == "person" else gathering.firms(0, SAMPLE)
    try:
        count = sum(themes.match(spec, facts, clock.today()) is not None for _one, facts in batch)
    except FeelError as costly:
        raise InvalidInput(fields={"condition": costly.text}) from costly
    return (count if count >= smallest() else None), len(batch)
