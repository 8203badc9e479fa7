"""Run in a process of its own: takes steps of one case, each in a child that may die at its commit.

It reads one JSON order a line and answers with one JSON line. Every order runs in a child of its own,
forked before any connection was opened: it begins as a fresh process does, with the imports done.

``{"step": "claim", "die": "before"}`` takes a step and is killed by SIGKILL at its commit (``before``
or ``after`` it reached the disk, ``""`` = lives). ``{"look": true}`` says how the case stands.
``{"deliver": true}`` does what the workers would: events, documents.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

FORM = {
    "premises_address": "历下区泉城路1号", "premises_area": "120", "seats": "60",
    "legal_representative": "赵建军", "format": "catering", "category": "hot",
    "food_manager": "赵建军", "phone": "13900001111", "truthful": True,
}  # fmt: skip
MATTER = "food-business"
VISIT_IN = timedelta(days=3)
begun: list[datetime] = []
"""When this process began: a visit proposed again is proposed for the same moment."""


# -- who and what ----------------------------------------------------------------------------------
def owner() -> Any:
    from dataclasses import replace

    from quancheng.capabilities.people.models import Firm, User
    from quancheng.capabilities.people.queries import actor_for

    user = User.objects.get(demo_key="firm-owner")
    return replace(actor_for(user), firm_id=Firm.objects.filter(legal_person=user.person).first().pk)


def official(department: Any, role: str = "services.clerk") -> Any:
    from quancheng.capabilities.people.models import User
    from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

    account = User.objects.get(demo_key="clerk-market")
    return Actor(
        ActorKind.OFFICIAL, "王审批", account.pk, grants=(RoleGrant(role, frozenset({department.pk})),)
    )


def the_case() -> Any:
    from quancheng.capabilities.services.models import Case

    return Case.objects.select_related("version", "matter", "department").get(
        matter__code=MATTER, applicant_name__gt="", channel="online", firm_id=owner().firm_id
    )


def the_task(element: str) -> Any:
    """The last task of an element, answered or not: a step repeated names the same one."""
    from quancheng.capabilities.services.models import CaseTask

    found = CaseTask.objects.select_related("case", "department").filter(case=the_case(), element=element)
    return found.order_by("-id")[0]


def floor_plan() -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    from quancheng.capabilities.services import files

    kept = io.BytesIO()
    Image.new("RGB", (800, 600), "#eef").save(kept, "JPEG")
    return files.keep(SimpleUploadedFile("layout.jpg", kept.getvalue(), "image/jpeg"))


# -- steps -----------------------------------------------------------------------------------------
def submit(call: Any) -> None:
    from quancheng.capabilities.services import actions

    plan = {"layout": floor_plan()}
    actions.submit_case(call(owner()), matter_code=MATTER, form=FORM, insist=True, files=plan)


def on_case(action: str, **given: Any) -> Callable[[Any], None]:
    def run(call: Any) -> None:
        from quancheng.capabilities.services import actions

        case = the_case()
        getattr(actions, action)(call(official(case.department)), case=case, **given)

    return run


def on_task(element: str, outcome: str, opinion: str = "意见") -> Callable[[Any], None]:
    def run(call: Any) -> None:
        from quancheng.capabilities.services import actions

        task = the_task(element)
        role = "services.manager" if task.side == "appeal" else "services.clerk"
        who = official(task.department, role)
        actions.answer_task(call(who), task=task, outcome=outcome, opinion=opinion)

    return run


def book(call: Any) -> None:
    from quancheng.capabilities.services import actions

    task = the_task("visit")
    actions.book_visit(
        call(official(task.department)), task=task, at=begun[0] + VISIT_IN, note="请负责人在场"
    )


def correct(call: Any) -> None:
    from quancheng.capabilities.services import actions

    actions.correct_case(call(owner()), case=the_case(), form=FORM)


def refuse(call: Any) -> None:
    ground = the_case().spec.grounds()[0].id
    on_case("refuse_case", ground=ground, reason="布局不符合要求")(call)


def appeal(call: Any) -> None:
    from quancheng.capabilities.services import actions

    actions.appeal_case(call(owner()), case=the_case(), reason="布局图已按要求修改")


def print_approval(call: Any) -> None:
    from quancheng.capabilities.services import documents
    from quancheng.kernel.actor import Actor

    document = the_case().documents.get(kind="approval")
    documents.print_document(call(Actor.system("services")), document=document)


STEPS: dict[str, Callable[[Any], None]] = {
    "submit": submit,
    "claim": on_case("claim_case"),
    "opinion_market": on_task("review_market", "agree"),
    "opinion_fire": on_task("review_fire", "object", "疏散出口宽度不足"),
    "opinion_environment": on_task("review_environment", "agree"),
    "book": book,
    "visit_failed": on_task("visit", "failed", "后厨未分区"),
    "correct": correct,
    "visit_passed": on_task("visit", "passed"),
    "refuse": refuse,
    "appeal": appeal,
    "reopen": on_task("appeal", "reopen", "申请人意见成立"),
    "approve": on_case("approve_case", opinion="复核后准予"),
    "print": print_approval,
}


def take(step: str, die: str) -> dict[str, Any]:
    from quancheng.kernel.actions import Call

    if die:
        _die_at_commit(after=die == "after")
    STEPS[step](lambda actor: Call(actor, key=f"case-{step}"))
    return {"done": step}


def _die_at_commit(*, after: bool) -> None:
    """The outermost COMMIT of this process kills it, just before or just after the database has it."""
    from django.db import connection

    commit = connection._commit

    def deadly() -> None:
        if after:
            commit()
        os.kill(os.getpid(), signal.SIGKILL)

    connection._commit = deadly  # type: ignore[method-assign]


# -- what is there ---------------------------------------------------------------------------------
def look() -> dict[str, Any]:
    """All that a step may change, without times, so that two cities compare."""
    from quancheng.capabilities.services.models import Case, CaseEvent
    from quancheng.capabilities.trust.models import Licence
    from quancheng.kernel.audit.models import AuditEntry
    from quancheng.kernel.events.models import OutboxEvent
    from quancheng.kernel.idempotency.models import Deed

    told = OutboxEvent.objects.filter(type__startswith="services.").order_by("id")
    # printing what is printed does nothing, but is an action and therefore audited
    written = AuditEntry.objects.filter(verb__startswith="services.").exclude(verb="services.document.print")
    found: dict[str, Any] = {
        "told": list(told.values_list("type", flat=True)),
        "audited": list(written.order_by("id").values_list("verb", flat=True)),
        "keys": sorted(Deed.objects.filter(key__startswith="case-").values_list("key", flat=True)),
        "licences": Licence.objects.filter(type__code=MATTER, firm_id=owner().firm_id).count(),
        "cases": Case.objects.filter(matter__code=MATTER, firm_id=owner().firm_id).count(),
    }
    if found["cases"] != 1:
        return found
    case = the_case()
    history = CaseEvent.objects.filter(case=case).order_by("id")
    return found | {
        "state": case.state, "revision": case.revision, "flow": case.flow, "licensed": bool(case.licence_number),
        "clock": sorted(case.clock), "stands": case.due is None, "history": list(history.values_list("kind", flat=True)),
        "tasks": list(case.tasks.order_by("id").values_list("element", "state", "outcome")),
        "timers": list(case.timers.order_by("id").values_list("element", "open")),
        "timers_open": sorted(case.timers.filter(open=True).values_list("element", flat=True)),
        "engine_timers": _engine_timers(case),
        "documents": list(case.documents.order_by("id").values_list("kind", "number")),
        "printed": sorted(case.documents.exclude(digest="").values_list("kind", flat=True)),
        "digests": list(case.documents.exclude(digest="").order_by("id").values_list("digest", flat=True)),
        "files": case.files.count(), "findings": case.findings.count(),
    }  # fmt: skip


def _engine_timers(case: Any) -> list[str]:
    from quancheng.capabilities.services import running

    return sorted(one.element for one in running.state_of(running.program_of(case.version), case).open_timers)


def deliver() -> dict[str, Any]:
    """Hand over every event and print every document; say what is left undone."""
    from quancheng.kernel import events, jobs
    from quancheng.kernel.events.models import Delivery, OutboxEvent
    from quancheng.kernel.jobs.models import Job

    events.drain(strict=True)
    jobs.run_due()
    events.drain(strict=True)
    return {
        "waiting": OutboxEvent.objects.filter(dispatched_at=None).count(),
        "undelivered": Delivery.objects.exclude(state="done").count(),
        "unprinted": list(
            Job.objects.filter(kind="services.print_document").exclude(state="done").values_list("error", flat=True)
        ),
    }  # fmt: skip


# -- orders ----------------------------------------------------------------------------------------
def obey(order: dict[str, Any]) -> dict[str, Any]:
    if "step" in order:
        return take(order["step"], order.get("die", ""))
    return deliver() if "deliver" in order else look()


def in_a_child(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, obey there, and say how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            answer = obey(order)
        except BaseException as wrong:
            answer = {"failed": f"{type(wrong).__name__}: {wrong}"}
        with os.fdopen(writing, "w") as out:
            json.dump(answer, out, default=str)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    _, status = os.waitpid(child, 0)
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"killed": killed, **(json.loads(text) if text else {})}


def _warm_up() -> None:
    """What every child would read again, without asking the database."""
    import gc
    from pathlib import Path

    from django.db import connection

    from quancheng.capabilities.services import running, tables

    resources = Path(running.STANDARD).parent
    running.program_of_text((resources / f"{MATTER}.bpmn").read_text(encoding="utf-8"))
    tables.tables_of((resources / f"{MATTER}.dmn").read_text(encoding="utf-8"))
    if connection.connection is not None:
        raise RuntimeError("a connection was opened before the children were made")
    gc.freeze()


def main() -> None:
    from quancheng.cli import start_django

    start_django()
    import weasyprint  # noqa: F401 - imported once, not in every child

    from quancheng.capabilities.services import actions  # noqa: F401
    from quancheng.kernel import clock

    begun.append(clock.now())
    _warm_up()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(in_a_child(json.loads(line)), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
