"""Reads of the designer, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from quancheng.capabilities.designer import diffing
from quancheng.capabilities.designer.models import DraftChange, MatterDraft, Migration, Scenario
from quancheng.capabilities.designer.values import DraftState
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import queries as matters
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

__all__ = [
    "changes_of", "departments_of", "difference", "draft", "drafts", "migrations", "preview", "require_designer",
    "running_content", "scenarios", "versions",
]  # fmt: skip
ROLES = frozenset({"designer.author", "designer.publisher"})
ORDER = ("-updated_at", "-id")


def require_designer(actor: Actor) -> None:
    """Raise unless the asker is an author or publisher somewhere."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not ROLES & actor.role_ids:
        raise Forbidden()


def drafts(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[MatterDraft]:
    """A page of drafts of the asker's departments, newest first; ``q`` and ``state`` filter."""
    require_designer(actor)
    found = access.visible(actor, MatterDraft).select_related("department").defer("content")
    state = str(params.get("state") or "")
    if state in {one.value for one in DraftState}:
        found = found.filter(state=state)
    elif state != "all":
        found = found.exclude(state=DraftState.DROPPED)
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(
            Q(code__icontains=text) | Q(name__zh__icontains=text) | Q(name__en__icontains=text)
        )
    return pagination.page(found, ORDER, params)


def draft(actor: Actor, pk: int) -> MatterDraft:
    """One draft; raises NotFound for those of other departments."""
    require_designer(actor)
    found: MatterDraft | None = (
        access.visible(actor, MatterDraft).select_related("department").filter(pk=pk).first()
    )
    if found is None:
        raise NotFound()
    return found


def changes_of(kept: MatterDraft, limit: int = 100) -> list[DraftChange]:
    """Who changed what, newest first."""
    return list(kept.changes.order_by("-id")[:limit])


def scenarios(actor: Actor, code: str) -> QuerySet[Scenario]:
    """Scenarios of a matter."""
    return access.visible(actor, Scenario).filter(code=code).order_by("id")


def versions(actor: Actor, code: str) -> list[Any]:
    """Published versions of a matter, newest first."""
    require_designer(actor)
    return matters.versions(actor, code)


def running_content(actor: Actor, code: str) -> tuple[int | None, dict[str, Any]]:
    """Number and content of the version in force; nothing for a matter that is new."""
    matter = matters.matter_named(actor, code)
    if matter is None or matter.current is None:
        return None, {}
    return matter.current.number, dict(matter.current.content)


def difference(actor: Actor, kept: MatterDraft) -> list[diffing.Change]:
    """What publishing a draft would change, in words."""
    return diffing.changes(running_content(actor, kept.code)[1], kept.content)


def departments_of(actor: Actor) -> list[Any]:
    """Departments the asker designs for."""
    held = {pk for one in actor.grants if one.role in ROLES for pk in one.departments}
    below = (one for root in people.departments() for one in people.subtree(root.code))
    return [one for one in below if one.pk in held and one.active]


def migrations(actor: Actor, code: str) -> list[Migration]:
    """Migrations of a matter, newest first."""
    return list(access.visible(actor, Migration).filter(code=code).order_by("-id")[:20])


def preview(actor: Actor, code: str, params: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Any]:
    """A page of running cases on older versions, and what moving each would do. Raises NotFound."""
    require_designer(actor)
    if matters.matter_named(actor, code) is None:
        raise NotFound()
    return matters.migration_preview(actor, code, params)
