"""Called processes with their own variables, and ad-hoc work that people steer."""

from __future__ import annotations

import pytest

from quancheng.core import flow

from .bpmn import Case, program, xml
from .test_events import ERRORS, boundary
from .test_gateways import SE, users
from .test_scopes import sub


def adhoc(more: str = "", condition: str = "done = true") -> str:
    wanted = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    return sub(
        "ah", users("call", "visit", "write") + wanted, "visit -> write", tag="adHocSubProcess", more=more
    )


def test_ad_hoc_work_is_started_by_people_until_it_is_enough() -> None:
    case = Case(program(SE + adhoc(), "s -> ah -> e"))
    assert case.state.startable == ("call", "visit")
    case.send(flow.AdHocStart("call")).send(flow.AdHocStart("visit")).send(flow.AdHocStart("call"))
    assert case.open == ["call", "visit", "call"]
    with pytest.raises(flow.Rejected):
        case.send(flow.AdHocStart("write"))
    assert case.done("visit").open == ["call", "call", "write"]
    assert case.done("call", done=True).state.finished
    assert flow.Finished("completed") in case.last


def test_ad_hoc_work_may_be_one_after_another_and_let_the_rest_finish() -> None:
    ordered = Case(program(SE + adhoc('ordering="Sequential"'), "s -> ah -> e")).send(flow.AdHocStart("call"))
    with pytest.raises(flow.Rejected):
        ordered.send(flow.AdHocStart("visit"))
    assert ordered.done("call").send(flow.AdHocStart("visit")).open == ["visit"]
    patient = Case(program(SE + adhoc('cancelRemainingInstances="false"'), "s -> ah -> e"))
    patient.send(flow.AdHocStart("call")).send(flow.AdHocStart("call")).done("call", done=True)
    assert patient.open == ["call"]
    with pytest.raises(flow.Rejected):
        patient.send(flow.AdHocStart("visit"))
    assert patient.done("call").state.finished


def test_people_say_when_ad_hoc_work_is_over() -> None:
    case = Case(program(SE + adhoc(condition=""), "s -> ah -> e")).send(flow.AdHocStart("call"))
    assert not case.done("call").state.finished
    assert case.send(flow.AdHocDone("ah")).state.finished


CALLED = xml(
    SE + users("x") + '<scriptTask id="sc"><script>{sum: a + 1}</script></scriptTask>',
    "s -> x -> sc -> e",
    process="Sub",
)


def calling(extra: str = "", loop: str = "") -> bytes:
    return xml(
        SE
        + users("after")
        + f'<callActivity id="call" calledElement="Sub">{extra}{loop}</callActivity>'
        + boundary("call", '<errorEventDefinition errorRef="e1"/>'),
        "s -> call -> after -> e; b -> e",
        ERRORS,
    )


def test_a_called_process_has_its_own_variables() -> None:
    library = {"Sub": flow.compile(flow.read(CALLED))}
    plain = Case(flow.compile(flow.read(calling()), library=library), {"a": 1, "keep": 2})
    assert plain.open == ["x"]
    plain.done("x", new=3)
    assert plain.state.variables == {"a": 1, "keep": 2, "new": 3, "sum": 2}
    mapped = calling(
        '<extensionElements><qc:input source="a * 10" target="a"/><qc:output source="sum" target="total"/></extensionElements>'
    )
    case = Case(flow.compile(flow.read(mapped), library={"Sub": flow.read(CALLED)}), {"a": 1}).done("x")
    assert case.state.variables == {"a": 1, "total": 11}
    assert case.open == ["after"]


def test_an_error_of_a_called_process_reaches_the_caller() -> None:
    library = {"Sub": flow.compile(flow.read(CALLED))}
    case = Case(flow.compile(flow.read(calling()), library=library), {"a": 1}).fail("x", "NOT_FOUND")
    assert case.state.finished
    assert flow.TaskCancelled("3") in case.last


def test_what_is_called_must_exist() -> None:
    assert {p.code for p in flow.check(flow.read(calling()))} == {"call-unresolved"}
    assert flow.check(flow.read(calling()), library={"Sub": flow.read(CALLED)}) == []
    with pytest.raises(flow.NotExecutable) as refused:
        flow.compile(flow.read(calling()))
    assert "Sub" in str(refused.value)


def test_a_process_that_calls_itself_is_refused_or_stopped() -> None:
    at_once = xml(SE + '<callActivity id="c" calledElement="P"/>', "s -> c -> e")
    assert [problem.code for problem in flow.check(flow.read(at_once))] == ["cycle"]
    slowly = xml(SE + users("a") + '<callActivity id="c" calledElement="P"/>', "s -> a -> c -> e")
    case = Case(flow.compile(flow.read(slowly), limits=flow.Limits(max_nesting=5)))
    for _ in range(5):
        case.done("a")
    with pytest.raises(flow.FlowLimitError):
        case.done("a")
    assert case.open == ["a"]


def test_a_global_task_can_be_called() -> None:
    document = xml(
        SE + '<callActivity id="c" calledElement="G"/>', "s -> c -> e", '<globalUserTask id="G" name="签字"/>'
    )
    case = Case(flow.compile(flow.read(document)))
    assert [task.kind for task in case.state.open_tasks] == ["user"]
    assert case.send(flow.TaskDone(case.state.open_tasks[0].id)).state.finished
