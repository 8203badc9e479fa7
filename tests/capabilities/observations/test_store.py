"""观测存储: what is appended is found, changed, deleted, counted."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from quancheng.capabilities.observations import actions, queries
from quancheng.capabilities.observations.log import LogReader, writer
from quancheng.capabilities.observations.values import Batch, Observation
from quancheng.kernel.errors import NotFound

pytestmark = pytest.mark.django_db
HOUR = 3_600_000_000
NOON = 1_780_286_400_000_000  # 2026-06-01 12:00 Jinan


def obs(stream: int, time: int, result: object, **other: object) -> Observation:
    return Observation(0, stream, time, result=result, **other)  # type: ignore[arg-type]


def test_read_your_writes() -> None:
    kept = actions.append(Batch.numbers([1, 1, 2], [NOON, NOON + 5, NOON], [1.5, 2.0, float("nan")]))
    assert (kept.id > 0).all() and len(set(kept.id.tolist())) == 3
    assert [row.result for row in queries.find(streams=[1], limit=10)] == [2, 1.5]
    assert queries.find(streams=[2], limit=10)[0].result is None
    assert queries.count() == 3
    assert queries.latest([1, 2, 3])[1].time == NOON + 5
    assert queries.extent(1).count == 2  # type: ignore[union-attr]
    assert queries.extent(9) is None


@pytest.mark.parametrize("result", [True, False, "雨", {"a": [1, None]}, [1, 2.5], None, 3, 2.5, 2**60])
def test_any_result_comes_back(result: object) -> None:
    actions.append(
        Batch.of(
            [obs(7, NOON, result, time_end=NOON + 9, feature=4, quality=3, extra={"parameters": {"x": 1}})]
        )
    )
    row = queries.find(streams=[7], limit=1)[0]
    assert row.result == result and type(row.result) is type(result)
    assert (row.time_end, row.feature, row.quality) == (NOON + 9, 4, 3)
    assert row.extra == {"parameters": {"x": 1}}


def test_change_and_delete() -> None:
    first, second = actions.append(Batch.numbers([1, 1], [NOON, NOON + 1], [1, 2])).id.tolist()
    actions.change(Observation(first, 1, NOON + 7, result=10))
    assert [(r.id, r.time, r.result) for r in queries.find(streams=[1], limit=9)] == [
        (first, NOON + 7, 10),
        (second, NOON + 1, 2),
    ]
    assert actions.delete([first, second, 12345]) == 2
    assert queries.find(streams=[1], limit=9) == []
    with pytest.raises(NotFound):
        actions.change(Observation(first, 1, NOON, result=1))


def test_the_same_again_is_one_observation() -> None:
    actions.append(Batch.numbers([1, 2], [NOON, NOON], [1, 2]), unique=True)
    again = actions.append(Batch.numbers([1, 2], [NOON, NOON], [1, 5]), unique=True)
    assert len(again) == 1
    assert [(r.stream, r.result) for r in queries.find(streams=None, limit=9, descending=False)] == [
        (1, 1),
        (2, 5),
    ]


def test_a_consumer_goes_on_where_it_committed() -> None:
    actions.append(Batch.numbers([1], [NOON], [1]))
    reader = LogReader("watch")
    assert [len(b) for b in reader.poll()] == [1]
    assert [len(b) for b in LogReader("watch").poll()] == [1]
    reader.commit()
    actions.append(Batch.numbers([1], [NOON + 1], [2]))
    assert [b.number.tolist() for b in LogReader("watch").poll()] == [[2.0]]
    assert [b.number.tolist() for b in reader.poll()] == [[2.0]]


def test_asyncio_appends_share_commits() -> None:
    async def many() -> None:
        await asyncio.gather(*(writer().append_async(Batch.numbers([n], [NOON], [n])) for n in range(1, 101)))

    asyncio.run(many())
    assert queries.count() == 100
    assert writer().commits < 100


def test_hours() -> None:
    minute = 60_000_000
    actions.append(
        Batch.numbers([1] * 61, [NOON + n * minute for n in range(61)], [float(n) for n in range(61)])
    )
    hours = queries.hourly([1], NOON, NOON + 2 * HOUR)
    assert [(h.n, h.minutes, h.min, h.max) for h in hours] == [(60, 60, 0, 59), (1, 1, 60, 60)]
    assert hours[0].mean == pytest.approx(29.5)


def test_a_thread_that_leads_the_commits_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others append without a pause; whoever leads goes home when its own rows are durable."""
    log, stop = writer(), threading.Event()
    real = log._commit
    monkeypatch.setattr(log, "_commit", lambda group: time.sleep(0.01) or real(group))

    def crowd() -> None:
        while not stop.is_set():
            log.append(Batch.numbers([1], [NOON], [1]))

    threads = [threading.Thread(target=crowd) for _ in range(4)]
    for thread in threads:
        thread.start()
    before = log.commits
    for _ in range(10):
        log.append(Batch.numbers([2], [NOON], [1]))
    led = log.commits - before
    stop.set()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert led <= 40


def test_a_leader_that_is_interrupted_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    log = writer()

    def interrupted(group: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(log, "_commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.append(Batch.numbers([1], [NOON], [1]))
    actions.append(Batch.numbers([1], [NOON], [1]))
    assert queries.count() == 1
