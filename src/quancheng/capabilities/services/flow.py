"""办件状态机: which step is possible in which state, as data. Pure: state and verb in, state out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["DONE", "OPEN", "STEPS", "IllegalStep", "Side", "State", "Step", "next_state", "steps_from"]


class State(StrEnum):
    """Where a case stands (办件状态)."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    CORRECTION = "correction"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"

    @property
    def text(self) -> Text:
        """Label (状态名称)."""
        return _LABELS[self]


_LABELS = {
    State.SUBMITTED: Text("已提交", "Submitted"),
    State.ACCEPTED: Text("已受理", "Accepted"),
    State.CORRECTION: Text("待补正", "Needs correction"),
    State.APPROVED: Text("已准予", "Approved"),
    State.REFUSED: Text("不予办理", "Refused"),
    State.WITHDRAWN: Text("已撤回", "Withdrawn"),
    State.COMPLETED: Text("已办结", "Completed"),
}

DONE = frozenset({State.APPROVED, State.REFUSED, State.WITHDRAWN, State.COMPLETED})
"""Decided or over: the legal clock has finished."""
OPEN = frozenset(State) - DONE
"""Still with the office or the applicant."""


class Side(StrEnum):
    """Who takes a step (一方)."""

    APPLICANT = "applicant"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed transition (步骤)."""

    verb: str
    side: Side
    sources: frozenset[State]
    target: State
    text: Text


def _step(verb: str, side: Side, sources: set[State], target: State, zh: str, en: str) -> Step:
    return Step(verb, side, frozenset(sources), target, Text(zh, en))


_AT_OFFICE = {State.SUBMITTED, State.ACCEPTED}

STEPS: tuple[Step, ...] = (
    _step("claim", Side.OFFICE, _AT_OFFICE, State.ACCEPTED, "受理", "Accept and take over"),
    _step("approve", Side.OFFICE, _AT_OFFICE, State.APPROVED, "准予", "Approve"),
    _step("return", Side.OFFICE, _AT_OFFICE, State.CORRECTION, "退回补正", "Return for correction"),
    _step("refuse", Side.OFFICE, _AT_OFFICE, State.REFUSED, "不予办理", "Refuse"),
    _step("correct", Side.APPLICANT, {State.CORRECTION}, State.SUBMITTED, "补正", "Correct"),
    _step("withdraw", Side.APPLICANT, {*_AT_OFFICE, State.CORRECTION}, State.WITHDRAWN, "撤回", "Withdraw"),
    _step("complete", Side.OFFICE, {State.APPROVED}, State.COMPLETED, "办结", "Complete"),
)
_BY_VERB = {step.verb: step for step in STEPS}


class IllegalStep(ValueError):
    """The step is not possible in this state; ``text`` says it to people."""

    def __init__(self, state: State, verb: str) -> None:
        step = _BY_VERB.get(verb)
        what = step.text if step else Text(verb, verb)
        self.text = Text(
            f"办件目前为“{state.text.zh}”，不能{what.zh}。",
            f"The case is “{state.text.en}”; it is not possible to {what.en.lower()} now.",
        )
        super().__init__(f"{self.text.zh} {self.text.en}")


def next_state(state: str, verb: str) -> State:
    """The state after a step; raises IllegalStep when the step is not possible now."""
    now = State(state)
    step = _BY_VERB.get(verb)
    if step is None or now not in step.sources:
        raise IllegalStep(now, verb)
    return step.target


def steps_from(state: str, side: Side | None = None) -> tuple[Step, ...]:
    """The steps possible in a state, of one side if asked."""
    now = State(state)
    return tuple(step for step in STEPS if now in step.sources and side in (None, step.side))
