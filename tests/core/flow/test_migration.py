"""A new version of a model and the cases already running: moved whole, or refused with the loss named."""

from __future__ import annotations

from typing import Any

import pytest

from quancheng.core import flow

from .bpmn import AT, Case, program
from .test_compensation import COMPENSABLE
from .test_events import boundary, timer
from .test_gateways import SE, users
from .test_loops import DEPARTMENTS, THREE, many
from .test_scopes import inner, sub


def moved(case: Case, new: flow.Program, mapping: dict[str, str] | None = None) -> Case:
    plan = flow.plan_migration(case.program, new, case.state, mapping or {})
    assert plan.ok, [loss.text.zh for loss in plan.losses]
    state = flow.migrate(plan, case.state, AT)
    after = Case.__new__(Case)
    after.program, after.effects, after.last = new, [], ()
    after.state = flow.State.from_json(state.to_json(), new)
    assert after.state == state
    return after


def losses(case: Case, new: flow.Program, mapping: dict[str, str] | None = None) -> set[str]:
    plan = flow.plan_migration(case.program, new, case.state, mapping)
    before = case.state.to_json()
    assert not plan.ok
    with pytest.raises(flow.MigrationRefused):
        flow.migrate(plan, case.state)
    assert case.state.to_json() == before
    assert all(loss.text.zh and loss.text.en for loss in plan.losses)
    return {loss.code for loss in plan.losses}


def test_a_case_at_a_desk_gets_the_new_steps() -> None:
    old = program(SE + users("a"), "s -> a -> e")
    new = program(users("x") + SE + users("a", "check"), "s -> x -> a -> check -> e")
    case = moved(Case(old, {"k": 1}), new)
    assert case.open == ["a"]
    assert case.done("a").open == ["check"]
    assert case.done("check").outcome == "completed"
    assert case.state.variables == {"k": 1}


def test_an_open_round_of_departments_keeps_every_item() -> None:
    old = program(SE + many(DEPARTMENTS), "s -> review -> e")
    new = program(users("pre") + SE + many(DEPARTMENTS) + users("sum"), "s -> pre -> review -> sum -> e")
    case = Case(old, THREE).done("review", 0, outcome="agree")
    case = moved(case, new)
    assert [task.item for task in case.state.open_tasks] == ["health", "market"]
    case.done("review", outcome="object").done("review", outcome="agree")
    assert case.open == ["sum"]
    assert [(r["who"], r["ok"]) for r in case.state.variables["reviews"]] == [
        ("fire", "agree"),
        ("health", "object"),
        ("market", "agree"),
    ]


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        (many('isSequential="true" ' + DEPARTMENTS), "s -> review -> e", "multi-instance"),
        (many(DEPARTMENTS.replace('"departments"', '"offices"')), "s -> review -> e", "multi-instance"),
        (users("review"), "s -> review -> e", "multi-instance"),
        (users("other"), "s -> other -> e", "multi-instance"),
        (many(DEPARTMENTS, tag="serviceTask"), "s -> review -> e", "kind-changed"),
        (
            sub("sub", '<startEvent id="s1"/><endEvent id="e1"/>' + many(DEPARTMENTS), "s1 -> review -> e1"),
            "s -> sub -> e",
            "scope-changed",
        ),
    ],
)
def test_an_open_round_that_would_lose_its_items_is_refused(body: str, path: str, code: str) -> None:
    case = Case(program(SE + many(DEPARTMENTS), "s -> review -> e"), THREE)
    assert code in losses(case, program(SE + body, path))


def test_a_task_that_is_gone_needs_a_mapping() -> None:
    old = program(SE + users("a"), "s -> a -> e")
    new = program(SE + users("b"), "s -> b -> e")
    case = Case(old)
    assert losses(case, new) == {"vanished"}
    assert moved(case, new, {"a": "b"}).open == ["b"]
    assert losses(case, program(SE + many(DEPARTMENTS, id="a"), "s -> a -> e")) == {"loop-changed"}


def test_a_running_timer_needs_its_event() -> None:
    body = SE + users("a", "late")
    on_a = boundary("a", timer("timeDuration", "P5D"))
    old = program(body + on_a, "s -> a -> e; b -> late -> e")
    case = Case(old)
    assert losses(case, program(body, "s -> a -> late -> e")) == {"timer"}
    kept = moved(case, program(body + on_a + users("z"), "s -> a -> z -> e; b -> late -> e"))
    assert kept.state.open_timers == case.state.open_timers
    assert kept.fire("b").open == ["late"]


def test_a_new_time_limit_starts_to_run() -> None:
    old = program(SE + users("a", "late"), "s -> a -> late -> e")
    new = program(
        SE + users("a", "late") + boundary("a", timer("timeDuration", "P5D")), "s -> a -> e; b -> late -> e"
    )
    case = moved(Case(old), new)
    assert [t.element for t in case.state.open_timers] == ["b"]
    assert case.fire("b").open == ["late"]


def test_tokens_at_a_join_move_with_their_flows() -> None:
    body = SE + users("a", "b") + '<parallelGateway id="f"/><parallelGateway id="j"/>'
    old = program(body, "s -> f; f -> a -> j; f -> b -> j; j -> e")
    case = Case(old).done("a")
    new = program(users("n") + body, "s -> f; f -> b -> j; f -> a -> j; j -> n -> e")
    after = moved(case, new)
    assert after.done("b").open == ["n"]
    other = program(body + users("c"), "s -> f; f -> a -> c -> j; f -> b -> j; j -> e")
    assert losses(case, other) == {"token"}


def test_data_with_a_value_may_not_be_dropped() -> None:
    old = program(SE + '<dataObject id="plan" name="plan"/>' + users("a"), "s -> a -> e")
    new = program(SE + users("a"), "s -> a -> e")
    assert losses(Case(old, {"plan": 1}), new) == {"variable"}
    assert moved(Case(old), new).open == ["a"]


def test_what_could_be_undone_stays_undoable() -> None:
    def model(extra: str = "") -> flow.Program:
        return program(
            users(*extra.split())
            + SE
            + sub("sub", inner("a", "b") + COMPENSABLE, "s1 -> a -> b -> e1")
            + users("c")
            + '<endEvent id="z"><compensateEventDefinition/></endEvent><exclusiveGateway id="x" default="x_z"/>',
            "s -> sub -> c -> x; x -> z; x -> e [fine]"
            + "".join(f"; {name} -> e; x -> {name} [{name}]" for name in extra.split()),
        )

    case = Case(model()).done("a").done("b")
    after = moved(case, model("n"))
    after.done("c")
    assert after.open == ["undo_b"]
    after.done("undo_b").done("undo_a")
    assert after.state.finished
    gone = program(SE + sub("sub", inner("a", "b"), "s1 -> a -> b -> e1") + users("c"), "s -> sub -> c -> e")
    assert losses(case, gone) == {"compensation"}


def test_a_plan_is_for_its_own_version() -> None:
    old = program(SE + users("a"), "s -> a -> e")
    new = program(SE + users("b"), "s -> b -> e")
    case: Any = Case(old)
    with pytest.raises(flow.Rejected):
        flow.plan_migration(new, old, case.state)
    plan = flow.plan_migration(old, new, case.state, {"a": "b"})
    assert [(move.old, move.new) for move in plan.moves] == [("P", "P"), ("a", "b")]
