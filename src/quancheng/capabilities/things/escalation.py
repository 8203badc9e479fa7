"""告警升级: who is told when nobody acknowledges; minutes by level and the ladder are dated parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import crossings, raising
from quancheng.capabilities.things.models import Alarm, AlarmStep, Level, Result
from quancheng.core.rules.model import thaw
from quancheng.kernel import clock, events, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

OWNER, ABOVE, ANY = "owner", "above", "any"
ROUND = 500
"""Alarms handled in one run; the rest waits a minute."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: holders of a role at the owner, above it or at a named office."""

    role: str
    at: str

    def office(self, owner: str) -> str:
        """The department's code, empty for any; the owner itself where nothing is above it or it is unknown."""
        if self.at == OWNER:
            return owner
        if self.at != ABOVE:
            return "" if self.at == ANY else self.at
        try:
            parent = people.department(owner).parent
        except NotFound:
            return owner
        return parent.code if parent is not None else owner


def ladder(on: date) -> list[Rung]:
    """Who is told, first to last, as in force on a day."""
    rows: Any = thaw(rulebook.find("things.escalation_ladder", on=on).value)
    return [Rung(str(row["role"]), str(row["at"])) for row in rows]


def minutes(on: date) -> dict[int, list[int]]:
    """Level → minutes after the alarm at which each step is due when nobody acknowledged."""
    table: Any = thaw(rulebook.find("things.escalation_minutes", on=on).value)
    return {int(level): [int(one) for one in row] for level, row in table.items()}


def escalate(alarm: Alarm, at: datetime, by: str, note: str) -> bool:
    """One step up: recorded and told. Steps where nobody holds the role are recorded and passed over.

    False when the top was reached before; runs inside an action.
    """
    rungs = ladder(at.astimezone(clock.LOCAL).date())
    if alarm.step >= len(rungs):
        return False
    while alarm.step < len(rungs):
        rung = rungs[alarm.step]
        office = rung.office(alarm.department)
        users = _holders(rung.role, office)
        alarm.step += 1
        _record(alarm, at, by, note, rung.role, office, users)
        if users:
            break
    alarm.escalated_at = at
    alarm.save(update_fields=["step", "escalated_at"])
    return True


def _holders(role: str, office: str) -> list[int]:
    try:
        found = people.officials(Actor.system("things"), role, department_code=office or None)
        return list(found.order_by("pk").values_list("pk", flat=True)[:50])
    except NotFound:
        return []


def _record(
    alarm: Alarm, at: datetime, by: str, note: str, role: str, office: str, users: Sequence[int]
) -> None:
    AlarmStep.objects.create(
        alarm=alarm, at=at, what=AlarmStep.What.ESCALATED, by=by, to_role=role, to_department=office, note=note,
        detail={"step": alarm.step, "told": len(users)},
    )  # fmt: skip
    told = {"step": alarm.step, "role": role, "office": office, "users": list(users), "by": by, "note": note}
    events.emit("things.alarm.escalated", alarm.key, crossings.payload(alarm) | told)


def escalate_all(at: datetime) -> int:
    """Every alarm nobody acknowledged in time goes one step up; how many did."""
    done = 0
    for level, steps in minutes(at.astimezone(clock.LOCAL).date()).items():
        for step, after in enumerate(steps):
            due = Alarm.objects.filter(
                Q(muted_until=None) | Q(muted_until__lte=at),
                exercise="",
                state=Alarm.State.RAISED,
                level=level,
                step=step,
                ended_at=None,
                untold=False,
                detected_at__lte=at - timedelta(minutes=after),
            )
            rows = due.select_for_update(of=("self",)).select_related("rule", "station", "datastream")
            # made a list first: stepping up inside the loop must not meet the same alarm twice
            for alarm in list(rows.order_by("pk")[:ROUND]):
                note = f"{Level(level).name} {after} min"
                done += escalate(alarm, at, "system:things", note)
    return done


def end_mutes(at: datetime) -> int:
    """Mutes that are over: alarms still going on are told now; how many were."""
    over = Alarm.objects.filter(Q(muted_until=None) | Q(muted_until__lte=at), untold=True)
    rows = over.exclude(state=Alarm.State.CLOSED).select_related("rule", "station", "datastream")
    told = 0
    for alarm in list(rows.order_by("pk")[:ROUND]):
        alarm.untold, alarm.muted_until = False, None
        alarm.save(update_fields=["untold", "muted_until"])
        if alarm.ended_at is None:
            told += 1
            events.emit("things.alarm.raised", alarm.key, crossings.payload(alarm))
    return told


def close_ended(at: datetime) -> int:
    """Alarms acknowledged and over for so long close by themselves; how many did."""
    on = at.astimezone(clock.LOCAL).date()
    hours = rulebook.find("things.alarm_close_hours", on=on).integer()
    rows = Alarm.objects.filter(
        exercise="", state=Alarm.State.ACKNOWLEDGED, ended_at__lte=at - timedelta(hours=hours)
    ).select_related("rule", "station", "datastream")
    closed = list(rows.order_by("pk")[:ROUND])
    for alarm in closed:
        alarm.state, alarm.closed_at, alarm.closed_by = Alarm.State.CLOSED, at, "system:things"
        alarm.result = Result.ENDED
        alarm.save(update_fields=["state", "closed_at", "closed_by", "result"])
        AlarmStep.objects.create(
            alarm=alarm, at=at, what=AlarmStep.What.CLOSED, by="system:things", detail={"result": Result.ENDED.value}
        )  # fmt: skip
        raising.tell_handled(alarm, "closed", "system:things", "")
    return len(closed)
