"""Accepting without a gateway: what ``accept`` returned is stored once, whatever order and failures there were."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capabilities.ingest.harness import MemoryStore, device

from quancheng.capabilities.ingest import accept as accepting
from quancheng.capabilities.ingest.accept import Acceptor, accept, refuse
from quancheng.capabilities.ingest.letterbox import LetterBox
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.limits import Limits
from quancheng.capabilities.ingest.rates import Buckets, Percentiles
from quancheng.capabilities.ingest.sorting import NEVER, UNSURE, Horizon, sort_out, split
from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.kernel.errors import Unavailable

NOW = 1_800_000_000_000_000
DEVICE = device(1)
DAY = 86_400_000_000
HORIZON = Horizon(600_000_000, 400 * DAY)


def _run(work, store: MemoryStore, letters: list[Letter] | None = None, **limits: float):
    """Run ``work(acceptor)`` in a loop whose acceptor uses the test's store."""
    kept = [] if letters is None else letters

    async def inside():
        loop = asyncio.get_running_loop()
        box = LetterBox(20, lambda found, dropped: kept.extend(found))
        made = Acceptor(store, Limits(**limits), box)
        accepting._acceptors[id(loop)] = (loop, made)
        try:
            return await work(made)
        finally:
            await made.idle()
            made.close()
            del accepting._acceptors[id(loop)]

    return asyncio.run(inside())


# -- sorting ----------------------------------------------------------------------------------
def test_a_message_is_taken_apart() -> None:
    readings = [
        Reading("t", 20.0, time=NOW), Reading("t", 21.0, time=NOW), Reading("level", 350.0),
        Reading("level", None, time=NOW - 5, quality=int(Quality.MISSING)), Reading("t", True, time=NOW - 9),
        Reading("odd", 1.0), Reading("t", 1.0, time=NOW + DAY), Reading("t", 1.0, time=NOW - 401 * DAY),
        Reading("level", 1.7e308, time=NOW - 1),
    ]  # fmt: skip
    big = replace(DEVICE, streams=DEVICE.streams | {"level": (102, 1e3, 0.0)})
    found = sort_out(big, readings, NOW, HORIZON)
    assert found.rows == [
        (101, NOW - 9, True, 0), (101, NOW, 21.0, 0), (102, NOW - 5, None, int(Quality.MISSING)),
        (102, NOW, 350_000.0, 0),
    ]  # fmt: skip
    assert dict(found.refused) == {"unknown-element": 1, "ahead": 1, "too-old": 1, "impossible": 1}
    assert found.examples["unknown-element"] == "odd"


def test_a_simulated_device_marks_what_it_says() -> None:
    found = sort_out(replace(DEVICE, simulated=True), [Reading("t", 1.0, time=NOW)], NOW, HORIZON)
    assert found.rows[0][3] == Quality.SIMULATED


rows = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 6), st.sampled_from([1.0, 2.0, None]), st.just(0))
)


@settings(max_examples=300, deadline=None)
@given(rows, rows)
def test_every_row_is_fresh_doubtful_or_known(before: list, later: list) -> None:
    last: dict = {}
    for stream, at, value, _ in before:
        if at > last.get(stream, (NEVER, None))[0]:
            last[stream] = (at, value)
    last = {stream: last.get(stream, (NEVER, None)) for stream in (1, 2, 3)}
    overlay: dict = {}
    found = split(later, last, overlay)
    assert len(found.fresh) + len(found.doubtful) + found.known == len(later)
    seen = dict(last)
    for row in found.fresh:
        assert row[1] > seen[row[0]][0]
        seen[row[0]] = (row[1], row[2])
    for stream, (at, value) in (last | overlay).items():
        assert (at, value) == seen[stream] or (at == seen[stream][0] and value is UNSURE)


# -- rates ------------------------------------------------------------------------------------
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 20)), max_size=30))
def test_no_more_than_the_rate_passes_who_waits_when_told(steps: list[tuple[float, int]]) -> None:
    buckets, now, taken = Buckets(), 0.0, 0
    for pause, number in steps:
        now += pause
        wait = buckets.take("k", number, 2.0, 10.0, now)
        taken += number
        now += wait
        assert taken <= 10 + 2 * now + 1e-6


def test_buckets_and_percentiles_are_bounded() -> None:
    buckets = Buckets(most=2)
    for key in "abc":
        buckets.take(key, 1, 1, 1, 0)
    assert len(buckets._held) <= 2
    assert buckets.take("c", 1, 1, 1, -5) > 0, "a clock that jumps back gives nothing away"
    buckets.forget("c")
    found = Percentiles(10)
    assert found.of(0.5) == [0.0]
    for number in range(25):
        found.add(float(number))
    assert found.of(0.0, 0.99) == [15.0, 24.0]


# -- accepting --------------------------------------------------------------------------------
def test_outcomes_say_what_became_of_each() -> None:
    store, letters = MemoryStore(), []

    async def work(acceptor: Acceptor):
        first = await accept(DEVICE, [Reading("t", 1.0, time=NOW), Reading("x", 2.0, time=NOW)], NOW, b"raw")
        again = await accept(DEVICE, [Reading("t", 1.0, time=NOW)], NOW)
        late = await accept(DEVICE, [Reading("t", 5.0, time=NOW - 1)], NOW)
        changed = await accept(DEVICE, [Reading("t", 7.0, time=NOW)], NOW)
        nothing = await accept(DEVICE, [Reading("x", 1.0, time=NOW)], NOW)
        await refuse(None, "stranger", "jt808", "unknown-device", "x", b"\x7e")
        return first, again, late, changed, nothing

    first, again, late, changed, nothing = _run(work, store, letters)
    assert (first.stored, dict(first.refused)) == (1, {"unknown-element": 1})
    assert (again.stored, again.duplicate) == (0, 1)
    assert (late.stored, changed.changed) == (1, 1)
    assert nothing.taken == 0
    assert [(one.code, one.reason, one.raw) for one in letters] == [
        ("dev-1", "unknown-element", b"raw"), ("dev-1", "unknown-element", b""),
        ("stranger", "unknown-device", b"\x7e"),
    ]  # fmt: skip


def test_a_new_process_asks_the_store_what_it_has() -> None:
    store = MemoryStore()
    readings = [Reading("t", float(n), time=NOW + n) for n in range(50)]

    async def work(acceptor: Acceptor):
        return await accept(DEVICE, readings, NOW)

    assert _run(work, store).stored == 50
    assert _run(work, store).duplicate == 50
    assert len(store.rows) == 50


def test_a_failed_commit_is_said_and_can_be_sent_again() -> None:
    store = MemoryStore()

    async def work(acceptor: Acceptor):
        store.full = True
        with pytest.raises(Unavailable):
            await accept(DEVICE, [Reading("t", 1.0, time=NOW)], NOW)
        store.full = False
        return await accept(DEVICE, [Reading("t", 1.0, time=NOW)], NOW)

    assert _run(work, store).stored == 1


def test_one_device_repeating_its_history_does_not_hold_up_the_others() -> None:
    store = MemoryStore()
    store.unique_slow = 0.5

    async def work(acceptor: Acceptor):
        await accept(DEVICE, [Reading("t", 1.0, time=NOW)], NOW)
        slow = asyncio.create_task(accept(DEVICE, [Reading("t", 1.0, time=NOW - 9)], NOW))
        await asyncio.sleep(0)
        for number in range(5):
            await accept(device(2), [Reading("t", 1.0, time=NOW + number)], NOW)
        assert not slow.done()
        return await slow

    assert _run(work, store).stored == 1


def test_a_full_queue_waits_for_room() -> None:
    store = MemoryStore()
    store.slow = 0.01

    async def work(acceptor: Acceptor):
        many = [
            accept(device(n), [Reading("t", 1.0, time=NOW + m) for m in range(10)], NOW) for n in range(1, 30)
        ]
        await asyncio.gather(*many)
        return acceptor.queued

    assert _run(work, store, queue_rows=20, group_rows=20) == 0
    assert len(store.rows) == 290


def test_a_device_over_its_rate_waits() -> None:
    async def work(acceptor: Acceptor):
        loop = asyncio.get_running_loop()
        began = loop.time()
        slow = device(1, rate=100.0)
        await accept(slow, [Reading("t", 1.0, time=NOW + n) for n in range(30)], NOW)
        return loop.time() - began

    assert _run(work, MemoryStore(), burst_seconds=0.1) >= 0.15


deeds = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 12), st.sampled_from([1.0, 2.0]), st.booleans()), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(deeds)
def test_whatever_was_accepted_is_stored_once_with_its_last_word(steps: list) -> None:
    """Messages in any order, copies, corrections, and commits that fail: the store is what a dict would be."""
    store, wanted = MemoryStore(), {}

    async def work(acceptor: Acceptor) -> None:
        for number, at, value, fails in steps:
            store.full = fails
            try:
                await accept(device(number), [Reading("t", value, time=NOW + at)], NOW)
            except Unavailable:
                continue
            wanted[(100 * number + 1, NOW + at)] = value

    _run(work, store)
    found = {(stream, at): value for stream, at, value, _ in store.rows}
    assert len(found) == len(store.rows)
    assert wanted.items() <= found.items()
