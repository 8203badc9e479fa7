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
    Follow,
    Issue,
    IssueState,
    Judge,
    LifeCycleError,
    Order,
    Recheck,
    Repaired,
    Withdraw,
    advance,
    counts_between,
    follow,
    repair_rate,
    repaired_by,
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


def test_a_routine_run_while_the_organ_repairs_counts_rows_and_blames_nobody() -> None:
    for events in ((ORDER,), (ORDER, Begin(NOW)), (ORDER, Dispute(NOW, "x")), (ORDER, Accept(NOW, "x"))):
        before = after(*events)
        step = advance(before, Recheck(NOW + DAY, 12, False))
        assert (step.issue.state, step.issue.left, step.effects) == (before.state, 12, ())
    grown = after(ORDER, Recheck(NOW, 55, False))
    assert (grown.rows, grown.left) == (55, 55)


def test_what_is_repaired_while_disputed_or_accepted_is_repaired() -> None:
    for events in ((ORDER, Dispute(NOW, "x")), (ORDER, Accept(NOW, "x", NOW + DAY))):
        passed = after(*events, Recheck(NOW + DAY, 0, True))
        assert (passed.state, passed.closed_at, passed.accepted_until) == (
            IssueState.PASSED,
            NOW + DAY,
            None,
        )


def test_an_acceptance_may_end_but_not_before_it_begins() -> None:
    accepted = after(ORDER, Accept(NOW, "历史数据", NOW + 30 * DAY))
    assert (accepted.state, accepted.accepted_until) == (IssueState.ACCEPTED, NOW + 30 * DAY)
    with pytest.raises(LifeCycleError):
        advance(after(ORDER), Accept(NOW, "历史数据", NOW))


def test_an_issue_of_a_retired_rule_is_withdrawn_wherever_it_is() -> None:
    for events in ((), (ORDER,), (ORDER, Repaired(NOW)), (ORDER, Dispute(NOW, "x"))):
        assert after(*events, Withdraw(NOW, "规则已停用")).state is IssueState.WITHDRAWN
    with pytest.raises(LifeCycleError):
        advance(after(ORDER, Recheck(NOW, 0, True)), Withdraw(NOW, "规则已停用"))


ACCEPTED = after(ORDER, Accept(NOW, "x", NOW + 30 * DAY))
WITHDRAWN = after(ORDER, Dispute(NOW, "x"), Judge(NOW, True, "x"))
PASSED = after(ORDER, Recheck(NOW, 0, True))


@pytest.mark.parametrize(
    ("last", "days", "failed", "passed", "same_rule", "expected"),
    [
        (None, 0, 0, True, True, Follow.NOTHING),
        (None, 0, 3, True, True, Follow.NOTHING),  # within the share that may fail
        (None, 0, 3, False, True, Follow.OPEN),
        (after(ORDER), 1, 0, True, True, Follow.RECHECK),
        (after(), 1, 9, False, False, Follow.RECHECK),
        (PASSED, 1, 0, True, True, Follow.NOTHING),
        (PASSED, 1, 1, False, True, Follow.OPEN),  # it is back: a new issue
        (WITHDRAWN, 1, 40, False, True, Follow.NOTHING),
        (WITHDRAWN, 1, 41, False, True, Follow.OPEN),  # the dispute was about forty
        (WITHDRAWN, 1, 40, False, False, Follow.OPEN),  # another rule now
        (ACCEPTED, 1, 40, False, True, Follow.NOTHING),
        (ACCEPTED, 1, 41, False, True, Follow.OPEN),
        (ACCEPTED, 30, 40, False, True, Follow.OPEN),  # its time is over
        (ACCEPTED, 1, 0, True, True, Follow.RECHECK),
    ],
)
def test_what_follows_a_routine_run(
    last: Issue | None, days: int, failed: int, passed: bool, same_rule: bool, expected: Follow
) -> None:
    found = follow(last, NOW + days * DAY, failed=failed, passed=passed, same_rule=same_rule)
    assert found is expected


def test_a_month_counts_what_was_due_in_it_and_what_is_left_from_before() -> None:
    march, april, may = datetime(2026, 3, 1), datetime(2026, 4, 1), datetime(2026, 5, 1)
    late = after(ORDER, Recheck(april + DAY, 0, True))  # due on 12 March, repaired in April
    early = after(Order(NOW, "ZG-2", "公安局", april + DAY), Recheck(NOW + DAY, 0, True))
    running = after(Order(NOW, "ZG-3", "公安局", april + DAY))
    for issue, in_march, in_april in (
        (late, (True, False), (True, True)),
        (early, (True, True), (False, True)),
        (running, (False, False), (True, False)),
        (WITHDRAWN, (False, False), (False, False)),
        (after(), (False, False), (False, False)),
    ):
        assert (counts_between(issue, march, april), repaired_by(issue, april)) == in_march, issue
        assert (counts_between(issue, april, may), repaired_by(issue, may)) == in_april, issue
