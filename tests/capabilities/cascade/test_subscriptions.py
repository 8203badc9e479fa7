"""Published entries of the catalogue go into the stream and out of it; silence reaches the officers as a message."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.capabilities.cascade.conftest import CATALOGUE

from quancheng.capabilities.cascade import subscriptions
from quancheng.capabilities.cascade.models import Holding
from quancheng.capabilities.people.models import User
from quancheng.core.catalogue import (
    DataType,
    Item,
    Level,
    Openness,
    Organ,
    Resource,
    ShareType,
    UpdateCycle,
)
from quancheng.core.text import Text
from quancheng.kernel.events import Event

pytestmark = pytest.mark.django_db


@dataclass
class _Info:
    resource: Resource
    organ: str = "jn-civil"
    live: bool = True


def _event(what: str, entry: str, **data: Any) -> Event:
    return Event(
        uuid.uuid4(), what, "/catalogue", entry, datetime.now(UTC), {"entry_id": entry, "code": "c", **data}
    )


def _item(name: str, level: Level, share: ShareType | None = None) -> Item:
    return Item(name, Text(name, name), DataType.TEXT, level=level, share=share)


def test_entries_follow_the_catalogue_and_say_nothing_of_restricted_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = date(2026, 1, 1)
    resource = Resource(
        "307001/1", Text("养老机构", "Care homes"), Organ("jn-civil", Text("民政局", "Civil")), Text("名录", "List"), ("3",),
        ("CSV",), ShareType.UNCONDITIONAL, Openness.OPEN, Level.ONE, UpdateCycle.DAILY, day, day,
        items=(_item("name", Level.ONE), _item("secret", Level.THREE), _item("kept", Level.ONE, ShareType.NONE)),
    )  # fmt: skip
    found = _Info(resource)
    monkeypatch.setattr(subscriptions.catalogue, "trusted_entry", lambda entry_id: found)
    entry = str(uuid.uuid4())
    subscriptions.carry_entry(_event("catalogue.entry.edited", entry))
    assert not Holding.objects.exists()
    subscriptions.carry_entry(_event("catalogue.entry.published", entry))
    kept = Holding.objects.get(book__name=CATALOGUE.name, local=entry)
    assert [one["field"] for one in json.loads(kept.body)["items"]] == ["name"]
    assert (kept.organ, kept.live) == ("jn-civil", True)
    found.resource = replace(resource, version="1.1.0")
    subscriptions.carry_entry(_event("catalogue.entry.changed", entry))
    assert json.loads(Holding.objects.get().body)["version"] == "1.1.0"
    subscriptions.carry_entry(_event("catalogue.entry.withdrawn", entry))
    gone = Holding.objects.get()
    assert (gone.live, gone.held, gone.body) == (False, True, "")


def test_silence_and_differences_reach_the_officers_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from quancheng.capabilities.messages.models import Message

    user = User.objects.create_user("officer", password="x" * 12)
    monkeypatch.setattr(
        subscriptions.people, "officials", lambda actor, role: [user] if role == "cascade.officer" else []
    )
    silent = _event("cascade.neighbour.silent", "370102", zh="历下区", en="Lixia")
    for _ in range(2):
        subscriptions.tell_silence(silent)
    subscriptions.tell_difference(
        _event("cascade.counts.differ", "370102/table/firms", ours=3, theirs=4, stream="table/firms")
    )
    found = list(Message.objects.filter(user_id=user.pk).order_by("pk"))
    assert [one.link for one in found] == ["/work/cascade/neighbours/370102/"] * 2
    assert "历下区" in str(found[0].title)
