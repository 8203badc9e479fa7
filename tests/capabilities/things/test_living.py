"""The synthetic stations of a demo city go on speaking, so that none falls silent for want of a storm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from quancheng.capabilities.things import actions, living, simulate
from quancheng.capabilities.things.models import Station
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.core.telemetry.sl651 import decode
from quancheng.kernel.actions import Call

pytestmark = pytest.mark.django_db
SLOT = datetime(2026, 6, 1, 2, 35, tzinfo=UTC)


def test_every_synthetic_station_speaks_and_is_accepted() -> None:
    call = Call.system("things", simulated=True)
    actions.register_stations(call, rows=list(simulate.network(np.random.default_rng(7), {})))
    frames = living.frames_at(SLOT, living.ordinary_levels())
    assert len(frames) == Station.objects.count()
    assert {decode(raw).readings[0].observed_at for raw in frames} == {SLOT}
    received = [ReceivedFrame(raw, SLOT + timedelta(seconds=40)) for raw in frames]
    report = actions.ingest_frames(call, frames=received, channel="tests")
    assert (report.accepted, report.rejected, report.refused) == (len(frames), {}, {})
    assert report.alarms == (), "an ordinary day raises no alarm"


def test_the_same_slot_gives_the_same_weather() -> None:
    call = Call.system("things", simulated=True)
    actions.register_stations(call, rows=list(simulate.network(np.random.default_rng(7), {})))
    assert living.frames_at(SLOT, living.ordinary_levels()) == living.frames_at(
        SLOT, living.ordinary_levels()
    )


def test_without_a_gateway_nothing_is_pretended(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("QUANCHENG_SL651_PORT", str(unused_tcp_port))
    with pytest.raises(OSError, match="refused"):
        living.report_once()


@pytest.fixture
def unused_tcp_port() -> int:
    from quancheng.testing.ports import free_port

    return free_port()
