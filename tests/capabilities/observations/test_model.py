"""Against a dictionary: whatever is appended, changed, deleted, sealed, merged and restarted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from quancheng.capabilities.observations import actions, districts, lake, log, mapping, merging, queries, seen
from quancheng.capabilities.observations.config import folder
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.testing import fresh_store
from quancheng.capabilities.observations.values import Batch, Observation

NOON = 1_780_286_400_000_000
STREAMS = st.integers(1, 3)
TIMES = st.integers(0, 5).map(lambda n: NOON + n * 1_800_000_000)
RESULTS = st.one_of(
    st.none(), st.integers(-5, 5), st.booleans(), st.floats(-9, 9), st.sampled_from(["雨", {"a": 1}])
)


class Store(RuleBasedStateMachine):
    """The store beside a dictionary by id."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, Observation] = {}
        self.dropped: set[int] = set()
        self.regions = {1: "east", 2: "east", 3: "west"}
        self.surveys = 0

    def places(self, streams: Any) -> dict[int, mapping.Place]:
        return {one: mapping.Place(self.regions[one], "rain") for one in streams if one in self.regions}

    def survey(self) -> int:
        return self.surveys

    @initialize()
    def begin(self) -> None:
        self.fresh = fresh_store()
        self.fresh.__enter__()
        self.keeper = Keeper()
        mapping.register(self.places, self.survey)

    def teardown(self) -> None:
        from django.db import connection

        from quancheng.capabilities.observations.models import DroppedStream, IdBlock, LogOffset
        from quancheng.kernel.models import writing
        from quancheng.kernel.store.models import Segment

        mapping.unregister(self.places)
        self.fresh.__exit__(None, None, None)
        with writing("tests"):
            Segment.objects.all().delete()
            IdBlock.objects.all().delete()
            LogOffset.objects.all().delete()
            DroppedStream.objects.all().delete()
        assert connection.in_atomic_block

    @rule(rows=st.lists(st.tuples(STREAMS, TIMES, RESULTS), min_size=1, max_size=5))
    def append(self, rows: list[tuple[int, int, Any]]) -> None:
        kept = actions.append(Batch.of([Observation(0, s, t, result=r) for s, t, r in rows]))
        self.rows |= {row.id: row for row in kept.rows()}

    @rule(stream=STREAMS, time=TIMES, result=RESULTS)
    def send_again(self, stream: int, time: int, result: Any) -> None:
        same = [row for row in self.visible() if (row.stream, row.time) == (stream, time)]
        if len(same) > 1 or stream in self.dropped:
            return
        kept = actions.append(Batch.of([Observation(0, stream, time, result=result)]), unique=True)
        if same and (same[0].result, type(same[0].result)) == (result, type(result)):
            assert len(kept) == 0
        for row in kept.rows():
            assert not same or row.id == same[0].id
            self.rows[row.id] = row

    @rule(data=st.data(), stream=STREAMS, time=TIMES, result=RESULTS)
    def change(self, data: st.DataObject, stream: int, time: int, result: Any) -> None:
        known = sorted(row.id for row in self.visible())
        if known and stream not in self.dropped:
            new = Observation(data.draw(st.sampled_from(known)), stream, time, result=result)
            actions.change(new)
            self.rows[new.id] = new

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        known = sorted(row.id for row in self.visible())
        if known:
            chosen = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
            assert actions.delete(chosen) == len(chosen)
            for one in chosen:
                del self.rows[one]

    @rule()
    def read_on(self) -> None:
        self.keeper.step()

    @rule()
    def seal(self) -> None:
        self.keeper.step(force=True)

    @rule()
    def merge(self) -> None:
        partitions = {one.partition for one in merging.current(lake.RAW)}
        for partition in sorted(partitions):
            merging.merge(merging.current(lake.RAW, partition), partition)
        districts.refresh()

    @rule(stream=STREAMS, region=st.sampled_from(["east", "west"]))
    def move_a_sensor(self, stream: int, region: str) -> None:
        self.regions[stream] = region
        self.surveys += 1

    @rule()
    def restart(self) -> None:
        log.forget(folder())
        seen._seen.clear()
        self.keeper = Keeper()

    @rule(stream=STREAMS)
    def drop(self, stream: int) -> None:
        if len(self.rows) > 12:
            actions.delete_streams([stream])
            self.dropped.add(stream)

    def visible(self) -> list[Observation]:
        return [row for row in self.rows.values() if row.stream not in self.dropped]

    @invariant()
    def the_same_rows(self) -> None:
        if not hasattr(self, "keeper"):
            return
        wanted = sorted(self.visible(), key=lambda row: (row.time, row.id), reverse=True)
        found = queries.find(streams=None, limit=1000)
        assert [(r.id, r.stream, r.time, r.result) for r in found] == [
            (r.id, r.stream, r.time, r.result) for r in wanted
        ]
        assert queries.count() == len(wanted)
        for stream in (1, 2, 3):
            mine = [row for row in wanted if row.stream == stream]
            extent = queries.extent(stream)
            assert (extent.count if extent else 0) == len(mine) == queries.count(streams=[stream])
            latest = queries.latest([stream]).get(stream)
            assert (latest.time if latest else None) == (mine[0].time if mine else None)
        hours = queries.hourly(None, NOON, NOON + 10 * lake.HOUR_US)
        numbers = [row for row in wanted if isinstance(row.result, int | float)]
        assert sum(hour.n for hour in hours) == len(numbers)
        said = {(d.region, d.hour): (d.streams, d.n, d.min, d.max) for d in self.of_districts()}
        parts: dict[tuple[str, int], list[Observation]] = {}
        for row in wanted:
            parts.setdefault((self.regions[row.stream], row.time - row.time % lake.HOUR_US), []).append(row)
        assert said == {key: summed(rows) for key, rows in parts.items()}
        assert sum(hour.sum or 0 for hour in hours) == pytest.approx(sum(row.result for row in numbers))

    def of_districts(self) -> list[Any]:
        return queries.by_district(NOON - lake.HOUR_US, NOON + 10 * lake.HOUR_US, prop="rain")


def summed(rows: list[Observation]) -> tuple[int, int, float | None, float | None]:
    numbers = [(row.stream, float(row.result)) for row in rows if isinstance(row.result, int | float)]
    values = [number for _, number in numbers]
    return len({one for one, _ in numbers}), len(values), min(values, default=None), max(values, default=None)


@pytest.mark.django_db
def test_the_store_is_a_dictionary() -> None:
    run_state_machine_as_test(
        Store,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
        ),
    )
