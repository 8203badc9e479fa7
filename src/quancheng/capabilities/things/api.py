"""HTTP interface of things, below ``/api/v1/things/``."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date
from django.utils.translation import get_language
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.things import actions, observations, queries
from quancheng.capabilities.things.models import Alarm, DeadLetter, Station
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.core.telemetry import sl651
from quancheng.core.text import Text
from quancheng.kernel import clock, pagination
from quancheng.kernel.errors import InvalidInput, TooLarge
from quancheng.kernel.middleware import call_of

router = Router()
BODY_LIMIT = 1024 * 1024
_TEXT = 100


class StationFilter(Schema):
    """Filters of the station list."""

    kind: str = ""
    region: str = ""
    status: str = ""
    department: str = ""
    text: str = ""
    cursor: str = ""
    size: str = ""


class ObservationFilter(Schema):
    """Which readings of a station."""

    property: str = ""
    since: datetime | None = None
    until: datetime | None = None
    exercise: str = ""
    after: datetime | None = None
    size: int = 500


class AlarmFilter(Schema):
    """Filters of the alarm list."""

    state: str = ""
    level: int | None = None
    station: str = ""
    exercise: str = ""
    cursor: str = ""
    size: str = ""


class Note(Schema):
    """Why."""

    note: str = ""


@router.get("/stations", summary="站点 Stations", auth=None)
def stations(request: HttpRequest, filters: Query[StationFilter]) -> dict[str, Any]:
    """Stations the asker may see, by code."""
    actor = call_of(request).actor
    wanted = {
        name: _plain(getattr(filters, name)) for name in ("kind", "region", "status", "department", "text")
    }
    page = pagination.page(queries.stations(actor, **wanted), ("code",), filters.dict())
    values: dict[str, list[dict[str, Any]]] = {}
    for row in queries.latest(actor, codes=[one.code for one in page]):
        values.setdefault(row.code, []).append(
            {
                "property": row.prop,
                "value": str(row.value),
                "unit": row.unit,
                "time": row.time,
                "quality": row.quality,
            }
        )
    items = [station_row(one) | {"latest": values.get(one.code, [])} for one in page]
    return {"items": items, "next": page.next, "previous": page.previous}


@router.get("/stations.geojson", summary="站点图层 Station layer", auth=None)
def stations_geojson(request: HttpRequest, kind: str = "", exercise: str = "") -> HttpResponse:
    """All stations with newest values; cheap to poll: an unchanged layer is 304 after one query."""
    actor = call_of(request).actor
    newest, changed = queries.stamp()
    who = ",".join(sorted(actor.role_ids))
    parts = (
        f"{newest}|{changed}|{_plain(kind)}|{_plain(exercise)}|{who}|{get_language()}|{queries.alarm_stamp()}"
    )
    etag = f'"{hashlib.sha256(parts.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
    else:
        answer = JsonResponse(
            queries.stations_geojson(actor, kind=_plain(kind), exercise=_plain(exercise)),
            content_type="application/geo+json",
            json_dumps_params={"ensure_ascii": False},
        )
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    if changed is not None:
        answer["Last-Modified"] = http_date(changed.timestamp())
    patch_vary_headers(answer, ["Cookie", "Accept-Language"])
    return answer


@router.get("/stations/{code}", summary="一个站点 One station", auth=None)
def station(request: HttpRequest, code: str, exercise: str = "") -> dict[str, Any]:
    """A station with its streams and newest values."""
    found = queries.station(call_of(request).actor, code)
    streams = [
        {
            "property": stream.prop, "name": stream.text.to_dict(), "unit": stream.unit,
            "value": str(newest.value) if newest else None, "time": newest.time if newest else None,
            "quality": newest.quality if newest else None,
        }
        for stream, newest in queries.streams(found, exercise=_plain(exercise))
    ]  # fmt: skip
    return station_row(found) | {"streams": streams}


@router.get("/stations/{code}/observations", summary="观测数据 Observations", auth=None)
def station_observations(
    request: HttpRequest, code: str, filters: Query[ObservationFilter]
) -> dict[str, Any]:
    """Readings of one property in time order; the next page starts ``after`` the last time."""
    actor = call_of(request).actor
    until = _aware("until", filters.until) or clock.now()
    since = _aware("since", filters.since) or until - timedelta(hours=24)
    if not 1 <= filters.size <= 5000:
        raise InvalidInput(fields={"size": Text("1–5000", "1–5000")})
    if not filters.property:
        raise InvalidInput(
            fields={"property": Text("请写明要素，如 rain_5min", "Name a property, such as rain_5min")}
        )
    start = max(since, after + observations.STEP) if (after := _aware("after", filters.after)) else since
    points = []
    if start < until:
        points = queries.series(
            actor, code, _plain(filters.property), since=start, until=until, exercise=_plain(filters.exercise)
        )
    else:
        queries.station(actor, code)
    shown = points[: filters.size]
    return {
        "station": code, "property": filters.property, "since": since, "until": until,
        "items": [{"time": one.time, "value": str(one.value), "quality": one.quality} for one in shown],
        "next": shown[-1].time if len(points) > len(shown) else None,
    }  # fmt: skip


@router.get("/alarms", summary="告警 Alarms", auth=None)
def alarms(request: HttpRequest, filters: Query[AlarmFilter]) -> dict[str, Any]:
    """Alarms the asker may see, newest first; of the real city unless an exercise is named."""
    found = queries.alarms(
        call_of(request).actor, state=_plain(filters.state), level=filters.level, station=_plain(filters.station),
        exercise=_plain(filters.exercise),
    )  # fmt: skip
    page = pagination.page(found, ("-raised_at", "-id"), filters.dict())
    return {"items": [alarm_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.post("/alarms/{int:alarm}/acknowledge", summary="确认告警 Acknowledge", auth=django_auth)
def acknowledge(request: HttpRequest, alarm: int, body: Note) -> dict[str, Any]:
    """Say that somebody has seen it."""
    return alarm_row(actions.acknowledge_alarm(call_of(request), alarm=alarm, note=body.note))


@router.post("/alarms/{int:alarm}/close", summary="关闭告警 Close", auth=django_auth)
def close(request: HttpRequest, alarm: int, body: Note) -> dict[str, Any]:
    """Close it with a reason."""
    return alarm_row(actions.close_alarm(call_of(request), alarm=alarm, note=body.note))


@router.post("/frames", summary="接收报文 Ingest frames", auth=django_auth)
def frames(request: HttpRequest, channel: str = "http", exercise: str = "") -> dict[str, Any]:
    """SL 651 frames one after another as bytes; the report says what became of each."""
    if len(request.body) > BODY_LIMIT:
        raise TooLarge()
    if not request.body:
        raise InvalidInput(
            Text("请求体应为 SL 651 报文的字节。", "The body must be the bytes of SL 651 frames.")
        )
    now = clock.now()
    buffer = sl651.FrameBuffer()
    received = [
        ReceivedFrame(b"", now, frame=one)
        if isinstance(one, sl651.Frame)
        else ReceivedFrame(one.raw, now, fault=one)
        for one in [*buffer.feed(request.body), *buffer.flush()]
    ]
    report = actions.ingest_frames(
        call_of(request).with_key(None), frames=received, channel=f"http:{_plain(channel)}"[:40],
        exercise=_plain(exercise),
    )  # fmt: skip
    outcomes = [{"status": one.status, "reason": one.reason} for one in report.outcomes]
    return report.to_dict() | {"outcomes": outcomes}


@router.get("/rejected", summary="拒收报文 Refused frames", auth=django_auth)
def rejected(
    request: HttpRequest,
    reason: str = "",
    address: str = "",
    exercise: str = "",
    cursor: str = "",
    size: str = "",
) -> dict[str, Any]:
    """Refused frames and values with reasons, newest first."""
    found = queries.dead_letters(
        call_of(request).actor, reason=_plain(reason), address=_plain(address), exercise=_plain(exercise)
    )
    page = pagination.page(found, ("-received_at", "-id"), {"cursor": cursor, "size": size})
    return {"items": [letter_row(one) for one in page], "next": page.next, "previous": page.previous}


# -- rows -------------------------------------------------------------------------------------
def station_row(found: Station) -> dict[str, Any]:
    """A station as the API says it."""
    return {
        "code": found.code, "name": found.text.to_dict(), "kind": found.kind, "lon": found.lon, "lat": found.lat,
        "region": found.region, "department": found.department, "protocol": found.protocol,
        "address": found.address, "status": found.status, "last_seen": found.last_seen,
        "simulated": found.simulated,
    }  # fmt: skip


def alarm_row(found: Alarm) -> dict[str, Any]:
    """An alarm with what it was based on."""
    return {
        "id": found.pk, "station": found.station.code, "station_name": found.station.text.to_dict(),
        "rule": found.rule.code, "rule_version": found.rule.version, "name": found.rule.text.to_dict(),
        "property": found.rule.prop, "window_minutes": found.rule.window_minutes, "level": found.level,
        "incident_type": found.rule.incident_type, "raised_at": found.raised_at, "detected_at": found.detected_at,
        "amount": str(found.amount), "threshold": str(found.threshold), "coverage": found.coverage,
        "state": found.state, "acknowledged_by": found.acknowledged_by, "closed_by": found.closed_by,
        "note": found.note, "exercise": found.exercise, "finding": found.finding, "evidence": found.evidence,
    }  # fmt: skip


def letter_row(found: DeadLetter) -> dict[str, Any]:
    """A refused frame."""
    return {
        "id": found.pk, "received_at": found.received_at, "channel": found.channel, "reason": found.reason,
        "text": found.text.to_dict(), "detail": found.detail, "raw_hex": found.raw_hex, "address": found.address,
        "exercise": found.exercise,
    }  # fmt: skip


def _plain(text: str) -> str:
    """A parameter as typed: no NUL (PostgreSQL refuses it), not endless."""
    if "\x00" in text or len(text) > _TEXT:
        raise InvalidInput(Text("参数无效。", "A parameter is not valid."))
    return text


def _aware(name: str, moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=clock.LOCAL)).astimezone(clock.LOCAL)
    except (OverflowError, ValueError):
        raise InvalidInput(fields={name: Text("时间超出范围", "Out of range")}) from None
