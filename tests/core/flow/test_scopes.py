"""Sub-processes of every kind: embedded, event, transaction, ad-hoc, called; and compensation."""

from __future__ import annotations

import pytest

from quancheng.core import flow

from .bpmn import Case, flows, problems, program
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
        SE
        + users("after")
        + sub("sub", inner("a", "b") + '<parallelGateway id="f"/>', "s1 -> f; f -> a -> e1; f -> b -> e1"),
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
            inner("a", "b")
            + '<parallelGateway id="f"/><endEvent id="z"><terminateEventDefinition/></endEvent>',
            "s1 -> f; f -> a -> z; f -> b -> e1",
        ),
        "s -> sub -> after -> e",
    )
    assert Case(made).done("a").open == ["after"]


def test_an_interrupting_boundary_takes_the_whole_subprocess_away() -> None:
    made = program(
        SE
        + users("chase")
        + sub(
            "sub",
            inner("a") + sub("deep", inner("x", id="2"), "s2 -> x -> e2") + '<parallelGateway id="f"/>',
            "s1 -> f; f -> a -> e1; f -> deep -> e1",
        )
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
        + sub(
            "sub",
            inner("a", "b", end='<errorEventDefinition errorRef="e1"/>').replace('id="e1"', 'id="z"')
            + '<parallelGateway id="f"/><endEvent id="ok"/>',
            "s1 -> f; f -> a -> z; f -> b -> ok",
        )
        + boundary("sub", '<errorEventDefinition errorRef="e1"/>', id="b1")
        + boundary("sub", '<errorEventDefinition errorRef="e2"/>', id="b2"),
        "s -> sub -> e; b1 -> fix -> e; b2 -> any -> e",
        ERRORS,
    )
    assert Case(made).done("a").open == ["fix"]


def test_an_event_subprocess_takes_over_or_runs_beside() -> None:
    body = SE + users("a")
    takes_over = program(
        body + event_sub("es", ON_MESSAGE, users("x") + '<endEvent id="ee"/>', "ones -> x -> ee"),
        "s -> a -> e",
        MESSAGE,
    )
    case = Case(takes_over, {"number": 1}).message("补正材料", 1, why="补")
    assert case.open == ["x"]
    assert case.state.variables["why"] == "补"
    with pytest.raises(flow.Rejected):
        case.message("补正材料", 1)
    assert case.done("x").outcome == "completed"
    beside = program(
        body
        + event_sub(
            "es", ON_MESSAGE, users("x") + '<endEvent id="ee"/>', "ones -> x -> ee", interrupting=False
        ),
        "s -> a -> e",
        MESSAGE,
    )
    case = Case(beside, {"number": 1}).message("补正材料", 1).message("补正材料", 1)
    assert case.open == ["a", "x", "x"]
    assert not case.done("a").state.finished
    assert case.done("x").done("x").state.finished


def test_an_event_subprocess_with_a_timer_is_set_with_its_scope() -> None:
    made = program(
        SE
        + users("a")
        + event_sub(
            "es",
            timer("timeCycle", "R2/P1D"),
            users("x") + '<endEvent id="ee"/>',
            "ones -> x -> ee",
            interrupting=False,
        ),
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
        + sub(
            "sub",
            inner("a")
            + event_sub(
                "es",
                "<errorEventDefinition/>",
                users("x") + '<endEvent id="ee"><errorEventDefinition errorRef="e2"/></endEvent>',
                "ones -> x -> ee",
            ),
            "s1 -> a -> e1",
        )
        + boundary("sub", "<errorEventDefinition/>"),
        "s -> sub -> e; b -> border -> e",
        ERRORS.replace('id="e1"', 'id="err1"'),
    )
    case = Case(made).fail("a", "NOT_FOUND")
    assert case.open == ["x"]
    assert case.done("x").open == ["border"]  # thrown again out of the handler: not caught by itself


def test_scopes_that_cannot_be_run_are_refused() -> None:
    assert problems(SE + sub("sub", ""), "s -> sub -> e") == {"empty"}
    assert problems(SE + sub("sub", '<startEvent id="s1"/>' + users("a"), "s1 -> a"), "s -> sub -> e") == {
        "no-end"
    }
    assert problems(SE + users("a"), "s -> e") == {"unreachable"}
    assert problems('<startEvent id="s"/>' + users("a"), "s -> a") == {"no-end"}
    assert problems('<startEvent id="s"/><startEvent id="t"/><endEvent id="e"/>', "s -> e; t -> e") == {
        "several-starts"
    }
    assert problems(SE + users("a", "b"), "s -> a -> b -> a; s -> e") == {"no-end"}
    assert problems(
        SE
        + '<task id="a"/><scriptTask id="b"><script>{x: 1}</script></scriptTask><exclusiveGateway id="x" default="x_e"/>',
        "s -> a -> b -> x; x -> a [n > 1]; x -> e",
    ) == {"cycle"}
    assert problems(SE + '<choreographyTask id="q"/>', "s -> e") == {"unknown-element"}
    assert problems(SE + sub("es", users("x"), more='triggeredByEvent="true"'), "s -> e") == {
        "bad-start",
        "unreachable",
    }
    assert problems(
        SE + '<endEvent id="z"><cancelEventDefinition/></endEvent>' + users("a"), "s -> a -> z; a -> e"
    ) == {"bad-cancel"}
    assert problems(SE + users("a") + boundary("a", "<compensateEventDefinition/>"), "s -> a -> e") == {
        "no-handler"
    }


def test_a_signal_ends_two_scopes_once_each() -> None:
    made = program(
        SE
        + users("x")
        + sub("sub", inner("a"), "s1 -> a -> e1")
        + boundary("sub", ON_SIGNAL)
        + boundary("sub", ON_SIGNAL, id="b2"),
        "s -> sub -> e; b -> x -> e; b2 -> x",
        MESSAGE,
    )
    assert Case(made).signal("停电").open == ["x"]


def test_an_event_subprocess_starts_when_its_condition_comes_true() -> None:
    when = "<conditionalEventDefinition><condition>level = 1</condition></conditionalEventDefinition>"
    made = program(
        SE
        + users("a")
        + event_sub("es", when, users("x") + '<endEvent id="ee"/>', "ones -> x -> ee", interrupting=False)
        + '<userTask id="w" default="w_a"/>',
        "s -> w; w -> a -> e; w -> w [level < 9]",
    )
    case = Case(made, {"level": 0})
    assert case.done("w", level=1).open == ["w", "x"]
    assert case.done("w", level=0).done("w", level=1).open == ["x", "w", "x"]
    case.done("w", level=9).done("a")
    assert not case.state.finished
    assert case.done("x").done("x").state.finished


def test_a_handler_inside_is_told_what_went_wrong() -> None:
    handler = event_sub(
        "es", "<errorEventDefinition/>", users("x") + '<endEvent id="ee"/>', "ones -> x -> ee"
    )
    handler = handler.replace('id="ones"', 'id="ones" qc:codeVariable="code" qc:messageVariable="why"')
    case = Case(program(SE + users("a") + handler, "s -> a -> e")).fail("a", "E7")
    assert case.state.variables == {"code": "E7", "why": "失败"}
    assert case.done("x").state.outcome == "completed"
