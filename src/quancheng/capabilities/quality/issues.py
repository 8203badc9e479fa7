"""问题流转: rows of issues as core values and back, and the one way any of them moves."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from quancheng.capabilities.quality.models import Issue, IssueStep, RuleVersion, Sheet
from quancheng.core import quality as core
from quancheng.core.text import Text
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict

STEPS = {
    core.Order: "ordered",
    core.Begin: "taken",
    core.Repaired: "repaired",
    core.Recheck: "checked",
    core.Dispute: "disputed",
    core.Judge: "judged",
    core.Accept: "accepted",
    core.Withdraw: "withdrawn",
}
STEP_TEXTS = {
    "found": Text("发现问题", "Found"),
    "doubted": Text("提出校核", "Doubt reported"),
    "ordered": Text("派发工单", "Order sent"),
    "taken": Text("开始整改", "Taken up"),
    "repaired": Text("报告整改完成", "Reported as repaired"),
    "checked": Text("自动复核", "Checked again"),
    "disputed": Text("提出异议", "Disputed"),
    "judged": Text("裁定异议", "Dispute decided"),
    "accepted": Text("按现状接受", "Accepted as it is"),
    "withdrawn": Text("撤销", "Withdrawn"),
    "corrected": Text("更正数据", "Data corrected"),
    "proposed": Text("提交更正，待复核", "Correction waits for a second person"),
    "refused": Text("更正未采纳", "Correction refused"),
    "reminded": Text("催办", "Reminded"),
    "downloaded": Text("下载不合格行", "Failing rows downloaded"),
}


def core_of(row: Issue) -> core.Issue:
    """The issue as the state machine knows it (转为核心值)."""
    return core.Issue(
        rule=row.code,
        found_at=row.found_at,
        rows=row.rows,
        left=row.left,
        state=core.IssueState(row.state),
        organ=row.organ.code if row.ordered else "",
        order=row.number if row.ordered else "",
        due=row.due_at,
        checks=row.checks,
        closed_at=row.closed_at,
        reason=row.reason,
        accepted_until=row.accepted_until,
    )


def _take_over(row: Issue, value: core.Issue) -> None:
    row.state, row.rows, row.left, row.checks = str(value.state), value.rows, value.left, value.checks
    row.ordered, row.due_at = bool(value.order), value.due
    row.closed_at, row.accepted_until = value.closed_at, value.accepted_until
    row.reason = value.reason[:500]


def step(call: Call, row: Issue, what: str, note: str = "", left: int | None = None) -> None:
    """One line of an issue's history (记一步)."""
    IssueStep.objects.create(
        issue=row, at=call.at, what=what, by=str(call.actor)[:120], note=note.strip()[:500], left=left
    )


def move(call: Call, row: Issue, event: Any, note: str = "") -> Issue:
    """Advance an issue by an event, write its history and tell (推进). Raises Conflict.

    A routine run that changes neither state nor rows leaves no line.
    """
    before = core_of(row)
    try:
        done = core.advance(before, event)
    except core.LifeCycleError as refused:
        raise Conflict(refused.text) from refused
    _take_over(row, done.issue)
    row.save()
    quiet = isinstance(event, core.Recheck)
    if quiet and (before.state, before.left) == (done.issue.state, done.issue.left):
        return row
    step(call, row, STEPS[type(event)], note, row.left if quiet else None)
    if before.state != done.issue.state:
        _tell(call, row, "ordered" if isinstance(event, core.Order) else "moved", note)
    return row


def _tell(call: Call, row: Issue, what: str, note: str) -> None:
    data = {
        "number": row.number, "organ": row.organ.code, "region": row.region, "state": row.state,
        "origin": row.origin, "title": row.title, "table": str(row.sheet.table_id), "sheet": row.sheet.text.to_dict(),
        "rows": row.rows, "left": row.left, "due_at": row.due_at.isoformat() if row.due_at else "",
        "raised_by_id": row.raised_by_id, "by": str(call.actor)[:120], "note": note.strip()[:500],
        "link": row.get_absolute_url(), "simulated": row.simulated,
    }  # fmt: skip
    events.emit(f"quality.issue.{what}", row.number, data)


def tell_overdue(call: Call, row: Issue, level: int) -> None:
    """Say that an order is overdue, for the ``level``-th time (催办)."""
    step(call, row, "reminded", str(level))
    _tell(call, row, "overdue", str(level))


def open_issue(
    call: Call,
    sheet: Sheet,
    *,
    origin: str,
    code: str,
    title: Text,
    rows: int,
    severity: str,
    dimension: str,
    rule: RuleVersion | None = None,
    follows: Issue | None = None,
    **more: Any,
) -> Issue:
    """A new issue, found but not ordered yet (立项)."""
    row: Issue = Issue.objects.create(
        number=f"~{uuid4().hex}", sheet=sheet, organ=sheet.organ, region=sheet.region, origin=origin, code=code,
        rule=rule, title=title.to_dict(), severity=severity, dimension=dimension, state=Issue.State.FOUND,
        found_at=call.at, rows=rows, left=rows, follows=follows, simulated=sheet.simulated, **more,
    )  # fmt: skip
    # by its own key: numbers of two that open at once are never the same
    row.number = f"ZG-{call.at.astimezone(clock.LOCAL):%Y%m%d}-{row.pk:06d}"
    row.save(update_fields=["number"])
    step(call, row, "doubted" if origin == Issue.Origin.DOUBT else "found", left=rows)
    return row
