"""HTTP interface of district means, below ``/api/v1/things/``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.things import queries
from quancheng.capabilities.things.api_words import aware, plain
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import call_of

router = Router()
_MONTH = timedelta(days=31)


class DistrictHourFilter(Schema):
    """Which property, of which hours; the last 24 unless said."""

    property: str = ""
    region: str = ""
    since: datetime | None = None
    until: datetime | None = None


@router.get("/district-hours", summary="区县小时均值 Hourly means of districts", auth=django_auth)
def district_hours(request: HttpRequest, filters: Query[DistrictHourFilter]) -> dict[str, Any]:
    """Mean, least and greatest value of a property by district and hour; at most 31 days."""
    until = aware("until", filters.until) or clock.now()
    since = aware("since", filters.since) or until - timedelta(hours=24)
    if not filters.property:
        raise InvalidInput(fields={"property": Text("请写明要素，如 pm25", "Name a property, such as pm25")})
    if not timedelta() < until - since <= _MONTH:
        raise InvalidInput(fields={"since": Text("起止应相差31天以内", "At most 31 days before until")})
    rows = queries.district_hours(
        call_of(request).actor,
        plain(filters.property),
        since=since,
        until=until,
        region=plain(filters.region),
    )
    return {"property": filters.property, "since": since, "until": until, "items": rows}
