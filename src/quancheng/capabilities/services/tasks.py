"""Jobs: documents to the press, timers of processes, what should have been printed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.services import documents, timers
from quancheng.capabilities.services.models import CaseDocument
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call

NAME = "services"
FORGOTTEN = timedelta(minutes=10)


@jobs.job("services.print_document", max_attempts=8)
def print_document(handle: jobs.JobHandle, document: int) -> dict[str, Any]:
    """打印用印: the PDF of one drawn document."""
    found = CaseDocument.objects.select_related("case").get(pk=document)
    done = documents.print_document(Call.system(NAME), document=found)
    return {"number": done.number, "size": done.size}


@jobs.every("services.timers", seconds=30)
def run_timers(handle: jobs.JobHandle) -> dict[str, Any]:
    """流程计时: moments at which a process goes on by itself."""
    return {"fired": timers.fire_due(Call.system(NAME))}


@jobs.every("services.reprint", seconds=600)
def reprint(handle: jobs.JobHandle) -> dict[str, Any]:
    """补印: documents whose job was lost or gave up."""
    waiting = CaseDocument.objects.filter(digest="", made_at__lt=clock.now() - FORGOTTEN)
    found = list(waiting.values_list("pk", flat=True)[:100])
    for pk in found:
        jobs.enqueue("services.print_document", {"document": pk}, key=f"reprint-{pk}-{clock.today()}")
    return {"again": len(found)}
