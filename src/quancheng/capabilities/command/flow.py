"""状态机 States of incidents, tasks and plan activations: allowed steps as data. Pure.

``step(INCIDENT, "reported", "verify")`` gives the next state or raises :class:`NotAllowed`, which
says in both languages where the thing stands and what is possible from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quancheng.core.text import Text

__all__ = ["ACTIVATION", "INCIDENT", "LEVELS", "TASK", "Machine", "NotAllowed", "Step", "step", "worse"]


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed transition and its name (步骤)."""

    verb: str
    sources: frozenset[str]
    target: str
    text: Text
    past: Text


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of thing, its states with labels, which are over, and its steps (状态机)."""

    name: Text
    states: dict[str, Text]
    initial: str
    over: frozenset[str]
    steps: tuple[Step, ...]

    @property
    def open(self) -> frozenset[str]:
        """States in which something is still to be done."""
        return frozenset(self.states) - self.over

    def label(self, state: str) -> Text:
        """The name of a state."""
        return self.states.get(state, Text(state, state))

    def find(self, verb: str) -> Step:
        """The step called ``verb``; KeyError when there is none."""
        for one in self.steps:
            if one.verb == verb:
                return one
        raise KeyError(f"no step {verb}")

    def from_state(self, state: str) -> Iterator[Step]:
        """Steps possible in ``state``."""
        return (one for one in self.steps if state in one.sources)


class NotAllowed(ValueError):
    """A step that is not possible now; ``text`` says why and what is."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(f"{text.zh} / {text.en}")


def step(machine: Machine, state: str, verb: str) -> str:
    """The state after ``verb``; raises NotAllowed."""
    wanted = machine.find(verb)
    if state in wanted.sources:
        return wanted.target
    possible = list(machine.from_state(state))
    zh = "、".join(one.text.zh for one in possible) or "无"
    en = ", ".join(one.text.en for one in possible) or "nothing"
    here = machine.label(state)
    raise NotAllowed(
        Text(
            f"{machine.name.zh}现为“{here.zh}”，不能{wanted.text.zh};现在可以:{zh}。",
            f"The {machine.name.en} is “{here.en}”, so you cannot {wanted.text.en}; possible now: {en}.",
        )
    )


def _step(verb: str, sources: str, target: str, zh: str, en: str, past: str) -> Step:
    return Step(verb, frozenset(sources.split()), target, Text(zh, en), Text(f"已{zh}", past))


INCIDENT = Machine(
    Text("突发事件", "incident"),
    {
        "reported": Text("已接报", "Reported"),
        "verified": Text("已核实", "Verified"),
        "responding": Text("处置中", "Responding"),
        "controlled": Text("已控制", "Under control"),
        "closed": Text("已结案", "Closed"),
        "rejected": Text("不属实", "Rejected"),
        "merged": Text("已并案", "Merged"),
    },
    "reported",
    frozenset({"closed", "rejected", "merged"}),
    (
        _step("verify", "reported", "verified", "核实", "verify", "verified"),
        _step("respond", "reported verified controlled", "responding", "转处置", "respond", "responded"),
        _step("control", "responding", "controlled", "控制", "bring under control", "brought under control"),
        _step("close", "verified responding controlled", "closed", "结案", "close", "closed"),
        _step("reject", "reported", "rejected", "排除", "reject", "rejected"),
        _step("merge", "reported verified responding", "merged", "并案", "merge", "merged"),
    ),
)

TASK = Machine(
    Text("任务", "task"),
    {
        "issued": Text("已下达", "Issued"),
        "accepted": Text("已接收", "Accepted"),
        "onsite": Text("已到场", "On site"),
        "proved": Text("待核验", "Awaiting check"),
        "returned": Text("已退回", "Returned"),
        "closed": Text("已办结", "Closed"),
        "withdrawn": Text("已撤销", "Withdrawn"),
    },
    "issued",
    frozenset({"closed", "withdrawn"}),
    (
        _step("accept", "issued", "accepted", "接收", "accept", "accepted"),
        _step("arrive", "accepted returned", "onsite", "到场", "arrive", "arrived"),
        _step("prove", "accepted onsite returned", "proved", "反馈", "prove", "proved"),
        _step("return", "proved", "returned", "退回", "return", "returned"),
        _step("verify", "proved", "closed", "核验", "verify", "verified"),
        _step("withdraw", "issued accepted onsite returned", "withdrawn", "撤销", "withdraw", "withdrawn"),
    ),
)

ACTIVATION = Machine(
    Text("应急响应", "activation"),
    {
        "proposed": Text("待启动", "Proposed"),
        "active": Text("响应中", "Active"),
        "raised": Text("已升级", "Raised"),
        "lowered": Text("已降级", "Lowered"),
        "ended": Text("已终止", "Ended"),
        "declined": Text("不启动", "Declined"),
    },
    "proposed",
    frozenset({"ended", "declined"}),
    (
        _step("activate", "proposed", "active", "启动", "activate", "activated"),
        _step("raise", "active raised lowered", "raised", "升级", "raise", "raised"),
        _step("lower", "active raised lowered", "lowered", "降级", "lower", "lowered"),
        _step("decline", "proposed", "declined", "不启动", "decline", "declined"),
        _step("end", "active raised lowered", "ended", "终止", "end", "ended"),
    ),
)

LEVELS: dict[int, Text] = {
    1: Text("Ⅰ级", "Level I"),
    2: Text("Ⅱ级", "Level II"),
    3: Text("Ⅲ级", "Level III"),
    4: Text("Ⅳ级", "Level IV"),
}
"""Levels of incidents and responses; 1 is the worst."""


def worse(first: int, second: int) -> int:
    """The more severe of two levels."""
    return min(first, second)
