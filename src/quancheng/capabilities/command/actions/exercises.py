"""Writers of exercises 演练 and of the duty roster 值班."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from quancheng.capabilities.command import deeds, drilling
from quancheng.capabilities.command.models import (
    Counter,
    DutyShift,
    Exercise,
    Incident,
    IncidentEvent,
    IncidentReport,
    PlanActivation,
    Task,
)
from quancheng.capabilities.people import queries as people
from quancheng.core.identity import mask_phone
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, NotFound
from quancheng.kernel.events.retry import real_now
from quancheng.kernel.simulation import drills

STATES = ("ended", "stopped", "failed")
SEATS = ("auto", "manual")


@action("command.exercise.open")
def open_exercise(
    call: Call,
    *,
    code: str,
    title: Text | Mapping[str, Any] | str,
    starts_at: datetime,
    speed: float | None = None,
    drill: str = "",
    seats: str = "",
) -> Exercise:
    """演练开始: gives the drill a clock and a place of its own. Raises InvalidInput, Conflict, Forbidden."""
    access.require(call.actor, "run", Exercise)
    code, name = deeds.clean_exercise(code), deeds.clean_title(title)
    if not code or starts_at.tzinfo is None:
        raise deeds.refuse("code", "演练要有编号和起点时间。", "An exercise needs a code and a start.")
    if Exercise.objects.filter(code=code).exists():
        raise Conflict(Text(f"演练编号 {code} 已用过。", f"The exercise code {code} was used before."))
    run = drilling.current()
    seats = seats or (run.seats if run else "auto")
    row = Exercise.objects.create(
        code=code,
        zh=name.zh,
        en=name.en,
        drill=drill or (run.drill if run else ""),
        seats=seats,
        speed=speed,
        starts_at=starts_at,
        virtual_at=starts_at,
        ticked_at=real_now(),
        opened_at=real_now(),
        job=run.job if run else None,
    )
    events.emit("command.exercise.started", code, _payload(call, row))
    audit.note(code=code, drill=row.drill, seats=seats)
    return row  # type: ignore[no-any-return]


def _payload(call: Call, row: Exercise) -> dict[str, Any]:
    return {
        "code": row.code,
        "title": row.name.to_dict(),
        "drill": row.drill,
        "speed": row.speed,
        "seats": row.seats,
        "state": row.state,
        "exercise": row.code,
        "simulated": True,
        "at": row.virtual_at,
        "by": deeds.display(call.actor),
        "evidence": f"/screen/review/{row.code}/",
    }


def _exercise(code: str) -> Exercise:
    found = Exercise.objects.select_for_update().filter(code=str(code)[:40]).first()
    if found is None:
        raise NotFound(Text(f"没有演练 {code}。", f"There is no exercise {code}."))
    return found  # type: ignore[no-any-return]


@action("command.exercise.tick", idempotent=False)
def tick_exercise(
    call: Call, *, code: str, virtual_at: datetime, fraction: float, text: str = ""
) -> Exercise:
    """演练走时: where the drill's clock stands. Raises InvalidInput, NotFound, Forbidden."""
    access.require(call.actor, "run", Exercise)
    row = _exercise(code)
    if virtual_at.tzinfo is None:
        raise deeds.refuse("virtual_at", "时间必须带时区。", "The time needs a zone.")
    row.virtual_at, row.ticked_at = max(row.virtual_at, virtual_at), real_now()
    row.fraction = min(max(float(fraction), 0.0), 1.0)
    row.text = deeds.clean_text("text", text, 300, empty=True) or row.text
    row.save(update_fields=["virtual_at", "ticked_at", "fraction", "text"])
    return row


@action("command.exercise.close")
def close_exercise(
    call: Call, *, code: str, state: str = "ended", figures: Mapping[str, Any] | None = None
) -> Exercise:
    """演练结束. Raises InvalidInput, NotFound, Forbidden."""
    access.require(call.actor, "run", Exercise)
    row = _exercise(code)
    if state not in STATES:
        raise deeds.refuse("state", "没有这种结束方式。", "There is no such end.")
    if row.state != "running":
        return row
    row.state, row.closed_at, row.figures = state, real_now(), dict(figures or {})
    row.fraction = 1.0 if state == "ended" else row.fraction
    row.save(update_fields=["state", "closed_at", "figures", "fraction"])
    events.emit("command.exercise.ended", row.code, _payload(call, row))
    audit.note(code=row.code, state=state)
    return row


@action("command.exercise.clear")
def clear_exercise(call: Call, *, code: str) -> int:
    """清除演练数据: rows of one exercise, never of the real city. Raises InvalidInput, Forbidden."""
    access.require(call.actor, "run", Exercise)
    code = deeds.clean_exercise(code)
    if not code:
        raise deeds.refuse("code", "只能清除演练数据。", "Only exercises can be cleared.")
    removed = 0
    for model in (IncidentEvent, Task, PlanActivation, IncidentReport):
        removed += model.objects.filter(exercise=code).delete()[0]
    Incident.objects.filter(exercise=code).update(merged_into=None)
    removed += Incident.objects.filter(exercise=code).delete()[0]
    removed += Exercise.objects.filter(code=code).delete()[0]
    Counter.objects.filter(series__endswith=f":{code}").delete()
    audit.note(code=code, removed=removed)
    return removed


@action("command.drill.start")
def start_drill(call: Call, *, drill: str, speed: float = 60.0, seats: str = "auto") -> dict[str, str]:
    """启动演练: asks a worker to run it. Raises InvalidInput, NotFound, Conflict, Forbidden."""
    access.require(call.actor, "run", Exercise)
    if drill not in {row.id for row in drills.available()}:
        raise NotFound(Text(f"没有演练 {drill[:60]}。", f"There is no drill {drill[:60]}."))
    if not 1 <= speed <= 3600 or seats not in SEATS:
        raise deeds.refuse("speed", "倍速应为1–3600。", "The speed is 1 to 3600.")
    deeds.locked("drill:start")
    busy = drilling.running_jobs()
    if busy:
        raise Conflict(
            Text(
                "已有演练在进行，请先停止或等它结束。",
                "A drill is already running; stop it or wait for its end.",
            ),
            extra={"job": str(busy[0].pk)},
        )
    row = jobs.enqueue("command.drill", {"drill": drill, "speed": speed, "seats": seats})
    audit.note(drill=drill, speed=speed, seats=seats, job=str(row.pk))
    return {"job": str(row.pk)}


@action("command.drill.stop", idempotent=False)
def stop_drill(call: Call, *, job: str) -> bool:
    """停止演练. Raises NotFound, Forbidden."""
    access.require(call.actor, "run", Exercise)
    try:
        wanted = UUID(str(job))
    except ValueError as wrong:
        raise NotFound() from wrong
    if wanted not in {row.pk for row in drilling.running_jobs()}:
        raise NotFound(Text("这场演练不在进行。", "This drill is not running."))
    audit.note(job=str(wanted))
    return jobs.cancel(wanted)


@action("command.duty.add")
def add_shift(
    call: Call,
    *,
    department: str,
    name: str,
    post: Text | Mapping[str, Any] | str,
    starts_at: datetime,
    ends_at: datetime,
    phone: str,
    user_id: int | None = None,
) -> DutyShift:
    """排班; the phone is kept masked. Raises InvalidInput, Forbidden."""
    access.require(call.actor, "add", DutyShift)
    if starts_at.tzinfo is None or ends_at.tzinfo is None or ends_at <= starts_at:
        raise deeds.refuse("ends_at", "结束时间应晚于开始时间。", "The end must be after the start.")
    title = deeds.clean_title(post)
    row = DutyShift.objects.create(
        department=people.department(department),
        user_id=user_id,
        name=deeds.clean_text("name", name, 60),
        zh=title.zh[:60],
        en=title.en[:80],
        phone=mask_phone(phone) if phone else "",
        starts_at=starts_at,
        ends_at=ends_at,
        simulated=call.actor.simulated,
    )
    audit.note(shift=row.pk)
    return row  # type: ignore[no-any-return]
