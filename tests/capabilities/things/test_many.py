"""Thousands of devices at once: enrolled, watched and changed in few statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.capabilities.things.conftest import NOON, OPERATOR, SYSTEM, Rain, facts

from quancheng.capabilities.sensorthings import queries as sta
from quancheng.capabilities.things import actions, pumping
from quancheng.capabilities.things.actions import silence
from quancheng.capabilities.things.models import Datastream, DeviceEvent, Station
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, TooLarge
from quancheng.kernel.events.models import OutboxEvent

pytestmark = pytest.mark.django_db
CHANGED = "things.station.status_changed"


def many(number: int, **other: Any) -> list[Station]:
    rows = [
        facts(0, code=f"M-{at:05d}", kind="noise", protocol="HJ212", address=None, **other)
        for at in range(number)
    ]
    return actions.register_stations(SYSTEM, rows=rows)


def test_two_thousand_devices_are_enrolled_in_few_statements(noon: Any) -> None:
    many(2000)
    with CaptureQueriesContext(
        connection,
    ) as told:
        assert pumping.enrol_missing() == 2000
    assert len(told) < 800, "one by one it was more than ten a device"
    assert not Datastream.objects.filter(number=None).exists()
    thing = Station.objects.get(code="M-01999").thing
    assert thing == sta.thing_id("things:M-01999")
    codes = [f"M-{at:05d}" for at in range(500)]
    with CaptureQueriesContext(connection) as again:
        assert actions.enrol(SYSTEM, codes=codes) == 0
    assert len(again) < 40, "nothing changed"


def test_silence_is_looked_for_some_streams_at_a_time(
    gauges: list[Station], rain: Rain, monkeypatch: pytest.MonkeyPatch
) -> None:
    rain({1: ["0.1"], 2: ["0.1"], 3: ["0.1"]})
    monkeypatch.setattr(silence, "CHUNK", 2)
    later = NOON + timedelta(hours=2)
    with clock.at(later):
        rain({2: ["0.2"]}, later)
        call = Call.system("things")
        first = actions.watch_streams(call)
        assert first["last"] == sorted(Datastream.objects.values_list("pk", flat=True))[1]
        assert pumping.watch()["silent"] + first["silent"] == 2
        assert pumping.watch() == {"silent_streams": 0, "silent": 0, "woken": 0}
    assert dict(Station.objects.exclude(code="T-RIVER").values_list("code", "status")) == {
        "T-001": "silent", "T-002": "online", "T-003": "silent",
    }  # fmt: skip


def told() -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(type=CHANGED).order_by("pk")
    return [row.data for row in rows]


def test_states_of_many_are_those_of_each(noon: Any) -> None:
    many(300, status="online")
    actions.update_status(Call(OPERATOR), code="M-00000", status="silent", note="断线")
    one, one_line = told()[-1], DeviceEvent.objects.order_by("-pk")[0]
    rows = {f"M-{at:05d}": "silent" for at in range(300)}
    with CaptureQueriesContext(connection) as asked:
        assert actions.update_statuses(Call(OPERATOR), rows=rows, note="断线") == 299, (
            "one was silent already"
        )
    assert len(asked) < 400
    assert set(Station.objects.values_list("status", "note")) == {("silent", "断线")}
    last, line = told()[-1], DeviceEvent.objects.order_by("-pk")[0]
    assert len(told()) == 300
    assert last | {"code": ""} == one | {"code": ""}
    assert (line.what, line.by, line.note, line.detail) == (
        one_line.what, one_line.by, one_line.note, one_line.detail
    )  # fmt: skip
    assert actions.update_statuses(Call(OPERATOR), rows=rows) == 0


def test_states_of_many_are_changed_for_all_or_none(noon: Any) -> None:
    many(3, status="online")
    actions.retire(Call(OPERATOR), code="M-00002", note="拆除")
    rows = {"M-00000": "silent", "M-00001": "silent"}
    with pytest.raises(NotFound):
        actions.update_statuses(Call(OPERATOR), rows=rows | {"M-9": "silent"})
    for wrong in ("retired", "asleep"):
        with pytest.raises(InvalidInput):
            actions.update_statuses(Call(OPERATOR), rows=rows | {"M-00001": wrong})
    with pytest.raises(Forbidden):
        actions.update_statuses(Call(Actor(ActorKind.OFFICIAL, "x", user_id=9)), rows=rows)
    with pytest.raises(TooLarge):
        actions.update_statuses(Call(OPERATOR), rows={f"M-{at:05d}": "silent" for at in range(5001)})
    assert set(Station.objects.values_list("status", flat=True)) == {"online", "retired"}
    assert actions.update_statuses(Call(OPERATOR), rows=rows | {"M-00002": "online"}) == 2
    assert Station.objects.get(code="M-00002").status == "retired", "a retired one is left alone"
