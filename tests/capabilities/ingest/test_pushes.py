"""NB-IoT: what carriers' platforms push to the one address they are given."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from tests.capabilities.ingest.conftest import OPERATOR, SYSTEM

from quancheng.capabilities.ingest import actions, api
from quancheng.capabilities.ingest.models import DeadLetter
from quancheng.capabilities.ingest.values import ChannelSpec
from quancheng.capabilities.observations import queries as observations
from quancheng.core.telemetry.nbiot import onenet_digest

pytestmark = pytest.mark.django_db
WORD, TOKEN = "a-word-nobody-guesses", "city-token"
ADDRESS = f"/api/v1/ingest/push/{WORD}"


@pytest.fixture(autouse=True)
def _configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_limits", replace(api._limits, push_word=WORD, push_token=TOKEN))


@pytest.fixture
def meters() -> None:
    """A level meter known to CTWing by its id, another to OneNET by its IMEI, a third with JSON of its own."""
    for code, address, payload, stream, element in (
        ("NB-1", "5e5a54e224b9436f93900c27f0787f61", "nbiot", 501, "liquid_level"),
        ("NB-2", "865820031234567", "nbiot", 502, "3303_0_5700"),
        ("NB-3", "own-bytes", "nbiot:json", 503, "level"),
    ):
        actions.register_device(
            SYSTEM, code=code, protocol="nbiot", address=address, payload=payload,
            channels=[ChannelSpec(element, stream)],
        )  # fmt: skip


def _ctwing(device: str, payload: dict[str, Any], imei: str = "") -> dict[str, Any]:
    return {
        "messageType": "dataReport", "deviceId": device, "IMEI": imei, "timestamp": time.time_ns() // 10**6,
        "serviceId": "", "payload": payload,
    }  # fmt: skip


def _onenet(*values: float, token: str = TOKEN) -> bytes:
    at = time.time_ns() // 10**6
    rows = [
        {"imei": "865820031234567", "type": 1, "dev_id": 2016617, "ds_id": "3303_0_5700", "at": at + n, "value": v}
        for n, v in enumerate(values)
    ]  # fmt: skip
    message = json.dumps(rows)
    return f'{{"msg": {message}, "nonce": "abcdefgh", "msg_signature": "{onenet_digest(token, "abcdefgh", message.encode())}"}}'.encode()


def _send(client: Client, body: Any, address: str = ADDRESS) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(address, raw, content_type="application/json")


def test_a_push_of_values_is_stored_once(client: Client, meters: None) -> None:
    body = _ctwing("5e5a54e224b9436f93900c27f0787f61", {"liquid_level": 402})
    first = _send(client, body)
    assert first.status_code == 200 and first.json()["stored"] == 1
    again = _send(client, body).json()
    assert (again["stored"], again["duplicate"]) == (0, 1)
    [row] = observations.find(streams=[501], limit=5)
    assert (row.time, row.result) == (body["timestamp"] * 1000, 402)


def test_a_device_is_known_by_its_imei_too(client: Client, meters: None) -> None:
    assert _send(client, _onenet(21.5, 21.6)).json()["stored"] == 2
    assert [one.result for one in observations.find(streams=[502], limit=5)] == [21.6, 21.5]


def test_the_device_s_own_bytes_go_through_its_own_decoder(client: Client, meters: None) -> None:
    inner = base64.b64encode(b'{"level": 1.25}').decode()
    body = _ctwing("own-bytes", {"APPdata": inner})
    assert _send(client, body).json()["stored"] == 1
    [row] = observations.find(streams=[503], limit=5)
    assert (row.time, row.result) == (body["timestamp"] * 1000, 1.25)


@pytest.mark.parametrize("token", ["", "another"])
def test_a_push_with_a_wrong_signature_is_refused(client: Client, meters: None, token: str) -> None:
    assert _send(client, _onenet(21.5, token=token)).status_code == 401
    assert not observations.find(streams=[502], limit=5)
    assert not DeadLetter.objects.exists()


def test_without_a_token_nothing_of_a_platform_that_signs_is_believed(
    client: Client, meters: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_limits", replace(api._limits, push_token=""))
    assert _send(client, _onenet(21.5)).status_code == 401
    assert client.get(ADDRESS, {"msg": "m", "nonce": "n", "signature": onenet_digest("", "n", b"m")}).status_code == 401  # fmt: skip


def test_the_address_is_secret_and_closed_without_a_word(
    client: Client, meters: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = _ctwing("own-bytes", {"APPdata": "e30="})
    assert _send(client, body, "/api/v1/ingest/push/guess").status_code == 401
    monkeypatch.setattr(api, "_limits", replace(api._limits, push_word=""))
    assert _send(client, body).status_code == 401
    codes = {_send(client, body).status_code for _ in range(api._limits.failures_per_minute + 2)}
    assert codes == {401, 429}


def test_onenet_verifies_the_address(client: Client) -> None:
    right = {"msg": "xyz", "nonce": "ab12cd34", "signature": onenet_digest(TOKEN, "ab12cd34", b"xyz")}
    answer = client.get(ADDRESS, right)
    assert (answer.status_code, answer.content) == (200, b"xyz")
    assert client.get(ADDRESS, right | {"msg": "other"}).status_code == 401


def test_what_cannot_be_taken_is_a_dead_letter_and_does_not_hold_up_others(
    client: Client, meters: None
) -> None:
    stranger = _ctwing("nobody", {"liquid_level": 1})
    assert _send(client, stranger).json()["unknown"] == 1
    unknown = _ctwing("5e5a54e224b9436f93900c27f0787f61", {"liquid_level": 402, "battery": 3.6})
    said = _send(client, unknown).json()
    assert (said["stored"], said["refused"]) == (1, {"unknown-element": 1})
    broken = _ctwing("own-bytes", {"APPdata": base64.b64encode(b"{").decode()})
    assert _send(client, broken).json()["refused"] == {"syntax": 1}
    letters = list(DeadLetter.objects.order_by("pk").values_list("code", "source", "reason"))
    assert letters == [
        ("nobody", "push", "unknown-device"), ("NB-1", "push", "unknown-element"), ("NB-3", "push", "syntax"),
    ]  # fmt: skip


def test_a_kept_push_is_read_again_once_the_channel_is_there(client: Client, meters: None) -> None:
    _send(client, _ctwing("5e5a54e224b9436f93900c27f0787f61", {"battery": 3.6}))
    channels = [ChannelSpec("liquid_level", 501), ChannelSpec("battery", 504)]
    actions.set_channels(SYSTEM, code="NB-1", channels=channels)
    from quancheng.capabilities.ingest import registry

    registry.devices.forget()
    actions.retry_letter(OPERATOR, letter=DeadLetter.objects.get().pk)
    assert [one.result for one in observations.find(streams=[504], limit=5)] == [3.6]


def test_answers_to_commands_are_no_fault(client: Client, meters: None) -> None:
    body = {
        "messageType": "commandResponse",
        "deviceId": "own-bytes",
        "timestamp": 1589444233258,
        "taskId": 1,
    }
    assert _send(client, body).json()["empty"] == 1
    assert not DeadLetter.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\xfe", b'{"messageType": 7}'])
def test_what_is_no_push_is_refused(client: Client, meters: None, body: bytes) -> None:
    assert _send(client, body).status_code == 422
