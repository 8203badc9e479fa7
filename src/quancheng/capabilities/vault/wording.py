"""Words of states and ways, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from quancheng.core.text import Text
from quancheng.core.vault import Kind, Mode, State
from quancheng.core.vault.objection import ObjectionState

STATES: dict[State, tuple[Text, str]] = {
    State.ASKED: (Text("等您答复", "Waits for your answer"), "warn"),
    State.LAPSED: (Text("过期未答复", "Not answered in time"), ""),
    State.REFUSED: (Text("已拒绝", "Refused"), ""),
    State.LIVE: (Text("授权有效", "Granted"), "ok"),
    State.USED_UP: (Text("已用完", "Used up"), ""),
    State.EXPIRED: (Text("授权到期", "Run out"), ""),
    State.WITHDRAWN: (Text("已撤回", "Withdrawn"), "bad"),
}
"""State of a request: its words and the colour of its tag."""

OBJECTIONS: dict[ObjectionState, tuple[Text, str]] = {
    ObjectionState.FILED: (Text("待受理", "To be looked at"), "warn"),
    ObjectionState.ACCEPTED: (Text("已受理，更正中", "Accepted, being repaired"), "info"),
    ObjectionState.REPAIRED: (Text("已更正，告知中", "Repaired, others being told"), "ok"),
    ObjectionState.REJECTED: (Text("不予更正", "Not followed"), "bad"),
    ObjectionState.TOLD: (Text("办结", "Finished"), ""),
}

MODES: dict[Mode, Text] = {
    Mode.ONCE: Text("只用一次", "One use"),
    Mode.PERIOD: Text("一段时间内", "For a period"),
}

KINDS: dict[Kind, Text] = {
    Kind.ASKED: Text("提出请求", "Asked"),
    Kind.GRANTED: Text("您授权", "You granted"),
    Kind.REFUSED: Text("您拒绝", "You refused"),
    Kind.USED: Text("使用一次", "Used once"),
    Kind.WITHDRAWN: Text("您撤回授权", "You withdrew the grant"),
}


MOVES: dict[ObjectionState, Text] = {
    ObjectionState.FILED: Text("提出异议", "Objection sent"),
    ObjectionState.ACCEPTED: Text("部门受理", "Accepted"),
    ObjectionState.REPAIRED: Text("部门已更正", "Repaired"),
    ObjectionState.REJECTED: Text("不予更正", "Not followed"),
    ObjectionState.TOLD: Text("全部告知", "All told"),
}
"""Steps of an objection, as history."""


def names_of(items: Iterable[Mapping[str, str]]) -> Text:
    """Names of items ``{code, zh, en}`` as one text."""
    rows = list(items)
    return Text("、".join(one["zh"] for one in rows), ", ".join(one["en"] for one in rows))
