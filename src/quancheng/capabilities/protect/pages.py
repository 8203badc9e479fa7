"""Pages of the guard face: audit trail, seals, set-aside deliveries, background jobs."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from quancheng.capabilities.protect import actions, queries
from quancheng.capabilities.protect.forms import AuditFilter, DeliveryFilter, JobFilter, SealFilter
from quancheng.capabilities.protect.words import JOB_STATES, KINDS, STATE_TAGS
from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.jobs.models import Job

TAIL = 400
"""Characters of a reason that a list shows; the end says what went wrong."""


def _actor(request: HttpRequest) -> Actor:
    return request.call().actor  # type: ignore[attr-defined,no-any-return]


# -- audit ----------------------------------------------------------------------------------
@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    """审计记录: search with filters in the URL."""
    actor = _actor(request)
    queries.entries(actor)
    form = AuditFilter(request.GET or None)
    found = queries.entries(actor, **form.narrowing())
    page = queries.page(found, queries.NEWEST_FIRST, request.GET)
    return render(request, "protect/trail.html", {"form": form, "page": page})


@require_safe
def entry(request: HttpRequest, stream: str, sequence: int) -> HttpResponse:
    """一条审计记录: details, hashes, proof of inclusion. The look is audited."""
    found = queries.open_entry(_actor(request), stream, sequence)
    context = {"entry": found, "detail": _pretty(found), "inclusion": queries.inclusion(found)}
    return render(request, "protect/entry.html", context)


def _pretty(found: AuditEntry) -> str:
    """The details as indented JSON; the raw text when it is none (somebody altered it)."""
    try:
        return json.dumps(found.details, ensure_ascii=False, indent=2, sort_keys=True)
    except ValueError:
        return found.detail


@require_safe
def seals(request: HttpRequest) -> HttpResponse:
    """封存与核验: streams, checkpoints, the last verification and the one asked for."""
    actor = _actor(request)
    queries.checkpoints(actor)
    form = SealFilter(request.GET or None)
    page = queries.page(queries.checkpoints(actor, **form.chosen()), queries.NEWEST_FIRST, request.GET)
    asked = request.GET.get("job", "")
    job = queries.verification(actor, _uuid(asked)) if asked else None
    context = {
        "form": form,
        "page": page,
        "seals": queries.seals(page.items),
        "heads": queries.heads(),
        "asked": _verification(job),
        "last": _verification(queries.last_verification(actor)),
    }
    return render(request, "protect/seals.html", context)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as broken:
        raise InvalidInput(Text("任务编号无效。", "The job id is not valid.")) from broken


def _verification(job: Job | None) -> dict[str, Any] | None:
    """A verification as the page shows it; the nightly one fails instead of telling a result."""
    if job is None:
        return None
    result = job.result if isinstance(job.result, dict) else {}
    problems = [
        {**one, "word": KINDS.get(one.get("kind", ""), one.get("kind", ""))}
        for one in result.get("problems", [])
    ]
    return {
        "job": job,
        "ok": job.state == Job.State.DONE and bool(result.get("ok")),
        "whole": result.get("whole", True),
        "result": result,
        "problems": problems,
        "percent": round(job.progress * 100),
        "state": JOB_STATES.get(job.state, job.state),
        "tag": STATE_TAGS.get(job.state, ""),
        "reason": _tail(job.error) if job.state == Job.State.FAILED else "",
    }


@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """立即核验."""
    job = actions.ask_verification(request.call())  # type: ignore[attr-defined]
    return redirect(f"{reverse('protect:seals')}?job={job}")


# -- deliveries -----------------------------------------------------------------------------
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """搁置的投递."""
    actor = _actor(request)
    queries.dead_deliveries(actor)
    form = DeliveryFilter(request.GET or None)
    found = queries.dead_deliveries(actor, **form.chosen())
    page = queries.page(found, queries.NEWEST_FIRST, request.GET)
    rows = [{"row": one, "reason": _tail(one.last_error)} for one in page]
    return render(request, "protect/deliveries.html", {"form": form, "page": page, "rows": rows})


@require_POST
def revive(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """重新投递."""
    actions.revive_delivery(request.call(), delivery_id=delivery_id)  # type: ignore[attr-defined]
    messages.success(request, _("已重新投递，稍后由后台处理。"))
    return _back(request, "protect:deliveries")


# -- jobs -----------------------------------------------------------------------------------
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """后台任务."""
    actor = _actor(request)
    queries.jobs(actor)
    form = JobFilter(request.GET or None)
    page = queries.page(queries.jobs(actor, **form.chosen()), queries.JOBS_NEWEST_FIRST, request.GET)
    rows = [
        {
            "job": one,
            "state": JOB_STATES.get(one.state, one.state),
            "tag": STATE_TAGS.get(one.state, ""),
            "percent": round(one.progress * 100),
            "reason": _tail(one.error),
            "may_retry": one.state in {Job.State.FAILED, Job.State.CANCELLED},
            "may_cancel": not one.is_finished and not one.cancel_requested,
        }
        for one in page
    ]
    return render(request, "protect/jobs.html", {"form": form, "page": page, "rows": rows})


@require_POST
def retry(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """重试任务."""
    actions.retry_job(request.call(), job_id=job_id)  # type: ignore[attr-defined]
    messages.success(request, _("任务已重新排队。"))
    return _back(request, "protect:jobs")


@require_POST
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """取消任务."""
    actions.cancel_job(request.call(), job_id=job_id)  # type: ignore[attr-defined]
    messages.success(request, _("已要求取消任务。"))
    return _back(request, "protect:jobs")


def _tail(reason: str) -> str:
    """The end of a reason, cut visibly."""
    said = reason.strip()
    return said if len(said) <= TAIL else f"…{said[-TAIL:]}"


def _back(request: HttpRequest, name: str) -> HttpResponse:
    """To the list, as it was filtered."""
    query = request.GET.urlencode()
    return redirect(reverse(name) + (f"?{query}" if query else ""))


urlpatterns = [
    path("sec/audit/", trail, name="trail"),
    path("sec/audit/seals/", seals, name="seals"),
    path("sec/audit/seals/verify/", verify, name="verify"),
    path("sec/audit/<str:stream>/<int:sequence>/", entry, name="entry"),
    path("sec/events/", deliveries, name="deliveries"),
    path("sec/events/<int:delivery_id>/revive/", revive, name="revive"),
    path("sec/jobs/", jobs, name="jobs"),
    path("sec/jobs/<uuid:job_id>/retry/", retry, name="retry"),
    path("sec/jobs/<uuid:job_id>/cancel/", cancel, name="cancel"),
]
