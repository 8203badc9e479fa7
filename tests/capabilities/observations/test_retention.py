"""留存、导出、区县汇总 through actions, jobs and the API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from quancheng.capabilities.observations import actions, exporting, lake, mapping, merging, queries, tasks
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.mapping import Place
from quancheng.capabilities.observations.status import status
from quancheng.capabilities.observations.values import Batch, Observation
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput, NotSignedIn

pytestmark = pytest.mark.django_db
START = datetime(2026, 6, 1, 4, tzinfo=UTC)
NOON = lake.micros(START)
HOUR = lake.HOUR_US


@pytest.fixture
def places() -> Iterator[None]:
    def lookup(streams: Sequence[int]) -> dict[int, Place]:
        known = {1: Place("370102", "pm25", "device"), 2: Place("370102", "pm25"), 3: Place("370103", "pm25")}
        return {one: known[one] for one in streams if one in known}

    mapping.register(lookup)
    yield
    mapping.unregister(lookup)


def fill() -> None:
    with clock.at(START + timedelta(hours=1)):
        for stream in (1, 2, 3, 4):
            actions.append(
                Batch.numbers(np.full(60, stream), NOON + np.arange(60) * 60_000_000, np.full(60, stream))
            )
        Keeper().step(force=True)


def test_rows_end_with_their_class_and_their_hours_stay(places: None, system_call: Call) -> None:
    fill()
    with clock.at(START + timedelta(days=179)):
        assert tasks.retain() == {"files": 0, "rows": 0, "held": 0}
    with clock.at(START + timedelta(days=181)):
        assert tasks.retain() == {"files": 1, "rows": 60, "held": 0}
        assert queries.count() == 180 and queries.count(streams=[1]) == 0
        [hour] = queries.hourly([1], NOON, NOON + HOUR)
        assert (hour.n, hour.mean) == (60, 1)
        assert tasks.retain()["rows"] == 0
    with clock.at(START + timedelta(days=1096)):
        assert tasks.retain()["rows"] == 180
        assert queries.count() == 0 and merging.current(lake.RAW) == []
        assert [hour.stream for hour in queries.hourly(None, NOON, NOON + HOUR)] == [1, 2, 3, 4]


def test_a_legal_hold_is_stronger_than_any_period(places: None, system_call: Call) -> None:
    fill()
    hold = actions.place_hold(system_call, reason="事故调查", stream=2, since=NOON, until=NOON + HOUR)
    with clock.at(START + timedelta(days=2000)):
        assert tasks.retain() == {"files": 1, "rows": 180, "held": 1}
        assert queries.count(streams=[2]) == 60
        actions.lift_hold(system_call, hold=hold)
        with pytest.raises(Conflict):
            actions.lift_hold(system_call, hold=hold)
        assert tasks.retain()["rows"] == 60
    with pytest.raises(InvalidInput):
        actions.place_hold(system_call, reason=" ", since=1, until=2)
    with pytest.raises(NotSignedIn):
        actions.place_hold(Call(Actor.anonymous()), reason="x", since=1, until=2)


def test_districts_are_added_up_over_their_streams(places: None) -> None:
    fill()
    found = queries.by_district(NOON, NOON + HOUR)
    assert [(one.region, one.streams, one.n, one.mean) for one in found] == [
        ("370102", 2, 120, 1.5),
        ("370103", 1, 60, 3),
    ]
    assert queries.by_district(NOON, NOON + HOUR, prop="noise") == []


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_an_export_holds_what_the_store_holds(form: str, system_call: Call) -> None:
    actions.append(
        Batch.of([Observation(0, 5, NOON, NOON + 1, NOON + 2, "雨,“大”", 3, 9, {"parameters": {"a": 1}}),
                  Observation(0, 5, NOON + 1_500_000, result=2.5), Observation(0, 6, NOON, result=1)])
    )  # fmt: skip
    made = actions.export(system_call, streams=[5], since=NOON, until=NOON + HOUR, form=form, purpose="核查")
    data = (exporting.place() / made.name).read_bytes()
    assert made.rows == 2 and made.bytes == len(data)
    if form == "parquet":
        table = pq.read_table(io.BytesIO(data))
        assert [row.result for row in lake.batch_of(table).rows()] == ["雨,“大”", 2.5]
        return
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(data.decode())))
        assert rows[0]["result"] == "雨,“大”" and rows[1]["result"] == "2.5"
    else:
        rows = [json.loads(line) for line in data.decode().splitlines()]
        assert rows[0]["extra"] == {"parameters": {"a": 1}} and rows[1]["feature"] is None
    assert rows[1]["phenomenon_time"] == "2026-06-01T04:00:01.500000Z"
    assert rows[0]["result_time"] == "2026-06-01T04:00:00.000002Z"


def test_an_export_needs_a_purpose_and_a_right(system_call: Call) -> None:
    with pytest.raises(InvalidInput):
        actions.export(system_call, streams=None, since=0, until=1, form="csv", purpose="")
    with pytest.raises(InvalidInput):
        actions.export(system_call, streams=None, since=0, until=1, form="xls", purpose="x")
    with pytest.raises(NotSignedIn):
        actions.export(Call(Actor.anonymous()), streams=None, since=0, until=1, form="csv", purpose="x")
    assert not exporting.place().exists()


def test_the_state_of_the_store_for_its_keeper(client: object) -> None:
    from quancheng.capabilities.people.models import User
    from quancheng.kernel.models import writing

    assert client.get("/api/v1/observations/status").status_code == 401  # type: ignore[attr-defined]
    with writing("tests"):
        user = User.objects.create_user("passer-by", password="a long enough one")
    client.force_login(user)  # type: ignore[attr-defined]
    assert client.get("/api/v1/observations/status").status_code == 403  # type: ignore[attr-defined]
    fill()
    actions.append(Batch.numbers([1], [NOON], [1]))
    now = status()
    assert (now.rows, now.files, now.damages) == (240, 1, 0)
    assert [lag.consumer for lag in now.lags] == ["keeper"] and 0 < now.lags[0].bytes < 200
