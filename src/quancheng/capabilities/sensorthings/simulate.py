"""模拟: a weather mast with a MultiDatastream, so that the demo city shows every kind of stream."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Batch, Observation
from quancheng.capabilities.sensorthings import actions
from quancheng.capabilities.sensorthings.models import Stream
from quancheng.capabilities.sensorthings.values import GEOJSON, MEASUREMENT
from quancheng.core.sensorthings.times import micros
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

NAME = "大明湖风塔（模拟）"
_PLACE = {"type": "Point", "coordinates": [117.0234, 36.6745]}


def seed(city: Any, random: np.random.Generator) -> str | None:
    """One mast and a day of wind by ten minutes; nothing when it is there already."""
    if Stream.objects.filter(thing__name=NAME).exists():
        return None
    call = Call.system("sensorthings", simulated=True)
    pk = actions.create_entity(call, kind="MultiDatastream", body=_mast(), given={})
    until = clock.now().replace(minute=0, second=0, microsecond=0)
    speed = np.abs(random.normal(3.0, 1.0, 144)).round(1)
    rows = [
        Observation(
            0, pk, micros(until - timedelta(minutes=10 * (144 - n))), result=[_direction(n), float(one)]
        )
        for n, one in enumerate(speed)
    ]
    store.append(Batch.of(rows))
    return f"1 个多要素数据流 MultiDatastream, {len(rows)} 条观测 observations"


def _direction(n: int) -> int:
    return int(180 + 60 * math.sin(n / 23)) % 360


def _mast() -> dict[str, Any]:
    note = {"simulated": True}
    return {
        "name": "风向风速",
        "description": "模拟数据",
        "properties": note,
        "multiObservationDataTypes": [MEASUREMENT, MEASUREMENT],
        "unitOfMeasurements": [
            {"name": "度", "symbol": "°", "definition": "urn:ucum:deg"},
            {"name": "米每秒", "symbol": "m/s", "definition": "urn:ucum:m/s"},
        ],
        "Thing": {
            "name": NAME,
            "description": "模拟数据",
            "properties": note | {"region": "370102"},
            "Locations": [
                {
                    "name": "大明湖",
                    "description": "",
                    "encodingType": GEOJSON,
                    "location": _PLACE,
                    "properties": note,
                }
            ],
        },
        "Sensor": {
            "name": "超声风速仪",
            "description": "模拟",
            "encodingType": "text/plain",
            "metadata": "模拟",
        },
        "ObservedProperties": [
            {
                "name": "风向",
                "definition": "urn:quancheng:property:wind_direction",
                "description": "风来自的方位",
                "properties": {"name_en": "Wind direction"},
            },
            {
                "name": "风速",
                "definition": "urn:quancheng:property:wind_speed",
                "description": "十分钟平均",
                "properties": {"name_en": "Wind speed"},
            },
        ],
    }
