"""演示数据 (模拟): rules of the packs in force over synthetic streams, and one alarm that explains itself.

Some of the air stations get the four gases beside their particles, minute by minute for six hours, with
an SO₂ plume that trials find; a manhole fills up just now, which the rule in force finds at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import structlog

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.sensorthings import actions as sta
from quancheng.capabilities.sensorthings import queries as streams
from quancheng.capabilities.things import actions as things
from quancheng.capabilities.things import queries as register
from quancheng.capabilities.watch import actions, queries
from quancheng.capabilities.watch.models import Episode, State
from quancheng.capabilities.watch.runner import Runner
from quancheng.capabilities.watch.sync import sync
from quancheng.capabilities.watch.values import micros
from quancheng.core.telemetry.reading import Quality
from quancheng.core.watch import MINUTE
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import QuanchengError

log = structlog.get_logger(__name__)
DEMO = (
    "air-so2-hour", "air-no2-hour", "air-co-hour", "air-o3-hour", "manhole-full", "ponding-deep",
    "smoke-then-heat", "river-rise", "rain-silent", "level-stuck",
)  # fmt: skip
GASES = {
    "so2": ("二氧化硫", "SO2", "μg/m³", 14.0, 2.0), "no2": ("二氧化氮", "NO2", "μg/m³", 35.0, 5.0),
    "co": ("一氧化碳", "CO", "mg/m³", 0.8, 0.1), "o3": ("臭氧", "O3", "μg/m³", 90.0, 8.0),
}  # fmt: skip
"""Names and unit as the register has them; usual value and noise at a station of the city are assumed."""
AIR_STATIONS, HOURS, PLUME = 4, 6, 620.0
MANHOLES, FILLING = 3, (0.9, 1.25, 1.31, 1.36)
"""Depth (m) of the last minutes at the first manhole; the limit of the pack is 1.2."""


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Drafts of the packs, of which some are tried and put in force; nothing when some are already."""
    sync()
    if queries.in_force().exists():
        return None
    call = Call.system("watch", simulated=True)
    gases, manholes = _gases(call, random), _stations("manhole", MANHOLES)
    _filled_before(call, manholes[:1])
    made = sum(_put_in_force(call, code) for code in DEMO)
    fills = sum(_filling(call, station) for station in manholes[:1])
    Runner().step()  # without a checkpoint: the component reads the same again and tells nothing twice
    alarms = Episode.objects.count()
    return f"{made} 条规则生效 rules in force, {gases + fills} 条模拟读数 simulated readings, {alarms} 个告警 alarms"


def _put_in_force(call: Call, code: str) -> int:
    version = queries.version(Actor.system("watch"), code)
    if version.state != State.DRAFT:
        return 0
    approver = Actor(ActorKind.SYSTEM, "模拟批准人", grants=(RoleGrant("watch.approver"),), simulated=True)
    try:
        actions.simulate(call, code=code, days=7)
        actions.approve(
            Call(approver, at=call.at), code=code, valid_from=call.at - timedelta(minutes=4, seconds=30)
        )
    except QuanchengError as refused:  # the draft is there all the same
        log.warning("watch.seed", rule=code, reason=refused.detail.zh)
        return 0
    return 1


def _stations(kind: str, number: int) -> list[Any]:
    """The first synthetic stations of a kind, with their things."""
    rows = register.stations(Actor.system("things"), kind=kind).filter(simulated=True).order_by("code")
    codes = list(rows.values_list("code", flat=True)[:number])
    if codes:
        things.enrol(Call.system("things", simulated=True), codes=codes)
    return list(rows.filter(code__in=codes))


# -- air ------------------------------------------------------------------------------------------
def _gases(call: Call, random: np.random.Generator) -> int:
    """Streams of the gases at some air stations, and their last hours minute by minute."""
    first = micros(call.at.replace(second=0, microsecond=0)) - HOURS * 60 * MINUTE
    times = first + np.arange(HOURS * 60 - 10) * MINUTE
    rows = 0
    for place, station in enumerate(_stations("air", AIR_STATIONS)):
        for prop, (*_, middle, noise) in GASES.items():
            values = np.maximum(0.0, random.normal(middle, noise, len(times)))
            if prop == "so2" and place == 0:
                values[60:130] += PLUME
            _append(_stream(station, prop), times, values.round(2))
            rows += len(times)
    return rows


def _stream(station: Any, prop: str) -> int:
    """A stream of a station as the ingest of a real device would register it."""
    call = Call.system("things", simulated=True)
    zh, en, unit, *_ = GASES[prop]
    facts = {
        "property": prop, "station": station.code, "kind": station.kind, "region": station.region,
        "department": station.department, "simulated": True,
    }  # fmt: skip
    observed = sta.upsert_observed_property(
        call, key=f"things:{prop}", name=zh, definition=f"urn:quancheng:property:{prop}", description=en,
        properties={"name_en": en, "property": prop},
    )  # fmt: skip
    sensor = sta.upsert_sensor(call, key="watch:gas", name="模拟气体传感器")
    return sta.upsert_stream(
        call, key=f"things:{station.code}:{prop}", thing=station.thing, name=f"{station.zh} {zh}",
        description=f"{station.en}: {en}", unit_name=unit, unit_symbol=unit,
        unit_definition="http://unitsofmeasure.org/ucum.html", observed_property=observed, sensor=sensor,
        properties=facts,
    )  # fmt: skip


def _append(stream: int, times: Any, values: Any) -> None:
    count = len(times)
    flags = np.full(count, int(Quality.SIMULATED))
    store.append(Batch.numbers(np.full(count, stream), times, values, flags), unique=True)


# -- a manhole fills ------------------------------------------------------------------------------
def _filled_before(call: Call, stations: list[Any]) -> None:
    """Three days ago it filled as well, which trials find."""
    begin = micros(call.at.replace(second=0, microsecond=0) - timedelta(days=3))
    depths = np.array([0.4, *FILLING, 1.1, 0.7, 0.4])
    for station in stations:
        for stream in _level(station):
            _append(stream, begin + np.arange(len(depths)) * 5 * MINUTE, depths)


def _filling(call: Call, station: Any) -> int:
    """Readings of the last four minutes that a rule in force finds; of the register and of the store."""
    at = call.at.replace(second=0, microsecond=0)
    times = [at - timedelta(minutes=back) for back in range(len(FILLING) - 1, -1, -1)]
    rows: list[tuple[str, str, datetime, Decimal]] = [
        (station.code, "manhole_level", moment, Decimal(str(value)))
        for moment, value in zip(times, FILLING, strict=True)
    ]
    made = things.record_readings(Call.system("things", simulated=True), rows=rows)
    for stream in _level(station):
        _append(stream, np.array([micros(moment) for moment in times]), np.array(FILLING))
    return made


def _level(station: Any) -> list[int]:
    key = f"things:{station.code}"
    return streams.stream_ids(Actor.system("watch"), thing_key=key, property="things:manhole_level")
