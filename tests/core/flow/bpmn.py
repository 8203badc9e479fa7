"""A few words to write BPMN with: ``model(...)`` wraps elements, flows are written ``"a -> b"``."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from quancheng.core import flow

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:qc="urn:quancheng:bpmn:1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'targetNamespace="urn:test">'
)


def flows(text: str) -> str:
    """``a -> b; b -> c [x > 1]; b -> d`` as sequence flows, named ``a_b`` …; ``=> `` is no default."""
    made = []
    for line in filter(None, (part.strip() for part in text.replace("\n", ";").split(";"))):
        path, _, condition = line.partition("[")
        names = [name.strip() for name in path.split("->")]
        for source, target in pairwise(names):
            inner = ""
            if condition and target == names[-1]:
                text_ = condition.rstrip("]").strip().replace("&", "&amp;").replace("<", "&lt;")
                inner = f"<conditionExpression>{text_}</conditionExpression>"
            made.append(
                f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">'
                f"{inner}</sequenceFlow>"
            )
    return "".join(made)


def xml(body: str, path: str = "", root: str = "", process: str = "P") -> bytes:
    """A document with one process of these elements and flows, and root elements."""
    return (
        f'{_HEAD}{root}<process id="{process}" isExecutable="true">{body}{flows(path)}</process></definitions>'
    ).encode()


def program(body: str, path: str = "", root: str = "", **more: Any) -> flow.Program:
    """The compiled process."""
    return flow.compile(flow.read(xml(body, path, root)), **more)


def problems(body: str, path: str = "", root: str = "") -> set[str]:
    """Codes of the reasons against a process."""
    return {problem.code for problem in flow.check(flow.read(xml(body, path, root)))}


class Case:
    """A running case; every step is stored as JSON and read again, effects are collected."""

    def __init__(self, made: flow.Program, variables: dict[str, Any] | None = None, **more: Any) -> None:
        self.program = made
        self.effects: list[flow.Effect] = []
        self.last: tuple[flow.Effect, ...] = ()
        self._keep(flow.start(made, variables or {}, AT, **more))

    def _keep(self, step: flow.Step) -> None:
        self.last = step.effects
        self.effects.extend(step.effects)
        self.state = flow.State.from_json(step.state.to_json(), self.program)
        assert self.state == step.state
        assert self.state.to_json() == step.state.to_json()
        assert self.state.kids == step.state.kids

    def send(self, event: flow.Event, at: datetime = AT) -> Case:
        self._keep(flow.handle(self.program, self.state, event, at))
        return self

    def task(self, element: str, number: int = 0) -> str:
        """The id of an open task of this element."""
        return [task.id for task in self.state.open_tasks if task.element == element][number]

    def done(self, element: str, number: int = 0, **data: Any) -> Case:
        return self.send(flow.TaskDone(self.task(element, number), data))

    def fail(self, element: str, code: str = "") -> Case:
        return self.send(flow.TaskFailed(self.task(element), code, "失败"))

    def timer(self, element: str) -> str:
        return next(timer.id for timer in self.state.open_timers if timer.element == element)

    def fire(self, element: str) -> Case:
        return self.send(flow.TimerFired(self.timer(element)))

    def message(self, name: str, key: Any = None, **data: Any) -> Case:
        return self.send(flow.Message(name, data, key))

    def signal(self, name: str, **data: Any) -> Case:
        return self.send(flow.Signal(name, data))

    @property
    def open(self) -> list[str]:
        """Elements of the open tasks, in order."""
        return [task.element for task in self.state.open_tasks]

    @property
    def ends(self) -> tuple[str, ...]:
        return self.state.ends

    @property
    def outcome(self) -> str:
        return self.state.outcome

    def of(self, kind: type[flow.Effect]) -> list[Any]:
        return [effect for effect in self.effects if isinstance(effect, kind)]
