"""What each kind of event from outside does to a case, and when it does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from quancheng.core.text import Text

from .activities import complete, end_case
from .arming import repeat
from .catching import Waiting, fire, waiting
from .errors import Rejected
from .events import (
    AdHocDone,
    AdHocStart,
    Cancel,
    Escalated,
    Event,
    Message,
    Signal,
    TaskDone,
    TaskFailed,
    TimerFired,
)
from .expressions import plain
from .model import EventDef
from .moving import clear_scope
from .run import Run
from .state import Inst, is_open_task
from .throwing import broadcast, raise_up
from .vocabulary import Kind, Outcome, Role, Trigger

__all__ = ["apply"]


def apply(run: Run, event: Event) -> None:
    """Let an event change the run; :class:`Rejected` when it does not fit."""
    deed = _DEEDS.get(type(event))
    if deed is None:
        _reject("不认识的事件。", "The event is not known.")
    deed(run, event)


def _reject(zh: str, en: str) -> NoReturn:
    raise Rejected(Text(zh, en))


def _data(data: object) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        _reject("事件的数据须为键值。", "The data of an event must be a mapping.")
    found: dict[str, Any] = plain(dict(data))
    return found


def _task(run: Run, task: object) -> Inst:
    key = int(task) if isinstance(task, str) and task.isascii() and task.isdigit() else -1
    inst = run.insts.get(key) if str(key) == task else None
    if inst is None or not is_open_task(inst, run.nodes[inst.node]):
        _reject(f"待办“{task}”不存在或已经办结。", f"There is no open task “{task}”.")
    return inst


def _task_done(run: Run, event: TaskDone) -> None:
    complete(run, _task(run, event.task), _data(event.data))


def _task_failed(run: Run, event: TaskFailed) -> None:
    inst = _task(run, event.task)
    data = {"message": str(event.message)} if event.message else {}
    if not raise_up(run, inst.id, Trigger.ERROR, (str(event.error_code),), data):
        _reject(
            f"没有事件捕获错误“{event.error_code}”，任务保持打开。",
            f"Nothing catches the error “{event.error_code}”; the task stays open.",
        )


def _escalated(run: Run, event: Escalated) -> None:
    inst = _task(run, event.task)
    if not raise_up(run, inst.id, Trigger.ESCALATION, (str(event.code),), {}):
        _reject(f"没有事件捕获上报“{event.code}”。", f"Nothing catches the escalation “{event.code}”.")


def _timer_fired(run: Run, event: TimerFired) -> None:
    text = event.timer
    key = int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else -1
    timer = run.timers.get(key)
    if timer is None or str(key) != text:
        _reject(f"定时“{text}”不存在或已经取消。", f"There is no timer “{text}”.")
    del run.timers[key]
    node = run.nodes[timer.node]
    if node.kind in (Kind.BOUNDARY, Kind.START) and not node.interrupting:
        repeat(run, timer)
    fire(run, (timer.owner, timer.node, timer.definition), {})


def _message(run: Run, event: Message) -> None:
    data = _data(event.data)
    key = plain(event.key)
    for caught in waiting(run, Trigger.MESSAGE):
        if _correlates(run, caught, event.name, key, data):
            fire(run, caught, data)
            return
    _reject(f"没有步骤在等待消息“{event.name}”。", f"Nothing waits for the message “{event.name}”.")


def _correlates(run: Run, caught: Waiting, name: str, key: Any, data: dict[str, Any]) -> bool:
    definition: EventDef = run.nodes[caught[1]].events[caught[2]]
    if name not in definition.names:
        return False
    if definition.key is not None and run.json(definition.key, caught[0]) != key:
        return False
    return all(
        given.value(lambda n: data.get(n, data if n == "message" else None), run.env)
        == wanted.value(run.viewer(caught[0]), run.env)
        for given, wanted in definition.properties
    )


def _signal(run: Run, event: Signal) -> None:
    broadcast(run, (str(event.name),), _data(event.data))


def _cancel(run: Run, _: Cancel) -> None:
    end_case(run, Outcome.CANCELLED)


def _adhoc_start(run: Run, event: AdHocStart) -> None:
    for inst in list(run.insts.values()):
        node = run.nodes[inst.node]
        if node.kind is not Kind.ADHOC or inst.role != Role.PLAIN or (inst.data or {}).get("done"):
            continue
        for entry in node.entries:
            if run.nodes[entry].id == event.task_element:
                if node.sequential and run.kids.get(inst.id):
                    _reject("上一个活动还没有完成。", "The activity before is not finished.")
                run.arrive(inst.id, entry)
                return
    _reject(
        f"没有打开的临时子流程可以启动“{event.task_element}”。",
        f"No open ad-hoc sub-process can start “{event.task_element}”.",
    )


def _adhoc_done(run: Run, event: AdHocDone) -> None:
    for inst in list(run.insts.values()):
        node = run.nodes[inst.node]
        if (
            node.kind is Kind.ADHOC
            and inst.role == Role.PLAIN
            and event.subprocess in (node.id, str(inst.id))
        ):
            run.note(inst.id)["done"] = 1
            if node.cancel_remaining:
                clear_scope(run, inst.id)
            run.dirty[inst.id] = None
            return
    _reject(
        f"没有打开的临时子流程“{event.subprocess}”。",
        f"There is no open ad-hoc sub-process “{event.subprocess}”.",
    )


_Deed = Callable[[Run, Any], None]
_DEEDS: Final[dict[type, _Deed]] = {
    TaskDone: _task_done,
    TaskFailed: _task_failed,
    Escalated: _escalated,
    TimerFired: _timer_fired,
    Message: _message,
    Signal: _signal,
    Cancel: _cancel,
    AdHocStart: _adhoc_start,
    AdHocDone: _adhoc_done,
}
