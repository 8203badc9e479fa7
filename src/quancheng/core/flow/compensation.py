"""Compensation: what completed activities did is undone by their handlers, last first."""

from __future__ import annotations

from typing import Any

from .events import Compensate
from .finishing import LOG, handler_of
from .model import Node
from .moving import leave
from .run import Run
from .state import Inst
from .vocabulary import Kind, Role, Trigger

__all__ = ["compensate", "is_waited", "progress", "target_scope"]

QUEUE = "q"
WAITED = "y"


def target_scope(run: Run, scope: int) -> int:
    """The scope whose activities a throw within ``scope`` undoes: out of event sub-processes."""
    at = scope
    while run.nodes[run.insts[at].node].kind is Kind.EVENT_SUBPROCESS:
        at = run.insts[at].parent
    return at


def compensate(run: Run, scope: int, node: Node, target: int, activity: str, *, waits: bool) -> bool:
    """Start undoing what ``target`` has completed (or one activity of it), last first.

    The run of handlers lives in ``scope`` at ``node``; with ``waits`` the token leaves ``node``
    when the last handler is done. False: there is nothing to undo.
    """
    log = list((run.insts[target].data or {}).get(LOG, ()))
    chosen = [entry for entry in log if not activity or run.nodes[entry[0]].id == activity]
    if not chosen:
        return False
    kept = [entry for entry in log if entry not in chosen] if activity else []
    run.note(target)[LOG] = kept
    data: dict[str, Any] = {QUEUE: chosen}
    if waits:
        data[WAITED] = 1
    undo = run.add(node.index, scope, Role.UNDO, data=data)
    run.dirty[undo.id] = None
    return True


def progress(run: Run, inst: Inst) -> None:
    """The next handler of a run, or its end."""
    queue = list((inst.data or {}).get(QUEUE, ()))
    if not queue:
        _over(run, inst)
        return
    entry = queue.pop()
    run.note(inst.id)[QUEUE] = queue
    node = run.nodes[entry[0]]
    run.effects.append(Compensate(node.id))
    handler = handler_of(run, node)
    if handler >= 0:
        run.arrive(inst.id, handler)
    else:
        _within(run, inst.id, node, entry[1], entry[2])
    run.dirty[inst.id] = None


def is_waited(inst: Inst) -> bool:
    """Whether the token that threw the compensation still waits for it."""
    return WAITED in (inst.data or {})


def _within(run: Run, undo: int, node: Node, log: list[Any], variables: dict[str, Any]) -> None:
    """Undo a completed sub-process: by its compensation event sub-process, else what it held."""
    own = _event_sub(run, node)
    data: dict[str, Any] = {QUEUE: [] if own is not None else list(log)}
    if own is not None:
        data[LOG] = list(log)
    holder = run.add(node.index, undo, Role.UNDO, locals=dict(variables), data=data)
    run.dirty[holder.id] = None
    if own is not None:
        sub, start = own
        inner = run.add(sub, holder.id)
        run.arrive(inner.id, start)


def _event_sub(run: Run, node: Node) -> tuple[int, int] | None:
    for sub in node.event_subs:
        for start in run.nodes[sub].starts:
            if any(d.trigger is Trigger.COMPENSATION for d in run.nodes[start].events):
                return sub, start
    return None


def _over(run: Run, inst: Inst) -> None:
    scope, waited = inst.parent, (inst.data or {}).get(WAITED)
    node = run.node_of(inst)
    run.drop(inst.id)
    if waited and node.kind is Kind.THROW:
        leave(run, node, scope)
