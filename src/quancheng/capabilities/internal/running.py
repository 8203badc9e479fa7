"""流程运行: the only place that knows the token engine, so that it can be swapped.

State goes in and out as small JSON; what the engine wants done comes back as a :class:`Turn`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from quancheng.core import flow
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict

__all__ = ["Opened", "Turn", "answer", "problems", "start", "waiting_at"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A step that now waits for somebody (环节)."""

    task: str
    element: str
    name: str
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one move of the engine means for the world around it."""

    state: dict[str, Any]
    opened: tuple[Opened, ...] = ()
    services: tuple[Opened, ...] = ()
    cancelled: tuple[str, ...] = ()
    finished: bool = False
    ends: frozenset[str] = field(default_factory=frozenset)


def problems(bpmn: str) -> list[Text]:
    """Why a model cannot be run; empty when it can."""
    try:
        return [found.text for found in flow.check(flow.read(bpmn.encode()))]
    except flow.BpmnError as wrong:
        return [wrong.text]


@lru_cache(maxsize=64)
def _program(bpmn: str) -> flow.Program:
    return flow.compile(flow.read(bpmn.encode()))


def start(bpmn: str, variables: Mapping[str, Any], at: datetime) -> Turn:
    """Begin a model."""
    program = _program(bpmn)
    return _turn(program, flow.start(program, dict(variables), at))


def answer(bpmn: str, state: Mapping[str, Any], task: str, data: Mapping[str, Any], at: datetime) -> Turn:
    """A step was done; raises Conflict when it does not wait (any more)."""
    program = _program(bpmn)
    held = _state(program, state)
    try:
        step = flow.handle(program, held, flow.TaskDone(task, dict(data)), at)
    except flow.FlowError as late:
        raise Conflict(late.text) from late
    return _turn(program, step)


def _state(program: flow.Program, state: Mapping[str, Any]) -> flow.State:
    """The kept state; Conflict with the engine's words when it is damaged or of another model."""
    try:
        return flow.State.from_json(dict(state), program)
    except flow.FlowError as wrong:
        raise Conflict(wrong.text) from wrong


def waiting_at(bpmn: str, state: Mapping[str, Any], element: str) -> str:
    """The task that waits at an element, empty when none does."""
    held = _state(_program(bpmn), state)
    return next((one.id for one in held.open_tasks if one.element == element), "")


def _turn(program: flow.Program, step: flow.Step) -> Turn:
    opened, services, cancelled = [], [], []
    for effect in step.effects:
        if isinstance(effect, flow.TaskOpened) and effect.kind == "user":
            opened.append(_opened(program, effect.task, effect.element))
        elif isinstance(effect, flow.ServiceRequested):
            services.append(_opened(program, effect.task, effect.element))
        elif isinstance(effect, flow.TaskCancelled):
            cancelled.append(effect.task)
    state = step.state
    return Turn(
        state.to_json(),
        tuple(opened),
        tuple(services),
        tuple(cancelled),
        state.finished,
        frozenset(state.ends),
    )


def _opened(program: flow.Program, task: str, element: str) -> Opened:
    node = program.element(element)
    return Opened(task, element, node.name, dict(node.extra))
