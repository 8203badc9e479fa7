"""From the finding to the repair: the story of an issue, and the rate."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from quancheng.core.quality import (
    Accept,
    Begin,
    Dispute,
    EffectKind,
    Issue,
    IssueState,
    Judge,
    LifeCycleError,
    Order,
    Recheck,
    Repaired,
    advance,
    repair_rate,
)
from quancheng.core.quality.issue import Event

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 2, 9)
ORDER = Order(NOW, "ZG-1", "公安局", NOW + 10 * DAY)


def after(*events: Event, rows: int = 40) -> Issue:
    issue = Issue.found("r1", NOW, rows)
    for event in events:
        issue = advance(issue, event).issue
    return issue


def test_found_ordered_repaired_and_passed() -> None:
    step = advance(Issue.found("r1", NOW, 40), ORDER)
    assert [effect.kind for effect in step.effects] == [EffectKind.SEND_ORDER]
    step = advance(advance(step.issue, Begin(NOW)).issue, Repaired(NOW + DAY))
    assert [effect.kind for effect in step.effects] == [EffectKind.RECHECK]
    step = advance(step.issue, Recheck(NOW + 2 * DAY, 0, True))
    assert [effect.kind for effect in step.effects] == [EffectKind.CLOSE_ORDER]
    assert (step.issue.state, step.issue.left, step.issue.closed_at) == (IssueState.PASSED, 0, NOW + 2 * DAY)


def test_a_failed_recheck_goes_back_with_the_rows_left_and_what_comes_back_is_counted() -> None:
    failed = after(ORDER, Repaired(NOW), Recheck(NOW, 7, False))
    assert (failed.state, failed.left, failed.rows) == (IssueState.FAILED_AGAIN, 7, 40)
    passed = advance(advance(failed, Repaired(NOW)).issue, Recheck(NOW, 0, True)).issue
    back = advance(passed, Recheck(NOW + DAY, 3, False)).issue
    assert (back.state, back.recurrences, back.closed_at, back.checks) == (
        IssueState.FAILED_AGAIN,
        1,
        None,
        3,
    )


def test_a_dispute_is_judged_and_needs_a_reason() -> None:
    disputed = after(ORDER, Dispute(NOW, "户籍已迁出，规则不适用。"))
    assert advance(disputed, Judge(NOW, True, "属实")).issue.state is IssueState.WITHDRAWN
    assert advance(disputed, Judge(NOW, False, "不属实")).issue.state is IssueState.REPAIRING
    for event in (Dispute(NOW, " "), Accept(NOW, "")):
        with pytest.raises(LifeCycleError):
            advance(after(ORDER), event)


@pytest.mark.parametrize("event", [ORDER, Begin(NOW), Repaired(NOW), Dispute(NOW, "x"), Accept(NOW, "x")])
def test_a_closed_issue_takes_no_more_work(event: Event) -> None:
    closed = after(ORDER, Recheck(NOW, 0, True))
    with pytest.raises(LifeCycleError) as caught:
        advance(closed, event)
    assert "复核通过" in caught.value.text.zh


def test_an_order_needs_a_time_ahead_and_an_issue_a_failing_row() -> None:
    with pytest.raises(LifeCycleError):
        advance(Issue.found("r1", NOW, 1), Order(NOW, "ZG-1", "公安局", NOW))
    with pytest.raises(LifeCycleError):
        Issue.found("r1", NOW, 0)


def test_the_rate_of_five_issues_by_hand() -> None:
    issues = [
        after(ORDER, Recheck(NOW + DAY, 0, True)),  # repaired, 40 rows
        after(ORDER, Recheck(NOW + DAY, 10, False)),  # failed again, 30 of 40 rows repaired
        after(ORDER),  # open
        after(ORDER, Accept(NOW, "历史数据无法补录。")),
        after(ORDER, Dispute(NOW, "x"), Judge(NOW, True, "x")),  # withdrawn: none
        after(),  # found today, not ordered yet: not due
    ]
    rate = repair_rate(issues, NOW + 11 * DAY)
    assert (rate.due, rate.repaired, rate.rate) == (4, 1, Decimal("0.25"))
    assert (rate.open, rate.overdue, rate.accepted, rate.withdrawn) == (3, 2, 1, 1)
    assert (rate.rows, rate.rows_repaired, rate.row_rate) == (160, 70, Decimal("0.4375"))
    assert repair_rate(issues, NOW, count_accepted=False).rate == Decimal(1) / 3
    assert repair_rate([], NOW).rate is None
