"""Events that are waited for: who waits, what happens to them, event sub-processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .activities import apply_data, begin, complete
from .arming import arm
from .events import TimerCancelled
from .model import Catch, EventDef, Node
from .moving import cancel, clear_scope, drop_timers, leave
from .opening import LEAVE
from .run import Run
from .state import Inst
from .vocabulary import SCOPES, Kind, Role, Trigger

__all__ = [
    "Waiting",
    "enter_catch",
    "fire",
    "fire_conditions",
    "leave_boundary",
    "start_event_sub",
    "waiting",
]

FIRED = "p"
TRUE = "t"
INTERRUPTED = "x"
HAPPENED = "h"
MARKS = 16
"""Conditional events are noted as node * MARKS + number of the definition."""
Waiting = tuple[int, int, int]
"""(instance that waits, node, number of the event definition)"""


def enter_catch(run: Run, scope: int, node: Node) -> None:
    """A token arrives at a catch event or an event-based gateway and waits."""
    if any(definition.trigger is Trigger.LINK for definition in node.events):
        leave(run, node, scope)
        return
    inst = run.add(node.index, scope)
    arm(run, inst, node.own_catches)


def waiting(run: Run, trigger: Trigger) -> Iterator[Waiting]:
    """Everything live that waits for this kind of event, oldest first."""
    nodes = run.nodes
    for inst in list(run.insts.values()):
        for index, number in catches_of(run, inst):
            if nodes[index].events[number].trigger is trigger:
                yield inst.id, index, number


def catches_of(run: Run, inst: Inst) -> Iterator[Catch]:
    """What one instance waits for: its own events, its boundaries, its event sub-processes."""
    node = run.nodes[inst.node]
    if inst.role == Role.START:
        yield from node.own_catches
        return
    if node.boundary_catches and run.hosts(inst):
        yield from node.boundary_catches
    if inst.role == Role.PLAIN:
        if node.kind is Kind.EVENT_GATEWAY and inst.data:
            happened = inst.data.get(HAPPENED, ())
            yield from (catch for catch in node.own_catches if catch[0] not in happened)
        elif node.kind is not Kind.PROCESS:
            yield from node.own_catches
        if node.sub_catches and not (inst.data or {}).get(INTERRUPTED):
            yield from node.sub_catches


def alive(run: Run, caught: Waiting) -> bool:
    """Whether this is still waited for."""
    inst = run.insts.get(caught[0])
    return inst is not None and (caught[1], caught[2]) in catches_of(run, inst)


def fire(run: Run, caught: Waiting, data: Mapping[str, Any]) -> None:
    """What was waited for has happened."""
    owner, index, number = caught
    node = run.nodes[index]
    if node.all_events and not _all(run, owner, node, number):
        return
    if node.kind is Kind.BOUNDARY:
        apply_data(run, run.insts[owner].parent, node, _payload(node, data))
        leave_boundary(run, run.insts[owner], node)
    elif node.kind is Kind.START:
        _start(run, run.insts[owner], node, data)
    elif node.kind is Kind.RECEIVE and run.insts[owner].node == index:
        complete(run, run.insts[owner], data)
    else:
        _caught(run, run.insts[owner], node, data)


def _payload(node: Node, data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {node.result: dict(data)} if node.result else data


def _all(run: Run, owner: int, node: Node, number: int) -> bool:
    """A parallel multiple event: note what has happened; whether that was the last."""
    notes = run.note(owner)
    fired = {int(key): list(value) for key, value in notes.get(FIRED, ())}
    done = sorted({*fired.get(node.index, []), number})
    if len(done) == len(node.events):
        fired.pop(node.index, None)
    else:
        fired[node.index] = done
    notes[FIRED] = [[key, value] for key, value in sorted(fired.items())]
    return len(done) == len(node.events)


def _caught(run: Run, inst: Inst, node: Node, data: Mapping[str, Any]) -> None:
    """An intermediate event, alone or after an event-based gateway (others there are withdrawn)."""
    scope = inst.parent
    apply_data(run, scope, node, _payload(node, data))
    if not _waits_on(run, inst, node):
        drop_timers(run, inst.id)
        run.drop(inst.id)
    if node.kind is Kind.RECEIVE and node.loop is None:
        run.arrive(scope, node.index, LEAVE)
    elif node.kind is Kind.RECEIVE:
        begin(run, scope, node, -1)
    else:
        leave(run, node, scope)


def _waits_on(run: Run, inst: Inst, arm_: Node) -> bool:
    """Whether a gateway that needs all its events still waits for some after this one."""
    gateway = run.nodes[inst.node]
    if gateway.kind is not Kind.EVENT_GATEWAY or not gateway.all_events:
        return False
    notes = run.note(inst.id)
    notes[HAPPENED] = [*notes.get(HAPPENED, ()), arm_.index]
    return len(notes[HAPPENED]) < len(gateway.outgoing)


def leave_boundary(run: Run, host: Inst, node: Node) -> None:
    """A boundary event happened: an interrupting one withdraws its activity."""
    scope = host.parent
    if node.interrupting:
        cancel(run, host.id)
    leave(run, node, scope)


def _start(run: Run, inst: Inst, node: Node, data: Mapping[str, Any]) -> None:
    if inst.role == Role.START:
        scope = inst.parent
        drop_timers(run, inst.id)
        run.drop(inst.id)
        apply_data(run, scope, node, _payload(node, data))
        leave(run, node, scope)
    else:
        start_event_sub(run, inst, node, data)


def start_event_sub(run: Run, scope: Inst, start: Node, data: Mapping[str, Any]) -> None:
    """Begin an event sub-process; an interrupting one withdraws all else in its scope."""
    if start.interrupting:
        clear_scope(run, scope.id)
        drop_own(run, scope)
        run.note(scope.id)[INTERRUPTED] = 1
    sub = run.nodes[start.scope]
    inst = run.add(sub.index, scope.id)
    if sub.locals:
        inst.locals = dict.fromkeys(sub.locals)
    arm(run, inst, sub.sub_catches)
    apply_data(run, inst.id, start, _payload(start, data))
    run.dirty[inst.id] = None
    leave(run, start, inst.id)


def drop_own(run: Run, scope: Inst) -> None:
    """Timers of a scope's event sub-processes end with its first interruption; its boundaries' stay."""
    starts = {index for index, _ in run.nodes[scope.node].sub_catches}
    for timer in [t for t in run.timers.values() if t.owner == scope.id and t.node in starts]:
        drop_timer(run, timer.id)


def drop_timer(run: Run, timer: int) -> None:
    """Withdraw one timer."""
    run.effects.append(TimerCancelled(str(timer)))
    del run.timers[timer]


def fire_conditions(run: Run) -> bool:
    """Fire one conditional event whose condition has become true; whether there was one."""
    for caught in waiting(run, Trigger.CONDITIONAL):
        owner, index, number = caught
        definition: EventDef = run.nodes[index].events[number]
        inst = run.insts[owner]
        true = definition.condition is not None and run.holds(definition.condition, owner)
        known = (inst.data or {}).get(TRUE, ())
        mark = index * MARKS + number
        if true == (mark in known):
            continue
        run.note(owner)[TRUE] = sorted({*known, mark}) if true else [m for m in known if m != mark]
        if true:
            fire(run, caught, {})
            return True
    return False


def is_scope(run: Run, inst: Inst) -> bool:
    """Whether an instance is a process, sub-process or event sub-process (not a loop or a leaf)."""
    return inst.role == Role.PLAIN and run.nodes[inst.node].kind in SCOPES
