"""模拟: a few air stations that send over MQTT, registered with their streams, for the demo city."""

from __future__ import annotations

from typing import Any

import numpy as np

from quancheng.capabilities.ingest import actions
from quancheng.capabilities.ingest.models import Device
from quancheng.capabilities.ingest.values import ChannelSpec, DeviceSpec
from quancheng.capabilities.sensorthings import actions as sensorthings
from quancheng.core.text import Text
from quancheng.kernel.actions import Call

STATIONS = (
    ("SIM-AQ-01", "模拟微站1号", 117.021, 36.668),
    ("SIM-AQ-02", "模拟微站2号", 117.062, 36.651),
    ("SIM-AQ-03", "模拟微站3号", 116.996, 36.642),
)
_ELEMENTS = (
    (
        "pm25",
        Text("细颗粒物", "PM2.5"),
        "microgram per cubic metre",
        "µg/m³",
        "http://dd.eionet.europa.eu/vocabulary/aq/pollutant/6001",
    ),
    (
        "temperature",
        Text("气温", "Air temperature"),
        "degree Celsius",
        "°C",
        "http://qudt.org/vocab/quantitykind/Temperature",
    ),
)


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Devices marked as simulated; nothing when there are some already. Their secrets are thrown away."""
    if Device.objects.filter(simulated=True).exists():
        return None
    call = Call.system("ingest", simulated=True)
    rows = [_station(call, *station) for station in STATIONS]
    actions.register_devices(call, rows=rows)
    return f"{len(rows)} 台接入设备 ingest devices"


def _station(call: Call, code: str, name: str, lon: float, lat: float) -> DeviceSpec:
    key = f"ingest:{code}"
    said = {"simulated": True}
    thing = sensorthings.upsert_thing(
        call,
        key=key,
        name=name,
        description="模拟空气微站",
        properties=said,
        lon=lon,
        lat=lat,
        location_name=name,
    )
    sensor = sensorthings.upsert_sensor(call, key="ingest:sim-aq", name="模拟传感器")
    channels = []
    for element, label, unit, symbol, definition in _ELEMENTS:
        prop = sensorthings.upsert_observed_property(
            call,
            key=f"ingest:{element}",
            name=label.zh,
            definition=definition,
            properties={"name_en": label.en},
        )
        stream = sensorthings.upsert_stream(
            call, key=f"{key}:{element}", thing=thing, name=f"{name}{label.zh}", description="模拟",
            unit_name=unit, unit_symbol=symbol, unit_definition=definition, observed_property=prop,
            sensor=sensor, properties=said,
        )  # fmt: skip
        channels.append(ChannelSpec(element, stream))
    return DeviceSpec(code, "mqtt", thing=key, channels=tuple(channels), simulated=True)
