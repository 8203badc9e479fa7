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

from quancheng.capabilities.things import actions, district_api, observations, queries, upkeep_api
from quancheng.capabilities.things.api_rows import alarm_row, letter_row, station_row
from quancheng.capabilities.things.api_words import aware, plain
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.core.telemetry import sl651
from quancheng.core.text import Text
from quancheng.kernel import clock, pagination
from quancheng.kernel.errors import InvalidInput, TooLarge
from quancheng.kernel.middleware import call_of

router = Router()
router.add_router("", upkeep_api.router)
router.add_router("", district_api.router)
BODY_LIMIT = 1024 * 1024


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
    department: str = ""
    region: str = ""
    rule: str = ""
    muted: str = ""
    escalated: str = ""
    ended: str = ""
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
        name: plain(getattr(filters, name)) for name in ("kind", "region", "status", "department", "text")
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
        f"{newest}|{changed}|{plain(kind)}|{plain(exercise)}|{who}|{get_language()}|{queries.alarm_stamp()}"
    )
    etag = f'"{hashlib.sha256(parts.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
    else:
        answer = JsonResponse(
            queries.stations_geojson(actor, kind=plain(kind), exercise=plain(exercise)),
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
        for stream, newest in queries.streams(found, exercise=plain(exercise))
    ]  # fmt: skip
    return station_row(found) | {"streams": streams}


@router.get("/stations/{code}/observations", summary="观测数据 Observations", auth=None)
def station_observations(
    request: HttpRequest, code: str, filters: Query[ObservationFilter]
) -> dict[str, Any]:
    """Readings of one property in time order; the next page starts ``after`` the last time."""
    actor = call_of(request).actor
    until = aware("until", filters.until) or clock.now()
    since = aware("since", filters.since) or until - timedelta(hours=24)
    if not 1 <= filters.size <= 5000:
        raise InvalidInput(fields={"size": Text("1–5000", "1–5000")})
    if not filters.property:
        raise InvalidInput(
            fields={"property": Text("请写明要素，如 rain_5min", "Name a property, such as rain_5min")}
        )
    start = max(since, after + observations.STEP) if (after := aware("after", filters.after)) else since
    points = []
    if start < until:
        points = queries.series(
            actor, code, plain(filters.property), since=start, until=until, exercise=plain(filters.exercise)
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
        call_of(request).actor, state=plain(filters.state), level=filters.level, station=plain(filters.station),
        exercise=plain(filters.exercise), department=plain(filters.department), region=plain(filters.region),
        rule=plain(filters.rule), muted=plain(filters.muted), escalated=plain(filters.escalated),
        ended=plain(filters.ended),
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
        call_of(request).with_key(None), frames=received, channel=f"http:{plain(channel)}"[:40],
        exercise=plain(exercise),
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
        call_of(request).actor, reason=plain(reason), address=plain(address), exercise=plain(exercise)
    )
    page = pagination.page(found, ("-received_at", "-id"), {"cursor": cursor, "size": size})
    return {"items": [letter_row(one) for one in page], "next": page.next, "previous": page.previous}
