"""起止: what is remembered of files, added in arrays and asked anew is what the rows say, whatever happened."""

from __future__ import annotations

import random

import pytest

from quancheng.capabilities.observations import actions, queries
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.values import Batch, Observation
from quancheng.capabilities.observations.views import Extent

pytestmark = pytest.mark.django_db
HOUR = 3_600_000_000
STREAMS = range(1, 9)


def said() -> dict[int, Extent]:
    """By the slow way: every row looked at."""
    found: dict[int, list[Observation]] = {}
    for one in queries.find(streams=list(STREAMS), limit=100_000):
        found.setdefault(one.stream, []).append(one)
    return {
        stream: Extent(
            min(one.time for one in rows), max(one.time_end or one.time for one in rows),
            min((one.result_time for one in rows if one.result_time is not None), default=None),
            max((one.result_time for one in rows if one.result_time is not None), default=None), len(rows),
        )
        for stream, rows in found.items()
    }  # fmt: skip


def some(random_: random.Random, number: int) -> list[Observation]:
    rows = []
    for _ in range(number):
        time = random_.randrange(1, 50) * HOUR + random_.randrange(HOUR)
        end = time + HOUR if random_.random() < 0.2 else None
        result_time = time + 5 if random_.random() < 0.5 else None
        rows.append(Observation(0, random_.choice(STREAMS), time, end, result_time, 1.5))
    return rows


@pytest.fixture
def keeper(observation_folder: object) -> Keeper:
    return Keeper()


@pytest.mark.parametrize("seed", range(4))
def test_after_any_deed_it_is_what_the_rows_say(keeper: Keeper, seed: int) -> None:
    random_ = random.Random(seed)
    for _ in range(14):
        deed = random_.choice(("append", "append", "seal", "delete", "change", "drop"))
        rows = queries.find(streams=list(STREAMS), limit=100_000)
        if deed == "append" or not rows:
            actions.append(Batch.of(some(random_, random_.randrange(1, 40))))
        elif deed == "seal":
            keeper.step(force=True)
        elif deed == "delete":
            actions.delete([one.id for one in random_.sample(rows, min(3, len(rows)))])
        elif deed == "change":
            one = random_.choice(rows)
            actions.change(Observation(one.id, random_.choice(STREAMS), one.time - HOUR, None, None, 2.0))
        else:
            actions.delete_streams([random_.choice(STREAMS)])
        assert queries.extents(list(STREAMS)) == said(), deed
        assert queries.extents([3, 3, 99]) == {k: v for k, v in said().items() if k == 3}


def test_files_are_asked_once(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    from quancheng.capabilities.observations import extents

    actions.append(Batch.of(some(random.Random(9), 60)))
    keeper.step(force=True)
    first = queries.extents(list(STREAMS))
    actions.append(Batch.of(some(random.Random(10), 5)))
    monkeypatch.setattr(extents.rollups, "define", lambda *_, **__: pytest.fail("files were asked again"))
    second = queries.extents(list(STREAMS))
    assert sum(one.count for one in second.values()) == sum(one.count for one in first.values()) + 5
