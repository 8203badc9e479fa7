"""From an uploaded file to an algorithm in use, at the desk; and the public console."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.capabilities.models.conftest import FILES

from quancheng.capabilities.models import serving
from quancheng.capabilities.models.models import Model, Use, Version
from quancheng.capabilities.people.models import Department, RoleGrant, User
from quancheng.kernel import clock
from quancheng.kernel.models import writing


@pytest.fixture
def sign(staff: Any) -> Any:
    def make(role: str) -> Client:
        user = User.objects.create(username=f"desk-{role}", kind="official")
        with writing("tests"):
            RoleGrant.objects.create(
                user=user, role=f"models.{role}", department=Department.objects.get(code="jn-data"),
                valid_from=clock.today(), reason="tests", granted_by="tests", granted_at=clock.now(),
            )  # fmt: skip
        client = Client()
        client.force_login(user)
        return client

    return make


def test_from_file_to_use(sign: Any) -> None:
    engineer, approver = sign("engineer"), sign("approver")
    organ = Department.objects.get(code="jn-data").pk
    facts = {
        "code": "product", "zh": "乘积", "en": "Product", "purpose_zh": "相乘", "purpose_en": "Multiplies",
        "organ_id": organ, "licence": "MIT", "risk": "low", "uses": "试用",
    }  # fmt: skip
    wrong = engineer.post("/work/models/new/", facts | {"code": "不行"})
    assert wrong.status_code == 422
    assert "Multiplies" in wrong.content.decode(), "what was entered is kept"
    assert engineer.post("/work/models/new/", facts).status_code == 302
    assert engineer.post("/work/models/new/", facts).status_code == 422, "the code is taken"
    garbage = SimpleUploadedFile("x.onnx", b"garbage")
    refused = engineer.post("/work/models/product/upload/", {"file": garbage, "provenance": "试"})
    assert refused.status_code == 422
    assert not Version.objects.exists()
    good = SimpleUploadedFile("mul.onnx", (FILES / "mul_1.onnx").read_bytes())
    assert (
        engineer.post("/work/models/product/upload/", {"file": good, "provenance": "onnxruntime"}).status_code
        == 302
    )
    here = "/work/models/product/1/"
    early = engineer.post(f"{here}activate/", {"activate-share": 100})
    assert early.status_code == 422
    measured = {"evaluate-dataset": "试数", "evaluate-dataset_version": "1", "evaluate-rows": 9}
    assert engineer.post(f"{here}evaluate/", measured).status_code == 422, "a metric is needed"
    assert engineer.post(f"{here}evaluate/", measured | {"evaluate-accuracy": 0.98}).status_code == 302
    assert engineer.post(f"{here}approve/", {}).status_code == 422, "the engineer is no approver"
    assert approver.post(f"{here}approve/", {"approve-reason": "可用"}).status_code == 302
    assert engineer.post(f"{here}activate/", {"activate-share": 100}).status_code == 302
    assert Version.objects.get().state == "active"
    for address in ("/work/models/", "/work/models/product/", here, "/work/models/uses/"):
        page = engineer.get(address)
        assert page.status_code == 200, address
    assert engineer.post(f"{here}retire/", {"retire-reason": ""}).status_code == 422
    assert engineer.post(f"{here}retire/", {"retire-reason": "不再需要"}).status_code == 302
    assert Model.objects.get().versions.get().state == "retired"


def test_the_console_tries_a_public_algorithm(staff: Any) -> None:
    client = Client()
    listed = client.get("/open/algorithms/").content.decode()
    assert "历时最大雨量" in listed
    assert "房屋空置判定" not in listed
    here = "/open/algorithms/models.embedding/"
    assert client.get(here).status_code == 200
    try:
        told = client.post(here, {"inputs": '{"texts": ["泉城"]}'})
        assert told.status_code == 200
        assert "dimensions" in told.content.decode()
    finally:
        serving.serving().close()
    for inputs in ("{", "[]", '{"texts": []}', '{"words": ["x"]}'):
        refused = client.post(here, {"inputs": inputs})
        assert refused.status_code == 422
        assert "error" in refused.content.decode()
    assert Use.objects.filter(outcome="done").count() == 1
    assert client.get("/open/algorithms/masters.vacancy/").status_code == 404
