"""Compensation and transactions: what was done is undone, the last first."""

from __future__ import annotations

from quancheng.core import flow

from .bpmn import Case, program
from .test_events import boundary
from .test_gateways import SE, users
from .test_scopes import event_sub, inner, sub

COMPENSABLE = (
    boundary("a", "<compensateEventDefinition/>", id="ca")
    + boundary("b", "<compensateEventDefinition/>", id="cb")
    + '<serviceTask id="undo_a" isForCompensation="true"/><userTask id="undo_b" isForCompensation="true"/>'
    '<association id="x1" sourceRef="ca" targetRef="undo_a"/><association id="x2" sourceRef="cb" targetRef="undo_b"/>'
)


def test_compensation_undoes_in_reverse_order_and_then_goes_on() -> None:
    made = program(
        SE
        + users("a", "b", "after")
        + COMPENSABLE
        + '<intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>',
        "s -> a -> b -> t -> after -> e",
    )
    case = Case(made).done("a").done("b")
    assert case.open == ["undo_b"]
    assert case.last[0] == flow.Compensate("b")
    assert case.done("undo_b").open == ["undo_a"]
    assert case.last[0] == flow.Compensate("a")
    assert case.done("undo_a").open == ["after"]
    assert case.done("after").state.finished


def test_one_activity_can_be_compensated_alone_and_only_if_it_was_done() -> None:
    body = (
        SE
        + users("a", "b", "after")
        + COMPENSABLE
        + '<intermediateThrowEvent id="t"><compensateEventDefinition activityRef="a"/></intermediateThrowEvent>'
    )
    case = Case(program(body, "s -> a -> b -> t -> after -> e")).done("a").done("b")
    assert case.open == ["undo_a"]
    not_done = Case(program(body, "s -> b -> t -> after -> e; after -> a -> e")).done("b")
    assert not_done.open == ["after"]


def test_a_throw_that_does_not_wait_goes_on_at_once() -> None:
    made = program(
        SE
        + users("a", "b", "after")
        + COMPENSABLE
        + '<intermediateThrowEvent id="t"><compensateEventDefinition activityRef="a" waitForCompletion="false"/>'
        "</intermediateThrowEvent>",
        "s -> a -> b -> t -> after -> e",
    )
    case = Case(made).done("a").done("b")
    assert sorted(case.open) == ["after", "undo_a"]
    assert not case.done("after").state.finished
    assert case.done("undo_a").state.finished


def test_a_completed_subprocess_is_undone_from_within() -> None:
    made = program(
        '<startEvent id="s"/>'
        + sub("sub", inner("a", "b") + COMPENSABLE + '<dataObject id="seat"/>', "s1 -> a -> b -> e1")
        + '<endEvent id="z"><compensateEventDefinition/></endEvent>'
        + users("c"),
        "s -> sub -> c -> z",
    )
    run = Case(made).done("a", seat="12A").done("b").done("c")
    assert run.of(flow.Compensate) == [flow.Compensate("sub"), flow.Compensate("b")]
    assert run.open == ["undo_b"]
    run.done("undo_b").done("undo_a")
    assert run.outcome == "completed"
    assert run.ends == ("e1", "z")


def test_a_compensation_event_subprocess_replaces_the_default() -> None:
    handler = event_sub(
        "es", "<compensateEventDefinition/>", users("x") + '<endEvent id="ee"/>', "ones -> x -> ee"
    )
    made = program(
        '<startEvent id="s"/>'
        + sub(
            "sub", inner("a", "b") + COMPENSABLE + handler + '<dataObject id="seat"/>', "s1 -> a -> b -> e1"
        )
        + '<endEvent id="z"><compensateEventDefinition activityRef="sub"/></endEvent>',
        "s -> sub -> z",
    )
    case = Case(made).done("a", seat="12A").done("b")
    assert case.open == ["x"]
    assert case.done("x").outcome == "completed"


TRANSACTION = (
    '<startEvent id="s"/><endEvent id="e"/>'
    + users("sorry", "failed")
    + sub(
        "tx",
        inner("a", "b", "late")
        + COMPENSABLE
        + '<parallelGateway id="f"/><exclusiveGateway id="x" default="x_e1"/><endEvent id="z"><cancelEventDefinition/></endEvent>',
        "s1 -> a -> f; f -> b -> x; f -> late -> e1; x -> z [no]; x -> e1",
        tag="transaction",
    )
    + boundary("tx", "<cancelEventDefinition/>", id="bc")
    + boundary("tx", "<errorEventDefinition/>", id="be")
)


def test_a_cancelled_transaction_undoes_and_leaves_by_its_cancel_event() -> None:
    made = program(TRANSACTION, "s -> tx -> e; bc -> sorry -> e; be -> failed -> e")
    case = Case(made).done("a").done("b", no=True)
    assert case.open == ["undo_b"]
    case.done("undo_b").done("undo_a")
    assert case.open == ["sorry"]
    assert case.done("sorry").state.finished
    fine = Case(made).done("a").done("b", no=False).done("late")
    assert fine.state.finished
    broken = Case(made).done("a").fail("b", "X")
    assert broken.open == ["failed"]  # a hazard is not compensated
