"""Numbers of one version of a model turned into those of another, for all a state holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .arming import arm
from .catching import FIRED, HAPPENED, MARKS, TRUE, catches_of
from .finishing import LOG
from .model import Catch, Program
from .run import Run
from .state import Inst, State, Timer
from .vocabulary import Kind, Role

__all__ = ["Places", "relocated"]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where nodes, flows and names of the old version are in the new one."""

    old: Program
    new: Program
    mapping: dict[str, str]

    def name(self, old: str) -> str:
        """The new id or variable name."""
        return self.mapping.get(old, old)

    def node(self, index: int) -> int | None:
        """The new number of a node; None where it has no place."""
        if index == self.old.root:
            return self.new.root
        if index < 0:
            return None
        node = self.old.nodes[index]
        wanted = self.name(node.id)
        process = self.new.process if node.process == self.old.process else self.name(node.process)
        found = self.new.by_id.get(wanted)
        if found is None or self.new.nodes[found].process == process:
            return found
        same = (n.index for n in self.new.nodes if n.id == wanted and n.process == process)
        return next(same, found)

    def flow(self, index: int, target: int) -> int | None:
        """The new number of a flow into ``target``; None where there is none."""
        wanted = self.name(self.old.flows[index].id)
        for flow in self.new.nodes[target].incoming:
            if self.new.flows[flow].id == wanted:
                return flow
        return None

    def entry(self, entry: list[Any]) -> list[Any] | None:
        """A note of what could be undone, in the numbers of the new version."""
        index = self.node(entry[0])
        if index is None or not self.new.nodes[index].compensable:
            return None
        if len(entry) == 1:
            return [index]
        inner = [self.entry(each) for each in entry[1]]
        return None if None in inner else [index, inner, entry[2]]


def relocated(places: Places, state: State, at: datetime | None) -> State:
    """``state`` in the numbers of the new version; everything in it must have a place."""
    new = State(
        digest=places.new.digest,
        next_id=state.next_id,
        insts={key: _inst(places, inst) for key, inst in state.insts.items()},
        timers={key: _timer(places, timer) for key, timer in state.timers.items()},
        joins={_key(places, key): _flows(places, key, flows) for key, flows in state.joins.items()},
        gates={_key(places, key): _flows(places, key, flows) for key, flows in state.gates.items()},
        kids=dict(state.kids),
        final={places.name(name): value for name, value in state.final.items()},
        reached=tuple(_end(places, end) for end in state.reached),
        outcome=state.outcome,
        program=places.new,
    )
    return new if at is None or new.finished else _with_new_timers(places, state, new, at)


def _index(places: Places, index: int) -> int:
    found = places.node(index)
    assert found is not None
    return found


def _inst(places: Places, inst: Inst) -> Inst:
    moved = inst.clone()
    moved.node = _index(places, inst.node)
    if moved.locals is not None:
        moved.locals = {places.name(name): value for name, value in moved.locals.items()}
    if moved.data is not None:
        moved.data = _notes(places, inst, moved.data)
    return moved


def _notes(places: Places, inst: Inst, data: dict[str, Any]) -> dict[str, Any]:
    data = dict(data)
    if LOG in data:
        data[LOG] = [places.entry(entry) for entry in data[LOG]]
    if inst.role == Role.UNDO:
        data["q"] = [places.entry(entry) for entry in data.get("q", ())]
    if FIRED in data:
        fired = [(places.node(node), numbers) for node, numbers in data[FIRED]]
        data[FIRED] = [[node, numbers] for node, numbers in fired if node is not None]
    if HAPPENED in data:
        data[HAPPENED] = [places.node(node) for node in data[HAPPENED]]
    if TRUE in data:
        marks = [(places.node(mark // MARKS), mark % MARKS) for mark in data[TRUE]]
        data[TRUE] = sorted(node * MARKS + number for node, number in marks if node is not None)
    return data


def _timer(places: Places, timer: Timer) -> Timer:
    return Timer(
        timer.id,
        _index(places, timer.node),
        timer.definition,
        timer.owner,
        timer.due,
        timer.left,
        timer.every,
    )


def _key(places: Places, key: tuple[int, int]) -> tuple[int, int]:
    return key[0], _index(places, key[1])


def _flows(places: Places, key: tuple[int, int], flows: tuple[int, ...]) -> tuple[int, ...]:
    target = _index(places, key[1])
    found = [places.flow(flow, target) for flow in flows]
    return tuple(flow for flow in found if flow is not None)


def _end(places: Places, end: int | str) -> int | str:
    if isinstance(end, str):
        return end
    found = places.node(end)
    return places.old.nodes[end].id if found is None else found


def _with_new_timers(places: Places, before: State, state: State, at: datetime) -> State:
    """Set timers of events that the old version did not have."""
    run = Run(places.new, state, at)
    old_run = Run(places.old, before, at)
    for inst in list(state.insts.values()):
        known = {(places.node(index), number) for index, number in catches_of(old_run, before.insts[inst.id])}
        added: list[Catch] = [catch for catch in catches_of(run, inst) if catch not in known]
        arm(run, inst, [catch for catch in added if run.nodes[catch[0]].kind is not Kind.CATCH])
    return run.freeze()
