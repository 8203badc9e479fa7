"""E-mail through a real SMTP server: arrived, refused for good, later, once."""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from quancheng.capabilities.messages import actions
from quancheng.capabilities.messages.models import Contact, Delivery
from quancheng.core.text import Text
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.models import writing
from quancheng.testing.ports import free_port

pytestmark = pytest.mark.django_db


class Server:
    """Keeps what it takes; answers what a test wants it to."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(
            (envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=policy.default))
        )
        return "250 taken"


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    handler = Server()
    port = free_port()
    control = Controller(handler, hostname="127.0.0.1", port=port)
    control.start()
    monkeypatch.setenv("QUANCHENG_SMTP_URL", f"smtp://127.0.0.1:{port}?from=notice@example.org&tls=none")
    yield handler
    control.stop()


@pytest.fixture
def reached(citizen: Any) -> Any:
    who = citizen()
    with writing("tests"):
        Contact.objects.create(
            recipient=f"person:{who.person_id}",
            person_id=who.person_id,
            email="li@example.org",
            updated_at=clock.now(),
        )
    return who


def tell(who: Any) -> None:
    actions.send_message(
        Call.system("tests"), title=Text("优待证已办结\n", "Done"), body=Text("请领取。", "Fetch it."), source="s",
        person_id=who.person_id, kind="alert",
    )  # fmt: skip


def test_a_mail_arrives_with_its_words(mail: Server, reached: Any) -> None:
    tell(reached)
    jobs.run_due()
    ((to, said),) = mail.taken
    assert to == ["li@example.org"]
    assert said["Subject"] == "优待证已办结"
    assert said["Auto-Submitted"] == "auto-generated"
    assert "请领取" in said.get_content()
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("delivered", 1)
    jobs.run_due()
    assert len(mail.taken) == 1


def test_an_address_that_does_not_exist_is_given_up(mail: Server, reached: Any) -> None:
    mail.answers = ["550 no such mailbox"]
    tell(reached)
    jobs.run_due()
    row = Delivery.objects.get()
    assert (row.state, row.reason) == ("failed", "550 no such mailbox")


def test_a_server_that_is_busy_is_asked_again(mail: Server, reached: Any) -> None:
    mail.answers = ["451 later"]
    tell(reached)
    jobs.run_due()
    row = Delivery.objects.get()
    assert row.state == "queued"
    with clock.at(row.due_at + timedelta(seconds=1)):
        jobs.run_due()
    assert Delivery.objects.get().state == "delivered"
    assert len(mail.taken) == 1


def test_no_tls_where_tls_is_wanted_sends_nothing(
    mail: Server, reached: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv(
        "QUANCHENG_SMTP_URL", os.environ["QUANCHENG_SMTP_URL"].replace("tls=none", "tls=starttls")
    )
    tell(reached)
    jobs.run_due()
    assert not mail.taken
    assert Delivery.objects.get().state == "queued"
