"""Pages and API with the Django client: the whole way by clicks, odd input, few queries."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.capabilities.command.conftest import DUTY, account, report

from quancheng.capabilities.command import actions
from quancheng.capabilities.command.models import Incident, IncidentReport, Task
from quancheng.kernel.actions import Call

pytestmark = pytest.mark.django_db


@pytest.fixture
def duty(plan: Any) -> Client:
    client = Client()
    client.force_login(account("值班员", "command.duty", "jn"))
    return client


@pytest.fixture
def crew(plan: Any) -> Client:
    client = Client()
    client.force_login(account("排水队", "command.responder", "jn-water"))
    return client


@pytest.fixture
def citizen(plan: Any) -> Client:
    client = Client()
    client.force_login(account("市民甲", "", "", person=True))
    return client


PAGES = [
    "/screen/",
    "/screen/incidents/",
    "/screen/plans/",
    "/screen/plans/test-flood/",
    "/screen/tasks/",
    "/screen/duty/",
    "/screen/drills/",
    "/work/tasks/",
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_stand_empty_and_full(duty: Client, language: str) -> None:
    duty.cookies["qc_language"] = language
    for path in PAGES:
        assert duty.get(path).status_code == 200, path
    incident = report("a")
    task = actions.issue_task(Call(DUTY), incident=incident, title="抽排", department="jn-water")
    actions.propose_activation(
        Call(DUTY), plan_code="test-flood", inputs={"warning": "yellow"}, incident=incident
    )
    for path in [*PAGES, incident.path, task.path, f"/screen/review/{incident.number}/"]:
        assert duty.get(path).status_code == 200, path
    for part in ("banner", "figures", "incidents", "alarms", "plan", "board", "ticker"):
        assert f'id="cmd-{part}"' in duty.get(f"/screen/part/{part}/").content.decode()


def test_from_the_street_to_the_end(citizen: Client, duty: Client, crew: Client) -> None:
    sent = {
        "type": "command.manhole",
        "region": "370102",
        "place": "泺源大街1号",
        "text": "井盖没了",
        "lon": "117.02",
        "lat": "36.65",
    }
    answer = citizen.post("/report/", sent | {"idempotency_key": "r1"})
    assert answer.status_code == 302
    assert citizen.get(answer.url).status_code == 200
    citizen.post("/report/", sent | {"idempotency_key": "r1"})
    assert IncidentReport.objects.count() == 1
    number = Incident.objects.get().number
    assert citizen.get(f"/screen/incidents/{number}/").status_code == 403
    base = f"/screen/incidents/{number}/do"
    duty.post(f"{base}/verify/", {"note": "电话核实"})
    duty.post(
        f"{base}/task/", {"title": "围挡换盖", "department": "jn-water", "due_minutes": "45", "priority": "1"}
    )
    task = Task.objects.get()
    assert task.zh in crew.get("/work/tasks/").content.decode()
    crew.post(f"{task.path}do/accept/")
    crew.post(f"{task.path}do/arrive/", {"lon": "117.02", "lat": "36.65"})
    assert crew.post(task.path, {"text": ""}).status_code == 422
    assert crew.post(task.path, {"text": "已更换"}).status_code == 302
    refused = duty.post(f"{base}/close/", {"note": "完"}, follow=True).content.decode()
    assert task.number in refused
    duty.post(f"{task.path}do/verify/", {"back": "/screen/tasks/"})
    duty.post(f"{base}/close/", {"note": "完"})
    assert Incident.objects.get().state == "closed"
    shown = duty.get(f"/screen/review/{number}/").content.decode()
    assert "市民" in shown
    assert "市民甲" not in shown


def test_a_plan_is_started_from_the_screen(duty: Client) -> None:
    found = actions.propose_activation(Call(DUTY), plan_code="test-flood", inputs={"warning": "yellow"})
    assert f"/screen/activations/{found.pk}/activate/" in duty.get("/screen/").content.decode()
    answer = duty.post(f"/screen/activations/{found.pk}/activate/", {"level": "4", "back": "/screen/"})
    assert (answer.status_code, answer.url) == (302, "/screen/")
    said = duty.post(
        f"/screen/activations/{found.pk}/activate/", {"level": "4"}, follow=True
    ).content.decode()
    assert "值班员" in said
    assert duty.post(
        f"/screen/activations/{found.pk}/activate/", {"back": "https://evil.example"}
    ).url.startswith("/screen/")


def test_drills_are_refused_or_queued(duty: Client, crew: Client) -> None:
    from quancheng.kernel import registry
    from quancheng.kernel.jobs.models import Job

    assert duty.post("/screen/drills/none/start/").status_code == 404
    name = next(iter(row.id for _, row in registry.items("drill")), None)
    if name is None:
        pytest.skip("no module offers a drill")
    assert crew.post(f"/screen/drills/{name}/start/").status_code == 403
    duty.post(f"/screen/drills/{name}/start/", {"speed": "0"})
    duty.post(f"/screen/drills/{name}/start/", {"speed": "60", "seats": "auto"})
    duty.post(f"/screen/drills/{name}/start/", {"speed": "60", "seats": "auto"})
    job = Job.objects.get(kind="command.drill")
    assert job.args == {"drill": name, "speed": 60.0, "seats": "auto"}
    duty.post("/screen/drills/stop/", {"job": str(job.pk)})
    assert Job.objects.get().state == "cancelled"


ODD = ["%00", "..%2f", "9" * 400, "'", "none"]


@pytest.mark.parametrize("word", ODD)
def test_odd_addresses_are_never_a_fault(duty: Client, word: str) -> None:
    for path in (
        f"/screen/incidents/{word}/", f"/screen/plans/{word}/", f"/screen/review/{word}/", f"/work/tasks/{word}/",
        f"/screen/part/{word}/", f"/screen/?exercise={word}", f"/screen/incidents/?state={word}&level={word}&cursor={word}",
        f"/screen/tasks/?state={word}&department={word}", f"/work/tasks/?state={word}", f"/report/{word}/",
        f"/api/v1/command/incidents?state={word}", f"/api/v1/command/incidents?level={word}&text={word}",
        f"/api/v1/command/incidents/{word}", f"/api/v1/command/tasks?department={word}&cursor={word}",
        f"/api/v1/command/review/{word}", f"/api/v1/command/plans/{word}", f"/api/v1/command/incidents.geojson?exercise={word}",
    ):  # fmt: skip
        assert duty.get(path).status_code < 500, path


@pytest.mark.parametrize(
    "field", ["note", "level", "target", "title", "department", "due_minutes", "priority", "lon"]
)
def test_odd_forms_are_never_a_fault(duty: Client, field: str) -> None:
    incident = report("a")
    for value in ("", "\x00", "９", "1e999", "-1", "x" * 2000, "nan"):
        for verb in ("verify", "level", "merge", "task", "log", "close", "reject", "dance"):
            answer = duty.post(
                f"{incident.path}do/{verb}/",
                {"note": "n", "title": "t", "department": "jn-water", field: value},
            )
            assert answer.status_code < 500, (verb, field, value)


def test_api_does_the_whole_way(duty: Client, afternoon: datetime) -> None:
    def post(path: str, body: Any) -> Any:
        return duty.post(f"/api/v1/command/{path}", json.dumps(body), content_type="application/json")

    body = {
        "type": "command.fire", "level": 2, "lon": 117.0, "lat": 36.6, "region": "370102", "source_ref": "x1",
        "title": {"zh": "火情", "en": "Fire"}, "occurred_at": (afternoon - timedelta(minutes=1)).isoformat(),
    }  # fmt: skip
    number = post("incidents", body).json()["number"]
    assert post("incidents", body).json()["reports"] == 1
    assert post(f"incidents/{number}/verify", {}).json()["state"] == "verified"
    assert post(f"incidents/{number}/verify", {}).status_code == 409
    assert post("incidents", body | {"level": 9}).status_code == 422
    assert post("incidents", body | {"occurred_at": "2026-07-18T09:00:00"}).status_code == 422
    made = post(
        "proposals", {"plan": "test-flood", "inputs": {"warning": "yellow"}, "incident": number}
    ).json()
    started = post(f"activations/{made['activation']['id']}/activate", {}).json()
    assert started["state"] == "active"
    task = duty.get("/api/v1/command/tasks").json()["items"][0]
    assert task["template" if "template" in task else "state"] in {"issued", "pumps"}
    assert post(f"tasks/{task['number']}/accept", {}).status_code == 403
    assert post(f"tasks/{task['number']}/withdraw", {"note": "演示"}).json()["state"] == "withdrawn"
    assert post("proposals", {"plan": "test-flood", "inputs": {"wind": 1}}).status_code == 422
    assert Client().get("/api/v1/command/incidents").json()["items"] == []
    assert (
        duty.get("/api/v1/command/incidents.geojson").json()["features"][0]["properties"]["label"] == "火情"
    )


def test_queries_do_not_grow_with_rows(duty: Client) -> None:
    def asked(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert duty.get(path).status_code == 200
        return len(seen)

    def fill(start: int, count: int) -> None:
        for n in range(start, start + count):
            incident = report(f"r{n}", lon=116.5 + n / 50)
            actions.issue_task(Call(DUTY), incident=incident, title=f"任务{n}", department="jn-water")

    fill(0, 2)
    paths = ("/screen/", "/screen/incidents/", "/screen/tasks/", "/work/tasks/", "/api/v1/command/tasks")
    for path in paths:
        asked(path)
    before = {path: asked(path) for path in paths}
    fill(2, 10)
    grown = {path: (before[path], now) for path in paths if (now := asked(path)) > before[path]}
    assert grown == {}
    assert max(before.values()) <= 60, before
