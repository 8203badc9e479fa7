"""Whatever the process: no token is lost or doubled, JSON changes nothing, garbage changes nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quancheng.core import flow

from .blocks import VARIABLES, blocks, document
from .bpmn import AT

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _choices(state: flow.State) -> list[flow.Event]:
    done: list[flow.Event] = [flow.TaskDone(task.id, {"by": task.id}) for task in state.open_tasks]
    return done + [flow.TimerFired(timer.id) for timer in state.open_timers]


def _run(made: flow.Program, picks: list[int], *, stored: bool) -> tuple[flow.State, list[flow.Effect], int]:
    step = flow.start(made, VARIABLES, AT)
    state, effects = step.state, list(step.effects)
    steps = 0
    while not state.finished:
        if stored:
            data = state.to_json()
            state = flow.State.from_json(data, made)
            assert state.to_json() == data
        choices = _choices(state)
        assert choices, f"stuck at {state.waiting}"
        event = choices[picks[steps % len(picks)] % len(choices)]
        step = flow.handle(made, state, event, AT)
        state = step.state
        effects.extend(step.effects)
        steps += 1
        assert steps < 500
    return state, effects, steps


def _balanced(effects: list[flow.Effect], answered: int) -> None:
    opened = [e.task for e in effects if isinstance(e, flow.TaskOpened)]
    cancelled = [e.task for e in effects if isinstance(e, flow.TaskCancelled)]
    timers = [e.timer for e in effects if isinstance(e, flow.TimerSet)]
    gone = [e.timer for e in effects if isinstance(e, flow.TimerCancelled)]
    assert len(set(opened)) == len(opened)
    assert len(set(timers)) == len(timers)
    assert not set(cancelled) - set(opened)
    assert max(Counter(cancelled + gone).values(), default=1) == 1
    assert len(opened) + len(timers) == answered + len(cancelled) + len(gone)
    assert isinstance(effects[-1], flow.Finished)
    assert sum(isinstance(e, flow.Finished) for e in effects) == 1


@QUICK
@given(blocks(own=True), st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_every_process_ends_and_nothing_is_left_or_done_twice(block: Any, picks: list[int]) -> None:
    made = flow.compile(flow.read(document(block)))
    state, effects, steps = _run(made, picks, stored=False)
    assert state.outcome == "completed"
    assert not state.insts and not state.timers and not state.joins and not state.gates and not state.kids
    _balanced(effects, steps)
    again = _run(made, picks, stored=True)
    assert again[0] == state
    assert again[1] == effects


GARBAGE = st.one_of(
    st.builds(flow.TaskDone, st.text(max_size=3) | st.integers(-5, 99).map(str), st.just({})),
    st.builds(flow.TaskFailed, st.integers(0, 20).map(str), st.text(max_size=2)),
    st.builds(flow.TimerFired, st.integers(-5, 99).map(str)),
    st.builds(flow.Message, st.text(max_size=3), st.just({})),
    st.builds(flow.AdHocStart, st.text(max_size=3)),
    st.builds(flow.AdHocDone, st.text(max_size=3)),
    st.builds(flow.Escalated, st.integers(0, 20).map(str), st.text(max_size=2)),
    st.none() | st.integers() | st.text(),
)


@QUICK
@given(blocks(own=True), st.lists(GARBAGE, min_size=1, max_size=8))
def test_garbage_is_rejected_and_leaves_the_state_as_it_was(block: Any, events: list[Any]) -> None:
    made = flow.compile(flow.read(document(block)))
    state = flow.start(made, VARIABLES, AT).state
    before = state.to_json()
    tasks = {task.id for task in state.open_tasks} | {timer.id for timer in state.open_timers}
    for event in events:
        if getattr(event, "task", getattr(event, "timer", None)) in tasks and not isinstance(
            event, flow.TaskFailed | flow.Escalated
        ):
            continue
        with pytest.raises(flow.Rejected):
            flow.handle(made, state, event, AT)
    assert state.to_json() == before


@QUICK
@given(blocks(own=True), st.lists(st.integers(0, 50), min_size=1, max_size=5))
def test_a_case_moves_to_an_equal_version_anywhere_and_finishes(block: Any, picks: list[int]) -> None:
    old = flow.compile(flow.read(document(block)))
    new = flow.compile(flow.read(document(("seq", [block, ("task",)]))))
    state = flow.start(old, VARIABLES, AT).state
    for pick in picks:
        choices = _choices(state)
        if not choices:
            return
        state = flow.handle(old, state, choices[pick % len(choices)], AT).state
    if state.finished:
        return
    plan = flow.plan_migration(old, new, state)
    assert plan.ok, plan.losses
    moved = flow.migrate(plan, state)
    assert [t.item for t in moved.open_tasks] == [t.item for t in state.open_tasks]
    for _ in range(300):
        if moved.finished:
            break
        moved = flow.handle(new, moved, _choices(moved)[0], AT).state
    assert moved.outcome == "completed"
