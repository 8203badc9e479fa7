"""Events that are thrown: messages and signals out, errors and escalations up, ends of scopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .activities import end_case
from .catching import alive, fire, is_scope, leave_boundary, start_event_sub, waiting
from .compensation import compensate, target_scope
from .events import Ended, SignalThrown
from .finishing import finish
from .model import EventDef, Node
from .moving import clear_scope, drop_timers
from .opening import LEAVE, send
from .run import ROOT, Run
from .state import Inst
from .vocabulary import Kind, Outcome, Trigger

__all__ = ["broadcast", "cancelled", "enter_end", "enter_throw", "raise_up", "throw"]

CANCELLING = "z"


def enter_throw(run: Run, scope: int, node: Node) -> None:
    """A token passes an intermediate throw event."""
    definitions = node.events
    waits = any(_waits(run, scope, node, definition) for definition in definitions)
    if not waits and not any(d.trigger is Trigger.LINK for d in definitions):
        # Queued first: what the throw interrupts takes this token with it.
        run.arrive(scope, node.index, LEAVE)
    for definition in definitions:
        if scope in run.insts:
            _THROWS[definition.trigger](run, scope, node, definition)


def _waits(run: Run, scope: int, node: Node, definition: EventDef) -> bool:
    if definition.trigger is not Trigger.COMPENSATION or not definition.wait:
        return False
    return compensate(run, scope, node, target_scope(run, scope), definition.ref, waits=True)


def enter_end(run: Run, scope: int, node: Node) -> None:
    """A token reaches an end event."""
    run.effects.append(Ended(node.id))
    if node.index not in run.reached:
        run.reached.append(node.index)
    run.dirty[scope] = None
    for definition in node.events:
        if definition.trigger is Trigger.COMPENSATION:
            compensate(run, scope, node, target_scope(run, scope), definition.ref, waits=True)
        elif scope in run.insts:
            _THROWS[definition.trigger](run, scope, node, definition)


def _message(run: Run, scope: int, _: Node, definition: EventDef) -> None:
    send(run, scope, definition)


def _signal(run: Run, scope: int, _: Node, definition: EventDef) -> None:
    data = None if definition.payload is None else run.json(definition.payload, scope)
    given = data if isinstance(data, dict) else {}
    run.effects.append(SignalThrown(definition.ref, given))
    broadcast(run, definition.names, given)


def broadcast(run: Run, names: tuple[str, ...], data: Mapping[str, Any]) -> bool:
    """Everything in this case that waits for the signal hears it; whether anything did."""
    heard = False
    for caught in list(waiting(run, Trigger.SIGNAL)):
        definition = run.nodes[caught[1]].events[caught[2]]
        if not set(names).isdisjoint(definition.names) and alive(run, caught):
            fire(run, caught, data)
            heard = True
    return heard


def _error(run: Run, scope: int, _: Node, definition: EventDef) -> None:
    if not raise_up(run, scope, Trigger.ERROR, definition.names or ("",), {}):
        end_case(run, Outcome.ERROR, definition.ref)


def _escalation(run: Run, scope: int, _: Node, definition: EventDef) -> None:
    raise_up(run, scope, Trigger.ESCALATION, definition.names or ("",), {})


def _compensation(run: Run, scope: int, node: Node, definition: EventDef) -> None:
    if not definition.wait:
        compensate(run, scope, node, target_scope(run, scope), definition.ref, waits=False)


def _link(run: Run, scope: int, node: Node, definition: EventDef) -> None:
    for member in run.nodes[node.scope].members:
        other = run.nodes[member]
        if other.kind is Kind.CATCH and any(
            d.trigger is Trigger.LINK and d.ref == definition.ref for d in other.events
        ):
            run.arrive(scope, member)
            return


def _terminate(run: Run, scope: int, *_: object) -> None:
    if scope == ROOT:
        end_case(run, Outcome.TERMINATED)
        return
    clear_scope(run, scope)
    if run.node_of(run.insts[scope]).kind is Kind.ADHOC:
        run.note(scope)["done"] = 1
    run.dirty[scope] = None


def _cancel(run: Run, scope: int, *_: object) -> None:
    """A transaction is cancelled: all in it is withdrawn, then what it did is undone."""
    at = scope
    while run.node_of(run.insts[at]).kind is not Kind.TRANSACTION:
        at = run.insts[at].parent
    clear_scope(run, at)
    drop_timers(run, at)
    run.note(at)[CANCELLING] = 1
    compensate(run, at, run.node_of(run.insts[at]), at, "", waits=False)
    run.dirty[at] = None


def cancelled(run: Run, inst: Inst) -> bool:
    """Whether this empty scope is a cancelled transaction; if so its cancel event takes over."""
    if CANCELLING not in (inst.data or {}):
        return False
    host = run.host_of(inst)
    node = run.node_of(host)
    for boundary in node.boundaries:
        if any(d.trigger is Trigger.CANCEL for d in run.nodes[boundary].events):
            leave_boundary(run, host, run.nodes[boundary])
            return True
    drop_timers(run, host.id)
    scope = host.parent
    if host is not inst:
        clear_scope(run, host.id)
    run.drop(host.id)
    finish(run, node, scope, [])
    return True


def raise_up(run: Run, start: int, trigger: Trigger, names: tuple[str, ...], data: Mapping[str, Any]) -> bool:
    """Give an error or escalation to the innermost event that catches it; whether one did."""
    at, from_sub = start, False
    while at >= 0:
        inst = run.insts[at]
        if is_scope(run, inst) and not from_sub and not (inst.data or {}).get("x"):
            sub = _matching(run, _sub_starts(run, inst), trigger, names)
            if sub is not None:
                start_event_sub(run, inst, sub, _told(sub, names, data))
                return True
        if run.hosts(inst):
            boundary = _matching(run, run.node_of(inst).boundaries, trigger, names)
            if boundary is not None:
                run.merge(inst.parent, _told(boundary, names, data))
                leave_boundary(run, inst, boundary)
                return True
        from_sub = run.node_of(inst).kind is Kind.EVENT_SUBPROCESS
        at = inst.parent
    return False


def _told(node: Node, names: tuple[str, ...], data: Mapping[str, Any]) -> dict[str, Any]:
    """Variables a catching event asked for by ``qc:codeVariable`` and ``qc:messageVariable``."""
    told = dict(data)
    code, message = node.extra.get("codeVariable"), node.extra.get("messageVariable")
    text = told.pop("message", None)
    if code:
        told[code] = names[0]
    if message:
        told[message] = text
    return told


def _sub_starts(run: Run, inst: Inst) -> tuple[int, ...]:
    return tuple(start for sub in run.node_of(inst).event_subs for start in run.nodes[sub].starts)


def _matching(run: Run, candidates: tuple[int, ...], trigger: Trigger, names: tuple[str, ...]) -> Node | None:
    """The candidate that names the code; else one that catches every code."""
    every: Node | None = None
    for index in candidates:
        node = run.nodes[index]
        for definition in node.events:
            if definition.trigger is not trigger:
                continue
            if not definition.names:
                every = every or node
            elif not set(names).isdisjoint(definition.names):
                return node
    return every


def throw(run: Run, scope: int, definition: EventDef) -> None:
    """Throw an event out of a multi-instance activity (its ``behavior``)."""
    if scope not in run.insts:
        return
    if definition.trigger in (Trigger.ERROR, Trigger.ESCALATION):
        raise_up(run, scope, definition.trigger, definition.names or ("",), {})
    else:
        _THROWS[definition.trigger](run, scope, run.node_of(run.insts[scope]), definition)


_THROWS: Final[dict[Trigger, Callable[[Run, int, Node, EventDef], None]]] = {
    Trigger.MESSAGE: _message,
    Trigger.SIGNAL: _signal,
    Trigger.ERROR: _error,
    Trigger.ESCALATION: _escalation,
    Trigger.COMPENSATION: _compensation,
    Trigger.LINK: _link,
    Trigger.TERMINATE: _terminate,
    Trigger.CANCEL: _cancel,
}
