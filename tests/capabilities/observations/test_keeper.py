"""观测守护: sealing, latest values, restarts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quancheng.capabilities.observations import actions, queries
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.log import LogReader, writer
from quancheng.capabilities.observations.log_files import numbers
from quancheng.capabilities.observations.values import Batch, Observation
from quancheng.kernel import store

pytestmark = pytest.mark.django_db
NOON = 1_780_286_400_000_000
HOUR = 3_600_000_000


def test_sealed_rows_are_found_as_before() -> None:
    actions.append(Batch.numbers([2, 1, 1], [NOON, NOON + HOUR, NOON], [1, 2, 3]))
    actions.append(Batch.of([Observation(0, 3, NOON, result="雨", extra={"parameters": {"a": 1}})]))
    before = queries.find(streams=None, limit=10)
    keeper = Keeper()
    assert keeper.step(force=True) == 4
    assert queries.find(streams=None, limit=10) == before
    assert store.snapshot("observations.raw").rows == 4
    assert keeper.step(force=True) == 0
    assert Keeper().step(force=True) == 0


def test_latest_values_come_from_the_array_and_the_log_after_it() -> None:
    keeper = Keeper()
    actions.append(Batch.numbers(np.arange(1, 2001), np.full(2000, NOON), np.arange(2000.0)))
    keeper.step()
    assert queries.latest([5])[5].result == 4
    actions.append(Batch.numbers([5, 6], [NOON + 1, NOON - 1], [50, 60]))
    actions.append(Batch.of([Observation(0, 7, NOON + 2, result="多云", extra={"parameters": {"x": 2}})]))
    for _ in range(2):
        found = queries.latest([5, 6, 7, 3000])
        assert (found[5].result, found[6].result, found[7].result) == (50, 5, "多云")
        assert found[7].extra == {"parameters": {"x": 2}} and 3000 not in found
        keeper.step()
    assert len(queries.latest(range(1, 1001))) == 1000


def test_latest_follows_changes_and_deletions() -> None:
    keeper = Keeper()
    old, new = actions.append(Batch.numbers([1, 1], [NOON, NOON + 5], [1, 2])).id.tolist()
    for step in (lambda: None, keeper.step, lambda: keeper.step(force=True)):
        actions.change(Observation(new, 1, NOON - 5, result=9))
        step()
        assert queries.latest([1])[1].id == old
        actions.change(Observation(new, 1, NOON + 5, result=8))
        step()
        assert queries.latest([1])[1].result == 8
    actions.delete([old, new])
    keeper.step()
    assert queries.latest([1]) == {}


def test_a_killed_keeper_begins_again(observation_folder: Path) -> None:
    keeper = Keeper()
    actions.append(Batch.numbers([1, 2], [NOON, NOON], [1, 2]))
    keeper.step()
    keeper.latest._begin()  # killed while it wrote
    actions.append(Batch.numbers([1], [NOON + 1], [3]))
    assert queries.latest([1, 2])[1].result == 3  # the store itself answers meanwhile
    assert Keeper().step(force=True) == 3
    assert {s: r.result for s, r in queries.latest([1, 2]).items()} == {1: 3, 2: 2}


def test_after_a_power_cut_the_array_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    actions.append(
        Batch.of([Observation(0, 1, NOON, result="a", feature=5), Observation(0, 2, NOON, result=None)])
    )
    Keeper().step(force=True)
    actions.append(Batch.numbers([1], [NOON - 1], [1]))
    monkeypatch.setattr("quancheng.capabilities.observations.latest.boot", lambda: "another")
    keeper = Keeper()
    assert keeper.latest.whole
    found = queries.latest([1, 2])
    assert (found[1].result, found[1].feature, found[2].result, found[2].feature) == ("a", 5, None, None)


def test_log_files_go_when_all_consumers_have_passed(observation_folder: Path) -> None:
    slow = LogReader("watch")
    actions.append(Batch.numbers([1], [NOON], [1]))
    slow.poll(), slow.commit()
    writer()._size = 1 << 40  # the file is full
    actions.append(Batch.numbers([1], [NOON + 1], [1]))
    keeper = Keeper()
    place = observation_folder / "log"
    keeper.step(force=True)
    assert numbers(place, writer().name) == [1, 2]
    slow.poll(), slow.commit()
    actions.append(Batch.numbers([1], [NOON + 2], [1]))
    keeper.step(force=True)
    assert numbers(place, writer().name) == [2]
