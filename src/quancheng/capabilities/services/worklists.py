"""Reads around cases: tasks of other offices, complaints, documents, colleagues; from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services.models import (
    Absence,
    Case,
    CaseDocument,
    CaseTask,
    Charge,
    Complaint,
)
from quancheng.capabilities.services.queries import require_desk
from quancheng.capabilities.services.work_models import TaskState
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

TASKS = ("due_on", "id")
DONE_TASKS = ("-opened_at", "-id")


# -- tasks of other offices ---------------------------------------------------------------------
def tasks(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[CaseTask]:
    """A page of the tasks of the asker's offices: what waits by due day, or what is done."""
    require_desk(actor)
    found = access.visible(actor, CaseTask, verb="answer").select_related(
        "case__matter", "department", "officer"
    )
    state = str(params.get("state") or "")
    if state == "done":
        found = found.filter(state__in=[TaskState.DONE.value, TaskState.CANCELLED.value])
    elif state != "all":
        found = found.filter(state=TaskState.OPEN.value)
    if (side := params.get("side")) in {"review", "visit", "appeal", "verify"}:
        found = found.filter(side=side)
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(Q(case__receipt__startswith=text) | Q(case__applicant_name__startswith=text))
    today = clock.today()
    if params.get("due") == "overdue":
        found = found.filter(due_on__lt=today)
    elif params.get("due") == "week":
        found = found.filter(due_on__gte=today, due_on__lt=today + timedelta(days=7))
    return pagination.page(found, DONE_TASKS if state else TASKS, params)


def task_counts(actor: Actor) -> dict[str, int]:
    """Figures above the list, in one query."""
    today = clock.today()
    opened = access.visible(actor, CaseTask, verb="answer").filter(state=TaskState.OPEN.value)
    return opened.aggregate(
        waiting=Count("pk"), overdue=Count("pk", filter=Q(due_on__lt=today)),
        visits=Count("pk", filter=Q(side="visit")), appeals=Count("pk", filter=Q(side="appeal")),
    )  # fmt: skip


def task(actor: Actor, pk: int) -> CaseTask:
    """One task of the asker's offices; raises NotFound for others'."""
    require_desk(actor)
    found = (
        access.visible(actor, CaseTask, verb="answer")
        .filter(pk=pk)
        .select_related(
            "case__matter", "case__version", "case__department", "case__applicant", "department", "officer"
        )
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def tasks_of(case: Case) -> list[CaseTask]:
    """All tasks of a case, oldest first."""
    return list(case.tasks.select_related("department", "officer").order_by("opened_at", "id"))


def my_visits(actor: Actor, case: Case) -> list[CaseTask]:
    """Proposed visits of one's own case that are still to come."""
    found = access.visible(actor, CaseTask, verb="confirm").filter(case=case, state=TaskState.OPEN.value)
    return [one for one in found.select_related("case", "department") if one.data.get("visit")]


# -- documents, charges, complaints ---------------------------------------------------------------
def documents(actor: Actor, case: Case) -> list[CaseDocument]:
    """Documents of a case the asker may read, oldest first."""
    return list(access.visible(actor, CaseDocument).filter(case=case).order_by("made_at", "id"))


def document(actor: Actor, pk: int) -> CaseDocument:
    """One document; raises NotFound."""
    found = access.visible(actor, CaseDocument).filter(pk=pk).select_related("case").first()
    if found is None:
        raise NotFound()
    return found


def charges(actor: Actor, case: Case) -> list[Charge]:
    """What a case costs."""
    return list(access.visible(actor, Charge).filter(case=case).order_by("id"))


def complaints(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Complaint]:
    """A page of complaints about the asker's offices, the most urgent first."""
    require_desk(actor)
    found = access.visible(actor, Complaint, verb="answer").select_related("case__matter", "case__department")
    state = str(params.get("state") or "")
    if state != "all":
        found = found.filter(state=TaskState.DONE.value if state == "done" else TaskState.OPEN.value)
    if (kind := params.get("kind")) in {"complaint", "rating", "again"}:
        found = found.filter(kind=kind)
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(case__receipt__startswith=text)
    return pagination.page(found, ("due_on", "id"), params)


def complaint(actor: Actor, pk: int, verb: str = "answer") -> Complaint:
    """One complaint; raises NotFound."""
    found = access.visible(actor, Complaint, verb=verb).filter(pk=pk).select_related("case").first()
    if found is None:
        raise NotFound()
    return found


def complaints_of(actor: Actor, case: Case) -> list[Complaint]:
    """Complaints about a case the asker may read."""
    return list(access.visible(actor, Complaint).filter(case=case).order_by("id"))


# -- colleagues -------------------------------------------------------------------------------------
def colleagues(actor: Actor, department_code: str | None = None) -> list[tuple[int, str]]:
    """Case officers one may hand over to, without oneself."""
    found = people.officials(actor, "services.clerk", department_code=department_code).order_by("id")[:200]
    return [(one.pk, str(one)) for one in found if one.pk != actor.user_id]


def absences(actor: Actor) -> list[Absence]:
    """One's own absences that are not over."""
    return list(
        access.visible(actor, Absence)
        .filter(until__gte=clock.today())
        .select_related("substitute")
        .order_by("since")
    )


def covering(actor: Actor) -> list[Absence]:
    """Whom the asker stands in for today."""
    today = clock.today()
    return list(
        Absence.objects.filter(
            substitute_id=actor.user_id, since__lte=today, until__gte=today
        ).select_related("user")
    )
