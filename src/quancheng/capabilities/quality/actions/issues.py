"""Issues 质量问题: ordered, taken, reported repaired, disputed, judged, accepted; doubts of those who use the data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from quancheng.capabilities.quality import deadlines, engine, issues, rows
from quancheng.capabilities.quality.actions.sheets import ensure_sheet
from quancheng.capabilities.quality.models import OPEN_STATES, Issue, Sheet
from quancheng.capabilities.tables import queries as tables
from quancheng.core import quality as core
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

ROUND = 500
"""Orders looked at in one round of reminders."""


def _asked_for(call: Call, issue: Issue, verb: str) -> Issue:
    access.require(call.actor, verb, issue)
    found = Issue.objects.select_for_update(of=("self",)).select_related("sheet", "organ", "rule")
    row: Issue = found.get(pk=issue.pk)
    return row


def _said(field: str, text: str) -> str:
    if not text.strip():
        raise InvalidInput(fields={field: Text("请写明理由", "Please say why")})
    return text.strip()[:500]


def send_order(call: Call, row: Issue) -> Issue:
    """Order with the deadline of its severity; inside an action that asked for its rights."""
    doubt = row.origin == Issue.Origin.DOUBT
    due = deadlines.doubt_due(call.at) if doubt else deadlines.repair_due(row.severity, call.at)
    return issues.move(call, row, core.Order(call.at, row.number, row.organ.code, due))


@action("quality.order_issue", idempotent=False)
def order_issue(call: Call, *, issue: Issue) -> Issue:
    """派单: the organ is to repair it within the days of its severity. Raises Forbidden, Conflict."""
    row = _asked_for(call, issue, "decide")
    audit.note(issue=row.number, organ=row.organ.code)
    return send_order(call, row)


@action("quality.take_issue", idempotent=False)
def take_issue(call: Call, *, issue: Issue) -> Issue:
    """开始整改. Raises Forbidden, Conflict."""
    row = _asked_for(call, issue, "work")
    audit.note(issue=row.number)
    return issues.move(call, row, core.Begin(call.at))


@action("quality.report_repaired", idempotent=False)
def report_repaired(call: Call, *, issue: Issue, note: str = "") -> Issue:
    """报告整改完成: the table is checked again within a minute. Raises Forbidden, Conflict."""
    row = issues.move(call, _asked_for(call, issue, "work"), core.Repaired(call.at), note)
    Sheet.objects.filter(pk=row.sheet_id).update(dirty_at=call.at)
    audit.note(issue=row.number)
    return row


@action("quality.dispute_issue", idempotent=False)
def dispute_issue(call: Call, *, issue: Issue, reason: str) -> Issue:
    """提出异议: the organ says that its data is right; the bureau decides. Raises Forbidden, Conflict, InvalidInput."""
    row = _asked_for(call, issue, "work")
    said = _said("reason", reason)
    audit.note(issue=row.number, reason=said)
    return issues.move(call, row, core.Dispute(call.at, said), said)


@action("quality.judge_dispute", idempotent=False)
def judge_dispute(call: Call, *, issue: Issue, upheld: bool, reason: str) -> Issue:
    """裁定异议: upheld, the issue is withdrawn; else repairing goes on. Raises Forbidden, Conflict, InvalidInput."""
    row = _asked_for(call, issue, "decide")
    said = _said("reason", reason)
    audit.note(issue=row.number, upheld=upheld, reason=said)
    return issues.move(call, row, core.Judge(call.at, upheld, said), said)


@action("quality.accept_issue", idempotent=False)
def accept_issue(call: Call, *, issue: Issue, reason: str, until: datetime | None = None) -> Issue:
    """按现状接受, until a day or for good; it stays unrepaired in the rate. Raises Forbidden, Conflict, InvalidInput."""
    row = _asked_for(call, issue, "decide")
    said = _said("reason", reason)
    audit.note(issue=row.number, reason=said, until=until.isoformat() if until else "")
    return issues.move(call, row, core.Accept(call.at, said, until), said)


# -- doubts -----------------------------------------------------------------------------------
def _row_doubted(
    call: Call, *, table_id: str, key: Mapping[str, Any], column: str, reason: str
) -> dict[str, Any]:
    """What the doubt is about; the asker must be able to read the table. Raises NotFound, InvalidInput."""
    info = tables.table(call.actor, table_id)
    if column not in {each.name for each in info.schema.columns}:
        raise InvalidInput(fields={"column": Text("请选择有疑义的列", "Choose the column you doubt")})
    typed = rows.typed_key(info.schema, key)
    view = tables.view(table_id)
    found = view.lookup([typed])
    if not found:
        raise NotFound(Text("表中没有这一行。", "The table has no such row."))
    label = next((each.zh or each.name for each in info.schema.columns if each.name == column), column)
    return {
        "label": Text(f"“{label}”有疑义", f"“{column}” is doubted"),
        "subject": {
            "version": view.version,
            "key": {name: rows.shown(value) for name, value in zip(info.schema.key, typed, strict=True)},
            "digest": rows.digest(found[0].get(column)),
        },
    }


@action("quality.raise_doubt", prepare=_row_doubted)
def raise_doubt(
    call: Call,
    *,
    table_id: str,
    key: Mapping[str, Any],
    column: str,
    reason: str,
    prepared: dict[str, Any] | None = None,
) -> Issue:
    """校核申请: whoever uses the data says that a value is wrong; the organ repairs it or answers.

    Raises Forbidden, NotFound (no such table or row for the asker), InvalidInput, Conflict (doubted already).
    """
    access.require(call.actor, "doubt", Issue)
    assert prepared is not None
    said = _said("reason", reason)
    sheet = ensure_sheet(call, table_id, watched=False)
    Sheet.objects.select_for_update(of=("self",)).get(pk=sheet.pk)
    for other in Issue.objects.filter(
        sheet=sheet, origin=Issue.Origin.DOUBT, code=column, state__in=OPEN_STATES
    ):
        if other.subject.get("key") == prepared["subject"]["key"]:
            raise Conflict(
                Text(f"该值已有人提出校核（{other.number}）。", f"It is doubted already ({other.number}).")
            )
    row = issues.open_issue(
        call, sheet, origin=Issue.Origin.DOUBT, code=column, title=prepared["label"], rows=1,
        severity=str(core.Severity.WARNING), dimension=str(core.Dimension.ACCURATE), reason=said,
        subject=prepared["subject"], raised_by=str(call.actor)[:120], raised_by_id=call.actor.user_id,
    )  # fmt: skip
    audit.note(issue=row.number, table=table_id, column=column)
    return send_order(call, row)


# -- reminders --------------------------------------------------------------------------------
@action("quality.remind_overdue", idempotent=False)
def remind_overdue(call: Call) -> dict[str, int]:
    """催办: overdue orders are told to the organ once, and after some working days to the bureau."""
    access.require(call.actor, "remind", Issue)
    late = Issue.objects.filter(state__in=OPEN_STATES, due_at__lt=call.at, escalated__lt=2)
    told = {"organ": 0, "bureau": 0}
    for row in list(late.select_related("sheet", "organ").order_by("due_at")[:ROUND]):
        if row.escalated == 1 and deadlines.escalation_due(row.due_at) >= call.at:
            continue
        row.escalated += 1
        row.save(update_fields=["escalated"])
        issues.tell_overdue(call, row, row.escalated)
        told["organ" if row.escalated == 1 else "bureau"] += 1
    audit.note(**told)
    return told


def doubts_settled(sheet: Sheet) -> dict[int, bool]:
    """Open doubts of a table, and whether the value doubted is another now or gone (校核复核)."""
    open_ones = Issue.objects.filter(sheet=sheet, origin=Issue.Origin.DOUBT, state__in=OPEN_STATES)
    found = list(open_ones.exclude(state=Issue.State.FOUND))
    if not found:
        return {}
    view = tables.view(str(sheet.table_id))
    schema = engine.info_of(sheet.table_id).schema
    settled = {}
    for row in found:
        now = view.lookup([rows.typed_key(schema, row.subject["key"])])
        settled[row.pk] = not now or rows.digest(now[0].get(row.code)) != row.subject["digest"]
    return settled
