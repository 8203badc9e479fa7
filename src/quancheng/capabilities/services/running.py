"""办件流程: runs the process of a case's version. The engine is pure (``core.flow``); here its effects happen.

Called inside actions only: state, tasks, timers and results change in the action's transaction or
not at all. The state of a case lies in ``Case.flow`` as small JSON; the model is the version's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from quancheng.capabilities.services import taskwork
from quancheng.capabilities.services.flow import DONE, State, steps_from
from quancheng.capabilities.services.models import Case, MatterVersion
from quancheng.core import flow
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict

__all__ = ["SERVICES", "advance", "begin", "outcomes_of", "program_of", "program_of_text", "send", "service"]

STANDARD = Path(__file__).parent / "resources" / "standard.bpmn"
CONTEXT = ("form", "applicant")
"""Variables given afresh at every step and never kept in the state: they are columns of the case."""
VARIABLES = "v"
"""Where ``flow.State.to_json`` keeps the variables."""
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "office": ("claim", "approve", "return", "refuse"),
    "applicant": ("correct",),
    "review": ("agree", "object"),
    "visit": ("passed", "failed"),
    "appeal": ("uphold", "reopen"),
    "verify": ("confirmed", "unconfirmed"),
}
"""What may come of a task of each side, unless the model names fewer (``qc:outcomes``)."""
OTHERS = frozenset({"review", "visit", "appeal"})
"""Sides whose tasks are rows of ``CaseTask``; the rest is done on the case itself."""
MESSAGES = frozenset({"withdraw", "appeal"})
STUCK = (flow.NoPath, flow.FlowLimitError)
"""Refusals of the engine that are the model's fault, not of whoever took the step."""

Service = Callable[[Call, Case, Any], Mapping[str, Any]]
SERVICES: dict[str, Service] = {}
"""What a service task of a matter may ask for, by ``qc:service``."""


def service(name: str) -> Callable[[Service], Service]:
    """Register a service task (服务任务): it writes within the running action and returns variables."""

    def register(function: Service) -> Service:
        SERVICES[name] = function
        return function

    return register


# -- programs ------------------------------------------------------------------------------------
def program_of(version: MatterVersion) -> flow.Program:
    """The compiled process of a version; raises ``flow.NotExecutable`` when it never could run."""
    return program_of_text(version.spec.bpmn)


@lru_cache(maxsize=256)
def program_of_text(bpmn: str) -> flow.Program:
    """The compiled process of a text; the standard process for an empty one."""
    raw = bpmn.encode() if bpmn else STANDARD.read_bytes()
    return flow.compile(flow.read(raw))


# -- steps ---------------------------------------------------------------------------------------
def begin(call: Call, case: Case) -> None:
    """Start the process of a new case and save it; tasks and timers of the first step need its key."""
    program = program_of(case.version)
    try:
        step = flow.start(program, _context(case), call.at)
    except flow.Rejected as refused:
        raise stuck(refused) from refused
    case.flow = kept(step.state)
    if case.pk is None:
        case.save()
    shown = (case.flow, case.state, case.due_on, case.licence_number)
    _settle(call, case, program, step)
    if (case.flow, case.state, case.due_on, case.licence_number) != shown:
        case.save()


def advance(call: Call, case: Case, verb: str, **data: Any) -> None:
    """Take a step on the case itself: an outcome of its open task, or a message it waits for.

    Raises Conflict when the step is not possible now.
    """
    program, state = _load(call, case)
    event = _event(program, state, verb, _context(case) | data)
    if event is None or (verb == "withdraw" and State(case.state) in DONE):
        raise impossible(case, verb)
    _settle(call, case, program, _handle(case, verb, program, state, event, call))


def finish_task(call: Call, case: Case, token: str, outcome: str, **data: Any) -> None:
    """Complete a task of another office. Raises Conflict when it is not open any more."""
    program, state = _load(call, case)
    event = flow.TaskDone(token, _context(case) | data | {"outcome": outcome})
    _settle(call, case, program, _handle(case, outcome, program, state, event, call))


def fire(call: Call, case: Case, timer: str) -> None:
    """A timer of the process has come. Raises Conflict when it does not wait any more."""
    program, state = _load(call, case)
    _settle(call, case, program, _handle(case, "timer", program, state, flow.TimerFired(timer), call))


def send(call: Call, case: Case, message: str, **data: Any) -> None:
    """Give the process a message it waits for. Raises Conflict."""
    advance(call, case, message, **data)


def possible(case: Case, verb: str) -> bool:
    """Whether a step could be taken now; asks the engine and changes nothing."""
    from quancheng.kernel import clock

    program = program_of(case.version)
    if not case.flow:
        return False
    state = state_of(program, case)
    event = _event(program, state, verb, _context(case))
    if event is None or (verb == "withdraw" and State(case.state) in DONE):
        return False
    try:
        flow.handle(program, state, event, clock.now())
    except flow.Rejected:
        return False
    return True


def check(call: Call, case: Case, verb: str) -> None:
    """Raise Conflict unless a step could be taken now."""
    if not case.flow:
        _catch_up(call, case)
    if not possible(case, verb):
        raise impossible(case, verb)


def outcomes_of(case: Case, side: str) -> tuple[str, ...]:
    """What the open task of a side may end in; empty when none waits there."""
    if not case.flow:
        return tuple(step.verb for step in steps_from(case.state) if step.side == side)
    program = program_of(case.version)
    found: list[str] = []
    for task in state_of(program, case).open_tasks:
        extra = program.element(task.element).extra
        if extra.get("side") == side:
            found += [one for one in _outcomes(extra) if one not in found]
    return tuple(found)


def impossible(case: Case, verb: str) -> Conflict:
    """The step does not fit where the case stands."""
    from quancheng.capabilities.services.flow import IllegalStep

    return Conflict(IllegalStep(State(case.state), verb).text, extra={"state": case.state, "verb": verb})


def stuck(wrong: flow.Rejected) -> Conflict:
    """The step fits but the process cannot take it: no branch is open, or it costs too much."""
    return Conflict(
        Text(
            f"流程走不下去：{wrong.text.zh.rstrip('。')}。办件没有改变，请告知事项管理人员。",
            f"The process cannot go on: {wrong.text.en.rstrip('.')}. "
            "The case was not changed; tell whoever keeps the matter.",
        )
    )


# -- inside --------------------------------------------------------------------------------------
def _event(program: flow.Program, state: flow.State, verb: str, data: dict[str, Any]) -> Any:
    for task in state.open_tasks:
        extra = program.element(task.element).extra
        if extra.get("side") in {"office", "applicant"} and verb in _outcomes(extra):
            return flow.TaskDone(task.id, data | {"outcome": verb})
    return flow.Message(verb, data) if verb in MESSAGES else None


def _outcomes(extra: Mapping[str, str]) -> tuple[str, ...]:
    named = tuple(extra.get("outcomes", "").replace(",", " ").split())
    return named or OUTCOMES.get(extra.get("side", ""), ())


def _handle(
    case: Case, verb: str, program: flow.Program, state: flow.State, event: Any, call: Call
) -> flow.Step:
    try:
        return flow.handle(program, state, event, call.at)
    except STUCK as refused:
        raise stuck(refused) from refused
    except flow.Rejected as refused:
        raise impossible(case, verb) from refused


def _settle(call: Call, case: Case, program: flow.Program, step: flow.Step) -> None:
    """Make the effects happen, the answers of services included, until the process waits again."""
    state, queue, status = step.state, deque(step.effects), case.state
    while queue:
        effect = queue.popleft()
        status = _status(program, effect) or status
        answer = _happen(call, case, program, effect)
        if answer is not None:
            following = _handle(case, "answer", program, state, answer, call)
            state = following.state
            queue.extend(following.effects)
    case.flow = kept(state)
    before, case.state = case.state, State(status).value
    taskwork.follow_clock(call, case, before)


def _happen(call: Call, case: Case, program: flow.Program, effect: Any) -> Any:
    match effect:
        case flow.TaskOpened():
            element = program.element(effect.element)
            if element.extra.get("side") in OTHERS:
                taskwork.open_task(call, case, element, effect)
        case flow.TaskCancelled():
            taskwork.cancel_task(case, effect.task)
        case flow.TimerSet():
            taskwork.set_timer(call, case, effect)
        case flow.TimerCancelled():
            taskwork.cancel_timer(case, effect.timer)
        case flow.ServiceRequested():
            element = program.element(effect.element)
            return flow.TaskDone(effect.task, dict(_serve(call, case, element)))
        case flow.DecisionRequested():
            element = program.element(effect.element)
            return flow.TaskDone(effect.task, taskwork.decide(case, element))
        case flow.Compensate():
            _serve(call, case, program.element(effect.element))
    return None


def _serve(call: Call, case: Case, element: Any) -> Mapping[str, Any]:
    name = element.extra.get("service", "")
    if name not in SERVICES:
        raise Conflict(
            Text(
                f"流程节点 {element.id} 要求的服务 {name or '（未写）'} 不存在，办件没有改变。",
                f"Step {element.id} asks for the service {name or '(none)'}, which does not exist; "
                "the case was not changed.",
            )
        )
    return SERVICES[name](call, case, element)


def _status(program: flow.Program, effect: Any) -> str:
    """The state an effect makes visible, empty when it says nothing."""
    element = getattr(effect, "element", "")
    if not element or isinstance(effect, flow.TaskCancelled | flow.Compensate):
        return ""
    return str(program.element(element).extra.get("status", ""))


def _context(case: Case) -> dict[str, Any]:
    kind = "firm" if case.firm_id else "person"
    return {"form": case.form, "applicant": {"kind": kind, "region": case.region_code}}


def _load(call: Call, case: Case) -> tuple[flow.Program, flow.State]:
    program = program_of(case.version)
    if not case.flow:
        _catch_up(call, case)
    return program, state_of(program, case)


def state_of(program: flow.Program, case: Case) -> flow.State:
    """The state of a case as the engine reads it, with what is kept in columns."""
    data = dict(case.flow)
    data[VARIABLES] = {**data.get(VARIABLES, {}), **_context(case)}
    return flow.State.from_json(data, program)


def kept(state: flow.State) -> dict[str, Any]:
    """The state as the case keeps it."""
    data = state.to_json()
    data[VARIABLES] = {key: value for key, value in data[VARIABLES].items() if key not in CONTEXT}
    return data


def _catch_up(call: Call, case: Case) -> None:
    """Give a case of before the engine its state: replay the steps that led where it stands."""
    stood = case.state
    begin(call, case)
    for verb in {"accepted": ("claim",), "correction": ("return",)}.get(stood, ()):
        advance(call, case, verb)
    case.state = stood
