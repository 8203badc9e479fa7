"""In a cluster: PUBACK only after a majority of the brokers has the reading, and it arrives in the store once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from tests.capabilities.ingest.harness import Gatewayed, Raw, device, now_ms, reading, running

from quancheng.capabilities.ingest import bulk, keeping
from quancheng.capabilities.observations import queries
from quancheng.capabilities.observations.cluster import entrance
from quancheng.capabilities.observations.cluster.drill import Brokers, BrokersMissing
from quancheng.capabilities.observations.cluster.shards import Shards
from quancheng.capabilities.observations.config import cluster_limits
from quancheng.core.mqtt import Ack

pytestmark = [pytest.mark.nats, pytest.mark.django_db(transaction=True)]
STREAM = 101
"""Temperature of ``dev-1``."""


@pytest.fixture
def brokers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Brokers]:
    (tmp_path / "brokers").mkdir()
    try:
        with Brokers(tmp_path / "brokers") as made:
            for name, value in {"NATS_URL": made.url, "SHARDS": "2", "STREAM_BYTES": str(1 << 28)}.items():
                monkeypatch.setenv(f"QUANCHENG_OBSERVATIONS_{name}", value)
            yield made
            entrance.leave()
    except BrokersMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def gateway(tmp_path: Path, brokers: Brokers) -> Iterator[Gatewayed]:
    """A gateway whose acceptor writes to what the city is configured for."""
    with running(tmp_path, [device(1)]) as made:
        made.acceptor._store = keeping.ObservationStore()
        yield made
        made.call(lambda: entrance.entrance().close())


@pytest.fixture
def taking() -> Iterator[Callable[[], None]]:
    """Starts the store's side, the consumers of the shards."""
    stop, threads = threading.Event(), []

    def start() -> None:
        thread = threading.Thread(target=Shards(cluster_limits()).run, args=(stop,))
        threads.append(thread)
        thread.start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def acknowledged(line: Raw, seconds: float = 40.0) -> int:
    found = line.read(seconds)
    assert isinstance(found, Ack)
    return found.packet_id


def stored(number: int, seconds: float = 30.0) -> list[float]:
    """Results of the stream once there are so many, by time."""
    until = time.monotonic() + seconds
    while queries.count(streams=[STREAM]) < number and time.monotonic() < until:
        time.sleep(0.05)
    return [row.result for row in queries.find(streams=[STREAM], limit=99, descending=False)]


def test_a_reading_is_acknowledged_by_the_brokers_and_arrives_once(
    gateway: Gatewayed, brokers: Brokers, taking: Callable[[], None]
) -> None:
    at = now_ms()
    with gateway.client() as line:
        line.connect()
        line.publish(reading(at, 1.5), 7)
        assert acknowledged(line) == 7
        assert asyncio.run(brokers.waiting()) == 1, "at the brokers when it was acknowledged"
        assert queries.count() == 0, "and not in this machine's log"
        line.publish(reading(at, 1.5), 8)  # the device did not hear the answer
        line.publish(reading(at + 1000, 2.5), 9)
        line.publish(reading(at - 1000, 0.5), 10)  # late: the lane of doubtful rows
        assert sorted(acknowledged(line) for _ in range(3)) == [8, 9, 10]
        taking()
        assert stored(3) == [0.5, 1.5, 2.5]
        line.publish(reading(at - 1000, 0.75), 11)  # a correction
        assert acknowledged(line) == 11
        while asyncio.run(brokers.waiting()):
            time.sleep(0.05)
        assert stored(3) == [0.75, 1.5, 2.5]


def test_without_a_majority_nothing_is_acknowledged_until_there_is_one(
    gateway: Gatewayed, brokers: Brokers, taking: Callable[[], None]
) -> None:
    at = now_ms()
    with gateway.client() as line:
        line.connect()
        line.publish(reading(at, 1.0), 1)
        assert acknowledged(line) == 1
        down = brokers.names[:2]
        for name in down:
            brokers.kill(name)
        line.publish(reading(at + 1000, 2.0), 2)
        assert line.silence(3.0), "one of three servers has it: that is not yet kept"
        for name in down:
            brokers.start(name)
        assert acknowledged(line) == 2
    taking()
    assert stored(2) == [1.0, 2.0]


def test_what_is_uploaded_by_http_goes_the_same_way(
    air, brokers: Brokers, taking: Callable[[], None], client: Client
) -> None:
    at = now_ms()
    said = bulk.receive(air.code, "json", f'{{"t": {at}, "v": {{"pm25": 35.0}}}}'.encode())
    assert said["stored"] == 1
    assert queries.count() == 0
    taking()
    until = time.monotonic() + 30
    while not queries.count(streams=[1001]) and time.monotonic() < until:
        time.sleep(0.05)
    assert [row.result for row in queries.find(streams=[1001], limit=9)] == [35.0]
