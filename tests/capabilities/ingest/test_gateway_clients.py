"""Real clients: paho and the mosquitto programs, 3.1.1 and 5, plain and TLS; sessions over a restart."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from tests.capabilities.ingest.harness import (
    SECRET,
    Gatewayed,
    Raw,
    device,
    now_ms,
    reading,
    running,
)
from tests.capabilities.ingest.tls import Authority

from quancheng.capabilities.ingest import credentials
from quancheng.core.mqtt import Ack, Connect, Message, Publish, Subscribe, Subscription, Type, Version

needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto_pub") is None, reason="needs mosquitto-clients from Debian"
)
VERSIONS = {Version.V311: paho.MQTTv311, Version.V5: paho.MQTTv5}


def _paho(number: int, version: Version, **made: Any) -> paho.Client:
    client = paho.Client(client_id=f"dev-{number}", protocol=VERSIONS[version], **made)
    client.username_pw_set(f"dev-{number}", SECRET)
    return client


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gatewayed]:
    with running(tmp_path) as made:
        yield made


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_paho_publishes_a_hundred_readings(gateway: Gatewayed, version: Version, qos: int) -> None:
    client = _paho(1, version)
    client.connect("127.0.0.1", gateway.port)
    client.loop_start()
    at = now_ms()
    sent = [client.publish("d/dev-1/up", reading(at + n, float(n)), qos) for n in range(100)]
    for one in sent:
        one.wait_for_publish(5)
    until = time.monotonic() + 5
    while len(gateway.store.rows) < 100 and time.monotonic() < until:
        time.sleep(0.02)
    client.disconnect()
    client.loop_stop()
    assert [row[2] for row in gateway.store.rows] == [float(n) for n in range(100)]


@pytest.mark.parametrize("version", list(Version))
def test_paho_hears_a_command_it_missed(gateway: Gatewayed, version: Version) -> None:
    """A session outlives its line: what was sent meanwhile comes with the next connection."""
    heard: list[bytes] = []
    got = threading.Event()

    def on_message(_client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        heard.append(message.payload)
        got.set()

    lasting: dict[str, Any] = {"clean_session": False} if version is Version.V311 else {}
    client = _paho(1, version, **lasting)
    client.on_message = on_message
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    how: dict[str, Any] = {}
    if version is Version.V5:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 600
        how = {"clean_start": False, "properties": properties}
    client.connect("127.0.0.1", gateway.port, **how)
    client.loop_start()
    client.subscribe("d/dev-1/down", 1)
    assert subscribed.wait(5)
    client.disconnect()
    client.loop_stop()
    gateway.call(lambda: gateway.broker.spread(Message("d/dev-1/down", b"open the gate", 1)))
    client.connect("127.0.0.1", gateway.port, **how)
    client.loop_start()
    assert got.wait(5)
    client.disconnect()
    client.loop_stop()
    assert heard == [b"open the gate"]


def test_what_was_not_acknowledged_comes_again_as_a_copy(gateway: Gatewayed) -> None:
    with gateway.client() as client:
        client.connect(clean=False)
        client.send(Subscribe(1, (Subscription("d/dev-1/down", 1),)))
        client.read()
        gateway.call(lambda: gateway.broker.spread(Message("d/dev-1/down", b"first", 1)))
        first = client.read()
    with gateway.client() as client:
        assert client.connect(clean=False).present
        again = client.read()
        assert isinstance(first, Publish) and isinstance(again, Publish)
        assert (again.packet_id, again.dup, again.payload) == (first.packet_id, True, b"first")
        client.send(Ack(Type.PUBACK, again.packet_id))
    with gateway.client() as client:
        client.connect(clean=False)
        assert client.silence()


def test_sessions_survive_a_restart_of_the_gateway(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        with gateway.client(version=Version.V5) as client:
            client.connect(clean=False, properties={"session_expiry_interval": 600})
            client.send(Subscribe(1, (Subscription("d/dev-1/down", 1),), {"subscription_identifier": [5]}))
            client.read()
        with gateway.client(2) as gone:
            gone.connect(clean=True)
            gone.send(Subscribe(1, (Subscription("d/dev-2/down", 1),)))
            gone.read()
        time.sleep(0.1)
        message = Message("d/dev-1/down", b"late", 1, properties={"user_property": [("a", "b")]})
        gateway.call(lambda: gateway.broker.spread(message))
    with running(tmp_path) as gateway, gateway.client(version=Version.V5) as client:
        assert client.connect(clean=False, properties={"session_expiry_interval": 600}).present
        heard = client.read()
        assert isinstance(heard, Publish)
        assert heard.payload == b"late"
        assert heard.properties == {"user_property": [("a", "b")], "subscription_identifier": [5]}
        with gateway.client(2) as gone:
            assert not gone.connect(clean=False).present


def test_a_session_ends_when_its_time_is_up(gateway: Gatewayed) -> None:
    with gateway.client(version=Version.V5) as client:
        client.connect(clean=False, properties={"session_expiry_interval": 1})
    time.sleep(1.6)
    with gateway.client(version=Version.V5) as client:
        assert not client.connect(clean=False).present


@needs_mosquitto
@pytest.mark.parametrize("version", ["311", "5"])
def test_mosquitto_programs(gateway: Gatewayed, version: str) -> None:
    here = ["-h", "127.0.0.1", "-p", str(gateway.port), "-V", version, "-q", "1"]
    watcher = subprocess.Popen(
        ["mosquitto_sub", *here, "-u", "duty", "-P", "right", "-t", "d/+/up", "-C", "1", "-W", "10"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 5
    while not len(gateway.broker.hub) and time.monotonic() < until:
        time.sleep(0.02)
    body = reading(now_ms()).decode()
    sent = subprocess.run(
        ["mosquitto_pub", *here, "-i", "dev-1", "-u", "dev-1", "-P", SECRET, "-t", "d/dev-1/up", "-m", body],
        check=False, timeout=10,
    )  # fmt: skip
    said, _ = watcher.communicate(timeout=10)
    assert (sent.returncode, said.strip()) == (0, body)
    refused = subprocess.run(
        ["mosquitto_pub", *here, "-u", "dev-1", "-P", "wrong", "-t", "d/dev-1/up", "-m", body],
        check=False, timeout=10, capture_output=True,
    )  # fmt: skip
    assert refused.returncode != 0
    assert len(gateway.store.rows) == 1


# -- TLS --------------------------------------------------------------------------------------
@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Gatewayed, Authority]]:
    authority = Authority(tmp_path)
    certificate, key, _ = authority.issue("gateway")
    _, _, der = authority.issue("device-2")
    known = [device(1), device(2, fingerprints=frozenset({credentials.fingerprint(der)}))]
    with running(
        tmp_path, known, tls_certificate=str(certificate), tls_key=str(key), tls_client_ca=str(authority.path)
    ) as made:
        yield made, authority


def _tls_client(gateway: Gatewayed, ca: Path, pair: tuple[Path, Path] | None = None, number: int = 2) -> Raw:
    context = ssl.create_default_context(cafile=str(ca))
    if pair is not None:
        context.load_cert_chain(*pair)
    client = Raw(gateway.tls_port, number)
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    return client


def test_a_device_signs_in_with_its_certificate_alone(secure: tuple[Gatewayed, Authority]) -> None:
    gateway, authority = secure
    pair = (authority.folder / "device-2.crt", authority.folder / "device-2.key")
    with _tls_client(gateway, authority.path, pair) as client:
        assert client.connect(username=None, password=None).code == 0
        client.publish(reading(now_ms()))
        assert client.read() == Ack(Type.PUBACK, 1)
    with _tls_client(gateway, authority.path, pair, 1) as other:
        assert other.connect(password=b"").code == 4


def test_a_secret_over_tls_is_enough(secure: tuple[Gatewayed, Authority]) -> None:
    gateway, authority = secure
    with _tls_client(gateway, authority.path, number=1) as client:
        assert client.connect().code == 0
        client.publish(reading(now_ms()))
        assert client.read() == Ack(Type.PUBACK, 1)


def test_wrong_certificates_are_refused_and_others_served(secure: tuple[Gatewayed, Authority]) -> None:
    gateway, authority = secure
    stranger, key, _ = authority.issue("stranger")
    with _tls_client(gateway, authority.path, (stranger, key)) as client:
        assert client.connect(username=None, password=None).code == 5
    folder = authority.folder / "foreign"
    folder.mkdir()
    foreign = Authority(folder, "foreign-ca").issue("device-2")
    assert _refused(gateway, authority.path, foreign[:2])
    with _tls_client(gateway, authority.path, number=1) as good:
        assert good.connect().code == 0
    with gateway.client() as plain:
        assert plain.connect().code == 0


def _refused(gateway: Gatewayed, ca: Path, pair: tuple[Path, Path]) -> bool:
    """Whether the handshake fails; in TLS 1.3 the client hears of it when it first reads."""
    try:
        client = _tls_client(gateway, ca, pair)
        client.send(Connect("x"))
        return client.read() is None
    except (ssl.SSLError, ConnectionError):
        return True


# -- the outside broker -----------------------------------------------------------------------
def test_an_outside_broker_feeds_the_same_store(tmp_path: Path) -> None:
    """The front is a client of another broker: here another gateway plays that part."""
    import asyncio

    from quancheng.capabilities.ingest.front import Front

    (tmp_path / "outside").mkdir()
    (tmp_path / "own").mkdir()
    with running(tmp_path / "outside") as outside, running(tmp_path / "own") as own:
        url = f"mqtt://duty:right@127.0.0.1:{outside.port}/d/%2B/up"

        async def begin() -> tuple[Front, asyncio.Task[None]]:
            front = Front(url, own.acceptor, own.registry)
            return front, asyncio.get_running_loop().create_task(front.run())

        front, task = own.call(begin)
        until = time.monotonic() + 5
        while front.state != "connected" and time.monotonic() < until:
            time.sleep(0.02)
        at = now_ms()
        with outside.client(3) as client:
            client.connect()
            for number in range(20):
                client.publish(reading(at + number), number + 1)
                client.read()
        while len(own.store.rows) < 20 and time.monotonic() < until:
            time.sleep(0.02)
        own.call(task.cancel)
        assert front.taken == 20
        assert len(own.store.rows) == 20
