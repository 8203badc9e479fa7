"""办件迁移: moving running cases to a newer version, seen beforehand and refused where data would be lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.services import casework, running, taskwork
from quancheng.capabilities.services.flow import OPEN
from quancheng.capabilities.services.models import Case, CaseTimer, MatterVersion
from quancheng.core import flow
from quancheng.core.text import Text
from quancheng.kernel import access, audit, pagination
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict

__all__ = ["migrate_case", "migration_preview"]


def migration_preview(
    actor: Actor, matter_code: str, params: Mapping[str, Any] | None = None
) -> tuple[list[dict[str, Any]], pagination.Page[Case]]:
    """A page of running cases on older versions and what moving each would do: receipt, ok, losses."""
    waiting = (
        access.visible(actor, Case, verb="migrate")
        .filter(matter__code=matter_code, state__in=[one.value for one in OPEN])
        .exclude(version=models_current(matter_code))
        .select_related("version", "matter__current")
    )
    page = pagination.page(waiting, ("id",), params or {})
    rows = []
    for case in page.items:
        plan = _plan(case, case.matter.current, {})
        rows.append(
            {
                "case": case, "receipt": case.receipt, "state": case.state, "version": case.version.number,
                "ok": plan is None or plan.ok, "losses": [one.text for one in plan.losses] if plan else [],
                "moves": [(one.old, one.new) for one in plan.moves] if plan else [],
            }
        )  # fmt: skip
    return rows, page


def models_current(matter_code: str) -> int | None:
    """Id of the running version of a matter."""
    return (
        MatterVersion.objects.filter(matter__code=matter_code)
        .order_by("-number")
        .values_list("id", flat=True)
        .first()
    )


@action("services.case.migrate")
def migrate_case(
    call: Call, *, case: Case, to_version_id: int, mapping: Mapping[str, str] | None = None
) -> Case:
    """迁移一个办件: the same step of the newer version, nothing lost, or nothing done.

    ``mapping`` renames elements (old id → new id). Raises Forbidden, Conflict with every loss.
    """
    access.require(call.actor, "migrate", case)
    case = casework.take(case, None)
    target = MatterVersion.objects.get(pk=to_version_id)
    if target.matter_id != case.matter_id:
        raise Conflict(Text("不能迁移到另一个事项。", "A case cannot move to another matter."))
    if case.state not in {one.value for one in OPEN}:
        raise Conflict(Text("办件已经办结，不再迁移。", "The case is decided; it moves no more."))
    plan = _plan(case, target, mapping or {})
    if plan is not None:
        if not plan.ok:
            raise Conflict(
                Text(
                    "迁移会丢失数据，没有作任何改动：" + "；".join(one.text.zh for one in plan.losses[:5]),
                    "Moving would lose data; nothing was changed: "
                    + "; ".join(one.text.en for one in plan.losses[:5]),
                ),
                extra={"losses": [one.text.to_dict() for one in plan.losses]},
            )
        _move(call, case, plan)
    before, case.version = case.version.number, target
    casework.save(case)
    text = Text(f"迁移到版本{target.number}", f"Moved to version {target.number}")
    casework.remember(call, case, "migrated", text, public=False, data={"from": before})
    audit.note(receipt=case.receipt, version=target.number, previous=before)
    casework.tell(case, "migrated", version=target.number)
    return case


def _plan(case: Case, target: MatterVersion, mapping: Mapping[str, str]) -> flow.Plan | None:
    """What moving the process would do; None when both versions run the same one."""
    old, new = running.program_of(case.version), running.program_of(target)
    if old.digest == new.digest or not case.flow:
        return None
    return flow.plan_migration(old, new, running.state_of(old, case), dict(mapping))


def _move(call: Call, case: Case, plan: flow.Plan) -> None:
    """Keep the moved state; tasks and timers keep their tokens, elements get their new names."""
    state = flow.migrate(plan, running.state_of(plan.old, case), call.at)
    renamed = {one.old: one.new for one in plan.moves}
    for task in case.tasks.filter(state="open"):
        if (name := renamed.get(task.element)) and name != task.element:
            case.tasks.filter(pk=task.pk).update(element=name)
    case.flow = running.kept(state)
    known = set(case.timers.filter(open=True).values_list("timer", flat=True))
    still = {one.id for one in state.open_timers}
    CaseTimer.objects.filter(case=case, open=True).exclude(timer__in=still).update(open=False)
    for timer in state.open_timers:
        if timer.id not in known:
            taskwork.set_timer(
                call, case, flow.TimerSet(timer.id, timer.element, timer.due, timer.working_days)
            )
