"""Cases that begin by an event, events that are refused, and garbage."""

from __future__ import annotations

import pytest

from quancheng.core import flow

from .bpmn import AT, Case, problems, program
from .test_events import boundary, catch, timer
from .test_gateways import SE, users

STARTS = (
    '<startEvent id="m1"><messageEventDefinition messageRef="m"/></startEvent><startEvent id="t1">'
    + timer("timeDate", "2026-04-01")
    + '</startEvent><endEvent id="e"/>'
    + users("a", "b2")
)


def test_a_case_that_begins_by_an_event_waits_for_it() -> None:
    made = program(STARTS, "m1 -> a -> e; t1 -> b2 -> e", '<message id="m" name="申请"/>')
    by_message = Case(made)
    assert by_message.open == []
    assert by_message.message("申请", who="张三").open == ["a"]
    assert by_message.state.open_timers == ()
    assert Case(made).fire("t1").open == ["b2"]
    at_once = Case(made, event=flow.Message("申请", {"who": "李四"}))
    assert (at_once.open, at_once.state.variables) == (["a"], {"who": "李四"})
    assert Case(made, element="t1").open == ["b2"]
    with pytest.raises(flow.Rejected):
        Case(made, element="a")


def test_a_case_with_a_plain_start_may_also_begin_by_message() -> None:
    made = program(
        '<startEvent id="s"/>' + STARTS,
        "s -> a; m1 -> a -> e; t1 -> b2 -> e",
        '<message id="m" name="申请"/>',
    )
    assert Case(made).state.variables == {}
    assert Case(made, event=flow.Message("申请", {"x": 1})).state.variables == {"x": 1}
    with pytest.raises(flow.Rejected):
        Case(made, event=flow.Message("别的"))


def test_events_that_cannot_be_run_are_refused() -> None:
    assert problems(SE + catch("<timerEventDefinition/>"), "s -> c -> e") == {"no-timer"}
    assert problems(SE + catch("<messageEventDefinition/>"), "s -> c -> e") == {"no-message"}
    assert problems(SE + catch(""), "s -> c -> e") == {"no-trigger"}
    assert problems(SE + catch("<errorEventDefinition/>"), "s -> c -> e") == {"bad-trigger"}
    assert problems(SE + catch('<linkEventDefinition name="x"/>'), "s -> e") == {"unreachable", "bad-link"}
    assert problems(SE + users("a") + boundary("a", "<cancelEventDefinition/>"), "s -> a -> e; b -> e") == {
        "bad-cancel"
    }
    assert problems(SE + users("a") + boundary("z", timer("timeDuration", "P1D")), "s -> a -> e; b -> e") == {
        "bad-boundary",
        "unreachable",
    }


def test_garbage_is_refused_and_changes_nothing() -> None:
    case = Case(program(SE + users("a"), "s -> a -> e"))
    before = case.state.to_json()
    for event in (
        flow.TaskDone("99"),
        flow.TaskDone("0"),
        flow.TaskDone("-1"),
        flow.TaskDone("１"),
        flow.TaskDone(None),  # type: ignore[arg-type]
        flow.TaskDone(case.task("a"), {"x": float("nan")}),
        flow.TaskDone(case.task("a"), {"x": object()}),
        flow.TaskDone(case.task("a"), {1: 2}),  # type: ignore[dict-item]
        flow.TaskDone(case.task("a"), "text"),  # type: ignore[arg-type]
        flow.TimerFired("7"),
        flow.AdHocDone("a"),
        "what",
    ):
        with pytest.raises(flow.Rejected):
            flow.handle(case.program, case.state, event, AT)  # type: ignore[arg-type]
    assert case.state.to_json() == before
