"""HTTP: bulk by devices, the API and the desk."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.capabilities.ingest.conftest import SYSTEM

from quancheng.capabilities.ingest import actions, status
from quancheng.capabilities.ingest.models import DeadLetter, Device
from quancheng.capabilities.ingest.values import ChannelSpec, Secret
from quancheng.capabilities.observations import queries as observations

pytestmark = pytest.mark.django_db
API = "/api/v1/ingest"


def _post(client: Client, secret: Secret, body: Any, kind: str = "application/json", **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    word = base64.b64encode(f"{secret.code}:{secret.secret}".encode()).decode()
    given_headers = {"Authorization": f"Basic {word}"} | headers
    return client.post(f"{API}/devices/JN-AQ-1/readings", raw, content_type=kind, headers=given_headers)


def _now() -> int:
    return int(time.time() * 1000)


def test_a_device_sends_in_bulk_and_again(client: Client, air: Secret) -> None:
    at = _now()
    body = [{"t": at - n * 1000, "v": {"pm25": 30 + n, "t": 620}} for n in range(3)]
    assert _post(client, air, body).json() == {"stored": 6, "changed": 0, "duplicate": 0, "refused": {}}
    assert _post(client, air, body).json()["duplicate"] == 6
    [newest] = observations.find(streams=[1002], limit=1)
    assert (newest.time, newest.result) == (at * 1000, 22)
    lines = b"\n".join(json.dumps(one).encode() for one in body)
    assert _post(client, air, lines, "application/x-ndjson").json()["duplicate"] == 6


def test_an_idempotency_key_gives_the_first_answer(client: Client, air: Secret) -> None:
    body = [{"t": _now(), "v": {"pm25": 30}}]
    first = _post(client, air, body, **{"Idempotency-Key": "k"}).json()
    assert first["stored"] == 1
    assert _post(client, air, body, **{"Idempotency-Key": "k"}).json() == first
    other = _post(client, air, [{"t": _now(), "v": {"pm25": 31}}], **{"Idempotency-Key": "k"})
    assert other.status_code == 409


def test_who_cannot_prove_the_device_is_refused(client: Client, air: Secret) -> None:
    body = [{"t": _now(), "v": {"pm25": 30}}]
    address = f"{API}/devices/JN-AQ-1/readings"
    for header in (
        "",
        "Basic !!!",
        "Bearer wrong",
        "Digest x",
        "Basic " + base64.b64encode(b"other:x").decode(),
    ):
        answer = client.post(
            address, body, content_type="application/json", headers={"Authorization": header}
        )
        assert answer.status_code == 401
    bearer = {"Authorization": f"Bearer {air.secret}"}
    assert (
        client.post(
            f"{API}/devices/nobody/readings", body, content_type="application/json", headers=bearer
        ).status_code
        == 401
    )
    codes = {
        client.post(
            address, body, content_type="application/json", headers={"Authorization": "Bearer x"}
        ).status_code
        for _ in range(40)
    }
    assert codes == {401, 429}


def test_what_cannot_be_taken_is_said_and_kept(client: Client, air: Secret) -> None:
    answer = _post(client, air, b"{broken")
    assert answer.status_code == 422
    assert answer.json()["reason"] == "syntax"
    answer = _post(client, air, [{"t": _now(), "v": {"pm25": 1, "unheard": 2}}])
    assert answer.json()["stored"] == 1
    assert answer.json()["refused"] == {"unknown-element": 1}
    assert DeadLetter.objects.get().detail == "unheard"
    assert _post(client, air, b"x" * (3 << 20)).status_code == 413


def test_a_flood_over_http_is_told_to_wait(client: Client) -> None:
    slow = actions.register_device(
        SYSTEM, code="JN-AQ-1", protocol="http", rate=0.1, channels=[ChannelSpec("pm25", 1001)]
    )
    at = _now()
    codes = [
        _post(client, slow, [{"t": at + n + m, "v": {"pm25": 1}} for m in range(5)]).status_code
        for n in range(0, 20, 5)
    ]
    assert codes[0] == 200 and codes[-1] == 429


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.sampled_from(["application/json", "application/x-ndjson", "text/plain"]))
def test_any_body_is_answered(client: Client, air: Secret, body: bytes, kind: str) -> None:
    assert _post(client, air, body, kind).status_code in {200, 422}


def test_the_api_of_the_operator(signed_in: Callable[..., Client]) -> None:
    desk = signed_in("ingest.operator")
    facts = {"code": "JN-AQ-2", "channels": [{"element": "pm25", "stream": 7}]}
    made = desk.post(f"{API}/devices", facts, content_type="application/json")
    assert made.status_code == 201 and len(made.json()["secret"]) >= 32
    assert desk.post(f"{API}/devices", facts, content_type="application/json").status_code == 409
    assert [one["code"] for one in desk.get(f"{API}/devices?text=AQ").json()["items"]] == ["JN-AQ-2"]
    assert desk.get(f"{API}/devices/JN-AQ-2").json()["channels"][0]["stream"] == 7
    assert made.json()["secret"] not in desk.get(f"{API}/devices/JN-AQ-2").content.decode()
    assert desk.post(f"{API}/devices/JN-AQ-2/suspend").json()["status"] == "suspended"
    assert desk.post(f"{API}/devices/JN-AQ-2/resume").json()["status"] == "active"
    assert desk.post(f"{API}/devices/JN-AQ-2/rotate").json()["secret"] != made.json()["secret"]
    sent = desk.post(f"{API}/devices/JN-AQ-2/commands", {"body": "x"}, content_type="application/json")
    assert sent.status_code == 201
    assert desk.get(f"{API}/devices/JN-AQ-2/commands").json()["items"][0]["state"] == "queued"
    assert desk.get(f"{API}/dead-letters").json()["items"] == []
    assert desk.get(f"{API}/status").json() == {"gateways": []}
    assert desk.post(f"{API}/dead-letters/9/retry").status_code == 404


@pytest.mark.parametrize("address", ["", "devices/", "devices/new/", "devices/JN-AQ-1/", "dead-letters/"])
def test_who_may_see_the_desk(
    client: Client, signed_in: Callable[..., Client], air: Secret, address: str
) -> None:
    assert client.get(f"/work/ingest/{address}").status_code == 302
    assert signed_in().get(f"/work/ingest/{address}").status_code == 403
    assert signed_in("ingest.operator").get(f"/work/ingest/{address}").status_code == 200


def test_the_desk_registers_and_shows_the_secret_once(signed_in: Callable[..., Client]) -> None:
    desk = signed_in("ingest.operator")
    wrong = desk.post(
        "/work/ingest/devices/new/",
        {"code": "JN-1", "protocol": "mqtt", "payload": "json", "channels": "pm25 seven"},
    )
    assert wrong.status_code == 422
    answer = desk.post(
        "/work/ingest/devices/new/",
        {"code": "JN-1", "protocol": "mqtt", "payload": "json", "channels": "pm25 7\nt = 8 0.1 -40"},
    )
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    found = re.search(r'id="secret">([^<]+)<', answer.content.decode())
    assert found is not None
    page = desk.get("/work/ingest/devices/JN-1/").content.decode()
    assert found[1] not in page
    assert "-40" in page
    rotated = desk.post("/work/ingest/devices/JN-1/rotate/").content.decode()
    assert found[1] not in rotated and 'id="secret"' in rotated
    desk.post("/work/ingest/devices/JN-1/switch/")
    assert Device.objects.get().status == "suspended"


def test_the_desk_commands_uploads_and_handles_letters(signed_in: Callable[..., Client], air: Secret) -> None:
    desk = signed_in("ingest.operator")
    there = "/work/ingest/devices/JN-AQ-1/"
    assert desk.post(there, {"what": "command", "body": "open"}).status_code == 302
    assert desk.post(there, {"what": "command", "body": ""}).status_code == 422
    assert desk.post(there, {"what": "nonsense"}).status_code == 422
    rows = json.dumps([{"t": _now(), "v": {"pm25": 1, "odd": 2}}]).encode()
    upload = {"what": "upload", "file": SimpleUploadedFile("r.json", rows)}
    assert desk.post(there, upload).status_code == 302
    assert observations.count(streams=[1001]) == 1
    letter = DeadLetter.objects.get()
    page = desk.get("/work/ingest/dead-letters/?state=open&reason=unknown-element&text=odd").content.decode()
    assert "要素未登记通道" in page
    assert desk.post(f"/work/ingest/dead-letters/{letter.pk}/", {"what": "retry"}).status_code == 302
    assert letter.refresh().state == "open"
    desk.post(f"/work/ingest/dead-letters/{letter.pk}/", {"what": "dismiss"})
    assert letter.refresh().state == "dismissed"


def test_the_status_page_and_metrics_show_a_running_gateway(
    client: Client, signed_in: Callable[..., Client]
) -> None:
    figures = {"connections": 321, "messages_per_second": 12.5, "ack_ms": {"p50": 3, "p95": 9, "p99": 20.0}}
    status.beat("ingest.gateway", figures)
    page = signed_in("ingest.viewer").get("/work/ingest/").content.decode()
    assert "321" in page and "12.5" in page
    said = client.get("/metrics").content.decode()
    assert "quancheng_ingest_connections 321.0" in said
    assert "quancheng_ingest_ack_seconds_p99 0.02" in said
    status.leave("ingest.gateway")
    assert status.running() == []
