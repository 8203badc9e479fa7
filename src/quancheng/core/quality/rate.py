"""整改率: how much of what was found is repaired, at a moment and for a month, with all it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from quancheng.core.quality.issue import Issue, IssueState

__all__ = ["RepairRate", "counts_between", "repair_rate", "repaired_by"]


@dataclass(frozen=True, slots=True)
class RepairRate:
    """整改率 with everything it is made of: nothing is hidden in the quotient.

    ``due``: issues that count (ordered, not withdrawn, and not accepted unless asked for).
    """

    due: int
    repaired: int
    open: int
    overdue: int
    accepted: int
    withdrawn: int
    rows: int
    rows_repaired: int

    @property
    def rate(self) -> Decimal | None:
        """Repaired issues ÷ issues due, ``None`` if there is none (整改率)."""
        return Decimal(self.repaired) / self.due if self.due else None

    @property
    def row_rate(self) -> Decimal | None:
        """Rows repaired ÷ rows found (按行整改率)."""
        return Decimal(self.rows_repaired) / self.rows if self.rows else None


def repair_rate(issues: Iterable[Issue], at: datetime, *, count_accepted: bool = True) -> RepairRate:
    """Rate of repair at a moment (整改率).

    Issues passed at the re-check ÷ issues that had a work order or were closed without one. Withdrawn ones
    were none. Those accepted as they are stay in the divisor, unrepaired, unless ``count_accepted`` is
    false: a rate should not rise by giving in.
    """
    known = [issue for issue in issues if issue.found_at <= at]
    due = [
        issue
        for issue in known
        if issue.state is not IssueState.WITHDRAWN
        and (issue.order or not issue.state.open)
        and (count_accepted or issue.state is not IssueState.ACCEPTED)
    ]
    repaired = [issue for issue in due if issue.state is IssueState.PASSED]
    return RepairRate(
        due=len(due),
        repaired=len(repaired),
        open=sum(1 for issue in known if issue.state.open),
        overdue=sum(1 for issue in known if issue.state.open and issue.overdue(at)),
        accepted=sum(1 for issue in known if issue.state is IssueState.ACCEPTED),
        withdrawn=sum(1 for issue in known if issue.state is IssueState.WITHDRAWN),
        rows=sum(issue.rows for issue in due),
        rows_repaired=sum(max(issue.rows - issue.left, 0) for issue in due),
    )


def counts_between(issue: Issue, begin: datetime, end: datetime) -> bool:
    """Whether an issue belongs to the rate of a period (是否计入期间), ``begin`` included, ``end`` not.

    It does when its order fell due before the end and was not closed before the begin, or when it was
    closed within the period, early or not. So what was not repaired in time stays in every later
    month until it is. Issues without an order, and disputes upheld, never count.
    """
    if not issue.order or issue.due is None or issue.found_at >= end:
        return False
    if issue.state is IssueState.WITHDRAWN and issue.closed_at is not None and issue.closed_at < end:
        return False
    if issue.closed_at is not None and issue.closed_at < begin:
        return False
    closed_within = issue.closed_at is not None and issue.closed_at < end
    return issue.due < end or closed_within


def repaired_by(issue: Issue, end: datetime) -> bool:
    """Whether the issue had passed its re-check before a moment (截至某时是否整改)."""
    return issue.state is IssueState.PASSED and issue.closed_at is not None and issue.closed_at < end
