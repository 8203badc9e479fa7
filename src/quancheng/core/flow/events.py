"""Events a case understands and effects it asks for; all of them values.

The shell turns what happens (a clerk's click, a timer, a message) into an event, gives it to
:func:`quancheng.core.flow.handle` and carries out the effects in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = [
    "AdHocDone",
    "AdHocStart",
    "Cancel",
    "Compensate",
    "DecisionRequested",
    "Effect",
    "Ended",
    "Escalated",
    "Event",
    "Finished",
    "Message",
    "MessageSent",
    "ServiceRequested",
    "Signal",
    "SignalThrown",
    "TaskCancelled",
    "TaskDone",
    "TaskFailed",
    "TaskOpened",
    "TimerCancelled",
    "TimerFired",
    "TimerSet",
]


@dataclass(frozen=True, slots=True)
class TaskDone:
    """A task was done with this result (任务完成); also the answer to a service or decision."""

    task: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """A task ended in a BPMN error (任务出错); rejected where no event catches it."""

    task: str
    error_code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Escalated:
    """A task raised an escalation (升级上报); the task itself goes on unless interrupted."""

    task: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer is due (定时到期)."""

    timer: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message arrived (消息到达); ``key`` correlates it with the catch that waits for that key."""

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)
    key: Any = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal was broadcast (信号广播); who does not wait for it ignores it."""

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cancel:
    """The whole case is stopped (撤销整个流程)."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class AdHocStart:
    """Start an activity of an open ad-hoc sub-process (临时子流程启动活动)."""

    task_element: str


@dataclass(frozen=True, slots=True)
class AdHocDone:
    """An open ad-hoc sub-process is finished by its people (临时子流程结束)."""

    subprocess: str


Event = TaskDone | TaskFailed | Escalated | TimerFired | Message | Signal | Cancel | AdHocStart | AdHocDone


@dataclass(frozen=True, slots=True)
class TaskOpened:
    """A task waits for its TaskDone (任务打开); ``item`` is its multi-instance item."""

    task: str
    element: str
    kind: str
    item: Any = None


@dataclass(frozen=True, slots=True)
class TaskCancelled:
    """An open task was withdrawn (任务取消)."""

    task: str


@dataclass(frozen=True, slots=True)
class ServiceRequested:
    """Perform the service of this element, answer TaskDone or TaskFailed (请求服务)."""

    task: str
    element: str


@dataclass(frozen=True, slots=True)
class DecisionRequested:
    """Evaluate the decision of this element, answer TaskDone (请求决策)."""

    task: str
    element: str


@dataclass(frozen=True, slots=True)
class TimerSet:
    """Send TimerFired at ``due``; with ``working_days`` (a rule id) the shell computes the due."""

    timer: str
    element: str
    due: datetime | None = None
    working_days: str | None = None


@dataclass(frozen=True, slots=True)
class TimerCancelled:
    """A timer is no longer needed (定时取消)."""

    timer: str


@dataclass(frozen=True, slots=True)
class MessageSent:
    """Deliver a message to its receiver (发出消息)."""

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignalThrown:
    """Broadcast a signal to OTHER cases (发出信号); this case has already heard it."""

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compensate:
    """What ``element`` did is being undone (补偿); its handler is opened after this."""

    element: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A token reached this end event (到达结束事件)."""

    element: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The case is over (流程结束): completed, terminated, cancelled or error (with its code)."""

    outcome: str
    code: str = ""


Effect = (
    TaskOpened
    | TaskCancelled
    | ServiceRequested
    | DecisionRequested
    | TimerSet
    | TimerCancelled
    | MessageSent
    | SignalThrown
    | Compensate
    | Ended
    | Finished
)
