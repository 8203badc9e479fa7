"""HTTP interface of the store, below ``/api/v1/observations/``: for those who keep it, not for readers.

Readers use SensorThings; the store has no streams of its own to show.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import FileResponse, HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.observations import actions, exporting, lake
from quancheng.capabilities.observations.models import Export, LegalHold, LogOffset
from quancheng.capabilities.observations.status import status
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import Expired, NotFound
from quancheng.kernel.middleware import call_of

router = Router()


class ObservationExportBody(Schema):
    """What to export and why."""

    streams: list[int] | None = None
    since: datetime
    until: datetime
    form: str = "parquet"
    purpose: str


class ObservationHoldBody(Schema):
    """What to keep and why."""

    reason: str
    since: datetime
    until: datetime
    stream: int | None = None


class ObservationListFilter(Schema):
    """Where a list goes on."""

    cursor: str = ""
    size: str = ""


@router.get("/status", summary="存储状态 State of the store", auth=django_auth)
def store_status(request: HttpRequest) -> dict[str, Any]:
    """Rows, files, bytes, how far each consumer is behind, damaged parts of the log."""
    access.require(call_of(request).actor, "view", LogOffset)
    return asdict(status())


@router.get("/exports", summary="导出记录 Exports", auth=django_auth)
def exports(request: HttpRequest, filters: Query[ObservationListFilter]) -> dict[str, Any]:
    """Exports the asker may see, newest first."""
    rows = access.visible(call_of(request).actor, Export)
    page = pagination.page(rows, ("-made_at", "-id"), filters.dict())
    return {"items": [_export(row) for row in page], "next": page.next, "previous": page.previous}


@router.post("/exports", summary="导出观测数据 Export observations", auth=django_auth)
def make_export(request: HttpRequest, body: ObservationExportBody) -> dict[str, Any]:
    """Write a file of a range; streams left out = all."""
    made = actions.export(
        call_of(request), streams=body.streams, since=lake.micros(_aware(body.since)),
        until=lake.micros(_aware(body.until)), form=body.form, purpose=body.purpose,
    )  # fmt: skip
    return _export(made)


@router.get("/exports/{name}", summary="下载导出文件 Download an export", auth=django_auth)
def download(request: HttpRequest, name: str) -> FileResponse:
    """The file of an export."""
    row = access.visible(call_of(request).actor, Export).filter(name=name).first()
    if row is None:
        raise NotFound
    path = exporting.place() / row.name
    if not path.exists():
        raise Expired(Text("该导出文件已清理。", "The file of that export was removed."))
    return FileResponse(path.open("rb"), as_attachment=True, filename=row.name)


@router.get("/holds", summary="留存令 Legal holds", auth=django_auth)
def hold_list(request: HttpRequest, filters: Query[ObservationListFilter]) -> dict[str, Any]:
    """Holds, newest first."""
    rows = access.visible(call_of(request).actor, LegalHold)
    page = pagination.page(rows, ("-placed_at", "-id"), filters.dict())
    return {"items": [_hold(row) for row in page], "next": page.next, "previous": page.previous}


@router.post("/holds", summary="设立留存令 Place a hold", auth=django_auth)
def place(request: HttpRequest, body: ObservationHoldBody) -> dict[str, Any]:
    """Keep rows of a range until the hold is lifted."""
    hold = actions.place_hold(
        call_of(request), reason=body.reason, stream=body.stream,
        since=lake.micros(_aware(body.since)), until=lake.micros(_aware(body.until)),
    )  # fmt: skip
    return _hold(hold)


@router.post("/holds/{number}/lift", summary="解除留存令 Lift a hold", auth=django_auth)
def lift(request: HttpRequest, number: int) -> dict[str, Any]:
    """Retention may remove those rows again."""
    call = call_of(request)
    hold = access.visible(call.actor, LegalHold).filter(pk=number).first()
    if hold is None:
        raise NotFound
    return _hold(actions.lift_hold(call, hold=hold))


def _aware(at: datetime) -> datetime:
    from quancheng.kernel.errors import InvalidInput

    if at.tzinfo is None:
        raise InvalidInput(Text("时间须带时区。", "A time needs its zone."))
    return at


def _export(row: Export) -> dict[str, Any]:
    return {
        "name": row.name, "form": row.form, "streams": row.streams, "since": lake.moment(row.since),
        "until": lake.moment(row.until), "purpose": row.purpose, "rows": row.rows, "bytes": row.bytes,
        "sha256": row.sha256, "by": row.by, "made_at": row.made_at,
    }  # fmt: skip


def _hold(row: LegalHold) -> dict[str, Any]:
    return {
        "id": row.pk, "reason": row.reason, "stream": row.stream, "since": lake.moment(row.since),
        "until": lake.moment(row.until), "placed_at": row.placed_at, "lifted_at": row.lifted_at,
    }  # fmt: skip
