"""观测存储的动作 actions: what writers do (``append`` …), and what people decide about the store."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from quancheng.capabilities.observations import exporting, lake, retention
from quancheng.capabilities.observations.appending import (
    accept,
    accept_async,
    append,
    append_async,
    change,
    delete,
    delete_streams,
    in_cluster,
)
from quancheng.capabilities.observations.exporting import Form
from quancheng.capabilities.observations.models import DroppedStream, Export, LegalHold
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = [
    "accept", "accept_async", "append", "append_async", "apply_retention", "change", "delete", "delete_streams", "drop_streams",
    "export", "in_cluster", "lift_hold", "place_hold",
]  # fmt: skip
_NAMED = 20


@action("observations.drop_streams", idempotent=False)
def drop_streams(call: Call, *, streams: Collection[int]) -> int:
    """删除数据流的全部观测: shown no more at once, removed from the files by compaction.

    Raises Forbidden.
    """
    access.require(call.actor, "drop", DroppedStream)
    known = set(DroppedStream.objects.filter(stream__in=list(streams)).values_list("stream", flat=True))
    fresh = sorted(set(streams) - known)
    DroppedStream.objects.bulk_create([DroppedStream(stream=one, at=call.at) for one in fresh])
    audit.note(streams=len(fresh), first=fresh[:_NAMED])
    return len(fresh)


def _prepare_export(
    call: Call, *, streams: Collection[int] | None, since: int, until: int, form: str, purpose: str
) -> exporting.Exported:
    access.require(call.actor, "export", Export)
    if since >= until:
        raise InvalidInput(fields={"until": Text("须晚于起始时间", "must be after the beginning")})
    if not purpose.strip():
        raise InvalidInput(fields={"purpose": Text("请写明用途", "say what it is for")})
    if form not in set(Form):
        known = "、".join(Form)
        raise InvalidInput(fields={"form": Text(f"只能是 {known}", f"one of {', '.join(Form)}")})
    return exporting.write(streams, since, until, Form(form))


@action("observations.export", prepare=_prepare_export)
def export(
    call: Call,
    *,
    streams: Collection[int] | None,
    since: int,
    until: int,
    form: str,
    purpose: str,
    prepared: Any = None,
) -> Export:
    """导出观测数据 of since ≤ time < until (µs) as Parquet, CSV or JSON lines; purpose and file are recorded.

    Raises Forbidden, InvalidInput, ExportFailed (disk).
    """
    access.require(call.actor, "export", Export)
    made: exporting.Exported = prepared
    row: Export = Export.objects.create(
        form=form, streams=None if streams is None else sorted(streams), since=since, until=until,
        purpose=purpose.strip()[:300], name=made.name, rows=made.rows, bytes=made.bytes, sha256=made.sha256,
        by=str(call.actor)[:150], made_at=call.at,
    )  # fmt: skip
    audit.note(rows=made.rows, sha256=made.sha256, purpose=row.purpose, since=since, until=until)
    events.emit("observations.exported", subject=row.name, data={"rows": made.rows, "form": form})
    return row


@action("observations.place_hold")
def place_hold(call: Call, *, reason: str, since: int, until: int, stream: int | None = None) -> LegalHold:
    """设立留存令: rows of a stream (None = of all) and a range that retention may not remove.

    Raises Forbidden, InvalidInput.
    """
    access.require(call.actor, "place", LegalHold)
    if since >= until:
        raise InvalidInput(fields={"until": Text("须晚于起始时间", "must be after the beginning")})
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明理由", "give the reason")})
    hold: LegalHold = LegalHold.objects.create(
        reason=reason.strip()[:300], stream=stream, since=since, until=until, placed_at=call.at
    )
    audit.note(reason=hold.reason, stream=stream, since=since, until=until)
    events.emit("observations.hold.placed", subject=str(hold.pk), data={"stream": stream})
    return hold


@action("observations.lift_hold")
def lift_hold(call: Call, *, hold: LegalHold) -> LegalHold:
    """解除留存令: retention may remove those rows again. Raises Forbidden, Conflict when already lifted."""
    access.require(call.actor, "lift", hold)
    hold.refresh_from_db()
    if hold.lifted_at is not None:
        raise Conflict(Text("该留存令已解除。", "That hold was lifted already."))
    hold.lifted_at = call.at
    hold.save(update_fields=["lifted_at"])
    audit.note(reason=hold.reason, stream=hold.stream)
    return hold


def _prepare_retention(call: Call) -> retention.Expired:
    access.require(call.actor, "retain", LegalHold)
    return retention.apply()


@action("observations.apply_retention", idempotent=False, prepare=_prepare_retention)
def apply_retention(call: Call, *, prepared: Any = None) -> dict[str, int]:
    """执行留存期限: rows older than their class allows leave the store. Raises Forbidden, StoreUnavailable.

    Files are rewritten one by one, each in its own transaction; this one records what was done.
    """
    access.require(call.actor, "retain", LegalHold)
    done: retention.Expired = prepared
    counted = {"files": done.files, "rows": done.rows, "held": done.held}
    audit.note(**counted, on=lake.moment(lake.micros(call.at)).isoformat())
    if done.rows:
        events.emit("observations.expired", subject="observations", data=counted)
    return counted
