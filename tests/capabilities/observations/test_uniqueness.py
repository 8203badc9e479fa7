"""去重: the same again is one observation, whoever sends it and however often."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from quancheng.capabilities.observations import actions, queries, uniqueness
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.values import Batch

pytestmark = pytest.mark.django_db
NOON = 1_780_286_400_000_000


def send(times: list[int], values: list[float]) -> int:
    return len(actions.append(Batch.numbers(np.ones(len(times)), times, values), unique=True))


@pytest.mark.parametrize("seal", ["log", "array", "lake"])
def test_known_rows_are_left_out_wherever_they_are(seal: str) -> None:
    keeper = Keeper() if seal != "log" else None
    assert send([NOON, NOON + 2], [1, 2]) == 2
    if keeper is not None:
        keeper.step(force=seal == "lake")
    assert send([NOON, NOON + 1, NOON + 2, NOON + 3], [1, 5, 2, 6]) == 2
    assert send([NOON + 1], [7]) == 1  # a corrected value
    assert send([NOON + 1], [7]) == 0
    assert [row.result for row in queries.find(streams=[1], limit=9)] == [6, 2, 7, 1]


def test_a_batch_may_hold_the_same_twice() -> None:
    assert send([NOON, NOON, NOON], [1, 2, 3]) == 1
    assert queries.find(streams=[1], limit=9)[0].result == 3


def test_newer_rows_are_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    Keeper()
    send([NOON], [1])

    def never(batch: Batch) -> None:
        raise AssertionError("looked up")

    monkeypatch.setattr(uniqueness, "_look_up", never)
    assert send([NOON + 1], [1]) == 1
    assert len(actions.append(Batch.numbers([99], [NOON], [1]), unique=True)) == 1


def test_a_process_that_starts_without_array_still_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    from quancheng.capabilities.observations import seen

    send([NOON, NOON + 9], [1, 2])
    seen._seen.clear()
    assert send([NOON + 5], [1]) == 1
    assert send([NOON + 9, NOON + 5], [2, 1]) == 0


@pytest.mark.django_db(transaction=True)
def test_threads_that_send_the_same_at_once() -> None:
    Keeper()
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(send([NOON + n for n in range(50)], [1.0] * 50)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 50
    assert queries.count() == 50


@pytest.mark.django_db(transaction=True)
def test_tasks_that_send_the_same_at_once() -> None:
    Keeper()

    async def many() -> list[Batch]:
        rows = [Batch.numbers([1, 2], [NOON, NOON], [1, 2]) for _ in range(10)]
        return await asyncio.gather(*(actions.append_async(one, unique=True) for one in rows))

    assert sum(len(one) for one in asyncio.run(many())) == 2
    assert queries.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_task_that_is_cancelled_holds_nobody_up() -> None:
    Keeper()

    async def twice() -> Batch:
        first = asyncio.ensure_future(actions.append_async(Batch.numbers([1], [NOON], [1]), unique=True))
        await asyncio.sleep(0)
        first.cancel()
        async with asyncio.timeout(20):
            return await actions.append_async(Batch.numbers([1], [NOON], [1]), unique=True)

    assert len(asyncio.run(twice())) <= 1
    assert queries.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_ends_while_a_row_is_looked_up_holds_nobody_up() -> None:
    Keeper()

    async def leave_at_once() -> None:
        task = asyncio.ensure_future(actions.append_async(Batch.numbers([1], [NOON], [1]), unique=True))
        await asyncio.sleep(0)
        assert not task.done()

    for _ in range(5):
        asyncio.run(leave_at_once())
    assert uniqueness._flying == []
    assert send([NOON], [1]) <= 1
    assert queries.count() == 1


def test_one_that_gave_up_while_it_waited_is_not_waited_for() -> None:
    first = uniqueness.Sifting(Batch.numbers([1], [NOON], [1]))
    first.enter()
    second = uniqueness.Sifting(Batch.numbers([1], [NOON], [1]))
    waiting = threading.Thread(target=second.enter)
    waiting.start()
    second.leave()
    first.leave()
    waiting.join(20)
    assert not waiting.is_alive()
    assert uniqueness._flying == []
