"""Multi-instance and loop activities: many departments, many items, until enough."""

from __future__ import annotations

import pytest

from quancheng.core import flow

from .bpmn import AT, Case, problems, program
from .test_calls import CALLED, calling
from .test_events import ERRORS, boundary, timer
from .test_gateways import SE, users
from .test_scopes import inner, sub


def many(more: str = "", inside: str = "", id: str = "review", tag: str = "userTask", body: str = "") -> str:
    return (
        f'<{tag} id="{id}"><multiInstanceLoopCharacteristics {more}>{inside}'
        f"</multiInstanceLoopCharacteristics>{body}</{tag}>"
    )


DEPARTMENTS = 'qc:collection="departments" qc:item="department" qc:outputCollection="reviews" qc:outputItem="{who: department, ok: outcome}"'
THREE = {"departments": ["fire", "health", "market"]}


def test_three_departments_at_once() -> None:
    case = Case(program(SE + many(DEPARTMENTS), "s -> review -> e"), THREE)
    assert [task.item for task in case.state.open_tasks] == ["fire", "health", "market"]
    assert [effect.item for effect in case.of(flow.TaskOpened)] == ["fire", "health", "market"]
    case.done("review", 2, outcome="agree").done("review", 0, outcome="object")
    assert [task.item for task in case.state.open_tasks] == ["health"]
    case.done("review", outcome="agree")
    assert case.state.finished
    assert case.state.variables["reviews"] == [
        {"who": "fire", "ok": "object"},
        {"who": "health", "ok": "agree"},
        {"who": "market", "ok": "agree"},
    ]


def test_three_departments_one_after_another() -> None:
    case = Case(program(SE + many(f'isSequential="true" {DEPARTMENTS}'), "s -> review -> e"), THREE)
    for department in THREE["departments"]:
        assert [task.item for task in case.state.open_tasks] == [department]
        case.done("review", outcome=department)
    assert [row["ok"] for row in case.state.variables["reviews"]] == THREE["departments"]


STANDARD = (
    "<loopDataInputRef>list</loopDataInputRef><loopDataOutputRef>results</loopDataOutputRef>"
    '<inputDataItem id="i1" name="department"/><outputDataItem id="o1" name="opinion"/>'
)


def test_the_collection_of_the_standard_goes_by_data_objects() -> None:
    body = SE + '<dataObject id="list" name="departments"/><dataObject id="results" name="opinions"/>'
    case = Case(program(body + many("", STANDARD), "s -> review -> e"), THREE)
    for number in range(3):
        case.done("review", opinion=number)
    assert case.state.variables == {**THREE, "opinions": [0, 1, 2]}


def test_the_collection_may_come_through_an_input_of_the_activity() -> None:
    io = (
        '<ioSpecification><dataInput id="in1"/><dataOutput id="out1"/></ioSpecification><dataInputAssociation>'
        "<sourceRef>ref1</sourceRef><targetRef>in1</targetRef></dataInputAssociation><dataOutputAssociation>"
        "<sourceRef>out1</sourceRef><targetRef>ref2</targetRef></dataOutputAssociation>"
    )
    body = (
        SE + '<dataObject id="d1"/><dataObject id="d2"/><dataObjectReference id="ref1" name="departments" '
        'dataObjectRef="d1"/><dataObjectReference id="ref2" name="opinions" dataObjectRef="d2"/>'
    )
    inside = STANDARD.replace(">list<", ">in1<").replace(">results<", ">out1<")
    case = Case(program(body + many("", inside, body=io), "s -> review -> e"), THREE)
    assert [task.item for task in case.state.open_tasks] == THREE["departments"]
    for number in range(3):
        case.done("review", opinion=number)
    assert case.state.variables == {**THREE, "opinions": [0, 1, 2]}


def test_enough_is_enough() -> None:
    condition = (
        "<completionCondition>numberOfCompletedInstances / numberOfInstances &gt;= 0.5</completionCondition>"
    )
    case = Case(program(SE + many(DEPARTMENTS, condition), "s -> review -> e"), THREE)
    case.done("review", 1, outcome="agree")
    assert len(case.state.open_tasks) == 2
    case.done("review", 1, outcome="agree")
    assert case.state.finished
    assert [type(effect) for effect in case.last] == [flow.TaskCancelled, flow.Ended, flow.Finished]
    assert [row["who"] for row in case.state.variables["reviews"]] == ["health", "market"]


def test_one_objection_stops_the_round() -> None:
    condition = '<completionCondition>outcome = "object"</completionCondition>'
    case = Case(program(SE + many(DEPARTMENTS, condition), "s -> review -> e"), THREE)
    assert case.done("review", 0, outcome="agree").open == ["review", "review"]
    assert case.done("review", 0, outcome="object").state.finished


def test_a_number_of_times() -> None:
    case = Case(
        program(SE + many("", "<loopCardinality>n * 2</loopCardinality>"), "s -> review -> e"), {"n": 2}
    )
    assert len(case.open) == 4
    assert Case(
        program(SE + many("", "<loopCardinality>0</loopCardinality>"), "s -> review -> e")
    ).state.finished
    empty = Case(program(SE + many(DEPARTMENTS), "s -> review -> e"), {"departments": []})
    assert empty.state.variables["reviews"] == []


@pytest.mark.parametrize("bad", [None, 3, "fire", True])
def test_what_is_no_list_is_refused(bad: object) -> None:
    made = program(SE + users("a") + many(DEPARTMENTS), "s -> a -> review -> e")
    case = Case(made)
    with pytest.raises(flow.Rejected):
        case.done("a", departments=bad)
    assert case.open == ["a"]
    times = program(SE + many("", "<loopCardinality>n</loopCardinality>"), "s -> review -> e")
    with pytest.raises(flow.Rejected):
        Case(times, {"n": -1 if bad is True else 1.5})


def test_each_item_has_a_subprocess_of_its_own() -> None:
    body = sub("review", inner("look", "sign"), "s1 -> look -> sign -> e1").replace(
        '<startEvent id="s1"/>',
        f'<multiInstanceLoopCharacteristics {DEPARTMENTS.replace("outcome", "found")}/><dataObject id="found"/><startEvent id="s1"/>',
    )
    case = Case(program(SE + body, "s -> review -> e"), THREE)
    assert case.open == ["look"] * 3
    for number in range(3):
        case.send(flow.TaskDone(case.state.open_tasks[0].id, {"found": number}))
    assert case.open == ["sign"] * 3
    case.done("sign", 2).done("sign", 1).done("sign")
    assert [row["ok"] for row in case.state.variables["reviews"]] == [0, 1, 2]
    assert "found" not in case.state.variables


def test_each_item_may_call_a_process() -> None:
    loop = '<multiInstanceLoopCharacteristics qc:collection="[5, 6]" qc:item="a" qc:outputCollection="sums" qc:outputItem="sum"/>'
    made = flow.compile(flow.read(calling(loop=loop)), library={"Sub": flow.read(CALLED)})
    case = Case(made, {})
    assert case.open == ["x", "x"]
    case.done("x").done("x")
    assert case.state.variables["sums"] == [6, 7]


def test_a_boundary_event_belongs_to_the_whole() -> None:
    made = program(
        SE + users("late") + many(DEPARTMENTS) + boundary("review", timer("timeDuration", "P5D")),
        "s -> review -> e; b -> late -> e",
    )
    case = Case(made, THREE)
    assert len(case.of(flow.TimerSet)) == 1
    case.done("review").fire("b")
    assert case.open == ["late"]
    failing = program(
        SE + users("late") + many(DEPARTMENTS) + boundary("review", "<errorEventDefinition/>"),
        "s -> review -> e; b -> late -> e",
    )
    assert Case(failing, THREE).fail("review", "X").open == ["late"]


def test_a_loop_repeats_while_its_condition_holds() -> None:
    def loop(more: str, condition: str = "again") -> str:
        inside = f"<loopCondition>{condition}</loopCondition>" if condition else ""
        return f'<userTask id="a"><standardLoopCharacteristics {more}>{inside}</standardLoopCharacteristics></userTask>'

    after = Case(program(SE + loop(""), "s -> a -> e"), {"again": False})
    assert after.open == ["a"]
    assert after.done("a", again=True).done("a", again=True).open == ["a"]
    assert after.done("a", again=False).state.finished
    before = program(SE + loop('testBefore="true"'), "s -> a -> e")
    assert Case(before, {"again": False}).state.finished
    most = Case(program(SE + loop('loopMaximum="2"', ""), "s -> a -> e"))
    assert most.done("a").done("a").state.finished
    counted = Case(program(SE + loop("", "loopCounter &lt; 3"), "s -> a -> e"))
    assert counted.done("a").done("a").done("a").state.finished


def test_a_loop_that_never_waits_is_stopped() -> None:
    body = (
        SE + '<scriptTask id="a"><standardLoopCharacteristics><loopCondition>true</loopCondition>'
        "</standardLoopCharacteristics><script>{n: 1}</script></scriptTask>"
    )
    made = program(body, "s -> a -> e")
    with pytest.raises(flow.FlowLimitError):
        Case(made, limits=flow.Limits(max_steps=500))
    with pytest.raises(flow.FlowLimitError):
        Case(
            program(SE + many("", "<loopCardinality>100</loopCardinality>"), "s -> review -> e"),
            limits=flow.Limits(max_instances=50),
        )


def test_a_multi_instance_may_throw_as_its_instances_end() -> None:
    root = ERRORS + '<escalationEventDefinition id="told" escalationRef="esc"/>'
    body = (
        SE
        + users("tell")
        + many(f'behavior="One" oneBehaviorEventRef="told" {DEPARTMENTS}')
        + boundary("review", '<escalationEventDefinition escalationRef="esc"/>', interrupting=False)
    )
    case = Case(program(body, "s -> review -> e; b -> tell -> e", root), THREE).done("review")
    assert sorted(case.open) == ["review", "review", "tell"]
    assert sorted(case.done("review").open) == ["review", "tell"]


def test_a_multi_instance_may_throw_when_a_condition_holds() -> None:
    told = (
        "<complexBehaviorDefinition><condition>numberOfCompletedInstances = 2</condition>"
        '<event><signalEventDefinition signalRef="sig"/></event></complexBehaviorDefinition>'
    )
    body = (
        SE
        + users("tell")
        + many(f'behavior="Complex" {DEPARTMENTS}', told)
        + boundary("review", '<signalEventDefinition signalRef="sig"/>')
    )
    case = Case(program(body, "s -> review -> e; b -> tell -> e", '<signal id="sig" name="过半"/>'), THREE)
    assert case.done("review").open == ["review", "review"]
    assert case.done("review").open == ["tell"]
    assert flow.SignalThrown("过半", {}) in case.last


def test_many_instances_stay_quick() -> None:
    made = program(SE + many('qc:collection="for i in 1..2000 return i" qc:item="n"'), "s -> review -> e")
    case = flow.start(made, {}, AT).state
    for task in case.open_tasks[:50]:
        case = flow.handle(made, case, flow.TaskDone(task.id), AT).state
    assert len(case.open_tasks) == 1950


def test_loops_without_an_end_are_refused() -> None:
    assert problems(SE + many("", ""), "s -> review -> e") == {"no-collection"}
    body = SE + '<userTask id="a"><standardLoopCharacteristics/></userTask>'
    assert problems(body, "s -> a -> e") == {"missing-condition"}
