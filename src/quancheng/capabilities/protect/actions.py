"""The writers of supervision: ask for a verification, mend deliveries and jobs."""

from __future__ import annotations

from uuid import UUID

from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs
from quancheng.kernel.actions import Call, action
from quancheng.kernel.audit.models import Checkpoint
from quancheng.kernel.errors import Conflict, NotFound
from quancheng.kernel.events.models import Delivery
from quancheng.kernel.jobs.models import Job

VERIFY = "protect.verify"


@action("protect.verification.ask")
def ask_verification(call: Call) -> str:
    """立即核验: ask for a verification of the whole chain; the id of its job. Raises Forbidden.

    While one waits or runs, that one is given.
    """
    access.require(call.actor, "verify", Checkpoint)
    open_states = [Job.State.QUEUED, Job.State.RUNNING]
    running = Job.objects.filter(kind=VERIFY, state__in=open_states).order_by("created_at").first()
    job = running or jobs.enqueue(VERIFY)
    audit.note(job=str(job.pk))
    return str(job.pk)


@action("protect.verification.conclude")
def conclude_verification(call: Call, *, entries: int, problems: int) -> bool:
    """核验结论: keep in the audit, and tell, how a verification ended. Raises Forbidden."""
    access.require(call.actor, "conclude", Checkpoint)
    audit.note(entries=entries, problems=problems)
    events.emit("protect.verified", "audit", {"ok": not problems, "entries": entries, "problems": problems})
    return not problems


@action("protect.delivery.revive")
def revive_delivery(call: Call, *, delivery_id: int) -> int:
    """重新投递: give a set-aside delivery a fresh start. Raises Forbidden, NotFound, Conflict."""
    access.require(call.actor, "revive", Delivery)
    found = access.visible(call.actor, Delivery, verb="revive").filter(pk=delivery_id).first()
    if found is None:
        raise NotFound(Text("没有这次投递。", "There is no such delivery."))
    if not events.revive([found.pk]):
        raise Conflict(Text("这次投递已不在搁置中。", "This delivery is no longer set aside."))
    audit.note(
        delivery=found.pk,
        event=str(found.event_id),
        type=found.type,
        subject=found.subject,
        subscriber=found.subscriber,
        attempts=found.attempts,
    )
    events.emit("protect.delivery.revived", f"delivery:{found.pk}", {"subscriber": found.subscriber})
    return found.pk


@action("protect.job.retry")
def retry_job(call: Call, *, job_id: UUID) -> str:
    """重试任务: a fresh set of attempts for a failed or cancelled job. Raises Forbidden, NotFound, Conflict."""
    found = _job(call, "retry", job_id)
    if not jobs.retry(found.pk):
        raise Conflict(
            Text("只有失败或已取消的任务可以重试。", "Only a failed or cancelled job can be tried again.")
        )
    audit.note(job=str(found.pk), kind=found.kind, attempts=found.attempts)
    events.emit("protect.job.retried", f"job:{found.pk}", {"kind": found.kind})
    return str(found.pk)


@action("protect.job.cancel")
def cancel_job(call: Call, *, job_id: UUID) -> str:
    """取消任务: at once when queued, at its next heartbeat when running. Raises Forbidden, NotFound, Conflict."""
    found = _job(call, "cancel", job_id)
    if not jobs.cancel(found.pk):
        raise Conflict(Text("任务已经结束，不能取消。", "The job is over and cannot be cancelled."))
    audit.note(job=str(found.pk), kind=found.kind)
    events.emit("protect.job.cancelled", f"job:{found.pk}", {"kind": found.kind})
    return str(found.pk)


def _job(call: Call, verb: str, job_id: UUID) -> Job:
    access.require(call.actor, verb, Job)
    found = access.visible(call.actor, Job, verb=verb).filter(pk=job_id).first()
    if found is None:
        raise NotFound(Text("没有这个任务。", "There is no such job."))
    return found
