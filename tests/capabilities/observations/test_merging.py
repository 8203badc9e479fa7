"""合并与汇总: files are merged, edits worked in, hours and counts stay the same."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from quancheng.capabilities.observations import (
    actions,
    districts,
    engine,
    lake,
    mapping,
    merging,
    placing,
    queries,
    rollups,
    upkeep,
)
from quancheng.capabilities.observations.config import Limits
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.values import Batch, Observation
from quancheng.kernel import clock, store

pytestmark = pytest.mark.django_db
NOON = 1_780_286_400_000_000
HOUR = 3_600_000_000
MINUTE = 60_000_000


def everything() -> object:
    return (
        queries.find(streams=None, limit=10_000),
        queries.count(),
        queries.count(streams=[1, 2]),
        queries.count(since=NOON + 5 * MINUTE, until=NOON + HOUR + 7 * MINUTE),
        queries.count(streams=[2], since=NOON + 5 * MINUTE, until=NOON + 7 * MINUTE),
        queries.hourly(None, NOON - HOUR, NOON + 5 * HOUR),
        queries.hourly([2], NOON, NOON + HOUR),
        [queries.extent(stream) for stream in range(1, 5)],
        queries.latest([1, 2, 3, 4]),
    )


def fill() -> list[int]:
    minutes = np.arange(180)
    ids = []
    for stream in (1, 2, 3):
        rows = Batch.numbers(np.full(180, stream), NOON + minutes * MINUTE, minutes % 7 + stream)
        ids += actions.append(rows).id.tolist()
    actions.append(Batch.of([Observation(0, 4, NOON + MINUTE, NOON + 9 * MINUTE, NOON + HOUR, result="雨")]))
    return ids


def test_a_merge_changes_no_answer() -> None:
    with clock.at(lake.moment(NOON) + timedelta(hours=5)):
        fill()
        keeper = Keeper()
        before = everything()
        keeper.step(force=True)
        assert everything() == before
        assert len(merging.current(lake.RAW)) == 3
        done = upkeep.run()
        assert [one.files for one in done] == [1, 1, 1]
        assert store.snapshot(lake.HOURS).rows == 3 * 3 + 1
        assert everything() == before
        assert upkeep.run() == []
    with clock.at(lake.moment(NOON) + timedelta(days=2)):
        assert [one.files for one in upkeep.run()] == [3]
        assert {one.partition for one in merging.current(lake.RAW)} == {"2026-06-01"}
        assert everything() == before


@pytest.mark.parametrize("sealed", [False, True])
def test_edits_are_worked_in(sealed: bool) -> None:
    with clock.at(lake.moment(NOON) + timedelta(hours=5)):
        ids = fill()
        keeper = Keeper()
        keeper.step(force=True)
        upkeep.run()
        actions.change(Observation(ids[0], 1, NOON + 90 * MINUTE, result=1000))
        actions.change(Observation(ids[1], 2, NOON + MINUTE, result="moved"))
        actions.delete(ids[180:200])
        keeper.step(force=sealed)
        before = everything()
        assert queries.count() == 521
        assert queries.hourly([1], NOON + HOUR, NOON + 2 * HOUR)[0].max == 1000
        keeper.step(force=True)
        assert everything() == before
        merged = [merging.merge([one], one.partition) for one in merging.current(lake.RAW)]
        assert sum(one.edits for one in merged if one) == 22
        assert merging.current(lake.EDITS) == []
        assert everything() == before
        upkeep.run()
        assert everything() == before


def test_dropped_streams_vanish_at_once_and_then_from_the_files() -> None:
    with clock.at(lake.moment(NOON) + timedelta(hours=5)):
        fill()
        keeper = Keeper()
        keeper.step(force=True)
        upkeep.run()
        actions.delete_streams([2, 9])
        assert queries.count() == 361 and queries.count(streams=[2]) == 0
        assert queries.latest([1, 2]).keys() == {1}
        assert {hour.stream for hour in queries.hourly(None, NOON, NOON + 9 * HOUR)} == {1, 3, 4}
        for one in merging.current(lake.RAW):
            merging.merge([one], one.partition)
        assert store.snapshot(lake.RAW).rows == 361


def test_large_merges_are_divided_by_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.at(lake.moment(NOON) + timedelta(hours=5)):
        monkeypatch.setenv("QUANCHENG_OBSERVATIONS_FILE_ROWS", "2048")
        rows = Batch.numbers(
            np.repeat(np.arange(1, 101), 100), np.tile(NOON + np.arange(100), 100), np.ones(10_000)
        )
        actions.append(rows)
        monkeypatch.setattr("quancheng.kernel.store.files.ROW_GROUP", 2048)
        Keeper().step(force=True)
        upkeep.run()
        files = merging.current(lake.RAW)
        assert len(files) == 5 and sum(one.rows for one in files) == 10_000
        assert files[0].bounds["stream"][1] <= files[1].bounds["stream"][0]
        assert queries.count(streams=[50]) == 100


def test_history_goes_to_few_files() -> None:
    with clock.at(lake.moment(NOON)):
        days = np.arange(3650)
        actions.append(Batch.numbers(np.ones(3650), NOON - days * 24 * HOUR, days))
        Keeper().step(force=True)
        assert len(merging.current(lake.RAW)) < 190
        assert queries.count() == 3650
        assert queries.find(streams=[1], limit=1, descending=False)[0].result == 3649


def test_late_data_wait_until_enough_have_come() -> None:
    with clock.at(lake.moment(NOON) + timedelta(hours=5)):
        fill()
        keeper = Keeper()
        keeper.step(force=True)
        upkeep.run()
        for number in range(8):
            actions.append(Batch.numbers([1], [NOON + number], [number]))
            keeper.step(force=True)
            done = upkeep.run(Limits())
            assert bool(done) == (number == 7)
        assert queries.hourly([1], NOON, NOON + HOUR)[0].n == 68


def test_an_hour_counts_with_three_quarters_of_its_minutes() -> None:
    assert queries.minutes_needed() == 45


def test_districts_are_read_from_their_own_files(monkeypatch: pytest.MonkeyPatch) -> None:
    places = {
        1: mapping.Place("370102", "rain"),
        2: mapping.Place("370102", "rain"),
        3: mapping.Place("370103", "rain"),
    }
    surveys = [1]

    def lookup(streams: object) -> dict[int, mapping.Place]:
        return dict(places)

    def asked() -> list[queries.DistrictHour]:
        return queries.by_district(NOON - HOUR, NOON + 4 * HOUR)

    mapping.register(lookup, lambda: surveys[0])
    try:
        with clock.at(lake.moment(NOON) + timedelta(hours=5)):
            fill()
            Keeper().step(force=True)
            before = asked()
            assert [(one.region, one.streams, one.n) for one in before] == [("370102", 2, 120)] * 3 + [
                ("370103", 1, 60)
            ] * 3
            upkeep.run()
            lineage = {one.partition.split(".")[0] for one in store.snapshot(lake.DISTRICTS).entries}
            assert lineage == {placing.stem(one.path) for one in merging.current(lake.RAW)}
            with monkeypatch.context() as patch:
                patch.setattr(rollups, "define", never)
                assert asked() == before
            late = actions.append(Batch.numbers([1], [NOON + 7], [100]))
            assert next(one.max for one in asked()) == 100
            actions.delete(late.id.tolist())
            assert asked() == before
            Keeper().step(force=True)
            assert asked() == before
            places[2], surveys[0] = mapping.Place("370103", "rain"), 2
            moved = asked()
            assert [(one.region, one.streams) for one in moved] == [("370102", 1)] * 3 + [("370103", 2)] * 3
            assert districts.refresh() > 0
            assert asked() == moved
            assert districts.refresh() == 0
    finally:
        mapping.unregister(lookup)


def never(*_: object, **__: object) -> None:
    raise AssertionError("the sensors' hours were asked")


def test_the_newest_rows_are_found_in_the_newest_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(20):
        with clock.at(lake.moment(NOON + 24 * HOUR * day)):
            actions.append(Batch.numbers([1, 2], [NOON + 24 * HOUR * day] * 2, [day, day]))
            Keeper().step(force=True)
    opened: list[int] = []
    real = engine.parquet
    monkeypatch.setattr(engine, "parquet", lambda paths: opened.append(len(paths)) or real(paths))
    assert [row.result for row in queries.find(streams=[1], limit=3)] == [19, 18, 17]
    assert opened == [4]
    assert [row.result for row in queries.find(streams=[1], limit=5, descending=False)] == [0, 1, 2, 3, 4]
    assert opened == [4, 4, 8]
    actions.append(Batch.numbers([1], [NOON + 24 * HOUR * 30], [30]))
    assert [row.result for row in queries.find(streams=[1], limit=1)] == [30]
    assert opened == [4, 4, 8]
    assert len(queries.find(streams=None, limit=100)) == 41


def test_observations_are_merged_by_nobody_else() -> None:
    tables = (lake.RAW_TABLE, lake.EDITS_TABLE, lake.HOURS_TABLE, lake.DISTRICTS_TABLE)
    assert not any(table.upkeep for table in tables)


def test_times_and_ids_in_order_cost_little() -> None:
    streams, minutes = np.repeat(np.arange(1, 501), 60), np.tile(np.arange(60), 500)
    values = np.round(20 + np.cumsum(np.random.default_rng(1).normal(0, 0.05, 30_000)), 2)
    with clock.at(lake.moment(NOON)):
        for minute in range(60):
            mine = minutes == minute
            actions.append(Batch.numbers(streams[mine], NOON + minutes[mine] * MINUTE, values[mine]))
        Keeper().step(force=True)
    [file] = merging.current(lake.RAW)
    assert file.rows == 30_000
    assert file.bytes / file.rows < 6
