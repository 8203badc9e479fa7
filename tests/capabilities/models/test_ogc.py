"""OGC API - Processes 1.0 Part 1 (OGC 18-062r2): requirements of its core, by their names."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import pytest
from django.test import Client
from PIL import Image, ImageDraw, ImageFont

from quancheng.capabilities.models import actions, serving
from quancheng.capabilities.models.models import Task, Use
from quancheng.capabilities.people.models import Department, RoleGrant, User
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.models import writing
from quancheng.testing import remembered

ROOT = "/ogc/processes-1"
RAIN = {"amounts": [1, 5, 2, 0, 7], "step_minutes": 5, "durations": [5, 10, 25]}
MAXIMA = {"5": 7.0, "10": 7.0, "25": 15.0}


@pytest.fixture(autouse=True)
def no_worker_stays() -> Iterator[None]:
    yield
    serving.serving().close()


@pytest.fixture
def city(db: None) -> None:
    remembered.synced()


@pytest.fixture
def signed(city: None) -> Callable[..., Client]:
    def make(kind: str = "official", role: str = "", name: str = "") -> Client:
        user, _ = User.objects.get_or_create(username=name or kind, defaults={"kind": kind})
        if role:
            with writing("tests"):
                RoleGrant.objects.create(
                    user=user, role=role, department=Department.objects.get(code="jn-data"),
                    valid_from=clock.today(), reason="tests", granted_by="tests", granted_at=clock.now(),
                )  # fmt: skip
        client = Client()
        client.force_login(user)
        return client

    return make


def post(client: Client, name: str, body: Any, **headers: str) -> Any:
    return client.post(
        f"{ROOT}/processes/{name}/execution",
        json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


def test_landing_conformance_and_process_list(city: None) -> None:
    """/req/core/landingpage-success, conformance-success, process-list-success, process-summary-links."""
    client = Client()
    rels = {one["rel"] for one in client.get(f"{ROOT}/").json()["links"]}
    assert {"service-desc", "http://www.opengis.net/def/rel/ogc/1.0/processes"} <= rels
    classes = client.get(f"{ROOT}/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core" in classes
    listed = client.get(f"{ROOT}/processes?limit=1").json()
    assert len(listed["processes"]) == 1
    assert "next" in {one["rel"] for one in listed["links"]}
    names = {one["id"] for one in client.get(f"{ROOT}/processes").json()["processes"]}
    assert names == {"models.embedding", "water.rain-maxima"}, "what is not public is not shown to strangers"


def test_description(city: None) -> None:
    """/req/core/process-success, /req/ogc-process-description/inputs-def, outputs-def."""
    told = Client().get(f"{ROOT}/processes/water.rain-maxima").json()
    assert told["inputs"]["step_minutes"]["schema"]["type"] == "integer"
    assert told["inputs"]["amounts"]["minOccurs"] == 1
    assert set(told["outputs"]) == {"maxima", "total"}
    assert "http://www.opengis.net/def/rel/ogc/1.0/execute" in {one["rel"] for one in told["links"]}


def test_no_such_process(city: None) -> None:
    """/req/core/process-exception-no-such-process; also for what the asker may not call."""
    for name in ("nothing", "masters.vacancy", "model.nothing"):
        for answer in (Client().get(f"{ROOT}/processes/{name}"), post(Client(), name, {"inputs": {}})):
            assert answer.status_code == 404
            assert answer["Content-Type"].startswith("application/problem+json")
            assert answer.json()["type"].endswith("/1.0/no-such-process")


def test_execute_at_once(city: None) -> None:
    """/req/core/process-execute-sync-document, -sync-raw-value-one, -sync-raw-value-multi; one record a call."""
    whole = post(Client(), "water.rain-maxima", {"inputs": RAIN, "response": "document"})
    assert whole.json() == {"maxima": MAXIMA, "total": 15.0}
    one = post(Client(), "water.rain-maxima", {"inputs": RAIN, "outputs": {"total": {}}})
    assert one.json() == 15.0
    several = post(Client(), "water.rain-maxima", {"inputs": RAIN | {"step_minutes": {"value": 5}}})
    head = f"Content-Type: {several['Content-Type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + several.content, policy=HTTP).get_payload()
    assert {part["Content-ID"]: json.loads(part.get_payload()) for part in parts} == {
        "maxima": MAXIMA,
        "total": 15.0,
    }
    rows = list(Use.objects.order_by("id"))
    assert [row.outcome for row in rows] == ["done"] * 3
    assert rows[0].input_digest == serving.digest_of(RAIN)
    assert rows[0].result_digest == serving.digest_of({"maxima": MAXIMA, "total": 15.0})
    assert rows[0].caller.startswith("address:")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"inputs": RAIN | {"step_minutes": "five"}}, "step_minutes"),
        ({"inputs": {"amounts": [1]}}, "durations"),
        ({"inputs": RAIN | {"more": 1}}, "more"),
        ({"inputs": RAIN | {"durations": [7]}}, "durations"),
        ({"inputs": RAIN | {"amounts": {"href": "http://127.0.0.1/"}}}, "amounts"),
        ({"inputs": RAIN, "outputs": {"nothing": {}}}, "nothing"),
        ({"inputs": RAIN, "outputs": {"total": {"transmissionMode": "reference"}}}, "total"),
        ({"inputs": []}, "inputs"),
    ],
)
def test_bad_input_names_the_input(city: None, body: Any, field: str) -> None:
    """/req/core/process-execute-input-validation."""
    answer = post(Client(), "water.rain-maxima", body)
    assert answer.status_code == 422
    assert field in answer.json()["fields"]
    assert answer.json()["fields"][field]["zh"]


def test_garbage_is_refused(city: None) -> None:
    place = f"{ROOT}/processes/water.rain-maxima/execution"
    assert Client().post(place, b"\xff{", content_type="application/json").status_code == 422
    assert Client().post(place, {"inputs": "x"}).status_code == 415
    assert Client().get(place).status_code == 405


def test_what_is_not_public_needs_an_official_and_a_purpose(signed: Callable[..., Client]) -> None:
    official = signed("official")
    refused = post(official, "masters.vacancy", {"inputs": {"water": 0.1, "electricity": 1}})
    assert refused.status_code == 422
    assert "purpose" in refused.json()["fields"]
    told = post(
        official, "masters.vacancy",
        {"inputs": {"water": 0.1, "electricity": 1, "gas": 0}, "purpose": "走访核实", "response": "document"},
    ).json()  # fmt: skip
    assert told["state"] == "VACANT"
    assert {one["feature"] for one in told["findings"]} >= {"water", "electricity", "gas"}
    assert Use.objects.get(outcome="done").purpose == "走访核实"
    assert post(signed("person", name="citizen"), "masters.vacancy", {"inputs": {}}).status_code == 404


def test_a_quota_of_the_day(city: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    few = SimpleNamespace(integer=lambda: 1)
    find = serving.rulebook.find
    monkeypatch.setattr(
        serving.rulebook, "find", lambda name, *rest: few if "per_day" in name else find(name, *rest)
    )
    assert post(Client(), "models.embedding", {"inputs": {"texts": ["泉"]}}).status_code == 200
    refused = post(Client(), "models.embedding", {"inputs": {"texts": ["泉"]}})
    assert refused.status_code == 429


def test_jobs(signed: Callable[..., Client]) -> None:
    """/req/core/process-execute-async, job-success, job-results-async-document, /req/dismiss/job-dismiss-success."""
    client = signed("official")
    answer = post(client, "water.rain-maxima", {"inputs": RAIN}, prefer="respond-async")
    assert answer.status_code == 201
    assert answer["Preference-Applied"] == "respond-async"
    place = answer["Location"].partition("//")[2].partition("/")[2]
    told = client.get(f"/{place}").json()
    assert (told["status"], told["type"], told["processID"]) == ("accepted", "process", "water.rain-maxima")
    early = client.get(f"/{place}/results")
    assert early.status_code == 404
    assert early.json()["type"].endswith("/result-not-ready")
    jobs.run_due()
    told = client.get(f"/{place}").json()
    assert told["status"] == "successful", told
    assert client.get(f"/{place}/results").json() == {"maxima": MAXIMA, "total": 15.0}
    assert Task.objects.get().inputs is None, "what went in is not kept"
    assert [one["jobID"] for one in client.get(f"{ROOT}/jobs").json()["jobs"]] == [told["jobID"]]
    other = signed("official", name="other")
    assert other.get(f"/{place}").status_code == 404
    assert other.get(f"/{place}").json()["type"].endswith("/no-such-job")
    assert other.get(f"{ROOT}/jobs").json()["jobs"] == []
    assert client.delete(f"/{place}").json()["status"] == "dismissed"
    assert client.get(f"/{place}/results").status_code == 404
    assert Client().get(f"{ROOT}/jobs").status_code == 401
    assert post(Client(), "water.rain-maxima", {"inputs": RAIN}, prefer="respond-async").status_code == 401
    assert client.get(f"{ROOT}/jobs/nothing").status_code == 404


def test_a_job_dismissed_before_it_began_does_not_run_and_old_results_go(
    signed: Callable[..., Client],
) -> None:
    client = signed("official")
    answer = post(client, "water.rain-maxima", {"inputs": RAIN}, prefer="respond-async").json()
    client.delete(f"{ROOT}/jobs/{answer['jobID']}")
    jobs.run_due()
    assert Task.objects.get().status == "dismissed"
    assert not Use.objects.exists()
    assert actions.prune_tasks(Call.system("models"), before=clock.now()) == 1


def test_text_in_a_picture(signed: Callable[..., Client]) -> None:
    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 44)
    picture = Image.new("RGB", (640, 120), "white")
    ImageDraw.Draw(picture).text((20, 30), "JINAN 370100", "black", font)
    held = io.BytesIO()
    picture.save(held, "JPEG")
    client = signed("official")
    body = {"image": base64.b64encode(held.getvalue()).decode()}
    told = post(client, "models.ocr", {"inputs": body, "purpose": "试用", "response": "document"}).json()
    assert "370100" in "".join(one["text"] for one in told["lines"])
    bad = post(client, "models.ocr", {"inputs": {"image": "A" * 200}, "purpose": "试用"})
    assert bad.status_code == 422
    assert "image" in bad.json()["fields"]


def test_a_model_of_the_registry_answers_by_its_active_version(
    add: Any, model: Any, staff: Any, signed: Callable[..., Client]
) -> None:
    version = add("mul_1")
    official, purpose = signed("official", name="caller"), {"purpose": "试用", "response": "document"}
    feed = {"inputs": {"X": [[1, 2], [3, 4], [5, 6]]}}
    assert post(official, f"model.{model.code}", {**feed, **purpose}).status_code == 404, "not in use yet"
    call = Call(staff())
    actions.record_evaluation(
        call, version_id=version.pk, dataset="试数", dataset_version="1", rows=3, metrics={"accuracy": 1.0}
    )
    actions.approve_version(Call(staff("approver", name="another")), version_id=version.pk)
    actions.activate_version(call, version_id=version.pk)
    told = post(official, f"model.{model.code}", {**feed, **purpose})
    assert told.json() == {"Y": [[1.0, 4.0], [9.0, 16.0], [25.0, 36.0]]}
    wrong = post(official, f"model.{model.code}", {"inputs": {"X": [[1, 2]]}, **purpose})
    assert wrong.status_code == 422
