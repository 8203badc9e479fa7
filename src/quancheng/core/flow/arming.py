"""Timers are set when what they belong to begins, and set again when they repeat."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from quancheng.core import feel
from quancheng.core.text import Text

from .errors import Rejected
from .events import TimerSet
from .model import Catch, EventDef, Node
from .run import Run
from .state import Inst, Timer
from .timers import FOREVER, instant, parse_cycle, parse_duration
from .vocabulary import Trigger

__all__ = ["arm", "repeat"]


def arm(run: Run, inst: Inst, catches: Iterable[Catch]) -> None:
    """Set the timers among the events an instance waits for."""
    for index, number in catches:
        definition = run.nodes[index].events[number]
        if definition.trigger is Trigger.TIMER:
            _set(run, inst, run.nodes[index], number, definition)


def _set(run: Run, inst: Inst, node: Node, number: int, definition: EventDef) -> None:
    if definition.working_days:
        _add(run, Timer(run.new_id(), node.index, number, inst.id, None), None, definition.working_days)
        return
    try:
        due, left, every = _due(run, inst, definition)
    except (ValueError, OverflowError, TypeError) as error:
        raise Rejected(
            Text(
                f"“{node.name or node.id}”的时间算不出来，请检查日期、时长或周期的写法。",
                f"The time of “{node.name or node.id}” cannot be worked out: {error}",
            )
        ) from None
    _add(run, Timer(run.new_id(), node.index, number, inst.id, due.isoformat(), left, every), due, None)


def _add(run: Run, timer: Timer, due: datetime | None, days: str | None) -> None:
    run.add_timer(timer)
    run.effects.append(TimerSet(str(timer.id), run.nodes[timer.node].id, due, days))


def _due(run: Run, inst: Inst, definition: EventDef) -> tuple[datetime, int, str]:
    text = definition.timer or _text(run, inst, definition)
    if definition.timer_kind == "timeDate":
        return instant(text, run.at), 1, ""
    if definition.timer_kind == "timeDuration":
        return parse_duration(text).after(run.at), 1, ""
    cycle = parse_cycle(text, run.at)
    first = cycle.start or cycle.every.after(run.at)
    return first, cycle.times, text


def _text(run: Run, inst: Inst, definition: EventDef) -> str:
    if definition.timer_expr is None:
        raise ValueError("no time")
    value: Any = definition.timer_expr.value(run.viewer(inst.id), run.env)
    text = value if isinstance(value, str) else feel.to_json(value)
    if not isinstance(text, str):
        raise ValueError(f"{feel.display(value)} is no time")
    return text


def repeat(run: Run, timer: Timer) -> None:
    """Set the next occurrence of a repeating timer that has fired."""
    if timer.left == 1 or not timer.every:
        return
    left = timer.left if timer.left == FOREVER else timer.left - 1
    last = run.at if timer.due is None else datetime.fromisoformat(timer.due)
    due = parse_cycle(timer.every, run.at).every.after(last)
    again = Timer(run.new_id(), timer.node, timer.definition, timer.owner, due.isoformat(), left, timer.every)
    _add(run, again, due, None)
