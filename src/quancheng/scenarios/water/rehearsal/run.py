"""“7·18”演练 The drill: from rain to closed tasks on a virtual clock, headless or as a theatre at 60×."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quancheng.capabilities.command import actions as command
from quancheng.capabilities.command import queries as picture
from quancheng.capabilities.things import queries as sensing
from quancheng.core.telemetry import Sent
from quancheng.core.text import Text
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Unavailable
from quancheng.kernel.simulation import Handle, Simulation
from quancheng.kernel.simulation.drills import Terms
from quancheng.kernel.simulation.stage import Stage, take_stage
from quancheng.scenarios.water.actions import record_drill
from quancheng.scenarios.water.rehearsal import outcome as results
from quancheng.scenarios.water.rehearsal import report, scenery, script, seats
from quancheng.scenarios.water.rehearsal.bulletins import Bulletins
from quancheng.scenarios.water.rehearsal.ledger import Ledger
from quancheng.scenarios.water.rehearsal.telemetry import deliver
from quancheng.scenarios.water.values import RunTerms

DRILL = "flood-2007"
TITLE = Text("“7·18”特大暴雨演练", "Drill of the 18 July 2007 rainstorm")
MINUTE = timedelta(minutes=1)
PERSON = Actor.system("water", simulated=True)


@dataclass(slots=True)
class Rehearsal:
    """Everything one run needs, made before the clock starts."""

    terms: Terms
    exercise: str
    script: script.Script
    scene: scenery.Scenery
    sent: list[Sent]
    ledger: Ledger
    bulletins: Bulletins
    sim: Simulation
    deliveries: Any


def run(terms: Terms) -> Mapping[str, Any]:
    """Run the drill; the report with ``passed`` and printable ``lines``. Raises Unavailable without gauges."""
    play = prepare(terms)
    seats_mode = picture.drill_seats() or "auto"
    with clock.at(play.script.starts):
        command.open_exercise(
            _call(), code=play.exercise, title=TITLE, starts_at=play.script.starts, speed=terms.speed, drill=DRILL,
            seats=seats_mode,
        )  # fmt: skip
    _cast(play)
    play.sim.run_until(play.script.ends)
    if terms.headless:
        events.drain()
    found = _results(play)
    body = report.to_dict(found)
    with clock.at(play.sim.now):
        command.close_exercise(_call(), code=play.exercise, figures={"passed": found.passed})
    record_drill(
        Call.system("water"),
        code=play.exercise,
        terms=RunTerms(DRILL, terms.seed, terms.faults, seats_mode, play.script.starts, play.sim.now),
        report=body,
    )
    return body


def prepare(terms: Terms) -> Rehearsal:
    """Set the scene: gauges of the register, the storm over them, the channel's faults."""
    told = script.read()
    scene = scenery.build(told, _gauges(), _river(told.river.station))
    sim = terms.simulation(told.starts)
    sent = scenery.frames(scene, told, sim.rng("water.frames"))
    channel = scenery.through_the_channel(sent, told, seed=terms.seed, share=terms.faults)
    exercise = (
        f"{DRILL}-{terms.seed}"
        if terms.headless
        else f"{DRILL}-{clock.now().astimezone(clock.LOCAL):%m%d%H%M%S}"
    )
    return Rehearsal(
        terms,
        exercise,
        told,
        scene,
        sent,
        Ledger.open(len(sent), channel),
        Bulletins(exercise),
        sim,
        channel.deliveries,
    )


def _cast(play: Rehearsal) -> None:
    """Put every process on the clock: telemetry first, then the seats, events last in each minute."""
    sim, stage = (
        play.sim,
        Stage(play.exercise, play.script.ends, seats=lambda: picture.drill_seats() or "auto"),
    )
    pace = seats.Pace(play.script, stage, sim.rng("water.seats"), {})
    line = sim.process("water.telemetry", deliver(play.deliveries, play.ledger, play.exercise), priority=-10)
    if play.terms.headless:
        sim.every("events", MINUTE, events.drain, priority=-5)
    sim.process("water.duty", seats.duty(pace))
    sim.process("water.units", seats.units(pace))
    take_stage(sim, stage)
    sim.process("water.closing", _closing(play, line), after=play.scene.slots[-1], priority=10)
    sim.checkpoint(timedelta(minutes=5), _progress(play))


def _closing(play: Rehearsal, line: Handle) -> Iterator[timedelta]:
    """收尾: when rain, warnings and tasks are over, stand down and end the rehearsal."""
    while (
        not line.done
        or play.bulletins.in_force
        or picture.open_tasks(play.exercise)
        or picture.proposals(play.exercise)
    ):
        yield MINUTE
    call = seats.seat("duty")
    for activation in picture.activations(call.actor, exercise=play.exercise):
        if activation.in_force:
            command.end_activation(
                seats.seat("commander"), activation=activation, note="雨停水退 The rain is over."
            )
    for incident in picture.open_incidents(call.actor, exercise=play.exercise).order_by("number"):
        _stand_down(call, incident)
    play.sim.stop()


def _stand_down(call: Call, incident: Any) -> None:
    """Walk an incident through the states it has not had yet, to its end."""
    steps = (
        ("reported", command.verify_incident),
        ("verified", command.respond_incident),
        ("responding", command.control_incident),
    )
    for state, step in steps:
        if incident.state == state:
            incident = step(call, incident=incident)
    command.close_incident(call, incident=incident, note="任务全部闭环 All tasks are closed.")


def _progress(play: Rehearsal) -> Callable[[dict[str, Any]], None]:
    whole = play.script.ends - play.script.starts

    def tell(_: dict[str, Any]) -> None:
        share = min(1.0, (play.sim.now - play.script.starts) / whole)
        words = f"{results.clock_time(play.sim.now)} · SL 651 × {sum(play.ledger.accepted.values())}"
        command.tick_exercise(
            _call(), code=play.exercise, virtual_at=play.sim.now, fraction=share, text=words
        )
        play.terms.say(words)

    return tell


def _results(play: Rehearsal) -> results.Outcome:
    review = picture.after_action(PERSON, exercise=play.exercise).to_dict()
    found = results.Outcome(
        exercise=play.exercise,
        seed=play.terms.seed,
        faults=play.terms.faults,
        ledger=play.ledger,
        missing=play.ledger.missing(each.id for each in play.sent),
        rain=results.rain_at_centre(play.scene, PERSON, play.exercise),
        first_alarms=results.first_alarms(PERSON, play.exercise),
        warnings=play.bulletins.read(),
        steps=review["steps"],
        durations=review["durations"],
        totals=review["totals"],
    )
    found.checks = results.judge(found, PERSON)
    return found


def _gauges() -> list[scenery.Device]:
    stations = sensing.stations(PERSON, kind="rain").order_by("code")
    found = [scenery.Device(each.code, each.address, each.lon, each.lat, each.region) for each in stations]
    if not found:
        raise Unavailable(
            Text("没有登记雨量站。", "No rain gauge is registered."),
            todo=Text("请先运行 quancheng setup。", "Run `quancheng setup` first."),
        )
    return found


def _river(code: str) -> scenery.Device:
    each = sensing.station(PERSON, code)
    return scenery.Device(each.code, each.address, each.lon, each.lat, each.region)


def _call() -> Call:
    return Call(PERSON, at=clock.now())
