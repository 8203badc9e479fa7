"""The two functions of the engine: start a case, handle an event; both give state and effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from quancheng.core.text import Text

from . import deeds
from .activities import begin, done_by_itself, settle_scope
from .arming import arm
from .catching import enter_catch, fire_conditions
from .compensation import progress
from .errors import Rejected
from .events import Effect, Event, Message, Signal
from .expressions import plain
from .finishing import finish
from .gateways import break_circle, enter_complex, enter_inclusive, enter_parallel, fire_joins
from .limits import Limits
from .model import Node, Program
from .moving import leave
from .opening import DONE, LEAVE
from .run import ROOT, Run
from .state import State
from .throwing import cancelled, enter_end, enter_throw, throw
from .vocabulary import ACTIVITIES, Kind, Role

__all__ = ["Step", "handle", "start"]


@dataclass(frozen=True, slots=True)
class Step:
    """The new state and what the shell has to do, in this order."""

    state: State
    effects: tuple[Effect, ...]


def start(
    program: Program,
    variables: Mapping[str, Any],
    at: datetime,
    limits: Limits | None = None,
    *,
    element: str | None = None,
    event: Message | Signal | None = None,
) -> Step:
    """Begin a case with these variables.

    A process whose start events all wait for something (a message, a timer) begins by waiting for
    it, unless ``event`` is that message or signal, or ``element`` names the start event to begin
    at. :class:`Rejected` when it cannot begin.
    """
    run = Run(_bounded(program, limits), _nothing(program), at)
    if not isinstance(variables, Mapping):
        raise Rejected(Text("流程变量须为键值。", "The variables of a case must be a mapping."))
    given = plain(dict(variables))
    node = run.nodes[program.root]
    root = run.add(program.root, -1, locals=given)
    arm(run, root, node.sub_catches)
    run.dirty[ROOT] = None
    if element is not None:
        run.arrive(ROOT, _chosen(program, element))
    elif event is None and node.entries:
        for entry in node.entries:
            run.arrive(ROOT, entry)
    else:
        waiting = run.add(program.root, ROOT, Role.START)
        arm(run, waiting, node.own_catches)
        if event is not None:
            deeds.apply(run, event)
    settle(run)
    return Step(run.freeze(), tuple(run.effects))


def handle(program: Program, state: State, event: Event, at: datetime, limits: Limits | None = None) -> Step:
    """What an event changes; :class:`Rejected` when it does not fit (nothing has changed then)."""
    state.require(program)
    if state.outcome:
        raise Rejected(Text("流程已经结束。", "The case is over."))
    run = Run(_bounded(program, limits), state, at)
    deeds.apply(run, event)
    settle(run)
    return Step(run.freeze(), tuple(run.effects))


def _bounded(program: Program, limits: Limits | None) -> Program:
    return program if limits is None else replace(program, limits=limits)


def _nothing(program: Program) -> State:
    return State(program.digest, 0, {}, {}, {}, {}, {}, {}, (), "", program)


def _chosen(program: Program, element: str) -> int:
    index = program.by_id.get(element)
    if index is None or index not in program.nodes[program.root].starts:
        raise Rejected(
            Text(f"“{element}”不是流程的开始事件。", f"“{element}” is no start event of the process.")
        )
    return index


def settle(run: Run) -> None:
    """Move tokens until everything waits."""
    while not run.outcome:
        if run.thrown:
            throw(run, *run.thrown.pop(0))
        elif run.queue:
            _enter(run, *run.queue.popleft())
        elif run.touched and (run.joins or run.gates) and fire_joins(run):
            run.count()
        elif run.dirty:
            _settle_one(run)
        elif run.program.has_conditionals and fire_conditions(run):
            run.count()
        elif not (run.joins and break_circle(run)):
            return


def _settle_one(run: Run) -> None:
    scope = next(iter(run.dirty))
    del run.dirty[scope]
    inst = run.insts.get(scope)
    if inst is None or run.kids.get(scope):
        return
    run.count()
    if inst.role == Role.UNDO:
        progress(run, inst)
    elif inst.role == Role.PLAIN and not cancelled(run, inst):
        settle_scope(run, scope)


def _enter(run: Run, scope: int, index: int, flow: int) -> None:
    run.count()
    if scope not in run.insts:
        return
    node = run.nodes[index]
    if flow == DONE:
        done_by_itself(run, scope)
    elif flow == LEAVE:
        if node.kind in ACTIVITIES:
            finish(run, node, scope, [])
        else:
            leave(run, node, scope)
    else:
        _ENTERS[node.kind](run, scope, node, flow)


def _pass(run: Run, scope: int, node: Node, _: int) -> None:
    leave(run, node, scope)


def _without_flow(enter: Callable[[Run, int, Node], None]) -> Callable[[Run, int, Node, int], None]:
    def entering(run: Run, scope: int, node: Node, _: int) -> None:
        enter(run, scope, node)

    return entering


_ENTERS: Final[dict[Kind, Callable[[Run, int, Node, int], None]]] = {
    **dict.fromkeys(ACTIVITIES, begin),
    Kind.START: _pass,
    Kind.EXCLUSIVE: _pass,
    Kind.PARALLEL: enter_parallel,
    Kind.INCLUSIVE: enter_inclusive,
    Kind.COMPLEX: enter_complex,
    Kind.EVENT_GATEWAY: _without_flow(enter_catch),
    Kind.CATCH: _without_flow(enter_catch),
    Kind.THROW: _without_flow(enter_throw),
    Kind.END: _without_flow(enter_end),
}
