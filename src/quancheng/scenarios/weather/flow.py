"""预警流程: states of a warning and who may move it on, as data and pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum

from quancheng.core.cap import Colour
from quancheng.core.text import Text


class State(StrEnum):
    """Where a warning stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class MsgType(StrEnum):
    """What the message is to the one before it."""

    ALERT = "alert"
    UPDATE = "update"
    CANCEL = "cancel"


NAMES: Mapping[State, Text] = {
    State.DRAFT: Text("草稿", "Draft"),
    State.SUBMITTED: Text("待审批", "Awaiting approval"),
    State.PUBLISHED: Text("生效中", "In force"),
    State.SUPERSEDED: Text("已更新", "Superseded"),
    State.CANCELLED: Text("已解除", "Cancelled"),
    State.EXPIRED: Text("已到期", "Expired"),
    State.WITHDRAWN: Text("已撤回", "Withdrawn"),
}
MSG_NAMES: Mapping[MsgType, Text] = {
    MsgType.ALERT: Text("发布", "Alert"),
    MsgType.UPDATE: Text("更新", "Update"),
    MsgType.CANCEL: Text("解除", "Cancel"),
}
COLOURS = {1: Colour.RED, 2: Colour.ORANGE, 3: Colour.YELLOW, 4: Colour.BLUE}
LEVELS = {colour: level for level, colour in COLOURS.items()}
ALLOWED: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.SUBMITTED: frozenset({State.DRAFT, State.PUBLISHED, State.WITHDRAWN}),
    State.PUBLISHED: frozenset({State.SUPERSEDED, State.CANCELLED, State.EXPIRED}),
}
UNPUBLISHED = frozenset({State.DRAFT, State.SUBMITTED})
LIVE = UNPUBLISHED | {State.PUBLISHED}


def may_become(state: str, target: State) -> bool:
    """Whether a warning may go from ``state`` to ``target``."""
    return target in ALLOWED.get(State(state), frozenset())


class Step(StrEnum):
    """What a new crossing calls for."""

    NEW = "new"
    """No warning runs: draft an alert."""
    AMEND = "amend"
    """An unpublished draft is at hand: put it in."""
    UPDATE = "update"
    """A published warning is too mild or too small: draft an update."""
    NOTHING = "nothing"
    """Covered already."""


def is_hasty(level: int, before: int, since: timedelta, least: timedelta) -> bool:
    """Whether an update that only widens the area comes too soon after the message before it.

    It is drafted at once all the same, so that no crossing is lost; when to submit it is a matter of pace.
    """
    return level >= before and since < least


def step_for(state: str | None, level: int, districts: Iterable[str], crossing: int, district: str) -> Step:
    """What a crossing of level ``crossing`` in ``district`` calls for, given the newest warning.

    ``state`` is None when no warning runs; levels: 1 is the worst.
    """
    if state is None or State(state) not in LIVE:
        return Step.NEW
    covered = crossing >= level and district in set(districts)
    if State(state) in UNPUBLISHED:
        return Step.NOTHING if covered else Step.AMEND
    return Step.NOTHING if covered else Step.UPDATE
