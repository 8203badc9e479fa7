"""例行检查之后: what a run of the rules makes of an issue that may be there already, as one decision."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from quancheng.core.quality.issue import Issue, IssueState

__all__ = ["Follow", "follow"]


class Follow(StrEnum):
    """What follows a run (后续)."""

    NOTHING = "nothing"
    OPEN = "open"
    """A new issue (新问题)."""
    RECHECK = "recheck"
    """The issue that is there takes the result (复核)."""


def follow(last: Issue | None, at: datetime, *, failed: int, passed: bool, same_rule: bool) -> Follow:
    """What a rule's result means for its newest issue (例行检查的后续).

    ``failed``: rows, 1 for a rule of the whole table. ``same_rule``: the rule has not changed since that
    issue. A closed issue stays closed: trouble that comes back is a new one, so that months already
    counted do not change. An upheld dispute holds until the rule is changed or more rows fail than
    then; an acceptance until its end, for as many rows as it was given for, and a repair ends it.
    """
    if last is not None and last.state.open:
        return Follow.RECHECK
    if passed:
        accepted = last is not None and last.state is IssueState.ACCEPTED
        return Follow.RECHECK if accepted else Follow.NOTHING
    if last is None or failed > last.rows:
        return Follow.OPEN
    if last.state is IssueState.WITHDRAWN:
        return Follow.NOTHING if same_rule else Follow.OPEN
    if last.state is IssueState.ACCEPTED:
        ended = last.accepted_until is not None and last.accepted_until <= at
        return Follow.OPEN if ended or not same_rule else Follow.NOTHING
    return Follow.OPEN
