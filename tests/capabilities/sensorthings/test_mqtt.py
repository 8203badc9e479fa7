"""What the MQTT gateway asks (OGC 18-088 § 13 and § 14)."""

from __future__ import annotations

import json

import pytest

from quancheng.capabilities.sensorthings import sta_mqtt
from quancheng.capabilities.sensorthings.messages import Refused
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import QuanchengError

from .conftest import Sta


def test_create(sta: Sta, world: dict[str, int], system_call: Call) -> None:
    link = sta_mqtt.create(
        f"v1.1/Datastreams({world['stream']})/Observations", b'{"result": 42}', system_call.actor
    )
    pk = int(link.rsplit("(")[1].rstrip(")"))
    assert sta.get(f"Observations({pk})/result") == {"result": 42}
    body = json.dumps({"result": 43, "Datastream": {"@iot.id": world["stream"]}}).encode()
    assert sta_mqtt.create("v1.1/Observations", body, system_call.actor)


def test_what_cannot_be_created_says_why(world: dict[str, int], system_call: Call) -> None:
    for topic, body in (
        ("v1.1/Datastreams(999)/Observations", b'{"result": 1}'),
        ("v1.1/Observations", b"noise"),
        ("else/Observations", b"{}"),
    ):
        with pytest.raises(QuanchengError):
            sta_mqtt.create(topic, body, system_call.actor)
    path = f"v1.1/Datastreams({world['stream']})/Observations"
    with pytest.raises(Refused) as refused:
        sta_mqtt.create(path, b'{"result": 1}', Actor.anonymous())
    assert refused.value.status == 401


def test_updates(sta: Sta, world: dict[str, int]) -> None:
    cursor, nothing = sta_mqtt.changes_since(None)
    assert nothing == [] and sta_mqtt.changes_since(cursor)[1] == []
    sta.post(f"Datastreams({world['stream']})/Observations", {"result": 5})
    sta.patch(f"Things({world['thing']})", {"name": "改名"})
    topics = {
        f"v1.1/Datastreams({world['stream']})/Observations",
        f"v1.1/Datastreams({world['stream']})/Observations?$select=result",
        "v1.1/Observations",
        "v1.1/Things",
        f"v1.1/Things({world['thing']})",
        f"v1.1/Things({world['thing']})/name",
        f"v1.1/Things({world['thing']})/Datastreams",
        "v1.1/Things(999)",
        "v1.1/nonsense",
    }
    later, found = sta_mqtt.changes_since(cursor, topics)
    heard = {topic: json.loads(payload) for topic, payload in found}
    assert set(heard) == topics - {
        f"v1.1/Things({world['thing']})/Datastreams",
        "v1.1/Things(999)",
        "v1.1/nonsense",
    }
    assert heard[f"v1.1/Datastreams({world['stream']})/Observations?$select=result"] == {"result": 5}
    assert heard["v1.1/Observations"]["@iot.id"] and heard["v1.1/Things"]["name"] == "改名"
    assert heard[f"v1.1/Things({world['thing']})/name"] == {"name": "改名"}
    assert sta_mqtt.changes_since(later, topics)[1] == []


def test_without_topics_every_set_hears(sta: Sta, world: dict[str, int]) -> None:
    cursor, _ = sta_mqtt.changes_since(None)
    pk = sta.make(f"Datastreams({world['stream']})/Observations", {"result": 6})
    _, found = sta_mqtt.changes_since(cursor)
    assert {topic for topic, _ in found} >= {"v1.1/Observations", f"v1.1/Observations({pk})"}


def test_what_is_not_public_is_not_heard(sta: Sta, world: dict[str, int], system_call: Call) -> None:
    from quancheng.capabilities.sensorthings.models import Stream
    from quancheng.kernel.models import writing

    cursor, _ = sta_mqtt.changes_since(None)
    with writing("tests"):
        Stream.objects.update(public=False)
    sta.post(f"Datastreams({world['stream']})/Observations", {"result": 6})
    assert sta_mqtt.changes_since(cursor, {"v1.1/Observations"})[1] == []
