"""HTTP interface of upkeep, below ``/api/v1/things/``: orders, mutes, coverage, quality."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.things import actions, coverage, quality, queries
from quancheng.capabilities.things.api_rows import alarm_row, order_row
from quancheng.capabilities.things.api_words import aware, plain
from quancheng.capabilities.things.models import StreamDay
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import call_of

router = Router()


class OrderFilter(Schema):
    """Filters of repair orders."""

    state: str = ""
    maintainer: str = ""
    cause: str = ""
    station: str = ""
    late: str = ""
    cursor: str = ""
    size: str = ""


class RepairRequest(Schema):
    """What is broken and who repairs it."""

    station: str
    cause: str
    text: str
    maintainer: str = ""
    alarm: int | None = None


class AlarmMuteRequest(Schema):
    """Until when and why."""

    until: datetime
    reason: str


@router.get("/orders", summary="维修工单 Repair orders", auth=django_auth)
def orders(request: HttpRequest, filters: Query[OrderFilter]) -> dict[str, Any]:
    """Repair orders the asker may see, most urgent first."""
    names = ("state", "maintainer", "cause", "station", "late")
    wanted = {name: plain(getattr(filters, name)) for name in names}
    page = pagination.page(queries.orders(call_of(request).actor, **wanted), ("due_at", "id"), filters.dict())
    return {"items": [order_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.post("/orders", summary="派修 Order a repair", auth=django_auth)
def post_order(request: HttpRequest, body: RepairRequest) -> dict[str, Any]:
    """Order a repair of a device; send an ``Idempotency-Key``."""
    return order_row(actions.order_repair(call_of(request), **body.dict()))


@router.post("/alarms/{int:alarm}/mute", summary="静音 Mute", auth=django_auth)
def mute(request: HttpRequest, alarm: int, body: AlarmMuteRequest) -> dict[str, Any]:
    """The rule tells nobody of this place until then."""
    until = aware("until", body.until)
    if until is None:
        raise InvalidInput(fields={"until": Text("请写明时间", "Say until when")})
    actions.mute_alarm(call_of(request), alarm=alarm, until=until, reason=body.reason)
    return alarm_row(queries.alarm(call_of(request).actor, alarm))


@router.get("/coverage", summary="感知覆盖 Coverage", auth=None)
def coverage_figures(request: HttpRequest) -> dict[str, Any]:
    """The plan's coverage figures, computed now, by district."""
    return {
        "indicators": [
            {
                "id": one.id, "name": one.text.to_dict(), "meaning": one.meaning.to_dict(), "target": one.target,
                "unit": one.unit, "percent": one.total.percent, "reached": one.reached,
                "districts": [
                    {"region": row.region, "part": row.part, "whole": row.whole, "percent": row.percent}
                    for row in one.districts
                ],
            }
            for one in coverage.indicators()
        ]
    }  # fmt: skip


@router.get("/quality", summary="数据质量 Data quality", auth=django_auth)
def quality_rows(
    request: HttpRequest, day: date | None = None, kind: str = "", department: str = "", region: str = ""
) -> dict[str, Any]:
    """Quality of a day by class and owner; yesterday unless a day is named."""
    actor = call_of(request).actor
    access.require(actor, "view", StreamDay)
    when = day or clock.today() - timedelta(days=1)
    rows = quality.board(
        actor, day=when, kind=plain(kind), department=plain(department), region=plain(region)
    )
    return {"day": when, "items": rows}
