"""Tokens leave nodes: which flows they take, and what is cancelled when something is left."""

from __future__ import annotations

from collections import deque

from quancheng.core.text import Text

from .errors import NoPath
from .events import TaskCancelled, TimerCancelled
from .model import Flow, Node
from .run import Run
from .state import is_open_task
from .vocabulary import Kind

__all__ = ["cancel", "clear_scope", "drop_timers", "leave", "outgoing", "take"]


def leave(run: Run, node: Node, scope: int, quantity: int = 1) -> None:
    """A token (or several) leaves a node along the flows its conditions choose."""
    for flow in outgoing(run, node, scope):
        for _ in range(quantity):
            take(run, flow, scope)
    run.dirty[scope] = None


def take(run: Run, flow: Flow, scope: int) -> None:
    """Put a token on a flow."""
    run.arrive(scope, flow.target, flow.index)


def outgoing(run: Run, node: Node, scope: int) -> list[Flow]:
    """The flows a token leaves by; :class:`NoPath` when every condition fails without default."""
    flows = run.flows
    if not node.outgoing:
        return []
    if node.kind is Kind.EXCLUSIVE:
        return [_first(run, node, scope)]
    chosen = [
        flows[index] for index in node.outgoing if index != node.default and _open(run, flows[index], scope)
    ]
    if node.default >= 0 and not any(flow.condition is not None for flow in chosen):
        conditioned = any(flows[i].condition is not None for i in node.outgoing)
        if conditioned or not chosen:
            chosen.append(flows[node.default])
    if not chosen:
        raise _stuck(node)
    return chosen


def _first(run: Run, node: Node, scope: int) -> Flow:
    for index in node.outgoing:
        if index != node.default and _open(run, run.flows[index], scope):
            return run.flows[index]
    if node.default < 0:
        raise _stuck(node)
    return run.flows[node.default]


def _open(run: Run, flow: Flow, scope: int) -> bool:
    return flow.condition is None or run.holds(flow.condition, scope)


def _stuck(node: Node) -> NoPath:
    name = node.name or node.id
    return NoPath(
        Text(
            f"“{name}”之后没有一条流出的条件成立，也没有默认流。",
            f"No flow out of “{name}” has a condition that holds, and there is no default flow.",
        )
    )


def cancel(run: Run, inst: int) -> None:
    """Withdraw an instance with everything that lives in it."""
    _withdraw(run, [inst])


def clear_scope(run: Run, scope: int) -> None:
    """Withdraw everything in a scope, tokens in motion included, but not the scope itself."""
    _withdraw(run, [inst.id for inst in run.insts.values() if inst.parent == scope])
    _forget_tokens(run, {scope})


def _withdraw(run: Run, tops: list[int]) -> None:
    if not tops:
        return
    gone = _subtrees(run, tops)
    for each in gone:
        found = run.insts[each]
        if is_open_task(found, run.nodes[found.node]):
            run.effects.append(TaskCancelled(str(each)))
    inside = set(gone)
    for timer in [t for t in run.timers.values() if t.owner in inside]:
        run.effects.append(TimerCancelled(str(timer.id)))
        del run.timers[timer.id]
    _forget_tokens(run, inside)
    for top in tops:
        run.drop(top)
    for each in gone:
        run.insts.pop(each, None)
        run.kids.pop(each, None)
        run.dirty.pop(each, None)


def _subtrees(run: Run, tops: list[int]) -> list[int]:
    """The instances and all below them, in the order they were made."""
    inside = set(tops)
    if any(run.kids.get(top) for top in tops):
        for each in run.insts.values():  # children always come after their parent
            if each.parent in inside:
                inside.add(each.id)
    return sorted(inside)


def _forget_tokens(run: Run, scopes: set[int]) -> None:
    for key in [key for key in run.joins if key[0] in scopes]:
        waiting = run.joins.pop(key)
        run.released(key[0], len(waiting))
    for key in [key for key in run.gates if key[0] in scopes]:
        del run.gates[key]
    if run.queue:
        run.queue = deque(token for token in run.queue if token[0] not in scopes)


def drop_timers(run: Run, owner: int) -> None:
    """Cancel the timers of an instance that ends by itself."""
    if run.timers:
        for timer in [t for t in run.timers.values() if t.owner == owner]:
            run.effects.append(TimerCancelled(str(timer.id)))
            del run.timers[timer.id]
