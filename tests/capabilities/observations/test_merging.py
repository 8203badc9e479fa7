"""合并与汇总: files are merged, edits worked in, hours and counts stay the same."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from quancheng.capabilities.observations import actions, lake, merging, queries, upkeep
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
