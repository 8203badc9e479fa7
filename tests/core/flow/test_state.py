"""What is stored of a case: little, never the model, and never mistaken for another version's."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from quancheng.core import flow

from .bpmn import AT, Case, program
from .test_events import boundary, timer
from .test_gateways import SE, users


def five_steps() -> flow.Program:
    names = ["apply", "accept", "visit", "decide", "collect"]
    return program(
        SE + users(*names) + boundary("decide", timer("timeDuration", "P20D"), interrupting=False),
        "s -> " + " -> ".join(names) + " -> e; b -> e",
    )


def test_a_case_of_five_steps_stays_under_a_kilobyte() -> None:
    case = Case(five_steps(), {"applicant": {"name": "张三", "district": "历下区"}})
    for step in ("apply", "accept", "visit", "decide", "collect"):
        text = json.dumps(case.state.to_json(), ensure_ascii=False, separators=(",", ":"))
        assert len(text.encode()) < 400
        case.done(step, outcome="approve")
    assert len(json.dumps(case.state.to_json())) < 400


def test_a_state_is_read_by_its_own_version_only() -> None:
    made = five_steps()
    data = Case(made).state.to_json()
    assert flow.State.from_json(data).open_tasks[0].element == "apply"
    other = program(SE + users("apply"), "s -> apply -> e")
    with pytest.raises(flow.Rejected):
        flow.State.from_json(data, other)
    with pytest.raises(flow.Rejected):
        flow.handle(other, Case(made).state, flow.TaskDone("1"), AT)
    unknown = flow.State.from_json({**data, "m": "0" * 12})
    with pytest.raises(flow.Rejected):
        unknown.open_tasks


@pytest.mark.parametrize(
    "damage",
    [
        {"m": None},
        {"n": "x"},
        {"i": [[1]]},
        {"i": [[0, 0, -1], [3, 1, 77]]},
        {"i": [[0, 0, -1], [3, 99, 0]]},
        {"j": [[0, 1, 99]]},
        {"t": 5},
        {"t": [[9, 1, 0, 8, None]]},
        {"v": [1]},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    made = five_steps()
    data = {**Case(made).state.to_json(), **damage}
    with pytest.raises(flow.Rejected):
        flow.State.from_json(data, made)
    with pytest.raises(flow.Rejected):
        flow.State.from_json({}, made)


def test_handling_changes_neither_the_state_nor_what_was_given() -> None:
    made = five_steps()
    given = {"list": [1, 2]}
    first = flow.start(made, given, AT).state
    before = first.to_json()
    done = flow.TaskDone(first.open_tasks[0].id, {"more": {"a": [1]}})
    second = flow.handle(made, first, done, AT)
    assert first.to_json() == before
    assert flow.handle(made, first, done, AT).state == second.state
    second.state.variables["list"] = "changed"
    assert second.state.variables["list"] == [1, 2]


def test_values_are_kept_as_json() -> None:
    case = Case(program(SE + users("a"), "s -> a -> e"), {"n": Decimal("12.50"), "d": date(2026, 3, 2)})
    assert case.state.variables == {"n": 12.5, "d": "2026-03-02"}


def test_mappings_give_a_task_its_own_view_and_take_what_is_asked_for() -> None:
    made = program(
        SE + '<userTask id="a"><extensionElements><qc:input source="form.area * 2" target="double"/>'
        '<qc:output source="opinion + double" target="total"/></extensionElements></userTask>',
        "s -> a -> e",
    )
    case = Case(made, {"form": {"area": 4}})
    assert case.state.open_tasks[0].data == {"double": 8}
    assert case.done("a", opinion=1, noise=2).state.variables == {"form": {"area": 4}, "total": 9}


def test_data_associations_copy_between_named_things() -> None:
    made = program(
        SE
        + '<dataObject id="o1" name="order"/><dataObject id="o2" name="answer"/><userTask id="a"><ioSpecification>'
        '<dataInput id="i1" name="paper"/><dataOutput id="u1" name="verdict"/></ioSpecification>'
        "<dataInputAssociation><sourceRef>o1</sourceRef><targetRef>i1</targetRef></dataInputAssociation>"
        "<dataOutputAssociation><sourceRef>u1</sourceRef><targetRef>o2</targetRef></dataOutputAssociation></userTask>",
        "s -> a -> e",
    )
    case = Case(made, {"order": 7})
    assert case.state.open_tasks[0].data == {"paper": 7}
    assert case.done("a", verdict="yes", outcome="approve").state.variables == {
        "order": 7,
        "verdict": "yes",
        "outcome": "approve",
        "answer": "yes",
    }


def test_scripts_and_results_set_variables() -> None:
    made = program(
        SE + '<scriptTask id="sc" qc:result="total"><script>a + 1</script></scriptTask>'
        '<scriptTask id="sd"><script>{b: total * 2}</script></scriptTask>'
        '<businessRuleTask id="r" qc:decision="资格" qc:result="verdict"/><serviceTask id="v" qc:service="x.y"/>',
        "s -> sc -> sd -> r -> v -> e",
    )
    case = Case(made, {"a": 1})
    (decision,) = case.of(flow.DecisionRequested)
    assert case.effects == [
        flow.TaskOpened(decision.task, "r", "rule"),
        flow.DecisionRequested(decision.task, "r"),
    ]
    case.done("r", outcome="pass", zh="可以")
    assert case.of(flow.ServiceRequested) == [flow.ServiceRequested(case.task("v"), "v")]
    assert case.done("v", receipt=5).state.variables == {
        "a": 1,
        "total": 2,
        "b": 4,
        "verdict": {"outcome": "pass", "zh": "可以"},
        "receipt": 5,
    }


def test_a_variable_may_be_called_like_a_function() -> None:
    made = program(
        SE + '<scriptTask id="sc"><script>{x: number + count}</script></scriptTask>', "s -> sc -> e"
    )
    assert Case(made, {"number": 1, "count": 2}).state.variables["x"] == 3


def test_scripts_in_other_languages_are_refused() -> None:
    from .bpmn import problems

    body = SE + '<scriptTask id="a" scriptFormat="{}"><script>{}</script></scriptTask>'
    assert problems(body.format("javascript", "x = 1"), "s -> a -> e") == {"script-language"}
    assert problems(SE + '<scriptTask id="a"/>', "s -> a -> e") == {"no-script"}
    assert problems(body.format("feel", "x +"), "s -> a -> e") == {"bad-feel"}
    assert problems(body.format("feel", "x = 1"), "s -> a -> e") == {"no-result"}


def test_the_clock_may_be_without_a_zone_and_variables_must_be_named() -> None:
    made = program(SE + users("a") + boundary("a", timer("timeDuration", "P1D")), "s -> a -> e; b -> e")
    step = flow.start(made, {}, AT.replace(tzinfo=None))
    assert step.state.open_timers[0].due == AT.replace(tzinfo=None, day=3)
    with pytest.raises(flow.Rejected):
        flow.start(made, [1], AT)  # type: ignore[arg-type]
