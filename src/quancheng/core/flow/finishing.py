"""An activity has ended: what could be undone is noted, ad-hoc scopes look whether they are done."""

from __future__ import annotations

from typing import Any

from .model import Node
from .moving import clear_scope, leave
from .run import Run
from .state import Inst
from .vocabulary import Kind, Role, Trigger

__all__ = ["entries_of", "finish", "handler_of"]

LOG = "c"


def finish(run: Run, node: Node, scope: int, log: list[Any]) -> None:
    """Tokens leave an ended activity; ``log`` says how to undo it."""
    if log and run.insts[scope].role != Role.UNDO:
        notes = run.note(scope)
        notes[LOG] = [*notes.get(LOG, ()), *log]
    outer = run.nodes[run.insts[scope].node]
    if outer.kind is Kind.ADHOC and run.insts[scope].role == Role.PLAIN and _adhoc_done(run, outer, scope):
        return
    leave(run, node, scope, node.completion_quantity)


def _adhoc_done(run: Run, node: Node, scope: int) -> bool:
    if (run.insts[scope].data or {}).get("done"):
        return True
    if node.condition is None or not run.holds(node.condition, scope):
        return False
    run.note(scope)["done"] = 1
    if node.cancel_remaining:
        clear_scope(run, scope)
    run.dirty[scope] = None
    return True


def handler_of(run: Run, node: Node) -> int:
    """The activity that undoes this one, −1 when there is none."""
    for boundary in node.boundaries:
        found = run.nodes[boundary]
        if found.handler >= 0 and any(d.trigger is Trigger.COMPENSATION for d in found.events):
            return found.handler
    return -1


def entries_of(run: Run, inst: Inst, node: Node) -> list[Any]:
    """Log entries for an activity that ends now: ``[node]`` or ``[node, inner log, variables]``."""
    if not node.compensable:
        return []
    if handler_of(run, node) >= 0:
        return [[node.index]]
    inner = (inst.data or {}).get(LOG, [])
    if inst.role == Role.LOOP:
        return list(inner)
    kept = dict(inst.locals or {})
    if inst.index and node.loop is not None and node.loop.item:
        kept[node.loop.item] = inst.item
    return [[node.index, inner, kept]]
