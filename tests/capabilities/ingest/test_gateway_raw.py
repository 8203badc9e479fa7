"""The gateway over raw sockets: acknowledged means stored, everything odd is refused, others are served."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.capabilities.ingest.harness import Gatewayed, device, now_ms, reading, running

from quancheng.core.mqtt import (
    Ack,
    Connack,
    Disconnect,
    Pingreq,
    Pingresp,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Subscription,
    Type,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)
from quancheng.core.telemetry import sparkplug


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gatewayed]:
    with running(tmp_path) as made:
        yield made


def test_a_reading_is_acknowledged_after_it_is_stored(gateway: Gatewayed) -> None:
    at = now_ms()
    gateway.store.slow = 0.2
    with gateway.client() as client:
        assert client.connect() == Connack(0)
        began = time.monotonic()
        client.publish(reading(at, 21.5))
        assert client.read() == Ack(Type.PUBACK, 1)
        assert time.monotonic() - began >= 0.2
    assert gateway.store.rows == [(101, at * 1000, 21.5, 0)]


def test_a_channel_scales_its_element(gateway: Gatewayed) -> None:
    at = now_ms()
    with gateway.client(2) as client:
        client.connect()
        client.publish(reading(at, 350.0, "level"))
        client.read()
    assert gateway.store.rows == [(202, at * 1000, 3.5, 0)]


def test_messages_that_come_in_one_read_are_each_what_they_would_be_alone(gateway: Gatewayed) -> None:
    """Good ones, a copy, one with two values, ones without a time, an unknown element, noise: in one write."""
    at = now_ms()
    bodies = [
        reading(at, 1.5), reading(at + 1, 2.5), reading(at + 1, 2.5),
        b'{"t": %d, "v": {"t": 3.5, "level": 350}}' % (at + 2), b'{"v": {"t": 4.5}}', b'{"v": {"t": 5.5}}',
        reading(at + 3, 6.5, "unheard-of"), b"noise", reading(at + 10**9, 7.5), reading(at - 5, 8.5),
        b'[{"t": %d, "v": {"t": 9.5}}]' % (at + 4), b'{"v": {}}',
    ]  # fmt: skip
    with gateway.client() as client:
        client.connect()
        client.send(*(Publish("d/dev-1/up", body, 1, n) for n, body in enumerate(bodies, 1)))
        assert client.read_many(len(bodies)) == [Ack(Type.PUBACK, n) for n in range(1, len(bodies) + 1)]
    timed = [row for row in gateway.store.rows if row[1] <= at * 1000 + 5000 and row[2] not in (4.5, 5.5)]
    assert sorted(timed) == [
        (101, at * 1000 - 5000, 8.5, 0), (101, at * 1000, 1.5, 0), (101, at * 1000 + 1000, 2.5, 0),
        (101, at * 1000 + 2000, 3.5, 0), (101, at * 1000 + 4000, 9.5, 0), (102, at * 1000 + 2000, 3.5, 0),
    ]  # fmt: skip
    untimed = [row for row in gateway.store.rows if row[2] in (4.5, 5.5)]
    assert [row[2] for row in sorted(untimed)] == [4.5, 5.5], "each its own moment"
    assert sorted(one.reason for one in gateway.letters) == ["ahead", "nothing", "syntax", "unknown-element"]


def test_an_overfull_commit_queue_does_not_wait_to_gather(tmp_path: Path) -> None:
    with running(tmp_path, gather_seconds=0.3) as gateway, gateway.client() as client:
        client.connect()
        client.publish(reading(now_ms()), 1)
        assert client.read() == Ack(Type.PUBACK, 1), "an idle gateway commits at once"
        began = time.monotonic()
        client.publish(reading(now_ms() + 1), 2)
        client.read()
        assert 0.1 < time.monotonic() - began < 2.0, "the next waits for company"
    with running(tmp_path, gather_seconds=5.0, group_rows=1) as gateway, gateway.client() as client:
        client.connect()
        for n in range(1, 4):
            began = time.monotonic()
            client.publish(reading(now_ms() + n), n)
            assert client.read() == Ack(Type.PUBACK, n)
            assert time.monotonic() - began < 2.0


def test_what_waits_shares_a_commit(gateway: Gatewayed) -> None:
    """Fifty messages of three devices while the disk is slow: few commits, all acknowledged in order."""
    gateway.store.slow = 0.05
    at = now_ms()
    clients = [gateway.client(number) for number in (1, 2, 3)]
    for client in clients:
        client.connect()
        client.send(*(Publish(f"d/dev-{client.number}/up", reading(at + n), 1, n + 1) for n in range(50)))
    for client in clients:
        assert [one.packet_id for one in client.read_many(50)] == list(range(1, 51))
        client.socket.close()
    assert len(gateway.store.rows) == 150
    assert gateway.store.commits < 15


def test_a_copy_is_acknowledged_and_stored_once(gateway: Gatewayed) -> None:
    at = now_ms()
    with gateway.client() as client:
        client.connect()
        for number in range(1, 4):
            client.publish(reading(at), number, dup=number > 1)
            assert client.read() == Ack(Type.PUBACK, number)
    assert len(gateway.store.rows) == 1


def test_late_readings_and_corrections_find_their_place(gateway: Gatewayed) -> None:
    at = now_ms()
    with gateway.client() as client:
        client.connect()
        for number, (when, value) in enumerate([(at, 1.0), (at - 5000, 2.0), (at - 5000, 2.0), (at, 9.0)], 1):
            client.publish(reading(when, value), number)
            assert client.read() == Ack(Type.PUBACK, number)
    assert sorted(gateway.store.rows) == [(101, (at - 5000) * 1000, 2.0, 0), (101, at * 1000, 9.0, 0)]


def test_qos_2_is_taken_once(gateway: Gatewayed) -> None:
    with gateway.client() as client:
        client.connect()
        client.publish(reading(now_ms()), 7, qos=2)
        assert client.read() == Ack(Type.PUBREC, 7)
        client.publish(reading(now_ms()), 7, qos=2, dup=True)
        assert client.read() == Ack(Type.PUBREC, 7)
        client.send(Ack(Type.PUBREL, 7))
        assert client.read() == Ack(Type.PUBCOMP, 7)
    assert len(gateway.store.rows) == 1


def test_a_full_disk_acknowledges_nothing_and_recovers(gateway: Gatewayed) -> None:
    at = now_ms()
    gateway.store.full = True
    with gateway.client() as client:
        client.connect()
        client.publish(reading(at))
        assert client.read() is None
    gateway.store.full = False
    with gateway.client() as client:
        client.connect()
        client.publish(reading(at), dup=True)
        assert client.read() == Ack(Type.PUBACK, 1)
    assert len(gateway.store.rows) == 1


@pytest.mark.parametrize("version", list(Version))
def test_the_wrong_secret_is_refused_with_its_code(gateway: Gatewayed, version: Version, caplog) -> None:
    with gateway.client(version=version) as client:
        code = Reason.BAD_USER_OR_PASSWORD if version is Version.V5 else 4
        assert client.connect(password=b"never-to-be-logged").code == code
        assert client.read() is None
    assert "never-to-be-logged" not in caplog.text


def test_an_address_that_keeps_failing_must_wait(tmp_path: Path) -> None:
    with running(tmp_path, failures_per_minute=3) as gateway:
        codes = []
        for _ in range(6):
            with gateway.client() as client:
                codes.append(client.connect(password=b"guess").code)
        assert codes == [4, 4, 4, 4, 3, 3]


def test_a_device_keeps_to_its_own_topics(gateway: Gatewayed) -> None:
    with gateway.client(version=Version.V5) as client:
        client.connect()
        client.publish(b"{}", topic="d/dev-2/up")
        assert client.read() == Ack(Type.PUBACK, 1, Reason.NOT_AUTHORIZED)
        client.publish(b"{}", 2, topic="d/dev-1/down")
        assert client.read() == Ack(Type.PUBACK, 2, Reason.NOT_AUTHORIZED)
        wanted = ("d/dev-1/down", "d/dev-2/down", "d/#", "#", "$share/g/d/+/down", "v1.1/Things")
        client.send(Subscribe(3, tuple(Subscription(one, 1) for one in wanted)))
        answer = client.read()
        assert isinstance(answer, Suback)
        assert answer.codes == (1, *[Reason.NOT_AUTHORIZED] * 5)
    with gateway.client() as old:
        old.connect()
        old.publish(b"{}", topic="d/dev-2/up")
        assert old.read() is None
    assert not gateway.store.rows


def test_those_who_watch_see_what_devices_send(gateway: Gatewayed) -> None:
    with gateway.client() as watcher, gateway.client(2) as sender:
        watcher.connect(client_id="w", username="duty", password=b"right")
        watcher.send(Subscribe(1, (Subscription("d/+/up", 1),)))
        assert watcher.read() == Suback(1, (1,))
        sender.connect()
        sender.publish(reading(now_ms()))
        assert sender.read() == Ack(Type.PUBACK, 1)
        heard = watcher.read()
        assert isinstance(heard, Publish)
        assert (heard.topic, heard.qos) == ("d/dev-2/up", 1)
        watcher.send(Unsubscribe(2, ("d/+/up",)))
        assert watcher.read() == Unsuback(2)
        sender.publish(reading(now_ms()), 2)
        sender.read()
        assert watcher.silence()


def test_nonsense_becomes_a_dead_letter_with_its_reason(gateway: Gatewayed) -> None:
    with gateway.client(version=Version.V5) as client:
        client.connect()
        client.publish(b"\xff\xfe not json")
        assert client.read() == Ack(Type.PUBACK, 1, Reason.PAYLOAD_FORMAT_INVALID)
        client.publish(reading(now_ms(), 1.0, "unheard-of"), 2)
        assert client.read() == Ack(Type.PUBACK, 2, Reason.PAYLOAD_FORMAT_INVALID)
    with gateway.client(2) as old:
        old.connect()
        old.publish(b"{")
        assert old.read() == Ack(Type.PUBACK, 1)
    assert [(one.code, one.reason) for one in gateway.letters] == [
        ("dev-1", "syntax"), ("dev-1", "unknown-element"), ("dev-2", "syntax")
    ]  # fmt: skip
    assert gateway.letters[0].raw == b"\xff\xfe not json"


def test_clocks_that_jump_are_not_believed(gateway: Gatewayed) -> None:
    day = 86_400_000
    with gateway.client() as client:
        client.connect()
        for number, at in enumerate([now_ms() + day, now_ms() - 500 * day, now_ms()], 1):
            client.publish(reading(at), number)
            assert client.read() == Ack(Type.PUBACK, number)
    assert [one.reason for one in gateway.letters] == ["ahead", "too-old"]
    assert len(gateway.store.rows) == 1


def test_bytes_that_are_no_mqtt_end_the_line_and_nobody_elses(gateway: Gatewayed) -> None:
    with gateway.client(2) as good:
        good.connect()
        for noise in (
            b"\x00" * 64,
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x10\xff\xff\xff\xff\x01",
            bytes(range(256)),
        ):
            with gateway.client() as bad:
                bad.socket.sendall(noise)
                assert bad.read() is None
        with gateway.client() as late:
            late.connect()
            late.socket.sendall(b"\x30\x00")
            assert late.read() is None
        good.publish(reading(now_ms()))
        assert good.read() == Ack(Type.PUBACK, 1)


def test_a_packet_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with running(tmp_path, packet_bytes=2000) as gateway, gateway.client(version=Version.V5) as client:
        assert client.connect().properties["maximum_packet_size"] == 2000
        client.socket.sendall(b"\x32\xff\xff\x7f" + b"x" * 100)
        assert client.read() == Disconnect(Reason.PACKET_TOO_LARGE)


def test_slow_senders_are_hung_up(tmp_path: Path) -> None:
    with running(tmp_path, connect_seconds=0.4, half_packet_seconds=0.4) as gateway:
        silent = gateway.client()
        half = gateway.client(2, version=Version.V5)
        half.connect()
        half.socket.sendall(b"\x32\x40\x00")
        assert silent.read() is None
        assert half.read() == Disconnect(Reason.KEEP_ALIVE_TIMEOUT)


def test_half_packets_are_put_together(gateway: Gatewayed) -> None:
    from quancheng.core.mqtt import encode

    with gateway.client() as client:
        client.connect()
        raw = encode(Publish("d/dev-1/up", reading(now_ms()), 1, 9), Version.V311)
        for byte in raw:
            client.socket.sendall(bytes((byte,)))
        assert client.read() == Ack(Type.PUBACK, 9)


def test_keep_alive_is_kept(gateway: Gatewayed) -> None:
    with gateway.client() as client:
        client.connect(keep_alive=1)
        for _ in range(3):
            time.sleep(0.6)
            client.send(Pingreq())
            assert client.read() == Pingresp()
        began = time.monotonic()
        assert client.read() is None
        assert 1.0 < time.monotonic() - began < 3.0


def test_receive_maximum_of_the_server_is_enforced(tmp_path: Path) -> None:
    with running(tmp_path, receive_maximum=5) as gateway:
        gateway.store.slow = 0.3
        with gateway.client(version=Version.V5) as client:
            assert client.connect().properties["receive_maximum"] == 5
            at = now_ms()
            client.send(*(Publish("d/dev-1/up", reading(at + n), 1, n + 1) for n in range(20)))
            assert client.read() == Disconnect(Reason.RECEIVE_MAXIMUM_EXCEEDED)
        with gateway.client(2) as old:  # 3.1.1 has no such word: it is read more slowly
            old.connect()
            old.send(*(Publish("d/dev-2/up", reading(at + n), 1, n + 1) for n in range(20)))
            assert len(old.read_many(20)) == 20


def test_a_flood_from_one_device_is_throttled_and_others_are_served(tmp_path: Path) -> None:
    flooding = device(1, rate=20.0)
    with running(tmp_path, [flooding, device(2)], burst_seconds=1.0) as gateway:
        with gateway.client() as flood, gateway.client(2) as other:
            flood.connect()
            other.connect()
            flood.socket.setblocking(False)
            sent = 0
            at = now_ms()
            until = time.monotonic() + 1.5
            served = 0
            while time.monotonic() < until:
                for _ in range(20):
                    try:
                        flood.socket.send(_frame(at + sent))
                        sent += 1
                    except BlockingIOError:
                        break
                other.publish(reading(now_ms() + served), 1 + served)
                assert other.read() == Ack(Type.PUBACK, 1 + served)
                served += 1
                time.sleep(0.02)
            taken = sum(row[0] == 101 for row in gateway.store.rows)
        assert served > 20
        assert taken < sent


def _frame(at: int) -> bytes:
    from quancheng.core.mqtt import encode

    return encode(Publish("d/dev-1/up", reading(at), 0), Version.V311)


def test_no_room_means_nobody_is_read_and_nothing_is_lost(tmp_path: Path) -> None:
    with running(tmp_path, queue_rows=10, group_rows=10) as gateway:
        gateway.store.slow = 0.02
        at = now_ms()
        clients = [gateway.client(number) for number in (1, 2, 3)]
        for client in clients:
            client.connect()
            client.send(
                *(Publish(f"d/dev-{client.number}/up", reading(at + n), 1, n + 1) for n in range(100))
            )
        for client in clients:
            assert len([one for one in client.read_many(100) if one]) == 100
            client.socket.close()
        assert len(gateway.store.rows) == 300


def test_the_last_will_is_spoken_for_a_lost_line_only(gateway: Gatewayed) -> None:
    will = Will("d/dev-1/status", b"lost", 1, True)
    with gateway.client() as watcher:
        watcher.connect(client_id="w", username="duty", password=b"right")
        watcher.send(Subscribe(1, (Subscription("d/+/status", 1),)))
        watcher.read()
        with gateway.client() as polite:
            polite.connect(will=will)
            polite.send(Disconnect())
            assert polite.read() is None
        assert watcher.silence()
        lost = gateway.client()
        lost.connect(will=will)
        lost.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        lost.socket.close()
        heard = watcher.read()
        assert isinstance(heard, Publish)
        assert (heard.topic, heard.payload, heard.retain) == ("d/dev-1/status", b"lost", False)
    with gateway.client() as later:
        later.connect(client_id="w2", username="duty", password=b"right")
        later.send(Subscribe(1, (Subscription("d/dev-1/#", 0),)))
        assert later.read() == Suback(1, (0,))
        kept = later.read()
        assert isinstance(kept, Publish)
        assert kept.retain
    with gateway.client() as forger:
        assert forger.connect(will=Will("d/dev-2/up", b"{}")).code == 5


def test_a_second_line_takes_the_session_over(gateway: Gatewayed) -> None:
    with gateway.client(version=Version.V5) as first, gateway.client(version=Version.V5) as second:
        first.connect(clean=False, properties={"session_expiry_interval": 60})
        assert second.connect(clean=False, properties={"session_expiry_interval": 60}).present
        assert first.read() == Disconnect(Reason.SESSION_TAKEN_OVER)


def test_the_same_client_id_of_another_device_is_another_session(gateway: Gatewayed) -> None:
    with gateway.client(1) as one, gateway.client(2) as two:
        one.connect(client_id="same", clean=False)
        assert not two.connect(client_id="same", clean=False).present
        one.send(Pingreq())
        assert one.read() == Pingresp()


def test_topic_aliases_save_the_name(gateway: Gatewayed) -> None:
    with gateway.client(version=Version.V5) as client:
        client.connect()
        client.publish(reading(now_ms()), 1, properties={"topic_alias": 1})
        client.send(Publish("", reading(now_ms() + 1), 1, 2, properties={"topic_alias": 1}))
        assert [one.packet_id for one in client.read_many(2)] == [1, 2]
        client.send(Publish("", b"{}", 1, 3, properties={"topic_alias": 2}))
        assert client.read() == Disconnect(Reason.TOPIC_ALIAS_INVALID)


def test_a_graceful_end_acknowledges_what_was_taken(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        gateway.store.slow = 0.3
        client = gateway.client(version=Version.V5)
        client.connect()
        client.publish(reading(now_ms()))
        time.sleep(0.1)
        gateway.stop()
        assert client.read() == Ack(Type.PUBACK, 1)
        assert client.read() == Disconnect(Reason.SERVER_SHUTTING_DOWN)
        assert len(gateway.store.rows) == 1


def test_a_sparkplug_node_nobody_knows_is_asked_to_be_born_again(tmp_path: Path) -> None:
    """Data before a birth: refused, kept, and the node's own command comes down, once in ten seconds."""
    channels = {"level": (501, 1.0, 0.0), "online": (502, 1.0, 0.0)}
    node = device(1, payload="sparkplug", streams=channels, code="edge-1")
    at = now_ms()
    metric = sparkplug.Metric("bdSeq", datatype=sparkplug.DataType.INT64, value=1, carrier=11)
    level = sparkplug.Metric("level", 5, at, sparkplug.DataType.DOUBLE, 3.5, 13)
    birth = sparkplug.encode(sparkplug.Payload(at, (metric, level), 0))
    data = [
        sparkplug.encode(
            sparkplug.Payload(at + n, (sparkplug.Metric(alias=5, value=3.5 + n, carrier=13),), n)
        )
        for n in (1, 2)
    ]
    with running(tmp_path, [node]) as gateway, gateway.client() as client:
        client.connect(client_id="edge-1", username="edge-1")
        client.send(Subscribe(9, (Subscription("d/edge-1/down", 0),)))
        assert isinstance(client.read(), Suback)
        client.publish(data[0], 1, topic="d/edge-1/up")
        answers = {type(one): one for one in client.read_many(2)}
        asked = answers[Publish]
        assert isinstance(asked, Publish) and asked.topic == "d/edge-1/down"
        [wanted] = sparkplug.decode(asked.payload).metrics
        assert wanted.name == sparkplug.REBIRTH
        client.publish(data[0], 2, topic="d/edge-1/up")
        assert client.read() == Ack(Type.PUBACK, 2), "not asked again at once"
        client.publish(birth, 3, topic="d/edge-1/up")
        client.publish(data[0], 4, topic="d/edge-1/up")
        assert client.read_many(2) == [Ack(Type.PUBACK, 3), Ack(Type.PUBACK, 4)]
    assert [row[2] for row in gateway.store.rows if row[0] == 501] == [3.5, 4.5]
    assert [one.reason for one in gateway.letters] == ["sequence", "sequence"]
