"""The quality board's valid hours are those of core.telemetry.validity, flags included."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.capabilities.things.conftest import NOON, SYSTEM

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.things import actions, bridge, quality, tasks
from quancheng.capabilities.things.models import Datastream, StreamDay
from quancheng.core.telemetry import validity
from quancheng.core.telemetry.reading import Quality
from quancheng.kernel import clock
from quancheng.kernel.models import writing

MINUTE = 60_000_000
AIR = {
    "code": "JN-A-001", "zh": "空气站1", "en": "Air 1", "kind": "air", "lon": 117.02, "lat": 36.65,
    "region": "370102", "department": "jn-environment", "protocol": "HJ212", "address": "MN00000001",
    "status": "online",
}  # fmt: skip


@given(st.sets(st.integers(0, 11), max_size=12), st.sampled_from([1, 5]), st.integers(1, 60))
def test_an_hour_is_judged_as_validity_judges_its_samples(slots, interval, least):
    rule = validity.Rule(least, 60)
    samples = [validity.Sample(slot * interval * MINUTE, 2.0, minutes=interval) for slot in slots]
    whole = validity.hourly(samples, 0, rule)
    ours = quality.mean_of(quality.Hour(0, len(slots), 2.0, 2.0, len(slots), 2.0), interval, rule)
    assert (ours.counted, ours.valid, ours.value) == (whole.counted, whole.valid, whole.value)


@pytest.mark.django_db
@pytest.mark.parametrize(("bad", "valid"), [(0, 1), (15, 1), (16, 0), (60, 0)])
def test_minutes_of_a_broken_instrument_do_not_make_an_hour(noon, bad, valid):
    actions.register_stations(SYSTEM, rows=[AIR])
    stream = Datastream.objects.get(station__code="JN-A-001", prop="pm25")
    with writing("things.test"):
        Datastream.objects.filter(pk=stream.pk).update(interval_minutes=1)
    actions.record_readings(SYSTEM, rows=[("JN-A-001", "pm25", NOON - timedelta(hours=5), Decimal(40))])
    tasks.bridge_readings()
    stream.refresh_from_db()
    begin = bridge.micros(NOON - timedelta(hours=2))
    flags = [int(Quality.FAULT) if minute < bad else 0 for minute in range(60)]
    times = [begin + minute * MINUTE for minute in range(60)]
    store.append(Batch.numbers([stream.number] * 60, times, [40.0 + n for n in range(60)], flags))
    with clock.at(NOON + timedelta(minutes=30)):
        tasks.quality_of_days()
    assert StreamDay.objects.get(day=clock.today(), datastream=stream).valid_hours == valid
