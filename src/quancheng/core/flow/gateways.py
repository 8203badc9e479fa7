"""Gateways: what comes together and what divides (BPMN 2.0, 13.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .compensation import is_waited
from .model import Flow, Node
from .moving import leave, outgoing, take
from .run import Run
from .vocabulary import Kind, Role

__all__ = ["break_circle", "enter_complex", "enter_inclusive", "enter_parallel", "fire_joins"]


def enter_parallel(run: Run, scope: int, node: Node, flow: int) -> None:
    """A token at a parallel gateway: it goes on when each incoming flow has one."""
    if len(node.incoming) < 2 or flow < 0:
        leave(run, node, scope)
        return
    waiting = _add(run, scope, node, flow)
    if set(node.incoming) <= set(waiting):
        _consume(run, scope, node, set(node.incoming))
        leave(run, node, scope)


def enter_inclusive(run: Run, scope: int, node: Node, flow: int) -> None:
    """A token at an inclusive gateway: joined when the step has come to rest."""
    if len(node.incoming) < 2 or flow < 0:
        leave(run, node, scope)
    else:
        _add(run, scope, node, flow)


def enter_complex(run: Run, scope: int, node: Node, flow: int) -> None:
    """A token at a complex gateway: its activation condition decides about the first phase."""
    if len(node.incoming) < 2 or flow < 0:
        leave(run, node, scope)
        return
    waiting = _add(run, scope, node, flow)
    key = (scope, node.index)
    if key in run.gates or node.condition is None:
        return
    names = _names(run, node, waiting, start=True)
    if run.holds(node.condition, scope, names):
        arrived = set(waiting)
        _consume(run, scope, node, arrived)
        run.gates[key] = tuple(sorted(arrived))
        for each in _first_phase(run, node, scope, names):
            take(run, each, scope)


def _add(run: Run, scope: int, node: Node, flow: int) -> tuple[int, ...]:
    key = (scope, node.index)
    waiting = run.joins[key] = (*run.joins.get(key, ()), flow)
    run.held(scope)
    return waiting


def _consume(run: Run, scope: int, node: Node, flows: set[int]) -> None:
    """Take one token from each of these incoming flows."""
    key = (scope, node.index)
    left = list(run.joins.pop(key))
    for flow in flows:
        left.remove(flow)
    if left:
        run.joins[key] = tuple(left)
    run.released(scope, len(flows))


def _names(run: Run, node: Node, waiting: tuple[int, ...], *, start: bool) -> dict[str, Any]:
    """What a complex gateway's conditions may ask: its state and the tokens on its flows."""
    counts: dict[str, Any] = {run.flows[flow].id: waiting.count(flow) for flow in node.incoming}
    return {**counts, "activationCount": len(waiting), "waitingForStart": start}


def _first_phase(run: Run, node: Node, scope: int, names: dict[str, Any]) -> list[Flow]:
    chosen = [
        run.flows[index]
        for index in node.outgoing
        if index != node.default and _holds(run, run.flows[index], scope, names)
    ]
    return chosen or ([run.flows[node.default]] if node.default >= 0 else outgoing(run, node, scope))


def _holds(run: Run, flow: Flow, scope: int, names: dict[str, Any]) -> bool:
    return flow.condition is None or run.holds(flow.condition, scope, names)


def fire_joins(run: Run) -> bool:
    """Let joins go on that wait for no token any more, one in each scope; whether there was one."""
    touched, run.touched = run.touched, set()
    run.moved |= touched
    here = _Positions(run, touched)
    fired: set[int] = set()
    for scope, index in [key for key in run.joins if key[0] in touched]:
        node = run.nodes[index]
        if scope in fired or node.kind is not Kind.INCLUSIVE:
            continue
        if here.ready(scope, node, set(run.joins[scope, index])):
            fired.add(scope)
            _consume(run, scope, node, set(run.joins[scope, index]))
            leave(run, node, scope)
    for (scope, index), consumed in [gate for gate in run.gates.items() if gate[0][0] in touched]:
        waiting = run.joins.get((scope, index), ())
        if scope not in fired and here.ready(scope, run.nodes[index], {*consumed, *waiting}):
            fired.add(scope)
            _reset(run, scope, run.nodes[index], consumed, waiting)
    run.touched |= fired
    return bool(fired)


def _reset(run: Run, scope: int, node: Node, consumed: tuple[int, ...], waiting: tuple[int, ...]) -> None:
    """The second phase of a complex gateway: late tokens are consumed, it can start again.

    Only flows with a condition (on ``waitingForStart``) get a token now; a flow without one is
    meant for the first phase, as in every n-of-m decision.
    """
    del run.gates[scope, node.index]
    late = set(waiting) - set(consumed)
    names = _names(run, node, waiting, start=False)
    if late:
        _consume(run, scope, node, late)
    for index in node.outgoing:
        flow = run.flows[index]
        if flow.condition is not None and run.holds(flow.condition, scope, names):
            take(run, flow, scope)
    run.dirty[scope] = None
    again = run.joins.pop((scope, node.index), ())
    if again:
        run.released(scope, len(again))
        for each in again:
            run.arrive(scope, node.index, each)


class _Positions:
    """Where tokens are in some scopes, to ask which joins have to wait for them."""

    def __init__(self, run: Run, scopes: set[int]) -> None:
        self._at: dict[int, list[int]] = {scope: [] for scope in scopes}
        for inst in run.insts.values():
            if inst.parent in self._at and (inst.role != Role.UNDO or is_waited(inst)):
                self._at[inst.parent].append(inst.node)
        for scope, index in run.joins:
            if scope in self._at:
                self._at[scope].append(index)

    def ready(self, scope: int, node: Node, filled: set[int]) -> bool:
        """No token elsewhere in the scope can still reach an empty flow of the join without also
        being able to reach a filled one (BPMN 2.0, 13.4.3)."""
        return next(self.blockers(scope, node, filled), None) is None

    def blockers(self, scope: int, node: Node, filled: set[int]) -> Iterator[int]:
        """Nodes with tokens a join has to wait for."""
        full = sum(1 << bit for bit, flow in enumerate(node.incoming) if flow in filled)
        empty = ((1 << len(node.incoming)) - 1) & ~full
        if not empty:
            return
        for index in self._at[scope]:
            reach = node.reach.get(index, 0) if index != node.index else 0
            if reach & empty and not reach & full:
                yield index


def break_circle(run: Run) -> bool:
    """Let one of several inclusive joins go on that wait for nothing but each other.

    By the letter of the standard they would wait for ever; but a token that cannot move before
    the join has moved cannot reach it either.
    """
    here = _Positions(run, run.moved)
    circle = {
        (scope, index): {(scope, at) for at in here.blockers(scope, run.nodes[index], set(flows))}
        for (scope, index), flows in run.joins.items()
        if scope in run.moved and run.nodes[index].kind is Kind.INCLUSIVE
    }
    changed = True
    while changed and circle:
        kept = {key: blockers for key, blockers in circle.items() if blockers <= circle.keys()}
        changed = len(kept) < len(circle)
        circle = kept
    if not circle:
        return False
    scope, index = min(circle)
    _consume(run, scope, run.nodes[index], set(run.joins[scope, index]))
    leave(run, run.nodes[index], scope)
    return True
