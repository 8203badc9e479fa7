"""SensorThings over the gateway's MQTT: creation with its answer codes, changes for those who subscribed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.ingest.harness import running

from quancheng.capabilities.sensorthings import sta_mqtt
from quancheng.core.mqtt import Ack, Publish, Reason, Suback, Subscribe, Subscription, Type, Version
from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput

OBSERVATIONS = "v1.1/Datastreams(1)/Observations"


class Service:
    """Stands for the SensorThings module: refuses strangers, tells what was created."""

    def __init__(self) -> None:
        self.created: list[tuple[str, bytes, Actor]] = []
        self.asked: list[Any] = []

    def create(self, topic: str, payload: bytes, actor: Actor) -> str:
        if payload == b"forbidden":
            raise Forbidden()
        if payload == b"bad":
            raise InvalidInput(Text("坏", "bad"))
        self.created.append((topic, payload, actor))
        return "address"

    def changes_since(self, cursor: Any, topics: Any = None) -> tuple[int, list[tuple[str, bytes]]]:
        if cursor is None:
            return len(self.created), []
        self.asked.append(topics)
        fresh = self.created[cursor:]
        return len(self.created), [(topic, payload) for topic, payload, _ in fresh]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    monkeypatch.setattr(sta_mqtt, "create", made.create)
    monkeypatch.setattr(sta_mqtt, "changes_since", made.changes_since)
    monkeypatch.setattr("quancheng.capabilities.ingest.mqtt.outside.close_old_connections", lambda: None)
    return made


def test_create_and_hear_of_it(tmp_path: Path, service: Service) -> None:
    with running(tmp_path) as gateway, gateway.client(version=Version.V5) as client:
        broker = gateway.broker
        client.connect(username=None, password=None, client_id="sta")
        client.send(Subscribe(1, (Subscription(OBSERVATIONS, 1), Subscription("d/+/up", 1))))
        assert client.read() == Suback(1, (1, int(Reason.NOT_AUTHORIZED)))
        client.publish(b"good", 2, topic=OBSERVATIONS)
        assert client.read() == Ack(Type.PUBACK, 2)
        client.publish(b"forbidden", 3, topic=OBSERVATIONS)
        assert client.read() == Ack(Type.PUBACK, 3, Reason.NOT_AUTHORIZED)
        client.publish(b"bad", 4, topic=OBSERVATIONS)
        assert client.read() == Ack(Type.PUBACK, 4, Reason.PAYLOAD_FORMAT_INVALID)
        gateway.call(lambda: broker.sensorthings.tick(broker.hub.wanted, broker.spread))
        heard = client.read()
        assert isinstance(heard, Publish)
        assert (heard.topic, heard.payload, heard.qos) == (OBSERVATIONS, b"good", 1)
        assert service.asked == [{OBSERVATIONS}]
        assert "sensorthings.editor" in service.created[0][2].role_ids  # demo: anybody may be anybody
    assert service.created[0][:2] == (OBSERVATIONS, b"good")


def test_nobody_listens_nothing_is_asked(tmp_path: Path, service: Service) -> None:
    with running(tmp_path) as gateway:
        broker = gateway.broker
        with gateway.client() as client:
            client.connect(username=None, password=None, client_id="sta")
            client.send(Subscribe(1, (Subscription("$share/g/v1.1/#", 0),)))
            assert client.read() == Suback(1, (0,))
            gateway.call(lambda: broker.sensorthings.tick(broker.hub.wanted, broker.spread))
        assert service.asked == [None]
        until = time.monotonic() + 5
        while len(broker.hub) and time.monotonic() < until:
            time.sleep(0.02)
        gateway.call(lambda: broker.sensorthings.tick(broker.hub.wanted, broker.spread))
        assert not broker.sensorthings.listens
