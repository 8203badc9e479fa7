"""Gateways and conditional flows: where tokens divide and come together."""

from __future__ import annotations

import pytest

from quancheng.core import flow

from .bpmn import Case, problems, program

SE = '<startEvent id="s"/><endEvent id="e"/>'


def users(*names: str) -> str:
    return "".join(f'<userTask id="{name}"/>' for name in names)


def test_a_clerk_decides_and_the_first_true_condition_wins() -> None:
    made = program(
        SE + users("decide", "issue", "return_") + '<exclusiveGateway id="x" default="x_return_"/>',
        's -> decide -> x; x -> issue [outcome = "approve"]; x -> e [outcome = "refuse"]; x -> return_;'
        "issue -> e; return_ -> decide",
    )
    case = Case(made).done("decide", outcome="return")
    assert case.open == ["return_"]
    case.done("return_").done("decide", outcome="approve")
    assert case.open == ["issue"]
    assert case.done("issue").outcome == "completed"
    assert case.ends == ("e",)


def test_without_a_default_the_event_is_refused_and_the_task_stays_open() -> None:
    case = Case(program(SE + users("a") + '<exclusiveGateway id="x"/>', "s -> a -> x; x -> e [n > 1]"))
    with pytest.raises(flow.NoPath) as refused:
        case.done("a", n=1)
    assert "x" in refused.value.text.zh
    assert case.open == ["a"]
    assert case.done("a", n=2).state.finished


def test_parallel_departments_are_waited_for() -> None:
    made = program(
        SE + users("fire", "health") + '<parallelGateway id="f"/><parallelGateway id="j"/>',
        "s -> f; f -> fire -> j; f -> health -> j; j -> e",
    )
    case = Case(made)
    assert case.open == ["fire", "health"]
    case.done("health")
    assert not case.state.stuck
    assert not case.state.finished
    assert case.state.waiting == ("fire", "j")
    assert case.done("fire").state.finished


def test_a_parallel_join_takes_one_token_of_each_flow_and_keeps_the_rest() -> None:
    made = program(
        SE
        + users("a", "b", "after")
        + '<exclusiveGateway id="m"/><parallelGateway id="f"/><parallelGateway id="j"/>',
        "s -> f; f -> a; f -> b; f -> m; a -> m; m -> j; b -> j; j -> after -> e",
    )
    case = Case(made).done("a")
    assert case.open == ["b"]
    case.done("b")
    assert case.open == ["after"]
    case.done("after")
    assert not case.state.finished  # the second token of m waits for a partner that cannot come
    assert case.state.waiting == ("j",)
    assert case.state.stuck


def test_an_inclusive_gateway_opens_what_applies_and_joins_exactly_that() -> None:
    made = program(
        SE
        + users("fire", "health", "noise", "after")
        + '<inclusiveGateway id="f" default="f_noise"/><inclusiveGateway id="j"/>',
        "s -> f; f -> fire [area > 100]; f -> health [food]; f -> noise; fire -> j; health -> j; noise -> j;"
        "j -> after -> e",
    )
    both = Case(made, {"area": 200, "food": True})
    assert both.open == ["fire", "health"]
    assert both.done("fire").open == ["health"]
    assert both.done("health").open == ["after"]
    one = Case(made, {"area": 200, "food": False})
    assert one.done("fire").open == ["after"]
    none = Case(made, {"area": 1, "food": False})
    assert none.open == ["noise"]
    assert none.done("noise").open == ["after"]


def test_an_inclusive_join_waits_for_tokens_far_away_that_can_still_come() -> None:
    made = program(
        SE
        + users("a", "b", "c", "after")
        + '<parallelGateway id="f"/><exclusiveGateway id="x" default="x_e2"/><inclusiveGateway id="j"/>'
        '<endEvent id="e2"/>',
        "s -> f; f -> a -> j; f -> b -> c -> x; x -> j [ok]; x -> e2; j -> after -> e",
    )
    goes = Case(made).done("a")
    assert goes.open == ["b"]
    assert goes.done("b").open == ["c"]
    assert goes.done("c", ok=True).open == ["after"]
    stays_away = Case(made).done("a").done("b").done("c", ok=False)
    assert stays_away.open == ["after"]
    assert stays_away.ends == ("e2",)


def test_a_token_behind_the_join_in_a_loop_does_not_hold_it() -> None:
    made = program(
        SE
        + users("a", "b", "again")
        + '<inclusiveGateway id="f" default="f_a"/><inclusiveGateway id="j"/><exclusiveGateway id="x" default="x_e"/>',
        "s -> f; f -> a; f -> b [both]; a -> j; b -> j; j -> again -> x; x -> f [more]; x -> e",
    )
    case = Case(made, {"both": False}).done("a").done("again", more=True)
    assert case.open == ["a"]
    assert case.done("a").done("again", more=False).state.finished


def test_two_inclusive_joins_that_can_reach_each_other_do_not_wait_for_ever() -> None:
    made = program(
        SE
        + users("a", "b", "c", "d")
        + '<parallelGateway id="f"/><inclusiveGateway id="j1"/><inclusiveGateway id="j2"/>'
        '<exclusiveGateway id="x" default="x_e"/><exclusiveGateway id="y" default="y_e"/>',
        "s -> f; f -> a -> j1; f -> b -> j2; j1 -> c -> x; j2 -> d -> y; x -> j2 [back]; x -> e; y -> j1 [back]; y -> e",
    )
    case = Case(made, {"back": False}).done("a").done("b")
    assert case.open == ["c"]  # by the letter of the standard both would wait for each other for ever
    assert case.done("c").open == ["d"]
    assert case.done("d").state.finished


def test_flows_out_of_a_task_may_have_conditions() -> None:
    made = program(
        SE + users("b", "c", "d") + '<userTask id="a" default="a_d"/>',
        "s -> a; a -> b [n > 1]; a -> c [n > 2]; a -> d; b -> e; c -> e; d -> e",
    )
    assert Case(made).done("a", n=3).open == ["b", "c"]
    assert Case(made).done("a", n=2).open == ["b"]
    assert Case(made).done("a", n=0).open == ["d"]


def test_two_plain_flows_out_of_a_task_are_a_fork() -> None:
    assert Case(program(SE + users("a", "b", "c"), "s -> a; a -> b -> e; a -> c -> e")).done("a").open == [
        "b",
        "c",
    ]


EVENTS = (
    SE
    + '<eventBasedGateway id="g"/><intermediateCatchEvent id="answer"><messageEventDefinition messageRef="m"/>'
    '</intermediateCatchEvent><intermediateCatchEvent id="late"><timerEventDefinition><timeDuration>P3D'
    '</timeDuration></timerEventDefinition></intermediateCatchEvent><receiveTask id="other" messageRef="n"/>'
    + users("a", "b", "c")
)
ROOT = '<message id="m" name="答复"/><message id="n" name="撤回"/>'
PATH = "s -> g; g -> answer -> a -> e; g -> late -> b -> e; g -> other -> c -> e"


def test_the_first_event_after_an_event_gateway_wins() -> None:
    case = Case(program(EVENTS, PATH, ROOT))
    assert case.open == []
    (timer,) = case.of(flow.TimerSet)
    assert timer.element == "late"
    case.message("答复", text="好")
    assert case.open == ["a"]
    assert case.of(flow.TimerCancelled) == [flow.TimerCancelled(timer.timer)]
    assert case.state.variables == {"text": "好"}
    with pytest.raises(flow.Rejected):
        case.message("撤回")
    assert Case(program(EVENTS, PATH, ROOT)).fire("late").open == ["b"]
    assert Case(program(EVENTS, PATH, ROOT)).message("撤回").open == ["c"]


def test_an_instantiating_event_gateway_begins_with_whichever_message_comes() -> None:
    body = EVENTS.replace('id="g"', 'id="g" instantiate="true"').replace('<startEvent id="s"/>', "")
    made = program(body, PATH.removeprefix("s -> g; "), ROOT)
    assert Case(made).message("撤回").open == ["c"]
    begun = flow.start(made, {}, Case(made).state.open_timers[0].due, event=None)  # type: ignore[arg-type]
    assert not begun.state.open_tasks


def test_an_event_gateway_may_need_all_its_messages_to_begin() -> None:
    body = EVENTS.replace('id="g"', 'id="g" instantiate="true" eventGatewayType="Parallel"')
    made = program(body.replace('<startEvent id="s"/>', ""), PATH.removeprefix("s -> g; "), ROOT)
    case = Case(made).message("撤回")
    assert case.open == ["c"]
    with pytest.raises(flow.Rejected):
        case.message("撤回")
    case.done("c").message("答复").done("a")
    assert not case.state.finished
    assert case.fire("late").done("b").state.finished
    assert problems(EVENTS.replace('id="g"', 'id="g" eventGatewayType="Parallel"'), PATH, ROOT) == {
        "bad-gateway"
    }


COMPLEX = (
    SE
    + users("a", "b", "c", "after")
    + '<parallelGateway id="f"/><complexGateway id="j"><activationCondition>activationCount >= 2'
    "</activationCondition></complexGateway>"
)


def test_two_of_three_opinions_are_enough_and_the_late_one_does_no_harm() -> None:
    made = program(COMPLEX, "s -> f; f -> a -> j; f -> b -> j; f -> c -> j; j -> after -> e")
    case = Case(made).done("a")
    assert case.open == ["b", "c"]
    assert case.done("c").open == ["b", "after"]
    assert case.done("b").open == ["after"]
    assert case.done("after").state.finished


def test_a_complex_gateway_may_act_on_its_reset() -> None:
    made = program(
        COMPLEX + users("late"),
        "s -> f; f -> a -> j; f -> b -> j; f -> c -> j; j -> after [waitingForStart];"
        "j -> late [not(waitingForStart)]; after -> e; late -> e",
    )
    case = Case(made).done("a").done("b").done("after")
    assert case.open == ["c"]
    assert case.done("c").open == ["late"]
    assert case.done("late").state.finished


def test_conditions_and_defaults_are_checked() -> None:
    gate = SE + users("a", "b") + '<exclusiveGateway id="x"/>'
    assert problems(gate, "s -> x; x -> a [n > 1]; x -> b; a -> e; b -> e") == {"missing-condition"}
    assert problems(
        gate.replace('"x"', '"x" default="a_e"'), "s -> x; x -> a [n > 1]; x -> b [n = 2]; a -> e; b -> e"
    ) == {"bad-default"}
    assert problems(gate, "s -> x; x -> a [n >]; x -> b [n = 2]; a -> e; b -> e") == {"bad-feel"}
    assert "missing-condition" in problems(
        SE + users("a", "b") + '<parallelGateway id="f"/><complexGateway id="j"/>',
        "s -> f; f -> a -> j; f -> b -> j; j -> e",
    )


def test_tokens_can_be_counted() -> None:
    made = program(
        SE + '<userTask id="two" completionQuantity="2"/><userTask id="both" startQuantity="2"/>',
        "s -> two -> both -> e",
    )
    case = Case(made)
    assert case.done("two").open == ["both"]
    assert case.done("both").state.finished
