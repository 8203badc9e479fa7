"""模拟: past warnings of the demo city, and the seats of forecaster and approver in drills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from quancheng.capabilities.things import queries as sensing
from quancheng.core.text import Text
from quancheng.kernel import clock, events, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import Conflict
from quancheng.kernel.simulation.demo import DemoCity
from quancheng.kernel.simulation.engine import Process, Simulation
from quancheng.kernel.simulation.stage import Stage
from quancheng.scenarios.weather import actions, areas, flow, queries, steps, wording
from quancheng.scenarios.weather.flow import State
from quancheng.scenarios.weather.models import Warning

MINUTE = timedelta(minutes=1)
QUIET = timedelta(minutes=60)
SMALL_MM = 5
"""At most this much in an hour at every gauge is the end of a storm."""
LEAST, MOST = 1, 2
INCIDENT_TYPE = "weather.rainstorm"
ALARM = "things.alarm.raised"
BATCH = 500

FORECASTERS = ("崔敏", "刘畅")
APPROVERS = ("宋立新", "高岩")
CITY_CENTRE = ("370102", "370103", "370104", "370105", "370112")


# -- past warnings of the demo city -----------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Past:
    """One message of the past: days and minutes before now, what it was."""

    days: int
    minutes: int
    level: int
    districts: tuple[str, ...]
    place: Text
    amount: str
    follows: bool = False
    ends_with: str = ""
    """A reason: the warning is cancelled two hours later."""


PAST = (
    Past(41, 70, 4, ("370113", "370114"), Text("平安店", "Ping'andian"), "52.5"),
    Past(23, 30, 4, CITY_CENTRE, Text("市政府", "City Hall"), "50.5"),
    Past(23, -45, 3, CITY_CENTRE, Text("市政府", "City Hall"), "61.0", follows=True, ends_with="雨带东移,1小时雨量不足2毫米"),
    Past(9, 10, 3, ("370115", "370126"), Text("垛石", "Duoshi"), "54.0", ends_with="降雨结束"),
)  # fmt: skip
HOURS = {4: (12, 50), 3: (6, 50), 2: (3, 50), 1: (3, 100)}


def seed(city: DemoCity, random: np.random.Generator) -> str:
    """Warnings of the last weeks: one that ran out, one raised and cancelled, one cancelled."""
    if Warning.objects.exists():
        return "已有 present"
    now = clock.now()
    last: Warning | None = None
    with steps.history():
        for past in PAST:
            at = now - timedelta(days=past.days, minutes=past.minutes + int(random.integers(0, 20)))
            last = _publish(past, at, last if past.follows else None, random)
            if past.ends_with:
                with clock.at(at + timedelta(hours=2, minutes=int(random.integers(0, 50)))):
                    actions.cancel_warning(_official("approver", 0), warning=last, reason=past.ends_with)
        with clock.at(now):
            ended = actions.expire_warnings(Call.system("weather", simulated=True))
    return f"{Warning.objects.count()} 预警 warnings ({ended} 到期 expired)"


def _publish(past: Past, at: datetime, before: Warning | None, random: np.random.Generator) -> Warning:
    who = int(random.integers(0, 2))
    hours, threshold = HOURS[past.level]
    facts = wording.Facts(
        past.level,
        wording.verb_for(past.level, before.level if before else None),
        past.place,
        hours,
        past.amount,
        str(threshold),
        [areas.name(code) for code in past.districts],
    )
    draft = actions.Draft(past.level, past.districts, wording.words(facts), crossed_at=at)
    with clock.at(at + timedelta(minutes=int(random.integers(2, 6)))):
        made = actions.draft_warning(_official("forecaster", who), draft=draft, previous=before)
        made = actions.submit_warning(_official("forecaster", who), warning=made)
    with clock.at(made.drafted_at + timedelta(minutes=int(random.integers(3, 9)))):
        return actions.approve_warning(_official("approver", who), warning=made)


def _official(role: str, who: int) -> Call:
    name = (FORECASTERS if role == "forecaster" else APPROVERS)[who]
    grants = (RoleGrant(f"weather.{role}"),)
    return Call(Actor(ActorKind.OFFICIAL, name=f"{name}(模拟)", grants=grants, simulated=True))


# -- seats in drills --------------------------------------------------------------------------
def rehearse(sim: Simulation, stage: Stage) -> Iterable[tuple[str, Process]]:
    """Forecaster and approver of a drill; each waits for a person first when seats are manual."""
    pace = _Pace(stage, sim.rng("weather.seats"), {}, {})
    rain = _Rain(stage.exercise)
    return [("weather.forecaster", _forecaster(pace)), ("weather.approver", _approver(pace, rain))]


@dataclass(slots=True)
class _Pace:
    """How long a seat waits before it acts, drawn once for each warning and step.

    Counted from when the seat first saw it, not from its last change: rain amends a draft again and
    again, and a seat that started over each time would never act. In manual mode every change gives
    people their time anew.
    """

    stage: Stage
    random: np.random.Generator
    drawn: dict[str, int]
    first: dict[str, datetime]

    def is_time(self, step: str, row: Warning) -> bool:
        """Whether the wait is over."""
        key = f"{step}:{row.number}"
        if key not in self.drawn:
            self.drawn[key] = int(self.random.integers(LEAST, MOST + 1))
            self.first[key] = clock.now()
        if self.stage.seats() == "manual":
            wait = max(self.drawn[key], self.stage.patience_minutes)
            return clock.now() - row.changed_at >= timedelta(minutes=wait)
        return clock.now() - self.first[key] >= timedelta(minutes=self.drawn[key])


def _forecaster(pace: _Pace) -> Iterator[timedelta]:
    """预报员席: submits what rain has drafted."""
    while True:
        for row in queries.live(pace.stage.exercise).filter(state=State.DRAFT):
            if not _is_hasty(row) and pace.is_time("submit", row):
                _try(actions.submit_warning, "forecaster", warning=row)
        yield MINUTE


def _is_hasty(row: Warning) -> bool:
    before = row.previous
    if before is None or before.published_at is None:
        return False
    least = timedelta(minutes=float(rulebook.find("weather.update_minutes").number()))
    return flow.is_hasty(row.level, before.level, clock.now() - before.published_at, least)


def _approver(pace: _Pace, rain: _Rain) -> Iterator[timedelta]:
    """签发席: approves what was submitted, cancels when the storm is over."""
    while True:
        rain.listen()
        rows = list(queries.live(pace.stage.exercise))
        for row in rows:
            if row.state == State.SUBMITTED and pace.is_time("approve", row):
                _try(actions.approve_warning, "approver", warning=row, seen=row.revision)
        in_force = [row for row in rows if row.state == State.PUBLISHED]
        if in_force and len(rows) == len(in_force) and rain.is_over(in_force):
            for row in in_force:
                reason = "过去60分钟各站雨量很小 Little rain at every gauge in the last 60 minutes."
                _try(actions.cancel_warning, "approver", warning=row, reason=reason)
        yield MINUTE


class _Rain:
    """Whether a drill's storm is over, read from the event stream and the gauges."""

    def __init__(self, exercise: str) -> None:
        self.exercise = exercise
        self._last: datetime | None = None
        self._position = events.last_sequence()

    def listen(self) -> None:
        """Take note of crossings since the last time."""
        while True:
            found = events.tail(self._position, [ALARM], BATCH)
            for event in found:
                self._position = max(self._position, event.sequence or 0)
                data = event.data
                if data["exercise"] == self.exercise and data["incident_type"] == INCIDENT_TYPE:
                    self._last = clock.now()
            if len(found) < BATCH:
                return

    def is_over(self, in_force: list[Warning]) -> bool:
        """No crossing for an hour, none published for an hour, and hardly any rain at any gauge."""
        marks = [row.published_at for row in in_force if row.published_at is not None]
        newest = max([*marks, *([self._last] if self._last else [])])
        if clock.now() - newest < QUIET:
            return False
        asker = Actor.system("weather", simulated=True)
        sums = sensing.window_sums(asker, at=clock.now(), exercise=self.exercise, minutes=(60,))
        return all(row.amounts[60] <= SMALL_MM for row in sums.values())


def _try(deed: Callable[..., Any], seat: str, **what: Any) -> None:
    """Act; when a person was quicker, let it be."""
    actor = Actor(ActorKind.SYSTEM, name=f"seat:{seat}", module="weather", simulated=True)
    try:
        deed(Call(actor), **what)
    except Conflict:
        return
