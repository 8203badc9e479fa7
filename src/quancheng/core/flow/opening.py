"""An activity instance begins: its inputs, its boundary timers, what it asks of the shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from quancheng.core.text import Text

from .arming import arm
from .errors import FlowLimitError
from .events import DecisionRequested, MessageSent, ServiceRequested, TaskOpened
from .model import EventDef, Node
from .run import Run
from .state import Inst
from .vocabulary import Kind, Role

__all__ = ["DONE", "LEAVE", "open_one", "send"]

DONE: Final = -2
"""In place of a flow: the instance in place of the scope is done by itself."""
LEAVE: Final = -3
"""In place of a flow: the token leaves the node (unless its scope is cleared before)."""


def open_one(run: Run, parent: int, node: Node, index: int = 0, item: Any = None) -> Inst:
    """Open one instance of an activity; ``index`` and ``item`` in a loop."""
    inst = run.add(node.index, parent, Role.PLAIN, index, item)
    if index and node.loop is not None and node.loop.output_item:
        inst.locals = {node.loop.output_item: None}
    if node.inputs and node.kind is not Kind.CALL:
        values = {each.target: run.json(each.source, inst.id) for each in node.inputs}
        inst.locals = {**(inst.locals or {}), **values}
    _OPENERS[node.kind](run, inst, node)
    if not index and node.boundary_catches:
        arm(run, inst, node.boundary_catches)
    return inst


def _task(run: Run, inst: Inst, node: Node) -> None:
    run.effects.append(TaskOpened(str(inst.id), node.id, node.kind.value, inst.item))


def _service(run: Run, inst: Inst, node: Node) -> None:
    _task(run, inst, node)
    run.effects.append(ServiceRequested(str(inst.id), node.id))


def _rule(run: Run, inst: Inst, node: Node) -> None:
    _task(run, inst, node)
    run.effects.append(DecisionRequested(str(inst.id), node.id))


def _send(run: Run, inst: Inst, node: Node) -> None:
    if "service" in node.extra:
        _service(run, inst, node)
    elif node.events:
        send(run, inst.id, node.events[0])
        _at_once(run, inst, node)
    else:
        _task(run, inst, node)


def send(run: Run, inst: int, definition: EventDef) -> None:
    """Ask for a message to be delivered; its data are the value of ``qc:payload``, if an object."""
    data = None if definition.payload is None else run.json(definition.payload, inst)
    run.effects.append(MessageSent(definition.ref, data if isinstance(data, dict) else {}))


def _at_once(run: Run, inst: Inst, node: Node) -> None:
    run.arrive(inst.id, node.index, DONE)


def _scope(run: Run, inst: Inst, node: Node) -> None:
    if node.locals:
        inst.locals = {**dict.fromkeys(node.locals), **(inst.locals or {})}
    arm(run, inst, node.sub_catches)
    if node.kind is not Kind.ADHOC:
        for entry in node.entries:
            run.arrive(inst.id, entry)
        run.dirty[inst.id] = None


def _call(run: Run, inst: Inst, node: Node) -> None:
    _bounded(run, inst)
    if node.inputs:
        given = {each.target: run.json(each.source, inst.id) for each in node.inputs}
    else:
        given = _visible(run, inst.id)
    process = run.nodes[node.called]
    child = run.add(process.index, inst.id, locals=given)
    arm(run, child, process.sub_catches)
    for entry in process.entries:
        run.arrive(child.id, entry)
    if not process.entries:
        waiting = run.add(process.index, child.id, Role.START)
        arm(run, waiting, process.own_catches)
    run.dirty[child.id] = None


def _bounded(run: Run, inst: Inst) -> None:
    depth, at = 0, inst.parent
    while at >= 0:
        depth += 1
        at = run.insts[at].parent
    if depth > run.limits.max_nesting * 2:
        raise FlowLimitError(
            Text(
                f"流程互相调用超过{run.limits.max_nesting}层。",
                f"Processes call each other deeper than {run.limits.max_nesting} levels.",
            )
        )


def _visible(run: Run, start: int) -> dict[str, Any]:
    """All variables seen from an instance, the nearest of each name."""
    found: dict[str, Any] = {}
    at = start
    while at >= 0:
        inst = run.insts[at]
        node = run.node_of(inst)
        if inst.index and node.loop is not None and node.loop.item:
            found.setdefault(node.loop.item, inst.item)
        for name, value in (inst.locals or {}).items():
            found.setdefault(name, value)
        if node.kind is Kind.PROCESS:
            break
        at = inst.parent
    return found


_OPENERS: Final[dict[Kind, Callable[[Run, Inst, Node], None]]] = {
    Kind.TASK: _at_once,
    Kind.SCRIPT: _at_once,
    Kind.USER: _task,
    Kind.MANUAL: _task,
    Kind.RECEIVE: _task,
    Kind.SERVICE: _service,
    Kind.RULE: _rule,
    Kind.SEND: _send,
    Kind.SUBPROCESS: _scope,
    Kind.TRANSACTION: _scope,
    Kind.ADHOC: _scope,
    Kind.CALL: _call,
}
