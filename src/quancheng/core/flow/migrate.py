"""迁移: move running cases to another version of their model, or say what would be lost.

A plan looks at one state: every open instance, timer, waiting token and note of what could be
undone needs its place in the new version. Places are found by BPMN id, or by the mapping given
(old id → new id). An open multi-instance moves with its item data when it is still the same kind
of multi-instance over the same collection; anything else is a loss, and a plan with a loss is
never carried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quancheng.core.text import Text

from .errors import MigrationRefused, Problem
from .model import Loop, Node, Program
from .relocate import Places, relocated
from .state import Inst, State, Timer
from .vocabulary import KIND_NAMES, Kind, Role, Trigger

__all__ = ["Move", "Plan", "migrate", "plan_migration"]


@dataclass(frozen=True, slots=True)
class Move:
    """One open instance and where it goes on."""

    instance: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a migration would do with one state; ``ok`` when it would lose nothing."""

    old: Program
    new: Program
    moves: tuple[Move, ...]
    losses: tuple[Problem, ...]
    places: Places = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether nothing would be lost."""
        return not self.losses


def plan_migration(
    old: Program, new: Program, state: State, mapping: Mapping[str, str] | None = None
) -> Plan:
    """Look at what moving ``state`` from ``old`` to ``new`` would do; changes nothing."""
    state.require(old)
    places = Places(old, new, dict(mapping or {}))
    losses = list(dict.fromkeys(_losses(places, state)))
    moves = tuple(
        Move(str(inst.id), old.nodes[inst.node].id, new.nodes[target].id)
        for inst in state.insts.values()
        if (target := places.node(inst.node)) is not None
    )
    return Plan(old, new, moves, tuple(losses), places)


def migrate(plan: Plan, state: State, at: datetime | None = None) -> State:
    """The state on the new version; :class:`MigrationRefused` when the plan would lose data.

    With ``at``, timers that only the new version has are set for what is already open; the shell
    finds them in ``state.open_timers``.
    """
    state.require(plan.old)
    fresh = list(dict.fromkeys(_losses(plan.places, state)))
    if fresh:
        raise MigrationRefused(
            Text(
                "迁移会丢失数据，未作任何改动：" + "；".join(loss.text.zh for loss in fresh[:5]),
                "The migration would lose data; nothing was changed: "
                + "; ".join(loss.text.en for loss in fresh[:5]),
            )
        )
    return relocated(plan.places, state, at)


def _losses(places: Places, state: State) -> Iterator[Problem]:
    for inst in state.insts.values():
        yield from _inst_losses(places, state, inst)
    for timer in state.timers.values():
        if not _keeps_timer(places, timer):
            yield _loss(
                places.old.nodes[timer.node].id,
                "timer",
                "正在计时的定时事件在新版本里不存在",
                "its running timer does not exist in the new version",
            )
    for (_, index), flows in [*state.joins.items(), *state.gates.items()]:
        target = places.node(index)
        if target is None or any(places.flow(flow, target) is None for flow in flows):
            yield _loss(
                places.old.nodes[index].id,
                "token",
                "汇合处已到达的令牌在新版本里没有位置",
                "tokens already waiting at the join have no place in the new version",
            )


def _inst_losses(places: Places, state: State, inst: Inst) -> Iterator[Problem]:
    old = places.old.nodes[inst.node]
    target = places.node(inst.node)
    if target is None:
        yield _vanished(old, inst)
        return
    new = places.new.nodes[target]
    if new.kind is not old.kind:
        yield _loss(
            old.id,
            "kind-changed",
            f"类型由{KIND_NAMES[old.kind]}变为{KIND_NAMES[new.kind]}，正在进行的步骤无法继续",
            f"its kind changed from {old.kind} to {new.kind} while it is open",
        )
    elif not _same_scope(places, state, inst, new):
        yield _loss(old.id, "scope-changed", "移到了另一层流程里", "it moved to another scope")
    yield from _loop_losses(old, new, inst)
    yield from _variable_losses(places, old, new, inst)
    if not all(places.entry(entry) for entry in _entries(inst)):
        yield _loss(
            old.id,
            "compensation",
            "已完成、可补偿的活动在新版本里不存在或不能补偿",
            "a completed activity that could be undone is gone or cannot be undone any more",
        )


def _vanished(old: Node, inst: Inst) -> Problem:
    if inst.role == Role.LOOP or inst.index:
        return _loss(
            old.id,
            "multi-instance",
            "正在进行的多实例在新版本里不存在，各实例的数据会丢失",
            "an open multi-instance does not exist in the new version; its items would be lost",
        )
    return _loss(
        old.id, "vanished", "正在进行的步骤在新版本里不存在", "it is open but gone in the new version"
    )


def _same_scope(places: Places, state: State, inst: Inst, new: Node) -> bool:
    if inst.parent < 0:
        return True
    parent = state.insts[inst.parent]
    if parent.role == Role.UNDO or parent.node == inst.node:
        return True
    above = places.node(parent.node)
    if above is None:
        return True  # said already of the parent
    if new.kind is Kind.PROCESS:
        return places.new.nodes[above].called == new.index
    return new.scope == above


def _loop_losses(old: Node, new: Node, inst: Inst) -> Iterator[Problem]:
    looped = inst.role == Role.LOOP or inst.index > 0
    if not looped and new.loop is None:
        return
    if not looped and old.loop is None and new.loop is not None:
        yield _loss(
            old.id,
            "loop-changed",
            "正在进行的单个步骤变成了多实例",
            "it is open as a single step but became a multi-instance",
        )
    elif looped and not _same_loop(old.loop, new.loop):
        yield _loss(
            old.id,
            "multi-instance",
            "正在进行的多实例改变了方式或集合，各实例的数据会丢失",
            "an open multi-instance changed its kind or collection; its items would be lost",
        )


def _same_loop(old: Loop | None, new: Loop | None) -> bool:
    if old is None or new is None:
        return False
    if old.output and not new.output:
        return False
    return _loop_key(old) == _loop_key(new)


def _loop_key(loop: Loop) -> tuple[Any, ...]:
    texts = tuple(
        e.text if e is not None else "" for e in (loop.cardinality, loop.collection, loop.condition)
    )
    return (loop.multiple, loop.sequential, bool(loop.item), loop.collection_names, *texts)


def _variable_losses(places: Places, old: Node, new: Node, inst: Inst) -> Iterator[Problem]:
    kept = set(new.locals)
    for name in old.locals:
        value = (inst.locals or {}).get(name)
        if value is not None and places.name(name) not in kept and inst.role == Role.PLAIN:
            yield _loss(
                old.id,
                "variable",
                f"数据“{name}”有值，但新版本不再定义",
                f"the data “{name}” has a value but is no longer defined",
            )


def _entries(inst: Inst) -> list[Any]:
    data = inst.data or {}
    return [*data.get("c", ()), *(data.get("q", ()) if inst.role == Role.UNDO else ())]


def _keeps_timer(places: Places, timer: Timer) -> bool:
    target = places.node(timer.node)
    if target is None:
        return False
    node, old = places.new.nodes[target], places.old.nodes[timer.node]
    if node.kind is not old.kind or len(node.events) <= timer.definition:
        return False
    if node.kind is Kind.BOUNDARY and places.node(old.host) != node.host:
        return False
    return node.events[timer.definition].trigger is Trigger.TIMER


def _loss(element: str, code: str, zh: str, en: str) -> Problem:
    return Problem(element, code, Text(f"“{element}”：{zh}。", f"“{element}”: {en}."))
