"""A wrong fact: objected to, answered, repaired, and everybody who had it told."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.vault import Reason
from quancheng.core.vault.objection import (
    PERSON,
    Objection,
    ObjectionState,
    accept,
    file,
    reject,
    repair,
    tell,
)
from tests.core.vault.conftest import HOUR, NOW, reason_of
from tests.core.vault.test_life import refused


def filed(*receivers: str) -> Objection:
    return file("address", said="住址已变更", by=PERSON, receivers=receivers, at=NOW)


def test_repaired_and_all_told() -> None:
    one = filed("bank-quan", "jn-civil")
    one = accept(one, said="核对中", by="jn-police", at=NOW + HOUR)
    one = repair(one, said="已按户口簿更正", by="jn-police", at=NOW + 2 * HOUR)
    assert one.to_tell == {PERSON, "bank-quan", "jn-civil"}
    for whom in ("bank-quan", PERSON):
        one = tell(one, whom, at=NOW + 3 * HOUR)
        assert one.state is ObjectionState.REPAIRED
    refused(Reason.STEP, lambda: tell(one, PERSON, at=NOW + 3 * HOUR))
    one = tell(one, "jn-civil", at=NOW + 3 * HOUR)
    assert one.state is ObjectionState.TOLD
    assert [move.state.value for move in one.moves] == ["filed", "accepted", "repaired", "told"]


def test_rejected_needs_a_reason_and_only_the_person_is_told() -> None:
    one = filed("bank-quan")
    refused(Reason.REASON_MISSING, lambda: reject(one, said=" ", by="jn-police", at=NOW))
    one = reject(one, said="与登记一致", by="jn-police", at=NOW + HOUR)
    assert tell(one, PERSON, at=NOW + HOUR).state is ObjectionState.TOLD


def test_nothing_is_repaired_before_it_was_accepted() -> None:
    refused(Reason.STEP, lambda: repair(filed(), said="改了", by="x", at=NOW))
    refused(Reason.STEP, lambda: tell(filed(), PERSON, at=NOW))
    refused(Reason.CLOCK, lambda: accept(filed(), said="好", by="x", at=NOW - HOUR))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["accept", "reject", "repair", "tell", "tell-bank"]), max_size=10))
def test_any_order_of_steps_ends_only_when_all_are_told(steps: list[str]) -> None:
    one, repaired = filed("bank"), False
    for step in steps:
        before = one

        def deed(before: Objection = before, step: str = step) -> Objection:
            if step.startswith("tell"):
                return tell(before, "bank" if step == "tell-bank" else PERSON, at=NOW)
            move = {"accept": accept, "reject": reject, "repair": repair}[step]
            return move(before, said="x", by="d", at=NOW)

        said = reason_of(deed)
        assert said in (None, Reason.STEP)
        one = deed() if said is None else one
        repaired = repaired or (said is None and step == "repair")
    if one.state is ObjectionState.TOLD:
        assert PERSON in one.told
        assert not repaired or "bank" in one.told
    assert not (repaired and any(move.state is ObjectionState.REJECTED for move in one.moves))
