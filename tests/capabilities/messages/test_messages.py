"""Messages: templates, once for each event, one's own only."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client

from quancheng.capabilities.messages import actions, channels, queries, wording
from quancheng.capabilities.messages.models import Message
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Forbidden, InvalidInput
from quancheng.kernel.models import WriteOutsideAction

SYSTEM = Call.system("tests")


def send(person, source="s", **more):
    return actions.send_message(
        SYSTEM, title=Text("题", "Title"), body=Text("文", "Body"), source=source, person_id=person, **more
    )


def test_templates_fill_and_never_fail():
    found = wording.templates_for("services.case.returned")
    assert [one.to for one in found] == ["person"]
    said = wording.filled(found[0].body, {"matter": {"zh": "甲", "en": "A"}, "receipt": "r"})
    assert said.zh.startswith("甲(r)")
    assert said.en.startswith("A (r)")
    assert wording.MISSING in said.zh
    assert wording.templates_for("nothing.at.all") == ()
    with pytest.raises(ValueError, match="to must be"):
        wording.read([{"name": "x", "to": "everybody", "event": "a.b", "title": "t", "body": "b"}])


def test_one_event_makes_one_message_however_often_it_is_delivered(user, settle):
    person = user("citizen-elder").person_id
    with transaction.atomic():
        row = events.emit(
            "services.case.returned",
            "r-1",
            {"person_id": person, "matter": {"zh": "甲", "en": "A"}, "receipt": "r-1", "reason": "{坏}"},
        )
    settle()
    assert events.redeliver("messages.services") >= 0
    settle()
    from quancheng.capabilities.messages.subscriptions import tell

    tell(row.to_event("jinan"))
    found = Message.objects.get(source__startswith=str(row.event_id))
    assert "{坏}" in found.body["zh"]


def test_ones_own_only(user, actor, signed_in):
    mine, other = signed_in("citizen-elder"), signed_in("citizen-young")
    message = send(user("citizen-elder").person_id, link="/cases/")
    assert queries.unread_count(actor("citizen-elder")) == 1
    assert queries.unread_count(actor("citizen-young")) == 0
    assert other.post(f"/messages/{message.pk}/").status_code == 404
    assert other.post(f"/api/v1/messages/{message.pk}/read").status_code == 404
    assert "题" in mine.get("/messages/").content.decode()
    assert mine.post(f"/messages/{message.pk}/").url == "/cases/"
    assert queries.unread_count(actor("citizen-elder")) == 0
    assert mine.get("/messages/?unread=1").status_code == 200
    assert Client().get("/messages/").status_code == 302
    assert Client().get("/api/v1/messages/").status_code == 401


def test_sending_rules(user, actor):
    person = user("citizen-elder").person_id
    assert send(person).pk == send(person).pk
    with pytest.raises(Forbidden):
        actions.send_message(Call(actor("citizen-elder")), title="x", body="x", source="x", person_id=person)
    with pytest.raises(InvalidInput):
        send(None)
    with pytest.raises(InvalidInput):
        send(person, source="t", link="https://evil.example/")
    with pytest.raises(WriteOutsideAction):
        Message.objects.all().delete()


def test_paging_and_marking_all(user, signed_in):
    person = user("citizen-elder").person_id
    for number in range(30):
        send(person, source=f"s{number}")
    mine = signed_in("citizen-elder")
    first = mine.get("/api/v1/messages/?unread=true&size=20").json()
    assert len(first["items"]) == 20
    rest = mine.get("/api/v1/messages/", {"unread": "true", "size": 20, "cursor": first["next"]}).json()
    assert len(rest["items"]) == 10
    assert mine.get("/api/v1/messages/unread").json() == {"count": 30}
    assert mine.post("/api/v1/messages/read-all").json() == {"count": 30}
    assert mine.get("/api/v1/messages/?kind=x&cursor=zz").status_code == 422


def test_a_failing_channel_does_not_stop_another(user, django_capture_on_commit_callbacks):
    sent = []

    class Bad:
        name = "bad"

        def deliver(self, message):
            raise RuntimeError("gateway down")

    class Good:
        name = "good"

        def deliver(self, message):
            sent.append(message.pk)

    channels.register(Bad())
    channels.register(Good())
    try:
        with django_capture_on_commit_callbacks(execute=True):
            message = send(user("citizen-elder").person_id, source="c")
    finally:
        channels.unregister("bad")
        channels.unregister("good")
    assert sent == [message.pk]
