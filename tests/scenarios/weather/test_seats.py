"""The seats of a drill on a virtual clock, and the past of the demo city."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from django.db import transaction

from quancheng.core.cap import check_chain, from_xml
from quancheng.kernel import events
from quancheng.kernel.simulation import Simulation
from quancheng.kernel.simulation.stage import Stage
from quancheng.scenarios.weather import indicators, simulate
from quancheng.scenarios.weather.models import Warning
from tests.scenarios.weather.conftest import STORM, crossing

CODE = "drill-seats"
FALLS = {0: (4, "370102"), 20: (3, "370103"), 21: (3, "370104"), 50: (1, "370102"), 55: (2, "370105")}


def _rehearse(hours: int = 5, mode: str = "auto") -> list[tuple]:
    sim = Simulation(7, STORM)
    stage = Stage(CODE, STORM + timedelta(hours=hours), seats=lambda: mode)

    def rain() -> None:
        minute = round((sim.now - STORM).total_seconds() / 60)
        if minute in FALLS:
            level, region = FALLS[minute]
            with transaction.atomic():
                data = crossing(level, region, exercise=CODE, number=minute + 1)
                events.emit("things.alarm.raised", subject=f"T-{minute}", data=data)
        events.drain()

    sim.every("rain", timedelta(minutes=1), rain, priority=-5)
    for name, process in simulate.rehearse(sim, stage):
        sim.process(name, process)
    sim.run_until(stage.ends_at)
    rows = Warning.objects.filter(exercise=CODE).order_by("published_at", "id")
    return [(row.msg_type, row.level, tuple(row.districts), row.published_at, row.state) for row in rows]


@pytest.mark.django_db
def test_a_storm_is_warned_of_and_ended_by_the_seats() -> None:
    told = _rehearse()
    kinds = [(kind, level) for kind, level, *_ in told]
    assert kinds[0] == ("alert", 4)
    assert ("update", 3) in kinds
    assert ("update", 1) in kinds
    assert kinds[-1] == ("cancel", 1)
    assert told[0][3] - STORM <= timedelta(minutes=5)
    assert told[-2][2] == ("370102", "370103", "370104", "370105")  # the late, milder crossing was not lost
    assert told[-1][3] - told[-2][3] >= timedelta(minutes=60)
    rows = Warning.objects.filter(exercise=CODE).exclude(xml=None)
    assert check_chain(from_xml(bytes(row.xml)) for row in rows) == ()
    people = set(rows.exclude(msg_type="cancel").values_list("submitted_by", "approved_by"))
    assert people == {("seat:forecaster", "seat:approver")}


@pytest.mark.django_db
def test_manual_seats_wait_for_people() -> None:
    told = _rehearse(hours=1, mode="manual")
    assert told[0][3] is None or told[0][3] - STORM >= timedelta(minutes=20)


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_drill() -> None:
    stories = []
    for _ in range(2):
        with transaction.atomic():
            stories.append(_rehearse())
            transaction.set_rollback(True)
    assert stories[0] == stories[1]


def test_the_demo_city_has_a_past_and_nobody_is_alarmed_by_it(storm) -> None:
    city = SimpleNamespace(name="jinan", region="370100", persons=1, firms=1, seed=1)
    told = simulate.seed(city, np.random.default_rng(1))
    assert "1 到期" in told
    rows = Warning.objects.all()
    assert all(row.simulated and row.published_at < STORM for row in rows)
    assert set(rows.values_list("msg_type", flat=True)) == {"alert", "update", "cancel"}
    assert not rows.filter(state__in=["draft", "submitted", "published"]).exists()
    assert check_chain(from_xml(bytes(row.xml)) for row in rows) == ()
    events.drain()
    assert events.tail(0, ["weather.*"], 500) == []
    simulate.seed(city, np.random.default_rng(1))
    assert Warning.objects.count() == len(rows)
    assert 0 < indicators.minutes_to_publish() < 30
