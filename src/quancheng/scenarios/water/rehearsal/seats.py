"""席位: simulated holders of the duty seat and of the responding units.

Each acts through the same public actions as a person, under a name that says it is simulated. In
manual mode a seat waits for a person and its deputy steps in when patience runs out, so a drill
never hangs and the report says who did what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from quancheng.capabilities.command import actions as command
from quancheng.capabilities.command import queries as picture
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Conflict
from quancheng.kernel.simulation.stage import Stage
from quancheng.scenarios.water.rehearsal.script import Script, Span

MINUTE = timedelta(minutes=1)


def seat(name: str) -> Call:
    """A deed of a simulated holder, at this virtual moment."""
    return Call(Actor(ActorKind.SYSTEM, name=f"seat:{name}", module="water", simulated=True))


@dataclass(slots=True)
class Pace:
    """How long a seat waits before it acts, drawn once per thing and step."""

    script: Script
    stage: Stage
    random: np.random.Generator
    drawn: dict[str, float]

    def is_time(self, step: str, thing: str, since: datetime, *, person: bool = False) -> bool:
        """Whether the wait of ``step`` on ``thing`` is over; ``person``: a person may do it first."""
        key = f"{step}:{thing}"
        if key not in self.drawn:
            self.drawn[key] = self._draw(self.script.seats[step])
        wait = self.drawn[key]
        if person and self.stage.seats() == "manual":
            wait = max(wait, float(self.stage.patience_minutes))
        return clock.now() - since >= timedelta(minutes=wait)

    def _draw(self, span: Span) -> float:
        return float(self.random.uniform(span.least, span.most))


def duty(pace: Pace) -> Iterator[timedelta]:
    """值班席: verifies incidents, decides on proposals, checks proofs."""
    while True:
        call = seat("duty")
        waiting = picture.open_incidents(call.actor, exercise=pace.stage.exercise)
        for incident in waiting.filter(state="reported").order_by("number"):
            if pace.is_time("verify", incident.number, incident.opened_at, person=True):
                _try(command.verify_incident, seat("duty"), incident=incident)
        for proposal in picture.proposals(pace.stage.exercise):
            thing = f"{proposal.plan.code}:{proposal.proposed_level or proposal.level}"
            if pace.is_time("decide", thing, proposal.changed_at, person=True):
                _decide(proposal)
        for task in picture.open_tasks(pace.stage.exercise):
            if task.state == "proved" and pace.is_time("check", _turn(task), task.changed_at, person=True):
                _check(pace, task)
        yield MINUTE


def units(pace: Pace) -> Iterator[timedelta]:
    """责任单位席: accept, arrive, prove."""
    while True:
        for task in picture.open_tasks(pace.stage.exercise):
            _work(pace, task)
        yield MINUTE


def _work(pace: Pace, task: Any) -> None:
    call = seat(f"unit:{task.department.code}")
    if task.state == "issued" and pace.is_time("accept", task.number, task.issued_at, person=True):
        _try(command.accept_task, call, task=task)
    elif task.state == "accepted" and pace.is_time("arrive", task.number, task.changed_at, person=True):
        lon, lat = task.lon, task.lat
        _try(command.arrive, call, task=task, lon=lon, lat=lat)
    elif task.state in {"onsite", "returned"} and pace.is_time(
        "prove", _turn(task), task.changed_at, person=True
    ):
        text = f"模拟反馈:{task.zh}已完成。 Simulated proof: done."
        lon, lat = task.lon or 117.0, task.lat or 36.67
        _try(command.prove_task, call, task=task, text=text, lon=lon, lat=lat)


def _decide(proposal: Any) -> None:
    if proposal.state == "proposed":
        _try(command.activate_plan, seat("commander"), activation=proposal)
    elif proposal.proposed_level is not None:
        _try(command.raise_level, seat("commander"), activation=proposal, level=proposal.proposed_level)


def _check(pace: Pace, task: Any) -> None:
    again = f"returned:{task.number}"
    if again not in pace.drawn:
        pace.drawn[again] = float(pace.random.uniform())
        if pace.drawn[again] < pace.script.returned_share:
            reason = "模拟：反馈不完整，请补充现场情况。 Simulated: incomplete, describe the site."
            _try(command.return_task, seat("duty"), task=task, reason=reason)
            return
    _try(command.verify_task, seat("duty"), task=task)


def _turn(task: Any) -> str:
    """A task and the round of proof it is in, so that a second round gets its own wait."""
    return f"{task.number}:{task.changed_at.isoformat()}"


def _try(deed: Callable[..., Any], call: Call, **what: Any) -> None:
    """Act; when a person was quicker, let it be."""
    try:
        deed(call, **what)
    except Conflict:
        return
