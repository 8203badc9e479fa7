"""Sub-processes of every kind: embedded, event, transaction, ad-hoc, called; and compensation."""

from __future__ import annotations

import pytest

from quancheng.core import flow

from .bpmn import AT, Case, flows, problems, program, xml
from .test_events import ERRORS, MESSAGE, ON_MESSAGE, ON_SIGNAL, boundary, timer
from .test_gateways import SE, users


def sub(id: str, body: str, path: str = "", *, tag: str = "subProcess", more: str = "") -> str:
    return f'<{tag} id="{id}" {more}>{body}{flows(path)}</{tag}>'


def inner(*names: str, id: str = "1", end: str = "") -> str:
    return f'<startEvent id="s{id}"/>{users(*names)}<endEvent id="e{id}">{end}</endEvent>'


def event_sub(id: str, definition: str, body: str, path: str, *, interrupting: bool = True) -> str:
    start = f'<startEvent id="on{id}" isInterrupting="{str(interrupting).lower()}">{definition}</startEvent>'
    return sub(id, start + body, path, more='triggeredByEvent="true"')


def test_a_subprocess_ends_when_nothing_in_it_is_open() -> None:
    made = program(
        SE + users("after") + sub("sub", inner("a", "b") + '<parallelGateway id="f"/>', "s1 -> f; f -> a -> e1; f -> b -> e1"),
        "s -> sub -> after -> e",
    )
    case = Case(made).done("a")
    assert case.open == ["b"]
    assert case.done("b").open == ["after"]
    assert case.ends == ("e1",)


def test_a_subprocess_without_start_opens_everything_in_it() -> None:
    made = program(SE + sub("sub", users("a", "b", "c"), "a -> c"), "s -> sub -> e")
    case = Case(made)
    assert case.open == ["a", "b"]
    assert case.done("b").done("a").open == ["c"]
    assert case.done("c").state.finished


def test_terminate_in_a_subprocess_ends_only_that() -> None:
    made = program(
        SE
        + users("after")
        + sub(
            "sub",
            inner("a", "b") + '<parallelGateway id="f"/><endEvent id="z"><terminateEventDefinition/></endEvent>',
            "s1 -> f; f -> a -> z; f -> b -> e1",
        ),
        "s -> sub -> after -> e",
    )
    assert Case(made).done("a").open == ["after"]


def test_an_interrupting_boundary_takes_the_whole_subprocess_away() -> None:
    made = program(
        SE
        + users("chase")
        + sub("sub", inner("a") + sub("deep", inner("x", id="2"), "s2 -> x -> e2") + '<parallelGateway id="f"/>', "s1 -> f; f -> a -> e1; f -> deep -> e1")
        + boundary("sub", timer("timeDuration", "P5D")),
        "s -> sub -> e; b -> chase -> e",
    )
    case = Case(made)
    assert case.open == ["a", "x"]
    case.fire("b")
    assert case.open == ["chase"]
    assert len([e for e in case.last if isinstance(e, flow.TaskCancelled)]) == 2


def test_data_of_a_subprocess_stay_in_it() -> None:
    made = program(
        SE + sub("sub", inner("a", "b") + '<dataObject id="note"/>', "s1 -> a -> b -> e1"), "s -> sub -> e"
    )
    case = Case(made).done("a", note="内部", shared=1)
    assert case.state.variables == {"shared": 1}
    assert case.done("b").state.variables == {"shared": 1}


def test_an_error_inside_is_caught_at_the_border() -> None:
    made = program(
        SE
        + users("fix", "any")
        + sub("sub", inner("a", "b", end='<errorEventDefinition errorRef="e1"/>').replace('id="e1"', 'id="z"') + '<parallelGateway id="f"/><endEvent id="ok"/>', "s1 -> f; f -> a -> z; f -> b -> ok")
        + boundary("sub", '<errorEventDefinition errorRef="e1"/>', id="b1")
        + boundary("sub", '<errorEventDefinition errorRef="e2"/>', id="b2"),
        "s -> sub -> e; b1 -> fix -> e; b2 -> any -> e",
        ERRORS,
    )
    assert Case(made).done("a").open == ["fix"]


def test_an_event_subprocess_takes_over_or_runs_beside() -> None:
    body = SE + users("a")
    takes_over = program(body + event_sub("es", ON_MESSAGE, users("x") + '<endEvent id="ee"/>', "ones -> x -> ee"), "s -> a -> e", MESSAGE)
    case = Case(takes_over, {"number": 1}).message("补正材料", 1, why="补")
    assert case.open == ["x"]
    assert case.state.variables["why"] == "补"
    with pytest.raises(flow.Rejected):
        case.message("补正材料", 1)
    assert case.done("x").outcome == "completed"
    beside = program(
        body + event_sub("es", ON_MESSAGE, users("x") + '<endEvent id="ee"/>', "ones -> x -> ee", interrupting=False),
        "s -> a -> e",
        MESSAGE,
    )
    case = Case(beside, {"number": 1}).message("补正材料", 1).message("补正材料", 1)
    assert case.open == ["a", "x", "x"]
    assert not case.done("a").state.finished
    assert case.done("x").done("x").state.finished


def test_an_event_subprocess_with_a_timer_is_set_with_its_scope() -> None:
    made = program(
        SE + users("a") + event_sub("es", timer("timeCycle", "R2/P1D"), users("x") + '<endEvent id="ee"/>', "ones -> x -> ee", interrupting=False),
        "s -> a -> e",
    )
    case = Case(made).fire("ones").fire("ones")
    assert case.open == ["a", "x", "x"]
    assert case.state.open_timers == ()
    early = Case(made).done("a")
    assert early.state.finished
    assert len(early.of(flow.TimerCancelled)) == 1


def test_an_error_in_a_scope_goes_to_its_event_subprocess_first() -> None:
    made = program(
        SE
        + users("border")
        + sub("sub", inner("a") + event_sub("es", "<errorEventDefinition/>", users("x") + '<endEvent id="ee"><errorEventDefinition errorRef="e2"/></endEvent>', "ones -> x -> ee"), "s1 -> a -> e1")
        + boundary("sub", "<errorEventDefinition/>"),
        "s -> sub -> e; b -> border -> e",
        ERRORS.replace('id="e1"', 'id="err1"'),
    )
    case = Case(made).fail("a", "NOT_FOUND")
    assert case.open == ["x"]
    assert case.done("x").open == ["border"]  # thrown again out of the handler: not caught by itself


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
    handler = event_sub("es", "<compensateEventDefinition/>", users("x") + '<endEvent id="ee"/>', "ones -> x -> ee")
    made = program(
        '<startEvent id="s"/>'
        + sub("sub", inner("a", "b") + COMPENSABLE + handler + '<dataObject id="seat"/>', "s1 -> a -> b -> e1")
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


def adhoc(more: str = "", condition: str = "done = true") -> str:
    wanted = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    return sub("ah", users("call", "visit", "write") + wanted, "visit -> write", tag="adHocSubProcess", more=more)


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


CALLED = xml(SE + users("x") + '<scriptTask id="sc"><script>{sum: a + 1}</script></scriptTask>', "s -> x -> sc -> e", process="Sub")


def calling(extra: str = "", loop: str = "") -> bytes:
    return xml(
        SE + users("after") + f'<callActivity id="call" calledElement="Sub">{extra}{loop}</callActivity>'
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
    mapped = calling('<extensionElements><qc:input source="a * 10" target="a"/><qc:output source="sum" target="total"/></extensionElements>')
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


def test_a_process_that_calls_itself_is_stopped() -> None:
    made = flow.compile(flow.read(xml(SE + '<callActivity id="c" calledElement="P"/>', "s -> c -> e")))
    with pytest.raises(flow.FlowLimitError):
        flow.start(made, {}, AT)


def test_a_global_task_can_be_called() -> None:
    document = xml(SE + '<callActivity id="c" calledElement="G"/>', "s -> c -> e", '<globalUserTask id="G" name="签字"/>')
    case = Case(flow.compile(flow.read(document)))
    assert [task.kind for task in case.state.open_tasks] == ["user"]
    assert case.send(flow.TaskDone(case.state.open_tasks[0].id)).state.finished


def test_scopes_that_cannot_be_run_are_refused() -> None:
    assert problems(SE + sub("sub", ""), "s -> sub -> e") == {"empty"}
    assert problems(SE + sub("sub", '<startEvent id="s1"/>' + users("a"), "s1 -> a"), "s -> sub -> e") == {"no-end"}
    assert problems(SE + users("a"), "s -> e") == {"unreachable"}
    assert problems('<startEvent id="s"/>' + users("a"), "s -> a") == {"no-end"}
    assert problems('<startEvent id="s"/><startEvent id="t"/><endEvent id="e"/>', "s -> e; t -> e") == {"several-starts"}
    assert problems(SE + users("a", "b"), "s -> a -> b -> a; s -> e") == {"no-end"}
    assert problems(SE + '<task id="a"/><scriptTask id="b"><script>{x: 1}</script></scriptTask><exclusiveGateway id="x" default="x_e"/>', "s -> a -> b -> x; x -> a [n > 1]; x -> e") == {"cycle"}
    assert problems(SE + '<choreographyTask id="q"/>', "s -> e") == {"unknown-element"}
    assert problems(SE + sub("es", users("x"), more='triggeredByEvent="true"'), "s -> e") == {"bad-start", "unreachable"}
    assert problems(SE + '<endEvent id="z"><cancelEventDefinition/></endEvent>' + users("a"), "s -> a -> z; a -> e") == {"bad-cancel"}
    assert problems(SE + users("a") + boundary("a", "<compensateEventDefinition/>"), "s -> a -> e") == {"no-handler"}


def test_a_signal_ends_two_scopes_once_each() -> None:
    made = program(
        SE + users("x") + sub("sub", inner("a"), "s1 -> a -> e1") + boundary("sub", ON_SIGNAL) + boundary("sub", ON_SIGNAL, id="b2"),
        "s -> sub -> e; b -> x -> e; b2 -> x",
        MESSAGE,
    )
    assert Case(made).signal("停电").open == ["x"]
