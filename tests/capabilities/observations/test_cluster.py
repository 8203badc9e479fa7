"""集群: whatever happens to the brokers' leader, what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from nats.js.errors import ServiceUnavailableError

from quancheng.capabilities.observations import actions, cluster, frames, queries
from quancheng.capabilities.observations.cluster import shards as shards_module
from quancheng.capabilities.observations.cluster.drill import Brokers, BrokersMissing
from quancheng.capabilities.observations.cluster.entrance import Entrance
from quancheng.capabilities.observations.cluster.shards import Shards
from quancheng.capabilities.observations.config import ClusterLimits
from quancheng.capabilities.observations.faults import ClusterDown
from quancheng.capabilities.observations.testing import fresh_store
from quancheng.capabilities.observations.values import Batch

NOON = 1_780_286_400_000_000
SECONDS = 10.0
SIZE = 40


def mixed(z: int) -> int:
    """The finaliser of splitmix64 as published, in whole numbers."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def test_streams_spread_evenly_and_stay_where_they_are() -> None:
    streams = np.arange(1, 100_001)
    shards = cluster.shards_of(streams, 8)
    assert np.bincount(shards, minlength=8).min() > 12_000
    assert shards[:50].tolist() == [mixed(stream) % 8 for stream in range(1, 51)]
    assert cluster.shards_of(np.array([2**53 - 1]), 7).tolist() == [mixed(2**53 - 1) % 7]
    parts = dict(cluster.divide(Batch.numbers(streams, streams, streams), 8))
    assert sum(map(len, parts.values())) == 100_000
    for shard, part in parts.items():
        assert (cluster.shards_of(part.stream, 8) == shard).all()
        assert (np.diff(part.time) > 0).all()


def test_a_frame_without_ids_carries_none() -> None:
    batch = Batch.numbers(np.arange(1000), np.arange(1000), np.arange(1000.0))
    frame = frames.encode(batch)
    assert len(frame) == frames.HEADER + 3 * 8 * 1000
    assert not frames.decode(memoryview(frame)).batch.id.any()


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    try:
        with Brokers(tmp_path) as made:
            yield made
    except BrokersMissing as missing:
        pytest.skip(str(missing))


def limits_of(brokers: Brokers, **other: int) -> ClusterLimits:
    given = {"shards": 4, "stream_bytes": 1 << 28, "ack_seconds": 5, "patience_seconds": 60} | other
    return ClusterLimits(url=brokers.url, take="", **given)  # type: ignore[arg-type]


class Publisher:
    """A gateway: sends, notes what was acknowledged, sends some of it again as if it had died before."""

    def __init__(self, number: int, limits: ClusterLimits) -> None:
        self.first = 1000 * number
        self.entrance = Entrance(limits)
        self.acknowledged: set[tuple[int, int]] = set()
        self.sent = 0

    async def run(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.gather(*(self._send() for _ in range(6)))
            await asyncio.sleep(0.02)

    async def _send(self) -> None:
        self.sent += 1
        number = self.sent
        streams = self.first + np.arange(SIZE)
        times = np.full(SIZE, NOON + number)
        await self.entrance.accept(Batch.numbers(streams, times, streams + number))
        self.acknowledged |= {(stream, NOON + number) for stream in streams.tolist()}
        if number % 10 == 0:
            await self.entrance.accept(Batch.numbers(streams, times, streams + number))


@pytest.mark.nats
@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_leader_is_killed_while_gateways_send(brokers: Brokers) -> None:
    limits = limits_of(brokers)
    gateways = [Publisher(1, limits), Publisher(2, limits)]
    taker, stop = Shards(limits), threading.Event()
    thread = threading.Thread(target=taker.run, args=(stop,))

    async def drill() -> str:
        await asyncio.gather(*(gateway._send() for gateway in gateways))  # the cluster is up
        until = time.monotonic() + SECONDS
        work = asyncio.gather(*(gateway.run(until) for gateway in gateways))
        await asyncio.sleep(SECONDS / 3)
        leader = await brokers.leader()
        brokers.kill(leader)
        await asyncio.sleep(SECONDS / 3)
        brokers.start(leader)
        await work
        async with asyncio.timeout(120):
            while await brokers.waiting():
                await asyncio.sleep(0.3)
        for gateway in gateways:
            await gateway.entrance.close()
        return leader

    thread.start()
    try:
        assert asyncio.run(drill()) in brokers.names
    finally:
        stop.set()
        thread.join(30)
    with queries.view() as connection:
        rows = connection.execute(
            "SELECT stream, time, count(*), min(number) FROM observations GROUP BY 1, 2"
        ).fetchall()
    found = {(stream, at) for stream, at, _, _ in rows}
    acknowledged = gateways[0].acknowledged | gateways[1].acknowledged
    assert len(acknowledged) > 20 * SIZE
    assert acknowledged - found == set()
    assert {count for _, _, count, _ in rows} == {1}
    assert all(number == stream + at - NOON for stream, at, _, number in rows)


@pytest.mark.nats
@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_damaged_message_is_set_aside_and_a_full_log_waited_for(
    brokers: Brokers, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits, stop = limits_of(brokers, shards=1), threading.Event()
    refusals = iter([False, False])
    real = shards_module._append
    monkeypatch.setattr(shards_module, "_append", lambda batch: next(refusals, True) and real(batch))
    monkeypatch.setattr(shards_module, "_AGAIN_SECONDS", 0.05)

    async def drill() -> None:
        gateway = Entrance(limits)
        await gateway.accept(Batch.numbers([1], [NOON], [1]))
        stream = await gateway._connected()
        await stream.publish(f"{cluster.PREFIX}0", b"QCO1 noise")
        await gateway.accept(Batch.numbers([1], [NOON + 1], [2]))
        while await brokers.waiting():
            await asyncio.sleep(0.1)
        await gateway.close()

    with fresh_store() as place:
        thread = threading.Thread(target=Shards(limits).run, args=(stop,))
        thread.start()
        asyncio.run(drill())
        stop.set()
        thread.join(30)
        assert [row.result for row in queries.find(streams=[1], limit=9)] == [2, 1]
        assert [path.read_bytes() for path in (place / "quarantine").iterdir()] == [b"QCO1 noise"]


class Deaf:
    """A connection on which shard 0 is lost while shard 1's cancellation meets an answer and is swallowed."""

    def __init__(self) -> None:
        self.closed = False

    async def pull_subscribe(self, subject: str, **_: object) -> Deaf:
        return self if subject.endswith("1") else Lost()

    async def fetch(self, _: int, timeout: float) -> list[object]:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(timeout)
        raise TimeoutError

    async def close(self) -> None:
        self.closed = True


class Lost(Deaf):
    async def fetch(self, _: int, timeout: float) -> list[object]:
        await asyncio.sleep(0.05)
        raise ServiceUnavailableError


def test_no_shard_goes_on_alone_when_another_lost_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Deaf] = []
    stop = threading.Event()

    async def connect(limits: ClusterLimits, name: str) -> tuple[Deaf, Deaf]:
        made.append(Deaf())
        if len(made) == 2:
            stop.set()
        return made[-1], made[-1]

    monkeypatch.setattr(cluster, "connect", connect)
    monkeypatch.setattr(shards_module, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(shards_module, "_FETCH_SECONDS", 0.1)
    limits = ClusterLimits(url="nats://127.0.0.1:9", shards=2, take="")
    thread = threading.Thread(target=Shards(limits).run, args=(stop,), daemon=True)
    thread.start()
    thread.join(10)
    stuck = thread.is_alive()
    stop.set()  # or the thread would outlive the test
    assert not stuck
    assert [one.closed for one in made] == [True, True]


@pytest.mark.nats
def test_brokers_that_are_away_acknowledge_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = ClusterLimits(url="nats://127.0.0.1:9", patience_seconds=0)

    async def send() -> None:
        await Entrance(limits).accept(Batch.numbers([1], [NOON], [1]))

    with pytest.raises(ClusterDown):
        asyncio.run(asyncio.wait_for(send(), 30))


@pytest.mark.django_db(transaction=True)
def test_without_brokers_gateways_write_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUANCHENG_OBSERVATIONS_NATS_URL", raising=False)
    for _ in range(2):
        asyncio.run(actions.accept_async(Batch.numbers([1], [NOON], [1])))
    assert queries.count() == 1
