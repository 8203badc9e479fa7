"""What the water scenario hears: warnings and river alarms move the flood plan."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.command import actions as command
from quancheng.capabilities.command import queries as picture
from quancheng.capabilities.things import queries as sensing
from quancheng.core.text import Text
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event

PLAN = "jn-flood"
RAINSTORM = "weather.rainstorm"
RIVER_RULE = "water.river_warning"


@events.subscribe("weather.warning.published", name="water.plan_on_warning")
def plan_on_warning(event: Event) -> None:
    """A warning was published: note it in the incident and ask the plan what it calls for."""
    data = event.data
    if data.get("event_type") != "rainstorm":
        return
    exercise = data.get("exercise", "")
    _note_warning(data, exercise)
    if data["msg_type"] == "cancel":
        return
    inputs: dict[str, Any] = {"warning": data["colour"], "max_3h_mm": _largest_3h(exercise)}
    _propose(inputs, exercise, data.get("districts", []))


@events.subscribe("things.alarm.raised", name="water.plan_on_river")
def plan_on_river(event: Event) -> None:
    """The river passed its warning level: the plan may call for more."""
    data = event.data
    if data["rule"] == RIVER_RULE:
        _propose({"river_stage_m": float(data["amount"])}, data["exercise"], [])


def _propose(inputs: dict[str, Any], exercise: str, districts: list[str]) -> None:
    incident = _rainstorm(exercise)
    command.propose_activation(
        _call(), plan_code=PLAN, inputs=inputs, incident=incident, exercise=exercise, districts=districts
    )


def _note_warning(data: dict[str, Any], exercise: str) -> None:
    incident = _rainstorm(exercise)
    if incident is None:
        return
    headline = Text.of(data["headline"])
    verb = "warn_end" if data["msg_type"] == "cancel" else "warn"
    command.add_log(_call(), incident=incident, text=headline, evidence=data.get("evidence", ""), verb=verb)


def _rainstorm(exercise: str) -> Any:
    found = picture.open_incidents(Actor.system("water"), exercise=exercise)
    return found.filter(type=RAINSTORM).order_by("occurred_at", "id").first()


def _largest_3h(exercise: str) -> float:
    rows = sensing.window_sums(Actor.system("water"), at=clock.now(), exercise=exercise, minutes=(180,))
    return max((float(row.amounts[180]) for row in rows.values()), default=0.0)


def _call() -> Call:
    return Call.system("water", simulated=False)
