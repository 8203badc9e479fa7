"""A small city with an auditor, an audit home of its own and things that went wrong."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.test import Client

from quancheng.capabilities.people import simulate as people
from quancheng.capabilities.protect import simulate
from quancheng.kernel import clock, events, jobs
from quancheng.kernel.events.models import Delivery, OutboxEvent
from quancheng.kernel.jobs.models import Job


@pytest.fixture
def home(settings, tmp_path: Path) -> Path:
    """Keys and checkpoint files of this test only."""
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def town(home: Path, db: None) -> None:
    """People, firms, demo identities; the auditor holds the role of this module."""
    people.seed(SimpleNamespace(persons=300, firms=30, seed=7), None)
    simulate.seed(SimpleNamespace(), None)


@pytest.fixture
def signed_in(town: None):
    def sign(key: str, language: str = "zh-hans") -> Client:
        client = Client()
        client.cookies["qc_language"] = language
        assert client.post("/demo/sign-in/", {"key": key}).status_code == 302
        return client

    return sign


@pytest.fixture
def auditor(signed_in) -> Client:
    return signed_in("guard-auditor")


@pytest.fixture
def dead(town: None) -> Delivery:
    """A delivery given up."""
    return make_dead()


@pytest.fixture
def failed(town: None) -> Job:
    """A job given up."""
    return make_failed()


def make_dead(subject: str = "parks:7") -> Delivery:
    with transaction.atomic():
        event: OutboxEvent = events.emit("parks.gate.opened", subject, {"gate": 7})
    now = clock.now()
    return Delivery.objects.create(
        event_id=event.event_id, type=event.type, subject=event.subject, subscriber="parks.count",
        state=Delivery.State.DEAD, attempts=8, last_error="x" * 5000 + "闸机没有回应 ValueError: gate",
        available_at=now, created_at=now, finished_at=now,
    )  # fmt: skip


def make_failed() -> Job:
    with transaction.atomic():
        job = jobs.enqueue("protect.verify")
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.FAILED, attempts=2, finished_at=clock.now(), error="磁盘已满 disk full"
    )
    return job
