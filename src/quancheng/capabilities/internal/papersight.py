"""Reads of documents and meetings, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.internal import circulation
from quancheng.capabilities.internal.models import Invitation, Meeting, Paper, PaperCopy, PaperOpinion
from quancheng.capabilities.internal.values import PaperState
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

__all__ = [
    "copies", "copy", "invitations", "meeting", "meetings", "opinions_waiting", "paper", "paper_counts",
    "paper_steps", "papers", "require_office",
]  # fmt: skip

OFFICE_ROLES = frozenset({"internal.clerk", "internal.leader", "internal.staff"})
NEWEST = ("-created_at", "-id")
WAITS_FOR = {
    "internal.staff": (PaperState.DRAFT,),
    "internal.clerk": (PaperState.REVIEW, PaperState.NUMBER, PaperState.SEAL, PaperState.SEND),
    "internal.leader": (PaperState.ISSUE,),
}


def require_office(actor: Actor) -> None:
    """Raise unless the asker works with documents and meetings."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not OFFICE_ROLES & actor.role_ids:
        raise Forbidden()


def _mine(actor: Actor) -> Q:
    """Documents that wait for a deed of the asker."""
    total = Q(pk__in=[])
    for grant in actor.grants:
        if states := WAITS_FOR.get(grant.role):
            total |= Q(organ_id__in=sorted(grant.departments), state__in=[one.value for one in states])
    return total


def papers(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Paper]:
    """A page of documents: ``box=todo`` what waits for the asker, ``box=in`` what came in, else all."""
    require_office(actor)
    found = Paper.objects.filter(pk__in=access.visible(actor, Paper).values("pk")).select_related("organ")
    match params.get("box"):
        case "todo":
            asked = opinions_waiting(actor).values("paper_id")
            found = found.filter(_mine(actor) | Q(pk__in=asked))
        case "in":
            found = found.filter(pk__in=access.visible(actor, PaperCopy).values("paper_id"))
    if params.get("state") in set(PaperState):
        found = found.filter(state=params["state"])
    if params.get("kind") in set(circulation.Kind):
        found = found.filter(kind=params["kind"])
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(Q(number__startswith=text) | Q(title__contains=text))
    return pagination.page(found, NEWEST, params)


def paper_counts(actor: Actor) -> dict[str, int]:
    """Figures above the list."""
    mine = Paper.objects.filter(pk__in=access.visible(actor, Paper).values("pk"))
    found = mine.aggregate(todo=Count("pk", filter=_mine(actor)))
    unsigned = copies(actor).filter(received_at=None).count()
    return {**found, "opinions": opinions_waiting(actor).count(), "unsigned": unsigned}


def opinions_waiting(actor: Actor) -> QuerySet[PaperOpinion]:
    """Countersigning that waits for the asker's departments."""
    found: QuerySet[PaperOpinion] = access.visible(actor, PaperOpinion, verb="countersign").filter(
        outcome="", paper__state=PaperState.COUNTERSIGN
    )
    return found


def copies(actor: Actor) -> QuerySet[PaperCopy]:
    """Copies the asker's departments received."""
    return access.visible(actor, PaperCopy, verb="receive").select_related("department")


def copy(actor: Actor, pk: int) -> PaperCopy:
    """One copy the asker may sign for; raises NotFound."""
    found = copies(actor).select_related("paper").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def paper(actor: Actor, pk: int) -> Paper:
    """One document the asker may see; raises NotFound."""
    require_office(actor)
    found: Paper | None = (
        Paper.objects.filter(pk__in=access.visible(actor, Paper).values("pk"))
        .select_related("organ", "drafter")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def paper_steps(actor: Actor, found: Paper) -> list[str]:
    """Verbs the asker may take on a document now."""
    return [
        step.verb
        for step in circulation.steps_from(found.state)
        if access.allowed(actor, _right(step.verb), found)
    ]


def _right(verb: str) -> str:
    return {"back": "review", "reject": "issue"}.get(verb, verb)


# -- meetings -------------------------------------------------------------------------------------
def meetings(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Meeting]:
    """A page of the meetings the asker calls or is invited to, the latest first."""
    require_office(actor)
    found = Meeting.objects.filter(pk__in=access.visible(actor, Meeting).values("pk")).select_related("organ")
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(title__contains=text)
    return pagination.page(found, ("-starts_at", "-id"), params)


def meeting(actor: Actor, pk: int) -> Meeting:
    """One meeting the asker may see; raises NotFound."""
    require_office(actor)
    found: Meeting | None = (
        Meeting.objects.filter(pk__in=access.visible(actor, Meeting).values("pk"))
        .select_related("organ", "created_by")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def invitations(actor: Actor, found: Meeting) -> list[Invitation]:
    """All replies for who runs the meeting, the own one for who is invited."""
    rows = found.invitations.select_related("department").order_by("rank", "id")
    if not access.allowed(actor, "run", found):
        rows = rows.filter(pk__in=access.visible(actor, Invitation).values("pk"))
    return list(rows)
