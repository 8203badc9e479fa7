"""区县小时均值: what all sensors of a district say together, from the observation store's rollups."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from quancheng.capabilities.observations import queries as kept
from quancheng.capabilities.things import bridge
from quancheng.capabilities.things.models import StreamDay
from quancheng.kernel import access
from quancheng.kernel.actor import Actor


def district_hours(
    actor: Actor, prop: str, *, since: datetime, until: datetime, region: str = ""
) -> list[dict[str, Any]]:
    """Hours that begin with since ≤ hour < until, by district code and hour; ``region`` narrows by its beginning.

    ``mean`` is over all values of the district's streams of the property, ``streams`` how many of them spoke.
    Districts' figures are over all devices, so whoever may see the quality of data may see them. Raises Forbidden.
    """
    access.require(actor, "view", StreamDay)
    rows = kept.by_district(bridge.micros(since), bridge.micros(until), prop=prop)
    return [
        {
            "region": one.region, "hour": bridge.moment(one.hour), "streams": one.streams, "readings": one.n,
            "mean": one.mean, "min": one.min, "max": one.max,
        }
        for one in rows
        if one.region.startswith(region)
    ]  # fmt: skip
