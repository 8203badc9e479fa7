"""State machines: nothing leaves a final state, refusals say what is possible, every state is reached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.command.flow import ACTIVATION, INCIDENT, TASK, Machine, NotAllowed, step, worse

MACHINES = (INCIDENT, TASK, ACTIVATION)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_is_reached_and_every_open_state_can_end(machine: Machine) -> None:
    seen, edge = {machine.initial}, [machine.initial]
    while edge:
        state = edge.pop()
        for one in machine.from_state(state):
            if one.target not in seen:
                seen.add(one.target)
                edge.append(one.target)
    assert seen == set(machine.states)
    for state in machine.open:
        assert any(machine.from_state(state)), state
    for state in machine.over:
        assert not list(machine.from_state(state)), state


@given(st.sampled_from(MACHINES), st.data())
def test_walks_stay_inside_the_machine(machine: Machine, data: st.DataObject) -> None:
    state = machine.initial
    verbs = [one.verb for one in machine.steps]
    for verb in data.draw(st.lists(st.sampled_from(verbs), max_size=25)):
        possible = {one.verb for one in machine.from_state(state)}
        if verb in possible:
            state = step(machine, state, verb)
            assert state in machine.states
        else:
            with pytest.raises(NotAllowed) as refused:
                step(machine, state, verb)
            assert machine.label(state).zh in refused.value.text.zh
            assert machine.label(state).en in refused.value.text.en


def test_unknown_verb_is_a_fault() -> None:
    with pytest.raises(KeyError):
        step(TASK, "issued", "vanish")


@given(st.integers(1, 4), st.integers(1, 4))
def test_worse_is_the_smaller_number(a: int, b: int) -> None:
    assert worse(a, b) == worse(b, a) == min(a, b)
