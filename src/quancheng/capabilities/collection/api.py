"""HTTP interface of collection, below ``/api/v1/collection/``. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Body, File, Form, Query, Router, Schema
from ninja.files import UploadedFile
from ninja.security import django_auth

from quancheng.capabilities.collection import actions, queries, rawfiles
from quancheng.capabilities.collection.models import Feed, LineageEvent, RefusedRow, Run
from quancheng.core.tabular import Place, Problem, Reason
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import call_of

router = Router(auth=django_auth)
EVENTS = 10_000


class CollectionFeedFilter(Schema):
    """Which feeds."""

    text: str = ""
    state: str = ""
    lateness: str = ""
    connector: str = ""
    cursor: str = ""
    size: str = ""


class CollectionRunFilter(Schema):
    """Which runs."""

    feed: str = ""
    state: str = ""
    cursor: str = ""
    size: str = ""


class CollectionRefusedFilter(Schema):
    """Which refused rows."""

    reason: str = ""
    column: str = ""
    cursor: str = ""
    size: str = ""


class CollectionDecision(Schema):
    """A decision about a held run: ``accept``, ``map``, ``extend`` or ``reject``."""

    verdict: str
    reason: str
    renamed: dict[str, str] = {}
    extended: list[str] = []
    stage: int | None = None


class CollectionDelivery(Schema):
    """How a file is meant: ``supplement`` = only corrected or missing rows."""

    supplement: bool = False


def _plain(text: str, longest: int = 200) -> str:
    """A text as typed: no NUL (PostgreSQL refuses it), not endless."""
    if "\x00" in text or len(text) > longest:
        raise InvalidInput(Text("参数无效。", "A parameter is not valid."))
    return text


def _listed(page: Any, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items, "next": page.next, "previous": page.previous}


# -- feeds ------------------------------------------------------------------------------------
@router.get("/feeds", summary="归集任务 Feeds")
def feeds(request: HttpRequest, filters: Query[CollectionFeedFilter]) -> dict[str, Any]:
    """Feeds the asker may see, by code."""
    found = queries.feeds(
        call_of(request).actor, text=_plain(filters.text), state=_plain(filters.state),
        lateness=_plain(filters.lateness), connector=_plain(filters.connector),
    )  # fmt: skip
    page = pagination.page(found, ("code",), filters.dict())
    return _listed(page, [feed_row(one) for one in page])


@router.get("/feeds/{code}", summary="一个归集任务 One feed")
def feed(request: HttpRequest, code: str) -> dict[str, Any]:
    """A feed with its columns; secrets are never told."""
    found = queries.feed(call_of(request).actor, _plain(code))
    return feed_row(found) | {
        "columns": found.columns, "key": found.key, "layout": found.layout, "settings": found.settings,
    }  # fmt: skip


@router.post("/feeds/{code}/runs", summary="现在归集 Collect now")
def start(request: HttpRequest, code: str) -> dict[str, Any]:
    """Fetch from the source now."""
    return run_row(actions.start_run(call_of(request), code=_plain(code), trigger=Run.Trigger.API.value))


@router.post("/feeds/{code}/deliveries", summary="报送文件 Deliver a file")
def deliver(
    request: HttpRequest, code: str, file: File[UploadedFile], facts: Form[CollectionDelivery]
) -> dict[str, Any]:
    """A file of rows; it is planned and, when nothing is held, applied. Ask for the run to see what became of it."""
    call = call_of(request)
    access.require(call.actor, "run", queries.feed(call.actor, _plain(code)))
    raw = rawfiles.keep(file.chunks(rawfiles.CHUNK))
    run = actions.deliver(
        call, code=code, digest=raw.digest, name=_plain(file.name or "delivery"), supplement=facts.supplement,
        trigger=Run.Trigger.API.value,
    )  # fmt: skip
    return run_row(run)


def feed_row(one: Feed) -> dict[str, Any]:
    """A feed as JSON."""
    return {
        "code": one.code, "name": one.text.to_dict(), "organ": one.organ.code, "state": one.state,
        "connector": one.connector, "mode": one.mode, "lateness": one.lateness, "entry": one.entry,
        "table_id": str(one.table_id) if one.table_id else None, "period_minutes": one.period_minutes,
        "sla_minutes": one.sla_minutes, "last_success_at": one.last_success_at, "next_at": one.next_at,
        "simulated": one.simulated,
    }  # fmt: skip


# -- runs -------------------------------------------------------------------------------------
@router.get("/runs", summary="归集运行 Runs")
def runs(request: HttpRequest, filters: Query[CollectionRunFilter]) -> dict[str, Any]:
    """Runs the asker may see, newest first."""
    found = queries.runs(call_of(request).actor, feed=_plain(filters.feed), state=_plain(filters.state))
    page = pagination.page(found, ("-began_at", "-id"), filters.dict())
    return _listed(page, [run_row(one) for one in page])


@router.get("/runs/{run_id}", summary="一次归集 One run")
def run(request: HttpRequest, run_id: str) -> dict[str, Any]:
    """A run with its plan, what it waits for and what was decided."""
    actor = call_of(request).actor
    found = queries.run(actor, _plain(run_id))
    decided = [
        {"verdict": one.verdict, "reason": one.reason, "by": one.by, "at": one.at}
        for one in queries.decisions(actor, found)
    ]
    more = {"plan": found.plan, "found": found.found, "failure": found.failure, "decisions": decided}
    return run_row(found) | more


@router.get("/runs/{run_id}/refused", summary="拒收行 Refused rows")
def refused(request: HttpRequest, run_id: str, filters: Query[CollectionRefusedFilter]) -> dict[str, Any]:
    """Refused rows with place and reason; personal cells are masked."""
    actor = call_of(request).actor
    rows = queries.refused(
        actor,
        queries.run(actor, _plain(run_id)),
        reason=_plain(filters.reason),
        column=_plain(filters.column),
    )
    page = pagination.page(rows, ("number",), filters.dict())
    return _listed(page, [refused_row(one) for one in page])


@router.post("/runs/{run_id}/decision", summary="处理待决 Decide")
def decide(request: HttpRequest, run_id: str, body: CollectionDecision) -> dict[str, Any]:
    """Decide about a held run; it is planned anew afterwards."""
    actor = call_of(request).actor
    found = queries.run(actor, _plain(run_id))
    renamed = {_plain(old): _plain(new) for old, new in body.renamed.items()}
    done = actions.decide(
        call_of(request), run_id=str(found.pk), verdict=_plain(body.verdict), reason=_plain(body.reason, 500),
        renamed=renamed, extended=[_plain(one) for one in body.extended], stage=body.stage,
    )  # fmt: skip
    return run_row(done)


def run_row(one: Run) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "id": str(one.pk), "feed": one.feed.code, "state": one.state, "stage": one.stage, "mode": one.mode,
        "trigger": one.trigger, "began_at": one.began_at, "ended_at": one.ended_at, "counts": one.counts,
        "holds": one.holds, "sha256": one.raw, "bytes": one.raw_bytes, "version": one.version,
        "simulated": one.simulated,
    }  # fmt: skip


def refused_row(one: RefusedRow) -> dict[str, Any]:
    """A refused row as JSON."""
    problems = [
        {
            "reason": reason,
            "column": column,
            "original": original,
            "text": Problem(Reason(reason), column, original).text.to_dict(),
        }
        for reason, column, original in one.problems
    ]
    place = Place(one.sheet, one.row, one.line)
    return {
        "number": one.number, "sheet": one.sheet, "row": one.row, "line": one.line, "place": place.text().to_dict(),
        "problems": problems, "cells": one.cells,
    }  # fmt: skip


# -- lineage ----------------------------------------------------------------------------------
class CollectionLineageFilter(Schema):
    """Which events."""

    run: str = ""
    cursor: str = ""
    size: str = ""


@router.get("/feeds/{code}/lineage", summary="血缘 Lineage of a feed's table")
def lineage(request: HttpRequest, code: str) -> dict[str, Any]:
    """What the table was made from and what was made from it."""
    found = queries.feed(call_of(request).actor, _plain(code))
    return queries.lineage(str(found.table_id)) if found.table_id else {"name": "", "up": [], "down": []}


@router.get("/lineage/events", summary="血缘事件 OpenLineage events")
def lineage_events(request: HttpRequest, filters: Query[CollectionLineageFilter]) -> dict[str, Any]:
    """OpenLineage run events as they came, newest first."""
    found = queries.lineage_events(call_of(request).actor, run=_plain(filters.run))
    page = pagination.page(found, ("-at", "-id"), filters.dict())
    return _listed(page, [one.body for one in page])


@router.get("/lineage/export", summary="导出血缘 Export OpenLineage events")
def lineage_export(request: HttpRequest) -> StreamingHttpResponse:
    """All events the asker may see as lines of JSON, oldest first: the file transport of OpenLineage."""
    found = queries.lineage_events(call_of(request).actor).order_by("at", "id")[:EVENTS]
    return StreamingHttpResponse(_lines(found), content_type="application/x-ndjson")


def _lines(found: Any) -> Iterator[bytes]:
    one: LineageEvent
    for one in found.iterator(chunk_size=200):
        yield json.dumps(one.body, ensure_ascii=False).encode() + b"\n"


@router.post("/lineage", summary="登记血缘事件 Record an OpenLineage event")
def lineage_event(request: HttpRequest, event: Body[dict[str, Any]]) -> dict[str, Any]:
    """An OpenLineage run event of another producer; the same one again adds nothing."""
    return {"recorded": actions.record_lineage(call_of(request), event=event)}
