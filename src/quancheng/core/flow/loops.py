"""Multi-instance and loops: an outer instance opens inner ones and gathers what they give."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from quancheng.core.text import Text

from .arming import arm
from .errors import FlowLimitError, Rejected
from .expressions import MISSING
from .finishing import LOG, entries_of, finish
from .model import EventDef, Loop, Node
from .moving import clear_scope, drop_timers
from .opening import DONE, open_one
from .run import COUNTER, Run
from .state import Inst
from .vocabulary import Role

__all__ = ["begin_loop", "end_loop", "inner_done"]


def begin_loop(run: Run, scope: int, node: Node) -> None:
    """A token arrives at a looped activity."""
    loop = node.loop
    assert loop is not None
    body = run.add(node.index, scope, Role.LOOP)
    arm(run, body, node.boundary_catches)
    if not loop.multiple:
        body.data = {"k": 0}
        _again(run, body, node, loop, first=True)
        return
    items = _items(run, scope, node, loop)
    _bounded(run, node, len(items))
    body.data = {"n": len(items), "d": 0}
    if not items:
        _end(run, body.id, node, loop)
    elif loop.sequential:
        body.data |= {"k": 1, "q": items[1:]}
        open_one(run, body.id, node, 1, items[0])
    else:
        for number, item in enumerate(items, 1):
            open_one(run, body.id, node, number, item)


def _items(run: Run, scope: int, node: Node, loop: Loop) -> list[Any]:
    if loop.collection is not None:
        return _list(run.json(loop.collection, scope), node)
    for name in loop.collection_names:
        found = run.lookup(scope, name)
        if found is not MISSING and found is not None:
            return _list(found, node)
    if loop.collection_names or loop.cardinality is None:
        return _list(None, node)
    count = loop.cardinality.value(run.viewer(scope), run.env)
    if not isinstance(count, Decimal) or count != int(count) or count < 0:
        raise _unusable(node, "次数不是非负整数", "the cardinality is no whole number from zero")
    _bounded(run, node, int(count))
    return [None] * int(count)


def _bounded(run: Run, node: Node, count: int) -> None:
    if count > run.limits.max_instances:
        name = node.name or node.id
        raise FlowLimitError(
            Text(
                f"“{name}”要打开{count}个实例，超过上限{run.limits.max_instances}个。",
                f"“{name}” would open {count} instances; the limit is {run.limits.max_instances}.",
            )
        )


def _list(value: Any, node: Node) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [{"key": key, "value": part} for key, part in value.items()]
    raise _unusable(node, "集合不是列表", "the collection is no list")


def _unusable(node: Node, zh: str, en: str) -> Rejected:
    name = node.name or node.id
    return Rejected(Text(f"“{name}”的多实例无法打开：{zh}。", f"“{name}” cannot open its instances: {en}."))


def inner_done(run: Run, inst: Inst, given: dict[str, Any]) -> None:
    """One inner instance has ended; ``given`` is what it was completed with."""
    node = run.node_of(inst)
    loop, body = node.loop, run.edit(inst.parent)
    assert loop is not None
    notes = body.data = dict(body.data or {})
    if not loop.multiple:
        _log(run, inst, node, notes)
        _drop(run, inst)
        _again(run, body, node, loop, first=False)
        return
    notes["d"] += 1
    if loop.output:
        notes["o"] = [*notes.get("o", ()), [inst.index, _output(run, inst, loop, given)]]
    counters = _counters(run, body, notes, inst.index)
    complete = loop.completion is not None and run.holds(loop.completion, inst.id, counters)
    thrown = _behaviour(run, inst, loop, counters, notes["d"])
    _log(run, inst, node, notes)
    _drop(run, inst)
    if complete:
        clear_scope(run, body.id)
    for definition in thrown:
        run.thrown.append((body.id, definition))
    if complete or notes["d"] == notes["n"]:
        run.arrive(body.id, node.index, DONE)
    elif loop.sequential:
        notes["k"] += 1
        following, *rest = notes["q"]
        notes["q"] = rest
        open_one(run, body.id, node, notes["k"], following)


def _drop(run: Run, inst: Inst) -> None:
    drop_timers(run, inst.id)
    run.drop(inst.id)


def _log(run: Run, inst: Inst, node: Node, notes: dict[str, Any]) -> None:
    if node.compensable:
        entries = entries_of(run, inst, node)
        if entries and len(entries[0]) > 1:
            notes[LOG] = [*notes.get(LOG, ()), *entries]


def _output(run: Run, inst: Inst, loop: Loop, given: dict[str, Any]) -> Any:
    if loop.output_expr is not None:
        return run.json(loop.output_expr, inst.id, given)
    if not loop.output_item:
        return given
    found = run.lookup(inst.id, loop.output_item)
    return None if found is MISSING else found


def _counters(run: Run, body: Inst, notes: dict[str, Any], index: int) -> dict[str, Any]:
    active = run.kids.get(body.id, 1) - 1
    return {
        "numberOfInstances": notes["n"],
        "numberOfActiveInstances": active,
        "numberOfCompletedInstances": notes["d"],
        "numberOfTerminatedInstances": 0,
        COUNTER: index,
    }


def _behaviour(run: Run, inst: Inst, loop: Loop, counters: dict[str, Any], done: int) -> list[EventDef]:
    """Events the standard lets a multi-instance activity throw as its instances end."""
    if loop.behaviour == "None" and loop.thrown is not None:
        return [loop.thrown]
    if loop.behaviour == "One" and loop.thrown is not None and done == 1:
        return [loop.thrown]
    return [event for condition, event in loop.complex if event and run.holds(condition, inst.id, counters)]


def _again(run: Run, body: Inst, node: Node, loop: Loop, *, first: bool) -> None:
    """The next turn of a standard loop, or its end."""
    notes = run.note(body.id)
    test = loop.condition is not None and (loop.test_before or not first)
    more = loop.maximum is None or notes["k"] < loop.maximum
    if more and test and loop.condition is not None:
        more = run.holds(loop.condition, body.id, {COUNTER: notes["k"]})
    if not more:
        run.arrive(body.id, node.index, DONE)
        return
    notes["k"] += 1
    open_one(run, body.id, node, notes["k"])


def end_loop(run: Run, body: int) -> None:
    """All turns are over: the outer instance gives its collection and ends."""
    node = run.node_of(run.insts[body])
    assert node.loop is not None
    _end(run, body, node, node.loop)


def _end(run: Run, body: int, node: Node, loop: Loop) -> None:
    inst = run.insts[body]
    scope = inst.parent
    notes = inst.data or {}
    if loop.multiple and loop.output:
        gathered = [value for _, value in sorted(notes.get("o", ()), key=lambda row: int(row[0]))]
        run.assign(scope, _target(run, scope, loop), gathered)
    log = entries_of(run, inst, node)
    drop_timers(run, body)
    run.drop(body)
    finish(run, node, scope, log)


def _target(run: Run, scope: int, loop: Loop) -> str:
    for name in loop.output_names:
        if run.lookup(scope, name) is not MISSING:
            return name
    return loop.output
