"""API and pages: who sees what, odd input, the desk's stories."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from tests.capabilities.video.conftest import LIXIA, NOON, OPERATOR, call, code

from quancheng.capabilities.video import actions, control_client, simulate
from quancheng.capabilities.video.models import Camera, Platform, PlayRequest, PlaySession, VideoEvent
from quancheng.kernel import rulebook
from quancheng.kernel.actions import Call

pytestmark = pytest.mark.django_db
API = "/api/v1/video"
PURPOSE = "核实路面积水情况"


def post(client: Client, address: str, body: Any, **headers: str) -> Any:
    return client.post(address, json.dumps(body), content_type="application/json", headers=headers)


def test_the_public_sees_no_camera(client, cameras) -> None:
    assert client.get(f"{API}/cameras").status_code == 401
    assert client.get(f"{API}/cameras.geojson").json()["features"] == []
    assert client.get("/work/video/").status_code == 302


def test_the_list_the_layer_and_one_camera(cameras, signed_in, django_assert_max_num_queries) -> None:
    client = signed_in("video.viewer", LIXIA)
    rows = client.get(f"{API}/cameras?region={LIXIA}").json()["items"]
    assert [row["code"] for row in rows] == [code(1), code(2)] and rows[0]["status"] == "online"
    first = client.get(f"{API}/cameras.geojson?bbox=116.9,36.6,117.1,36.7")
    assert len(first.json()["features"]) == 3 and not first.json()["truncated"]
    with django_assert_max_num_queries(5):
        again = client.get(
            f"{API}/cameras.geojson?bbox=116.9,36.6,117.1,36.7", headers={"If-None-Match": first["ETag"]}
        )
    assert again.status_code == 304
    assert client.get(f"{API}/cameras/{code(1)}").json()["changes"][0]["online"] is True
    assert client.get(f"{API}/cameras/{code(99)}").status_code == 404
    assert client.get(f"{API}/coverage").json()["items"][0]["online_rate"] == 100


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=x,y,z,w", "bbox=9,9,1,1", "region=x", "cursor=!!", "size=0", "text=" + "x" * 200],
)
def test_odd_parameters_are_the_callers_fault(cameras, signed_in, query) -> None:
    client = signed_in("video.viewer")
    for name in ("cameras", "cameras.geojson", "requests", "events", "sessions"):
        assert client.get(f"{API}/{name}?{query}").status_code in (200, 422)


def test_ask_decide_play_and_cut_on_the_pages(cameras, signed_in, monkeypatch) -> None:
    told: list[str] = []

    def signalling(what: str, **values: Any) -> Any:
        told.append(what)
        return {"flv": "http://media/1.flv"}

    monkeypatch.setattr(control_client, "ask", signalling)
    viewer = signed_in("video.viewer", LIXIA)
    address = f"/work/video/{code(1)}/"
    assert "即时生效" in viewer.get(address).content.decode()
    refused = viewer.post(address, {"kind": "live", "purpose": "看"})
    assert refused.status_code == 422 and not PlayRequest.objects.exists()
    assert viewer.post(address, {"kind": "live", "purpose": PURPOSE}).status_code == 302
    page = viewer.get("/work/video/requests/").content.decode()
    request = PlayRequest.objects.get()
    assert PURPOSE in page and f"/requests/{request.pk}/play/" in page
    opened = viewer.post(f"/work/video/requests/{request.pk}/play/")
    session = PlaySession.objects.get()
    assert opened["Location"] == f"/work/video/sessions/{session.pk}/"
    assert "http://media/1.flv" in viewer.get(opened["Location"]).content.decode()
    approver = signed_in("video.approver")
    assert "http://media/1.flv" not in approver.get(opened["Location"]).content.decode(), (
        "addresses are the viewer's own"
    )
    assert PURPOSE in approver.get("/work/video/sessions/").content.decode()
    assert approver.post(opened["Location"], {"reason": ""}).status_code == 422
    assert approver.post(opened["Location"], {"reason": "已核实"}).status_code == 302
    assert session.refresh().end_reason == "已核实" and told == ["open", "close"]


def test_approval_on_the_page(cameras, signed_in) -> None:
    viewer = signed_in("video.viewer", LIXIA)
    far = code(3, "370103")
    assert "须经审批" in viewer.get(f"/work/video/{far}/").content.decode()
    made = post(viewer, f"{API}/requests", {"camera": far, "purpose": PURPOSE}).json()
    assert made["state"] == "pending"
    assert post(viewer, f"{API}/requests/{made['id']}/play", {}).status_code == 403
    approver = signed_in("video.approver")
    assert f"/requests/{made['id']}/decide/" in approver.get("/work/video/requests/").content.decode()
    answer = approver.post(
        f"/work/video/requests/{made['id']}/decide/", {"approve": "yes", "hours": "2", "note": "同意"}
    )
    assert answer.status_code == 302
    assert PlayRequest.objects.get().state == PlayRequest.State.APPROVED
    bad = approver.post(f"/work/video/requests/{made['id']}/decide/", {"approve": "yes", "hours": "200"})
    assert bad.status_code == 422


def test_peers_and_their_password_once(cameras, signed_in) -> None:
    client = signed_in("video.operator")
    body = {"code": "37010200001180000001", "name": "录像机", "direction": "device", "region": LIXIA, "port": "5060",
            "transport": "udp"}  # fmt: skip
    assert client.post("/work/video/platforms/new/", body | {"code": "12"}).status_code == 422
    made = client.post("/work/video/platforms/new/", body)
    assert made.status_code == 200 and "离开本页后不再显示" in made.content.decode()
    address = f"/work/video/platforms/{body['code']}/"
    assert client.get(address).status_code == 200 and client.get("/work/video/platforms/").status_code == 200
    assert client.post(address, {"do": "disable"}).status_code == 302
    assert not Platform.objects.get(code=body["code"]).enabled
    assert "不再显示" in client.post(address, {"do": "renew"}).content.decode()
    viewer = signed_in("video.viewer")
    assert viewer.get("/work/video/platforms/").status_code == 403 and viewer.get(address).status_code == 404


def test_an_analysing_system_reports_with_its_token(client, cameras) -> None:
    made = actions.register_platform(
        call(OPERATOR), code="37010000001990000001", name="分析系统", direction="analyser", region="370100"
    )
    event = {"event_id": "ev-00000001", "camera": code(1), "kind": "person", "at": NOON.isoformat(), "confidence": 0.8,
             "count": 3, "box": [0.1, 0.1, 0.5, 0.5]}  # fmt: skip
    body = {"events": [event]}
    assert post(client, f"{API}/events", body).status_code == 401
    assert post(client, f"{API}/events", body, Authorization="Bearer wrong").status_code == 401
    token = {"Authorization": f"Bearer {made.password}"}
    assert post(client, f"{API}/events", body, **token).json()["accepted"] == 1
    assert post(client, f"{API}/events", body, **token).json()["items"][0]["status"] == "duplicate"
    assert VideoEvent.objects.get().source == "37010000001990000001"
    for wrong in (
        {"box": [1, 2]},
        {"box": [5, 5, 1, 1]},
        {"confidence": "x"},
        {"at": "never"},
        {"kind": "face"},
    ):
        assert post(client, f"{API}/events", {"events": [event | wrong]}, **token).status_code == 422
    actions.set_enabled(call(OPERATOR), code="37010000001990000001", enabled=False)
    assert post(client, f"{API}/events", body, **token).status_code == 401


def test_the_demo_city_and_its_indicators(db, noon, signed_in) -> None:
    from types import SimpleNamespace

    import numpy as np

    from quancheng.capabilities.people.actions import sync_departments
    from quancheng.capabilities.video import indicators

    sync_departments(Call.system("people"))
    said = simulate.seed(SimpleNamespace(region=rulebook.city_region()), np.random.default_rng(1))
    number = simulate.JOINED + simulate.DIRECT + simulate.PLANNED
    assert said is not None and Camera.objects.count() == number
    assert not Camera.objects.filter(simulated=False).exists()
    assert simulate.seed(None, np.random.default_rng(1)) is None
    joined = indicators.joined()["value"]
    assert joined == simulate.JOINED + simulate.DIRECT
    for figure in (indicators.networked_rate(), indicators.online_rate(), indicators.smart_rate()):
        assert 0 < figure["numerator"] < figure["denominator"]
    client = signed_in("video.operator")
    for address in ("/work/video/", "/work/video/coverage/", "/work/video/?status=offline&text=路口", "/work/video/requests/",
                    "/work/video/sessions/?all=1", "/work/video/platforms/"):  # fmt: skip
        assert client.get(address).status_code == 200
