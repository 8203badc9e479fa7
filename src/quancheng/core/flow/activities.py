"""Activities begin when a token arrives and end with their data; scopes end when they are empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .events import Finished
from .finishing import entries_of, finish
from .loops import begin_loop, end_loop, inner_done
from .model import Node
from .moving import clear_scope, drop_timers
from .opening import open_one
from .run import ROOT, Run
from .state import Inst
from .vocabulary import Kind, Outcome, Role

__all__ = ["apply_data", "begin", "complete", "done_by_itself", "end_case"]

WRITTEN = "w"
_RESULTS = frozenset({Kind.SERVICE, Kind.RULE, Kind.SCRIPT, Kind.SEND, Kind.RECEIVE, Kind.CALL})


def begin(run: Run, scope: int, node: Node, flow: int) -> None:
    """A token arrives at an activity; it waits until there are as many as it starts with."""
    if node.start_quantity > 1 and flow >= 0:
        key = (scope, node.index)
        waiting = (*run.joins.pop(key, ()), flow)
        run.held(scope)
        if len(waiting) < node.start_quantity:
            run.joins[key] = waiting
            return
        run.released(scope, len(waiting))
    if node.loop is not None:
        begin_loop(run, scope, node)
    else:
        open_one(run, scope, node)


def done_by_itself(run: Run, inst: int) -> None:
    """A script, an abstract task, a sent message or a loop that is over."""
    found = run.insts[inst]
    node = run.node_of(found)
    if found.role == Role.LOOP:
        end_loop(run, inst)
        return
    data: dict[str, Any] = {}
    if node.script is not None:
        value = run.json(node.script, inst)
        if node.result:
            data = {node.result: value}
        elif isinstance(value, dict):
            data = value
    complete(run, found, data, named=True)


def complete(run: Run, inst: Inst, data: Mapping[str, Any], *, named: bool = False) -> None:
    """An activity instance ends with ``data``; ``named``: the data need no result variable."""
    node = run.node_of(inst)
    given = dict(data) if named else _resulting(node, data)
    if node.kind is Kind.CALL:
        _give_back(run, inst, node, given)
    else:
        apply_data(run, inst.id, node, given)
    parent = run.insts[inst.parent]
    if parent.role == Role.LOOP and parent.node == inst.node:
        inner_done(run, run.insts[inst.id], given)
        return
    log = entries_of(run, run.insts[inst.id], node)
    drop_timers(run, inst.id)
    run.drop(inst.id)
    finish(run, node, inst.parent, log)


def _resulting(node: Node, data: Mapping[str, Any]) -> dict[str, Any]:
    """Data under the result variable of a service or decision, unless they name it themselves."""
    if not node.result or not data or node.result in data or node.kind not in _RESULTS:
        return dict(data)
    return {node.result: data["result"] if set(data) == {"result"} else dict(data)}


def apply_data(run: Run, inst: int, node: Node, data: Mapping[str, Any]) -> None:
    """Variables from what an activity or event brought: mapped outputs, or all of it."""
    if node.merges and data:
        run.merge(inst, data)
    if node.outputs:
        values = [(each.target, run.json(each.source, inst, data)) for each in node.outputs]
        scope = run.insts[inst].parent if run.nodes[run.insts[inst].node] is node else inst
        for target, value in values:
            run.assign(_writer(run, inst, scope, target), target, value)


def _writer(run: Run, inst: int, scope: int, target: str) -> int:
    """Where a mapped output is set from: the item of a multi-instance is its own, else the scope."""
    locals_ = run.insts[inst].locals
    loop = run.node_of(run.insts[inst]).loop
    own = locals_ is not None and target in locals_ and loop is not None and target == loop.output_item
    return inst if own else scope


def _give_back(run: Run, inst: Inst, node: Node, given: dict[str, Any]) -> None:
    """Variables of a called process: the mapped ones, else those it has written."""
    if node.outputs:
        for each in node.outputs:
            value = run.json(each.source, inst.id, given)
            run.assign(_writer(run, inst.id, inst.parent, each.target), each.target, value)
    else:
        run.merge(inst.id, given)


def settle_scope(run: Run, scope: int) -> None:
    """A scope in which nothing lives any more is complete."""
    inst = run.insts[scope]
    node = run.node_of(inst)
    if node.kind is Kind.PROCESS:
        if inst.parent < 0:
            end_case(run, Outcome.COMPLETED)
        else:
            _return_call(run, inst)
    elif node.kind is Kind.EVENT_SUBPROCESS:
        drop_timers(run, scope)
        run.drop(scope)
    elif node.kind is not Kind.ADHOC or (inst.data or {}).get("done"):
        complete(run, inst, {})


def _return_call(run: Run, inst: Inst) -> None:
    call = run.insts[inst.parent]
    variables = inst.locals or {}
    if not run.node_of(call).outputs:
        written = (inst.data or {}).get(WRITTEN, ())
        variables = {name: variables[name] for name in written if name in variables}
    drop_timers(run, inst.id)
    run.drop(inst.id)
    complete(run, run.insts[call.id], variables, named=True)


def end_case(run: Run, outcome: Outcome, code: str = "") -> None:
    """The whole case is over; everything still open is withdrawn."""
    clear_scope(run, ROOT)
    drop_timers(run, ROOT)
    run.final = run.insts[ROOT].locals or {}
    run.insts, run.kids, run.dirty = {}, {}, {}
    run.joins, run.gates = {}, {}
    run.queue.clear()
    run.thrown.clear()
    run.outcome = outcome.value
    run.effects.append(Finished(outcome.value, code))
