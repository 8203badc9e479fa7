"""HTTP interface of quality, below ``/api/v1/quality/``."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from quancheng.capabilities.quality import actions, queries, rates, repairing
from quancheng.capabilities.quality.models import Issue, RuleVersion, Sheet
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound, NotSignedIn
from quancheng.kernel.middleware import call_of

router = Router()


class QualityFilter(Schema):
    """Filters of lists."""

    text: str = ""
    organ: str = ""
    state: str = ""
    origin: str = ""
    dimension: str = ""
    severity: str = ""
    table: str = ""
    overdue: str = ""
    month: str = ""
    cursor: str = ""
    size: str = ""


class QualityDoubt(Schema):
    """A doubt about one value."""

    table: UUID
    key: dict[str, str]
    column: str
    reason: str


class QualityRule(Schema):
    """A rule to draft, as ``core.quality`` reads it."""

    document: dict[str, Any]
    orders: bool = False


class QualityDeed(Schema):
    """What is done to a finding: take | repaired | dispute | order | judge | accept."""

    do: str
    note: str = ""
    reason: str = ""
    upheld: bool = False
    until: date | None = None


def _actor(request: HttpRequest) -> Actor:
    actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn()
    return actor


def _page(page: pagination.Page[Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": rows, "next": page.next, "previous": page.previous}


# -- tables -----------------------------------------------------------------------------------
@router.get("/tables", summary="受检表 Tables under watch")
def list_tables(request: HttpRequest, filters: Query[QualityFilter]) -> dict[str, Any]:
    """Tables the asker may see, with their newest scores."""
    found = queries.sheets(_actor(request), text=filters.text, organ=filters.organ, state=filters.state)
    page = pagination.page(found, ("id",), filters.dict())
    return _page(page, [_sheet(one) for one in page])


def _sheet(one: Sheet) -> dict[str, Any]:
    return {
        "table": str(one.table_id), "name": one.name, "zh": one.zh, "en": one.en, "organ": one.organ.code,
        "watched": one.watched, "version": one.version, "rows": one.rows, "score": _share(one.score),
        "dimensions": one.scores, "checked_at": _moment(one.checked_at), "fault": one.fault or None,
        "simulated": one.simulated,
    }  # fmt: skip


def _share(value: Any) -> float | None:
    return None if value is None else float(value)


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


@router.get("/tables/{table}", summary="一张受检表 One table under watch")
def get_table(request: HttpRequest, table: UUID) -> dict[str, Any]:
    """Scores, rules in force with what the newest run found."""
    actor = _actor(request)
    found = queries.sheet(actor, table)
    runs = queries.runs(actor, found, 1)
    return _sheet(found) | {
        "outcomes": runs[-1].outcomes if runs else [],
        "rules": [_rule(one) for one in queries.rules(actor, found)],
    }


def _rule(one: RuleVersion) -> dict[str, Any]:
    return {
        "id": one.pk, "code": one.code, "number": one.number, "state": one.state, "orders": one.orders,
        "document": one.document, "trial": one.trial or None,
    }  # fmt: skip


@router.get("/tables/{table}/facets", summary="OpenLineage质量刻面 OpenLineage data quality facets")
def get_facets(request: HttpRequest, table: UUID) -> dict[str, Any]:
    """``dataQualityAssertions`` (1-0-1) and ``dataQualityMetrics`` (1-0-0) of the newest run."""
    return dict(queries.facets(_actor(request), table))


@router.get("/tables/{table}/runs", summary="检查记录 Runs of a table")
def list_runs(request: HttpRequest, table: UUID) -> dict[str, Any]:
    """The newest sixty runs, oldest first."""
    actor = _actor(request)
    found = queries.runs(actor, queries.sheet(actor, table))
    return {
        "items": [
            {"at": one.at.isoformat(), "trigger": one.trigger, "version": one.version, "rows": one.rows,
             "score": _share(one.score), "passed": one.passed, "outcomes": one.outcomes}
            for one in found
        ]
    }  # fmt: skip


@router.post("/tables/{table}/check", summary="立即检查 Check now")
def post_check(request: HttpRequest, table: UUID) -> dict[str, Any]:
    """Run the rules in force over the newest version."""
    call = call_of(request)
    run = actions.check_table(call, sheet=queries.sheet(_actor(request), table))
    return {"version": run.version, "rows": run.rows, "score": _share(run.score), "passed": run.passed}


@router.post("/tables/{table}/rules", summary="编写规则 Draft a rule")
def post_rule(request: HttpRequest, table: UUID, body: QualityRule) -> dict[str, Any]:
    """A draft with its trial; it works after ``submit`` and, when it sends orders, a second person's approval."""
    call = call_of(request)
    sheet = queries.sheet(_actor(request), table)
    made = actions.draft_rule(call, sheet=sheet, document=body.document, orders=body.orders)
    return _rule(actions.try_rule(call.with_key(None), rule=made))


# -- issues -----------------------------------------------------------------------------------
@router.get("/issues", summary="质量问题 Findings")
def list_issues(request: HttpRequest, filters: Query[QualityFilter]) -> dict[str, Any]:
    """Findings the asker may see, newest first."""
    said = filters.dict(exclude={"cursor", "size"})
    if said["table"]:
        said["table"] = str(_uuid(said["table"]))
    if said["month"]:
        rates.period(said["month"])
    page = pagination.page(queries.issues(_actor(request), **said), ("-found_at", "-id"), filters.dict())
    return _page(page, [_issue(one) for one in page])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput() from None


def _issue(one: Issue) -> dict[str, Any]:
    return {
        "number": one.number, "table": str(one.sheet.table_id), "organ": one.organ.code, "origin": one.origin,
        "code": one.code, "title": one.title, "severity": one.severity, "dimension": one.dimension, "state": one.state,
        "found_at": one.found_at.isoformat(), "due_at": _moment(one.due_at), "closed_at": _moment(one.closed_at),
        "rows": one.rows, "left": one.left, "simulated": one.simulated,
    }  # fmt: skip


@router.get("/issues/{number}", summary="一个质量问题 One finding")
def get_issue(request: HttpRequest, number: str) -> dict[str, Any]:
    """The finding with its steps."""
    actor = _actor(request)
    found = queries.issue(actor, number)
    steps = [
        {"at": one.at.isoformat(), "what": one.what, "by": one.by, "note": one.note, "left": one.left}
        for one in queries.steps(actor, found)
    ]
    return _issue(found) | {"steps": steps}


@router.get("/issues/{number}/rows", summary="不合格行 Failing rows")
def list_rows(
    request: HttpRequest, number: str, version: int | None = None, offset: int = 0
) -> dict[str, Any]:
    """A page of failing rows of one version; personal columns masked for all but the organ they come from."""
    actor = _actor(request)
    found = queries.issue(actor, number)
    if not access.allowed(actor, "rows", found):
        raise NotFound()
    if not 0 <= offset <= 1_000_000 or (version is not None and not 0 <= version <= 10**9):
        raise InvalidInput()
    unmasked = access.allowed(actor, "repair", found.sheet)
    page = repairing.page(found, version=version, offset=offset, unmasked=unmasked)
    return {
        "version": page.version, "masked": page.masked, "offset": offset,
        "items": [
            {"place": row.place, "key": row.key, "values": row.values, "reason": row.reason.to_dict()} for row in page.rows
        ],
    }  # fmt: skip


@router.post("/issues/{number}/do", summary="办理质量问题 Move a finding on")
def do(request: HttpRequest, number: str, body: QualityDeed) -> dict[str, Any]:
    """Take it, report it repaired, dispute it; or, for the bureau, order, judge, accept."""
    call = call_of(request)
    found = queries.issue(_actor(request), number)
    if body.do == "take":
        done = actions.take_issue(call, issue=found)
    elif body.do == "repaired":
        done = actions.report_repaired(call, issue=found, note=body.note)
    elif body.do == "dispute":
        done = actions.dispute_issue(call, issue=found, reason=body.reason)
    elif body.do == "order":
        done = actions.order_issue(call, issue=found)
    elif body.do == "judge":
        done = actions.judge_dispute(call, issue=found, upheld=body.upheld, reason=body.reason)
    elif body.do == "accept":
        end = datetime.combine(body.until, time(23, 59, 59), clock.LOCAL) if body.until else None
        done = actions.accept_issue(call, issue=found, reason=body.reason, until=end)
    else:
        raise InvalidInput()
    return _issue(done)


@router.post("/doubts", summary="校核申请 Report a doubt")
def post_doubt(request: HttpRequest, body: QualityDoubt) -> dict[str, Any]:
    """Whoever may read a table may doubt a value of it; the organ repairs it or answers in time."""
    call = call_of(request)
    _actor(request)
    made = actions.raise_doubt(
        call, table_id=str(body.table), key=body.key, column=body.column, reason=body.reason
    )
    return _issue(made)


@router.get("/board", summary="质量看板 Board of organs")
def get_board(request: HttpRequest, month: str = "") -> dict[str, Any]:
    """Scores by dimension, open orders and the rate of repair of each organ the asker may see."""
    month = queries.month_checked(month)
    lines = queries.board(_actor(request), month)
    return {
        "month": month,
        "items": [
            {"organ": line.code, "name": line.name.to_dict(), "tables": line.tables, "score": _share(line.score),
             "dimensions": {name: float(value) for name, value in line.scores.items()}, "open": line.open,
             "overdue": line.overdue, "due": list(line.rate.due), "repaired": list(line.rate.repaired),
             "rate": _share(line.rate.rate)}
            for line in lines
        ],
    }  # fmt: skip
