"""Timers, messages, signals, conditions, errors, escalations: what a case waits for and throws."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quancheng.core import flow

from .bpmn import Case, flows, problems, program
from .test_gateways import SE, users


def boundary(host: str, definition: str, *, id: str = "b", interrupting: bool = True, **extra: str) -> str:
    more = "".join(f' qc:{key}="{value}"' for key, value in extra.items())
    return (
        f'<boundaryEvent id="{id}" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}"{more}>'
        f"{definition}</boundaryEvent>"
    )


def timer(kind: str, text: str) -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def catch(definition: str, id: str = "c", more: str = "") -> str:
    return f'<intermediateCatchEvent id="{id}" {more}>{definition}</intermediateCatchEvent>'


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", "P3D", datetime(2026, 3, 5, 9, tzinfo=UTC)),
        ("timeDuration", "P1M", datetime(2026, 4, 2, 9, tzinfo=UTC)),
        ("timeDuration", "PT1H30M", datetime(2026, 3, 2, 10, 30, tzinfo=UTC)),
        ("timeDuration", 'if urgent then "PT1H" else "P5D"', datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("timeDuration", "duration(term)", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("timeDate", "2026-05-01T08:00:00+08:00", datetime(2026, 5, 1, 0, tzinfo=UTC)),
        ("timeDate", "2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("timeDate", "now() + duration(term)", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("timeDate", "=day", datetime(2026, 6, 1, tzinfo=UTC)),
        ("timeCycle", "R3/PT10H", datetime(2026, 3, 2, 19, tzinfo=UTC)),
        ("timeCycle", "R/2026-04-01T00:00:00Z/P1D", datetime(2026, 4, 1, tzinfo=UTC)),
    ],
)
def test_a_timer_waits_until_it_is_due(kind: str, text: str, due: datetime) -> None:
    case = Case(
        program(SE + catch(timer(kind, text)), "s -> c -> e"),
        {"urgent": True, "term": "P2D", "day": "2026-06-01"},
    )
    (effect,) = case.of(flow.TimerSet)
    assert (effect.element, effect.due, effect.working_days) == ("c", due, None)
    assert case.state.open_timers[0].due == due
    assert case.fire("c").state.finished
    with pytest.raises(flow.Rejected):
        case.send(flow.TimerFired(effect.timer))


def test_working_days_are_for_the_shell_to_count() -> None:
    case = Case(
        program(SE + catch("<timerEventDefinition/>", more='qc:workingDays="food.decide"'), "s -> c -> e")
    )
    (effect,) = case.of(flow.TimerSet)
    assert (effect.due, effect.working_days) == (None, "food.decide")
    assert case.state.open_timers == (flow.OpenTimer(effect.timer, "c", None, "food.decide"),)


@pytest.mark.parametrize("text", ["R0/PT1H", "R/PT0S", "0 0 * * ?", "P", "R3"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    body, path = SE + catch(timer("timeCycle", text)), "s -> c -> e"
    if problems(body, path):
        assert problems(body, path) == {"bad-feel"}
    else:
        with pytest.raises(flow.Rejected):
            Case(program(body, path))


def test_an_interrupting_timer_takes_the_task_away() -> None:
    made = program(
        SE + users("a", "chase") + boundary("a", timer("timeDuration", "P5D")), "s -> a -> e; b -> chase -> e"
    )
    case = Case(made)
    task = case.task("a")
    case.fire("b")
    assert flow.TaskCancelled(task) in case.last
    assert case.open == ["chase"]
    in_time = Case(made).done("a")
    assert in_time.state.finished
    assert len(in_time.of(flow.TimerCancelled)) == 1


def test_a_reminder_comes_three_times_beside_the_task() -> None:
    made = program(
        SE + users("a", "remind") + boundary("a", timer("timeCycle", "R3/P1D"), interrupting=False),
        "s -> a -> e; b -> remind -> e",
    )
    case = Case(made)
    for day in (3, 4, 5):
        assert case.state.open_timers[0].due == datetime(2026, 3, day, 9, tzinfo=UTC)
        case.fire("b")
    assert case.state.open_timers == ()
    assert case.open == ["a", "remind", "remind", "remind"]
    case.done("a").done("remind").done("remind")
    assert not case.state.finished
    assert case.done("remind").state.finished


MESSAGE = '<message id="m" name="补正材料" qc:key="number"/><signal id="sig" name="停电"/>'
ON_MESSAGE = '<messageEventDefinition messageRef="m"/>'
ON_SIGNAL = '<signalEventDefinition signalRef="sig"/>'


def test_a_message_finds_its_case_by_key() -> None:
    made = program(SE + catch(ON_MESSAGE), "s -> c -> e", MESSAGE)
    case = Case(made, {"number": "JN-7"})
    for key in (None, "JN-8", 7):
        with pytest.raises(flow.Rejected):
            case.message("补正材料", key)
    with pytest.raises(flow.Rejected):
        case.message("别的", "JN-7")
    case.message("补正材料", "JN-7", files=["a.pdf"])
    assert case.state.finished
    assert case.state.variables == {"number": "JN-7", "files": ["a.pdf"]}


def test_a_message_correlates_by_the_properties_of_the_standard() -> None:
    root = (
        '<message id="m" name="订单"/><correlationProperty id="cp"><correlationPropertyRetrievalExpression '
        'messageRef="m"><messagePath>order.id</messagePath></correlationPropertyRetrievalExpression>'
        "</correlationProperty>"
    )
    made = program(
        SE + '<correlationSubscription id="cs" correlationKeyRef="k"><correlationPropertyBinding '
        'correlationPropertyRef="cp"><dataPath>mine</dataPath></correlationPropertyBinding></correlationSubscription>'
        + catch(ON_MESSAGE),
        "s -> c -> e",
        root,
    )
    case = Case(made, {"mine": 4})
    with pytest.raises(flow.Rejected):
        case.message("订单", order={"id": 5})
    assert case.message("订单", order={"id": 4}).state.finished


def test_one_message_wakes_one_waiting_step_only() -> None:
    made = program(
        SE
        + '<parallelGateway id="f"/><receiveTask id="a" messageRef="m"/><receiveTask id="b" messageRef="m"/>',
        "s -> f; f -> a -> e; f -> b -> e",
        '<message id="m" name="到货"/>',
    )
    case = Case(made)
    assert case.open == ["a", "b"]
    assert case.message("到货").open == ["b"]
    assert case.message("到货").state.finished


def test_a_message_beside_a_task_may_come_again_and_again() -> None:
    made = program(
        SE + users("a", "read") + boundary("a", ON_MESSAGE, interrupting=False),
        "s -> a -> e; b -> read -> e",
        MESSAGE,
    )
    case = Case(made, {"number": 1}).message("补正材料", 1).message("补正材料", 1)
    assert case.open == ["a", "read", "read"]


def test_a_signal_is_heard_by_all_and_by_nobody() -> None:
    made = program(
        SE + '<parallelGateway id="f"/>' + users("a", "after") + catch(ON_SIGNAL) + boundary("a", ON_SIGNAL),
        "s -> f; f -> a -> e; f -> c -> e; b -> after -> e",
        MESSAGE,
    )
    case = Case(made)
    assert case.signal("下雨").open == ["a"]
    assert case.last == ()
    assert case.signal("停电").open == ["after"]


def test_what_is_thrown_leaves_as_effects() -> None:
    made = program(
        SE
        + '<intermediateThrowEvent id="t" qc:payload="{n: number + 1}"><messageEventDefinition messageRef="m"/>'
        '</intermediateThrowEvent><sendTask id="u" messageRef="m"/><endEvent id="z"><signalEventDefinition '
        'signalRef="sig"/></endEvent>',
        "s -> t -> u -> z; t -> e",
        MESSAGE,
    )
    case = Case(made, {"number": 1})
    assert case.effects == [
        flow.MessageSent("补正材料", {"n": 2}),
        flow.MessageSent("补正材料", {}),
        flow.Ended("e"),
        flow.Ended("z"),
        flow.SignalThrown("停电", {}),
        flow.Finished("completed"),
    ]


def test_a_signal_thrown_is_heard_in_the_same_case() -> None:
    made = program(
        SE
        + '<parallelGateway id="f"/><intermediateThrowEvent id="t"><signalEventDefinition signalRef="sig"/>'
        "</intermediateThrowEvent>" + users("a", "b2") + catch(ON_SIGNAL),
        "s -> f; f -> c -> b2 -> e; f -> a -> t -> e",
        MESSAGE,
    )
    assert Case(made).done("a").open == ["b2"]


def test_a_condition_fires_when_it_becomes_true_and_only_then() -> None:
    when = "<conditionalEventDefinition><condition>level &gt; 3</condition></conditionalEventDefinition>"
    made = program(
        SE
        + users("a", "alarm")
        + '<userTask id="watch" default="watch_watch"/><parallelGateway id="f"/>'
        + boundary("a", when, interrupting=False),
        "s -> f; f -> a -> e; f -> watch -> watch; watch -> e [level < 0]; b -> alarm -> e",
    )
    case = Case(made, {"level": 1})
    assert case.done("watch", level=4).open == ["a", "watch", "alarm"]
    assert case.done("watch", level=5).open == ["a", "alarm", "watch"]
    assert case.done("watch", level=1).done("watch", level=9).open == ["a", "alarm", "watch", "alarm"]
    waits = program(SE + catch(when), "s -> c -> e")
    assert Case(waits, {"level": 5}).state.finished
    assert not Case(waits).state.finished


ERRORS = '<error id="e1" errorCode="NOT_FOUND"/><error id="e2" errorCode="BUSY"/><escalation id="esc" escalationCode="LATE"/>'


def test_an_error_goes_to_the_event_that_names_it_else_to_the_one_for_all() -> None:
    made = program(
        SE
        + '<serviceTask id="a"/>'
        + users("one", "any")
        + boundary("a", "<errorEventDefinition/>", id="b0", codeVariable="code", messageVariable="why")
        + boundary("a", '<errorEventDefinition errorRef="e1"/>', id="b1"),
        "s -> a -> e; b0 -> any -> e; b1 -> one -> e",
        ERRORS,
    )
    assert Case(made).fail("a", "NOT_FOUND").open == ["one"]
    other = Case(made).fail("a", "BUSY")
    assert other.open == ["any"]
    assert other.state.variables["code"] == "BUSY"
    assert other.state.variables["why"] == "失败"


def test_an_error_nobody_catches_leaves_the_task_open() -> None:
    case = Case(program(SE + users("a"), "s -> a -> e"))
    with pytest.raises(flow.Rejected):
        case.fail("a", "X")
    assert case.open == ["a"]


def test_an_error_end_that_nobody_catches_ends_the_case() -> None:
    made = program(
        SE
        + users("a", "b2")
        + '<parallelGateway id="f"/><endEvent id="z"><errorEventDefinition errorRef="e1"/></endEvent>',
        "s -> f; f -> a -> z; f -> b2 -> e",
        ERRORS,
    )
    case = Case(made).done("a")
    assert case.outcome == "error"
    assert case.last[-1] == flow.Finished("error", "NOT_FOUND")
    assert any(isinstance(effect, flow.TaskCancelled) for effect in case.last)


def test_an_escalation_is_told_above_while_the_work_goes_on() -> None:
    inner = (
        '<startEvent id="s1"/><intermediateThrowEvent id="t"><escalationEventDefinition escalationRef="esc"/>'
        '</intermediateThrowEvent><userTask id="a"/><endEvent id="e1x"/>'
    )
    body = SE + users("chief") + f'<subProcess id="sub">{inner}{flows("s1 -> t -> a -> e1x")}</subProcess>'
    on = '<escalationEventDefinition escalationRef="esc"/>'
    beside = Case(
        program(body + boundary("sub", on, interrupting=False), "s -> sub -> e; b -> chief -> e", ERRORS)
    )
    assert sorted(beside.open) == ["a", "chief"]
    instead = Case(program(body + boundary("sub", on), "s -> sub -> e; b -> chief -> e", ERRORS))
    assert instead.open == ["chief"]
    unheard = Case(program(body + users("x"), "s -> sub -> x -> e; x -> chief -> e", ERRORS))
    assert unheard.open == ["a"]


def test_a_clerk_escalates_a_task() -> None:
    made = program(
        SE
        + users("a", "chief")
        + boundary("a", '<escalationEventDefinition escalationRef="esc"/>', interrupting=False),
        "s -> a -> e; b -> chief -> e",
        ERRORS,
    )
    case = Case(made)
    assert case.send(flow.Escalated(case.task("a"), "LATE")).open == ["a", "chief"]
    with pytest.raises(flow.Rejected):
        case.send(flow.Escalated(case.task("a"), "EARLY"))


def test_links_jump_within_a_page() -> None:
    made = program(
        SE
        + '<intermediateThrowEvent id="t"><linkEventDefinition name="下一页"/></intermediateThrowEvent>'
        + catch('<linkEventDefinition name="下一页"/>')
        + users("a"),
        "s -> t; c -> a -> e",
    )
    assert Case(made).open == ["a"]


def test_terminate_ends_everything_at_once() -> None:
    made = program(
        SE
        + users("a", "b2")
        + '<parallelGateway id="f"/><endEvent id="z"><terminateEventDefinition/></endEvent>',
        "s -> f; f -> a -> z; f -> b2 -> e",
    )
    case = Case(made)
    left = case.task("b2")
    case.done("a")
    assert case.outcome == "terminated"
    assert case.last == (flow.Ended("z"), flow.TaskCancelled(left), flow.Finished("terminated"))


def test_a_case_is_withdrawn() -> None:
    case = Case(program(SE + users("a") + boundary("a", timer("timeDuration", "P1D")), "s -> a -> e; b -> e"))
    case.send(flow.Cancel("申请人撤回"))
    assert case.outcome == "cancelled"
    assert {type(effect) for effect in case.last} == {flow.TaskCancelled, flow.TimerCancelled, flow.Finished}
    with pytest.raises(flow.Rejected):
        case.send(flow.Cancel("再来"))


def test_an_event_of_several_kinds() -> None:
    two = ON_SIGNAL + '<messageEventDefinition messageRef="m"/>'
    root = '<message id="m" name="消息"/><signal id="sig" name="停电"/>'
    any_of = program(SE + catch(two), "s -> c -> e", root)
    assert Case(any_of).signal("停电").state.finished
    assert Case(any_of).message("消息").state.finished
    all_of = program(SE + catch(two, more='parallelMultiple="true"'), "s -> c -> e", root)
    case = Case(all_of).signal("停电").signal("停电")
    assert not case.state.finished
    assert case.message("消息").state.finished
