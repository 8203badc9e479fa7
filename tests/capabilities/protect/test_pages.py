"""The guard face as the auditor, and others, meet it."""

from __future__ import annotations

import base64
import json
import uuid

import pytest
from django.db import connection, models
from django.test import Client

from quancheng.capabilities.protect import indicators, simulate
from quancheng.kernel import audit, clock, jobs
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit import guards
from quancheng.kernel.audit.models import AuditEntry, Stream
from quancheng.kernel.events.models import Delivery, OutboxEvent
from quancheng.kernel.jobs.models import Job

pytestmark = pytest.mark.django_db
PAGES = ["/sec/audit/", "/sec/audit/seals/", "/sec/events/", "/sec/jobs/"]
API = ["/api/v1/protect/entries", "/api/v1/protect/checkpoints", "/api/v1/protect/deliveries"]


def text(answer) -> str:
    return answer.content.decode()


def tamper(sequence: int) -> None:
    """Change an entry as somebody who owns the database can."""
    with guards.suspended(connection):
        models.QuerySet(AuditEntry).filter(stream="main", sequence=sequence).update(actor_name="别人")


# -- rights ---------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_the_auditor_opens_every_page(signed_in, dead, failed, path: str, language: str) -> None:
    audit.checkpoint_all()
    assert signed_in("guard-auditor", language).get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/sec/audit/main/1/"])
def test_others_are_refused(signed_in, client: Client, path: str) -> None:
    assert signed_in("clerk-civil").get(path).status_code == 403
    assert signed_in("citizen-elder").get(path).status_code == 403
    assert client.get(path).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", API)
def test_the_api_is_the_auditors(signed_in, auditor: Client, client: Client, path: str) -> None:
    assert client.get(path).status_code == 401
    assert signed_in("clerk-civil").get(path).status_code == 403
    assert signed_in("clerk-civil").get(path, {"size": "x", "since": "x"}).status_code == 403
    assert auditor.get(path).status_code == 200


def test_writes_of_others_change_nothing(signed_in, dead: Delivery, failed: Job) -> None:
    clerk = signed_in("clerk-civil")
    for path in (
        f"/sec/events/{dead.pk}/revive/",
        f"/sec/jobs/{failed.pk}/retry/",
        "/sec/audit/seals/verify/",
    ):
        assert clerk.post(path).status_code == 403
        assert clerk.get(path).status_code == 405
    assert Delivery.objects.get(pk=dead.pk).state == Delivery.State.DEAD
    assert Job.objects.get().state == Job.State.FAILED


def test_the_role_is_given_once(town: None) -> None:
    assert "无需" in simulate.seed(None, None)


# -- audit ----------------------------------------------------------------------------------
def test_the_auditor_finds_an_entry_and_the_look_is_audited(auditor: Client) -> None:
    audit.record(Actor.system("parks"), "parks.gate.open", "parks.Gate:7", {"why": "检修", "n": 1})
    page = text(
        auditor.get("/sec/audit/", {"verb": "parks.gate.open", "actor": "parks", "object": "parks.Gate:7"})
    )
    entry = AuditEntry.objects.get(verb="parks.gate.open")
    address = f"/sec/audit/main/{entry.sequence}/"
    assert address in page
    assert not AuditEntry.objects.filter(verb="protect.read").exists()
    shown = text(auditor.get(address))
    assert "检修" in shown
    assert entry.hash in shown
    assert entry.previous in shown
    assert "尚未封存" in shown
    looked = AuditEntry.objects.get(verb="protect.read")
    assert (looked.stream, looked.object_ref) == ("uses", f"audit.AuditEntry:main#{entry.sequence}")
    assert looked.user_id
    audit.checkpoint_all()
    assert "包含证明核验通过" in text(auditor.get(address))
    tamper(entry.sequence)
    assert "包含证明不成立" in text(auditor.get(address))


def test_filters_narrow_by_stream_and_day(auditor: Client) -> None:
    audit.record(Actor.system("parks"), "parks.look", stream="parks")
    today = clock.today().isoformat()
    assert "parks#1" in text(auditor.get("/sec/audit/", {"stream": "parks", "since": today, "until": today}))
    assert "parks#1" not in text(auditor.get("/sec/audit/", {"stream": "parks", "until": "2020-01-01"}))
    wrong = auditor.get("/sec/audit/", {"since": "9999-12-31", "until": "0001-01-01", "stream": "parks"})
    assert wrong.status_code == 200
    assert "已忽略" in text(wrong)
    assert "parks#1" in text(wrong)


def test_pages_of_entries_follow_each_other(auditor: Client) -> None:
    audit.record_many([audit.Fact(Actor.system("parks"), "parks.count") for _ in range(60)])
    seen, cursor = [], ""
    while cursor is not None:
        body = auditor.get(API[0], {"verb": "parks.count", "cursor": cursor, "size": "25"}).json()
        seen += [one["sequence"] for one in body["items"]]
        cursor = body["next"] if len(body["items"]) == 25 else None
    assert len(seen) == len(set(seen)) == 60
    assert seen == sorted(seen, reverse=True)
    assert "detail" not in body["items"][0]


def test_missing_entries_are_missing(auditor: Client) -> None:
    for path in ("/sec/audit/main/99999999999999999999999/", "/sec/audit/none/1/", "/sec/audit/main/0/"):
        assert auditor.get(path).status_code == 404


# -- seals ----------------------------------------------------------------------------------
def verify(client: Client) -> str:
    """Ask, let a worker do it, come back."""
    sent = client.post("/sec/audit/seals/verify/")
    address = sent.headers["Location"]
    assert "排队" in text(client.get(address))
    assert client.post("/sec/audit/seals/verify/").headers["Location"] == address
    jobs.run_due()
    return address


def test_a_whole_chain_verifies(auditor: Client) -> None:
    audit.checkpoint_all()
    page = text(auditor.get(verify(auditor)))
    assert "审计链完好" in page
    concluded = AuditEntry.objects.get(verb="protect.verification.conclude")
    assert json.loads(concluded.detail)["problems"] == 0
    assert OutboxEvent.objects.get(type="protect.verified").data["ok"] is True
    assert "有效" in page


@pytest.mark.parametrize(
    ("language", "word"), [("zh-hans", "内容与其哈希不符"), ("en", "does not match its hash")]
)
def test_tampering_shows_on_the_page(signed_in, language: str, word: str) -> None:
    audit.checkpoint_all()
    tamper(2)
    address = verify(signed_in("guard-auditor"))
    page = text(signed_in("guard-auditor", language).get(address))
    assert word in page
    assert "main#2" in page
    assert word in text(signed_in("guard-auditor", language).get("/sec/audit/seals/"))
    assert OutboxEvent.objects.get(type="protect.verified").data["problems"] == 1


def test_a_lost_head_is_told_even_when_nothing_can_be_recorded(auditor: Client) -> None:
    audit.checkpoint_all()
    address = auditor.post("/sec/audit/seals/verify/").headers["Location"]
    Stream.objects.filter(name="main").delete()
    (job,) = jobs.run_due()
    assert job.state == Job.State.DONE, job.error
    assert job.result["recorded"] is False
    assert "链头" in text(auditor.get(address))


def test_a_failed_nightly_verification_is_the_last_one(auditor: Client) -> None:
    now = clock.now()
    Job.objects.create(
        kind="kernel.audit_verify",
        state="failed",
        run_at=now,
        created_at=now,
        finished_at=now,
        error="核验未通过",
    )
    assert "核验未通过" in text(auditor.get("/sec/audit/seals/"))
    Job.objects.create(
        kind="kernel.audit_verify", state="done", run_at=now, created_at=now,
        finished_at=clock.now(), result={"ok": True, "whole": False},
    )  # fmt: skip
    assert "最近一日" in text(auditor.get("/sec/audit/seals/"))


# -- deliveries and jobs --------------------------------------------------------------------
def test_a_dead_delivery_is_revived(auditor: Client, dead: Delivery) -> None:
    page = text(auditor.get("/sec/events/", {"subscriber": "parks.count", "type": "parks."}))
    assert "ValueError: gate" in page
    assert "x" * 1000 not in page
    assert "parks.count" not in text(auditor.get("/sec/events/", {"subject": "parks:8"}))
    sent = auditor.post(f"/sec/events/{dead.pk}/revive/?subscriber=parks.count")
    assert sent.headers["Location"] == "/sec/events/?subscriber=parks.count"
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == (Delivery.State.PENDING, 0)
    entry = AuditEntry.objects.get(verb="protect.delivery.revive")
    assert json.loads(entry.detail)["subscriber"] == "parks.count"
    assert auditor.post(f"/sec/events/{dead.pk}/revive/").status_code == 409
    assert auditor.post("/sec/events/99999999999999999999999/revive/").status_code == 404


def test_a_failed_job_is_retried_and_a_waiting_one_cancelled(auditor: Client, failed: Job) -> None:
    assert "磁盘已满" in text(auditor.get("/sec/jobs/", {"state": "failed"}))
    assert "磁盘已满" not in text(auditor.get("/sec/jobs/", {"state": "done"}))
    assert (
        auditor.post(f"/sec/jobs/{failed.pk}/retry/?state=failed")
        .headers["Location"]
        .endswith("?state=failed")
    )
    assert Job.objects.get().state == Job.State.QUEUED
    assert auditor.post(f"/sec/jobs/{failed.pk}/retry/").status_code == 409
    assert auditor.post(f"/sec/jobs/{failed.pk}/cancel/").status_code == 302
    assert Job.objects.get().state == Job.State.CANCELLED
    assert auditor.post(f"/sec/jobs/{failed.pk}/cancel/").status_code == 409
    assert auditor.post(f"/sec/jobs/{uuid.uuid4()}/retry/").status_code == 404
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"protect.job.retry", "protect.job.cancel"} <= verbs


def test_jobs_made_at_one_moment_are_paged(auditor: Client) -> None:
    now = clock.now()
    Job.objects.bulk_create([Job(kind=f"parks.j{n}", run_at=now, created_at=now) for n in range(5)])
    path, seen = "/sec/jobs/?size=2", []
    while path:
        answer = auditor.get(path)
        seen += [row["job"].kind for row in answer.context["rows"]]
        after = answer.context["page"].next if len(answer.context["rows"]) == 2 else None
        path = f"/sec/jobs/?size=2&cursor={after}" if after else ""
    assert sorted(seen) == [f"parks.j{n}" for n in range(5)]


# -- odd input ------------------------------------------------------------------------------
def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([0, *values]).encode()).decode().rstrip("=")


ODD = [
    {"cursor": "x"}, {"cursor": cursor(float("inf"))}, {"cursor": cursor(float("nan"))}, {"cursor": cursor(10**40)},
    {"cursor": cursor("\ud800")}, {"cursor": cursor("a", "b")}, {"cursor": cursor("2026-01-01T00:00:00+00:00", "\x00")}, {"size": "-1"}, {"size": "9" * 400},
    {"since": "9999-12-31"}, {"until": "0001-01-01"}, {"stream": "\x00"}, {"verb": "x" * 9999}, {"type": "\x00"},
    {"subject": "\ud83d"}, {"state": "nonsense"}, {"job": "nonsense"}, {"job": str(uuid.UUID(int=0))},
]  # fmt: skip


@pytest.mark.parametrize("path", [*PAGES, *API])
def test_odd_input_is_answered(auditor: Client, path: str) -> None:
    for params in ODD:
        query = "&".join(f"{key}={value.encode('utf-8', 'replace').hex()}" for key, value in params.items())
        assert auditor.get(f"{path}?{query}").status_code < 500
        sent = {key: value.encode("utf-8", "replace").decode() for key, value in params.items()}
        assert auditor.get(path, sent).status_code < 500, params
    if path in API:
        assert auditor.get(path, {"size": "x"}).status_code == 422
        assert auditor.get(path, {"stream": "\x00", "type": "\x00"}).status_code == 422


# -- indicators -----------------------------------------------------------------------------
def test_indicators_count(dead: Delivery, failed: Job) -> None:
    audit.checkpoint_all()
    assert (indicators.dead_deliveries(), indicators.failed_jobs()) == (1.0, 1.0)
    sealed = indicators.sealed_share()
    assert sealed["numerator"] == sealed["denominator"] > 0
    audit.record(Actor.system("parks"), "parks.count")
    assert indicators.sealed_share()["denominator"] == sealed["denominator"] + 1
