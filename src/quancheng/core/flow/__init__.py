"""流程引擎: BPMN 2.0 as pure functions: a state and an event give a state and effects.

No clock, no files, no network: the shell brings events with their time and carries out effects.

>>> d = flow.read(xml); p = flow.compile(d)          # refused with reasons: flow.check(d)
>>> step = flow.start(p, {"applicant": "…"}, at)     # step.state, step.effects
>>> step = flow.handle(p, step.state, flow.TaskDone(task, {"outcome": "approve"}), at)
>>> flow.State.from_json(step.state.to_json(), p)    # small JSON, never the model

Expressions are FEEL (:mod:`quancheng.core.feel`); attributes of the namespace
``urn:quancheng:bpmn:1`` are described in ``docs`` of the modules that read them and given in
``program.element(id).extra``. Those the engine itself reads: ``collection`` ``item``
``outputCollection`` ``outputItem`` (multi-instance), ``result`` (variable of a service, decision,
script or message), ``service`` (a send task that waits for the shell), ``key`` and ``payload``
(messages), ``workingDays`` (timers), ``variable`` (name of a data object), ``codeVariable`` and
``messageVariable`` (error events), and the extension elements ``qc:input``/``qc:output`` with
``source`` and ``target``.
"""

from quancheng.core.flow.compiling import Library, check
from quancheng.core.flow.compiling import compile_program as compile
from quancheng.core.flow.engine import Step, handle, start
from quancheng.core.flow.errors import (
    BpmnError,
    FlowError,
    FlowLimitError,
    MigrationRefused,
    NoPath,
    NotExecutable,
    Problem,
    Rejected,
)
from quancheng.core.flow.events import (
    AdHocDone,
    AdHocStart,
    Cancel,
    Compensate,
    DecisionRequested,
    Effect,
    Ended,
    Escalated,
    Event,
    Finished,
    Message,
    MessageSent,
    ServiceRequested,
    Signal,
    SignalThrown,
    TaskCancelled,
    TaskDone,
    TaskFailed,
    TaskOpened,
    TimerCancelled,
    TimerFired,
    TimerSet,
)
from quancheng.core.flow.limits import Limits
from quancheng.core.flow.migrate import Move, Plan, migrate, plan_migration
from quancheng.core.flow.model import Node, Program
from quancheng.core.flow.state import OpenTask, OpenTimer, State
from quancheng.core.flow.vocabulary import Kind, Outcome, Trigger
from quancheng.core.flow.xml import Definitions, read, write

__all__ = [
    "AdHocDone",
    "AdHocStart",
    "BpmnError",
    "Cancel",
    "Compensate",
    "DecisionRequested",
    "Definitions",
    "Effect",
    "Ended",
    "Escalated",
    "Event",
    "Finished",
    "FlowError",
    "FlowLimitError",
    "Kind",
    "Library",
    "Limits",
    "Message",
    "MessageSent",
    "MigrationRefused",
    "Move",
    "NoPath",
    "Node",
    "NotExecutable",
    "OpenTask",
    "OpenTimer",
    "Outcome",
    "Plan",
    "Problem",
    "Program",
    "Rejected",
    "ServiceRequested",
    "Signal",
    "SignalThrown",
    "State",
    "Step",
    "TaskCancelled",
    "TaskDone",
    "TaskFailed",
    "TaskOpened",
    "TimerCancelled",
    "TimerFired",
    "TimerSet",
    "Trigger",
    "check",
    "compile",
    "handle",
    "migrate",
    "plan_migration",
    "read",
    "start",
    "write",
]
