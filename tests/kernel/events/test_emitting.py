"""发出事件: an event exists exactly if the change it tells of does."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import transaction

from quancheng.kernel import clock, events
from quancheng.kernel.events.envelope import Event, validate
from quancheng.kernel.events.ids import uuid7
from quancheng.kernel.events.models import OutboxEvent

MOMENT = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_an_event_carries_what_happened_when_and_to_what() -> None:
    with clock.at(MOMENT):
        row = events.emit("services.case.decided", "JN-1", {"fee": Decimal("1.50"), "day": date(2026, 6, 1)})
    assert (row.source, row.subject, row.time) == ("/quancheng/services", "JN-1", MOMENT)
    row.refresh_from_db()
    assert row.data == {"fee": "1.50", "day": "2026-06-01"}
    assert row.sequence is None
    assert str(row) == "services.case.decided JN-1"


@pytest.mark.django_db(transaction=True)
def test_emitting_outside_a_transaction_is_refused() -> None:
    with pytest.raises(events.OutsideTransaction, match="transaction"):
        events.emit("services.case.decided", "JN-1", {})
    assert OutboxEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_event_disappears_with_the_change_it_told_of() -> None:
    def submit() -> None:
        with transaction.atomic():
            events.emit("services.case.decided", "JN-1", {})
            raise LookupError

    with pytest.raises(LookupError):
        submit()
    assert OutboxEvent.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("event_type", "subject", "data"),
    [
        ("decided", "x", {}),
        ("Services.Case", "x", {}),
        ("services..case", "x", {}),
        ("a." + "b" * 200, "x", {}),
        ("services.case", "", {}),
        ("services.case", "x" * 301, {}),
        ("services.case", "x", ["not", "an", "object"]),
        ("services.case", "x", {"n": float("nan")}),
        ("services.case", "x", {"much": "水" * 100_000}),
    ],
)
def test_malformed_events_are_refused(event_type: str, subject: str, data: object) -> None:
    with pytest.raises(ValueError):
        events.emit(event_type, subject, data)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_json_form_is_a_valid_cloudevent_and_reads_back() -> None:
    row = events.emit("a.b", "S", {"水位": 1.5}, source="/quancheng/x", dataschema="urn:x:1")
    row.sequence = 42
    event = row.to_event("jinan")
    envelope = event.to_cloudevent()
    assert validate(envelope) == []
    assert envelope["specversion"] == "1.0"
    assert envelope["sequence"] == "00000000000000000042"
    assert Event.from_cloudevent(envelope) == event
    assert event.module == "a"


def minimal(**changes: object) -> dict[str, object]:
    return {"specversion": "1.0", "id": "1", "source": "/s", "type": "t.x", **changes}


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        minimal(id=""),
        minimal(specversion="0.3"),
        minimal(time="yesterday"),
        minimal(time="2026-13-01T00:00:00Z"),
        minimal(subject=""),
        minimal(Upper="x"),
        minimal(attribute_with_underscore="x"),
        minimal(x=1.5),
        minimal(x=2**31),
        minimal(x="a\nb"),
        minimal(source="a b"),
        minimal(dataschema="relative"),
        minimal(data={}, data_base64="AA=="),
    ],
)
def test_envelopes_that_break_the_specification_are_refused(envelope: dict[str, object]) -> None:
    assert validate(envelope)
    with pytest.raises(ValueError):
        Event.from_cloudevent(envelope)


def test_minimal_envelopes_of_others_are_read() -> None:
    assert validate(minimal(time="2026-06-01t00:00:00.5z", x=True, y=7)) == []
    event = Event.from_cloudevent(minimal(data=[1, 2]))
    assert event.id == Event.from_cloudevent(minimal()).id, "the same foreign id is the same event"
    assert event.id != Event.from_cloudevent(minimal(source="/other")).id
    assert event.data == {"value": [1, 2]}
    assert event.sequence is None
    assert "sequence" not in event.to_cloudevent()


def test_ids_are_uuid7_in_order_of_time() -> None:
    made = [uuid7() for _ in range(100)]
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)
