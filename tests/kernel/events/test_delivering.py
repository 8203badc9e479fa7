"""投递: every subscriber gets every event it wants; failures wait, and never overtake."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from quancheng.kernel import clock, events
from quancheng.kernel.events import dispatcher as dispatching
from quancheng.kernel.events.dispatcher import EventDispatcher
from quancheng.kernel.events.models import Delivery, OutboxEvent, Position
from quancheng.kernel.events.registry import Subscription, find
from quancheng.kernel.events.retry import exponential, reason_of

pytestmark = [pytest.mark.django_db(), pytest.mark.usefixtures("quiet")]
MOMENT = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)


def emit(event_type: str = "t.happened", subject: str = "S", **data: object) -> OutboxEvent:
    with transaction.atomic():
        return events.emit(event_type, subject, data)


def listen(
    handler: Callable[[events.Event], object], pattern: str = "*", name: str = "t.listen", **options: object
) -> None:
    events.subscribe(pattern, name, **options)(handler)  # type: ignore[arg-type]


def test_each_subscriber_gets_the_events_it_wants_in_order() -> None:
    water: list[object] = []
    everything: list[object] = []
    listen(lambda event: water.append(event.data["n"]), "water.*", "t.water")
    listen(lambda event: everything.append(event.data["n"]), "*", "t.all")
    for n, event_type in enumerate(["water.rain", "fire.smoke", "water.gauge.high"]):
        emit(event_type, n=n)
    assert events.drain() == events.DrainResult(delivered=5)
    assert (water, everything) == ([0, 2], [0, 1, 2])
    assert events.drain() == events.DrainResult()
    assert [str(row).endswith("(done)") for row in Delivery.objects.all()] == [True] * 5


@pytest.mark.parametrize(
    ("pattern", "event_type", "wanted"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b.c", True),
        ("a.*", "a", False),
        ("a.*", "ab.c", False),
        ("a.*.c", "a.b.c", True),
        ("a.*.c", "a.b.b.c", False),
        ("*", "a.b", True),
        ("*.done", "a.done", True),
    ],
)
def test_patterns(pattern: str, event_type: str, wanted: bool) -> None:
    listen(lambda event: None, pattern)
    subscription = find("t.listen")
    assert subscription is not None
    assert subscription.wants(event_type) is wanted
    emit(event_type) if event_type != "a" else None
    events.drain()
    assert bool(events.tail(0, [pattern])) is wanted


@pytest.mark.parametrize(
    ("pattern", "name", "options"),
    [("a..b", "t.x", {}), ("A.b", "t.x", {}), ("a.b", "nodot", {}), ("a.b", "t.x", {"max_attempts": 0})],
)
def test_malformed_subscriptions_are_refused(pattern: str, name: str, options: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        events.subscribe(pattern, name, **options)  # type: ignore[arg-type]


def test_a_name_belongs_to_one_handler() -> None:
    def first(event: events.Event) -> None: ...
    def second(event: events.Event) -> None: ...

    listen(first)
    listen(first)  # the same module loaded twice is no conflict
    with pytest.raises(ValueError, match="taken"):
        listen(second)
    assert [one.name for one in events.subscriptions()] == ["t.listen"]


def test_what_handlers_emit_is_delivered_too() -> None:
    seen: list[str] = []

    def chain(event: events.Event) -> None:
        seen.append(event.type)
        if event.type == "t.first":
            events.emit("t.second", event.subject, {})

    listen(chain)
    emit("t.first")
    assert events.drain(until_quiet=False).delivered == 1
    assert events.drain().delivered == 1
    assert seen == ["t.first", "t.second"]


def test_a_limit_stops_the_drain() -> None:
    listen(lambda event: None)
    for _ in range(5):
        emit()
    assert events.drain(limit=2).delivered == 2
    assert events.drain(limit=0).delivered == 0
    assert events.drain().delivered == 3


def test_a_failure_undoes_its_effects_waits_and_is_tried_again() -> None:
    failing = True

    def handler(event: events.Event) -> None:
        events.emit("t.effect", "E", {})
        if failing:
            raise LookupError("水表不存在")

    listen(handler, "t.happened", backoff=exponential(first=60))
    with clock.at(MOMENT) as virtual:
        emit()
        result = events.drain()
        assert (result.delivered, result.failed) == (0, 1)
        assert "水表不存在" in result.reasons[0]
        assert not OutboxEvent.objects.filter(type="t.effect").exists()
        row = Delivery.objects.get()
        assert (row.attempts, row.state, row.available_at) == (1, "pending", MOMENT + timedelta(seconds=60))
        failing = False
        virtual.advance(timedelta(seconds=59))
        assert events.drain().tried == 0
        virtual.advance(timedelta(seconds=1))
        assert events.drain().delivered == 1
    assert OutboxEvent.objects.filter(type="t.effect").count() == 1


def test_strict_draining_tells_of_failures() -> None:
    def handler(event: events.Event) -> None:
        raise LookupError("broken")

    listen(handler)
    emit()
    with pytest.raises(events.HandlerFailed, match="broken"):
        events.drain(strict=True)


def test_later_events_of_a_subject_wait_for_the_failed_one_and_others_do_not() -> None:
    seen: list[tuple[str, object]] = []
    broken = True

    def handler(event: events.Event) -> None:
        if broken and event.data["n"] == 1 and event.subject == "A":
            raise LookupError
        seen.append((event.subject, event.data["n"]))

    listen(handler, backoff=exponential(first=10))
    with clock.at(MOMENT) as virtual:
        for n in range(3):
            for subject in "AB":
                emit(subject=subject, n=n)
        events.drain()
        assert seen == [("A", 0), ("B", 0), ("B", 1), ("B", 2)]
        assert Delivery.objects.filter(lease_token__isnull=False).count() == 0
        emit(subject="A", n=3)
        events.drain()
        broken = False
        virtual.advance(timedelta(seconds=10))
        events.drain()
    assert [n for subject, n in seen if subject == "A"] == [0, 1, 2, 3]


def test_a_poison_event_is_set_aside_with_its_reason_and_blocks_nobody() -> None:
    seen: list[object] = []

    def handler(event: events.Event) -> None:
        if event.data["n"] == 0:
            raise ValueError("poison")
        seen.append(event.data["n"])

    listen(handler, max_attempts=3, backoff=exponential(first=1))
    with clock.at(MOMENT) as virtual:
        for n in range(2):
            emit(n=n)
        results = []
        for _ in range(4):
            results.append(events.drain())
            virtual.advance(timedelta(hours=1))
        assert [result.failed for result in results] == [1, 1, 0, 0]
        assert results[2].dead == 1
        assert seen == [1]
        dead = Delivery.objects.get(state=Delivery.State.DEAD)
        assert dead.attempts == 3
        assert "ValueError: poison" in dead.last_error
        assert events.prune(timedelta(0)) == 1, "the dead one and its event stay"
        assert events.revive([dead.pk]) == 1
        assert events.revive([dead.pk]) == 0
        assert events.drain().failed == 1


def test_a_batch_that_cannot_commit_is_repeated_one_by_one() -> None:
    calls: list[object] = []
    real = dispatching._handle

    def broken_once(row: Delivery, event: events.Event | None) -> str | None:
        if len(calls) == 1:
            calls.append("broken")
            raise DatabaseError("deadlock detected")
        return real(row, event)

    listen(lambda event: calls.append(event.data["n"]))
    for n in range(3):
        emit(n=n)
    with mock.patch.object(dispatching, "_handle", broken_once):
        assert events.drain().delivered == 3
    assert calls == [0, "broken", 0, 1, 2], "what was rolled back runs again"
    assert Delivery.objects.filter(state="done", attempts=0).count() == 3


def test_a_delivery_whose_own_transaction_fails_is_recorded_and_the_rest_goes_on() -> None:
    seen: list[object] = []
    real = dispatching._handle

    def always_broken(row: Delivery, event: events.Event | None) -> str | None:
        if event is not None and event.data["n"] == 0:
            raise IntegrityError("deferred constraint")
        return real(row, event)

    listen(lambda event: seen.append(event.data["n"]))
    for n in range(3):
        emit(subject=str(n), n=n)
    with mock.patch.object(dispatching, "_handle", always_broken):
        result = events.drain()
    assert (result.delivered, result.failed, seen) == (2, 1, [1, 2])
    assert "deferred constraint" in Delivery.objects.get(attempts=1).last_error


def test_a_worker_that_lost_its_lease_changes_nothing() -> None:
    seen: list[object] = []
    listen(lambda event: seen.append(1))
    emit()
    slow, quick = EventDispatcher(lease_seconds=-1), EventDispatcher()
    dispatching.fan_out()
    import uuid

    token = uuid.uuid4()
    claimed = slow.claim(token, 10)
    assert len(claimed) == 1
    assert quick.run_once().delivered == 1
    assert slow._run(claimed, token).tried == 0
    assert seen == [1]
    assert Delivery.objects.get().crashes == 1


def test_a_delivery_that_killed_three_workers_is_set_aside() -> None:
    import uuid

    listen(lambda event: None)
    emit(subject="killer")
    emit(subject="innocent")
    dispatching.fan_out()
    dying = EventDispatcher(lease_seconds=-1)
    assert len(dying.claim(uuid.uuid4(), 10)) == 2
    for _ in range(2):  # after a death each goes alone
        assert [row.subject for row in dying.claim(uuid.uuid4(), 10)] == ["killer"]
    assert EventDispatcher().run_once().delivered == 0, "this claim set the killer aside"
    killer = Delivery.objects.get(subject="killer")
    assert (killer.state, killer.crashes) == ("dead", 3)
    assert "3 workers" in killer.last_error
    assert events.drain().delivered == 1


def test_stopping_gives_back_what_was_not_tried() -> None:
    listen(lambda event: stop.set())
    stop = threading.Event()
    for n in range(3):
        emit(subject=str(n))
    one = EventDispatcher()
    one._stop = stop
    with mock.patch.object(dispatching, "CHUNK_SECONDS", 0):
        assert one.run_once().delivered == 1
    assert Delivery.objects.filter(state="pending", lease_token__isnull=True, crashes=0).count() == 2


def test_the_loop_goes_on_after_a_database_outage() -> None:
    stop, steps = threading.Event(), []

    def run_once(self: EventDispatcher) -> events.DrainResult:
        steps.append(1)
        if len(steps) == 1:
            raise DatabaseError("gone")
        if len(steps) == 3:
            stop.set()
        return events.DrainResult(delivered=len(steps) == 2)

    with (
        mock.patch.object(EventDispatcher, "run_once", run_once),
        mock.patch.object(dispatching, "close_old_connections"),
    ):
        EventDispatcher().run_forever(stop, idle_seconds=0.01)
    assert len(steps) == 3


def test_a_delivery_without_its_event_is_a_failure_not_a_crash() -> None:
    listen(lambda event: None, max_attempts=1)
    emit()
    dispatching.fan_out()
    OutboxEvent.objects.all().delete()
    assert events.drain().dead == 1
    assert "no longer exists" in Delivery.objects.get().last_error


def test_waiting_deliveries_of_unknown_subscribers_stay_visible() -> None:
    listen(lambda event: None)
    emit()
    dispatching.fan_out()
    from quancheng.kernel.events import registry

    with registry.isolated():
        assert events.drain().tried == 0
        assert dispatching._handle(Delivery.objects.get(), None)
    assert Delivery.objects.get().state == "pending"


def test_a_new_subscriber_can_be_given_the_past() -> None:
    for n in range(3):
        emit(n=n)
    events.drain()
    seen: list[object] = []
    listen(lambda event: seen.append(event.data["n"]), name="t.late")
    assert events.drain().tried == 0
    assert events.redeliver("t.late", from_sequence=2) == 2
    events.drain()
    assert seen == [1, 2]
    events.redeliver("t.late")
    events.drain()
    assert seen == [1, 2, 0], "what was delivered is not delivered again"
    with pytest.raises(LookupError):
        events.redeliver("t.nobody")


def test_the_stream_is_read_by_gapless_numbers() -> None:
    for n in range(4):
        emit("a.even" if n % 2 == 0 else "a.odd", n=n)
    assert events.tail(0) == []
    assert events.last_sequence() == 0
    events.drain()
    assert [event.sequence for event in events.tail(0)] == [1, 2, 3, 4]
    assert [event.data["n"] for event in events.tail(2, ["a.even"])] == [2]
    assert [event.data["n"] for event in events.tail(0, ["a.odd", "*"], limit=2)] == [0, 1]
    assert events.last_sequence() == 4
    assert str(Position.objects.get(name="outbox")) == "outbox=4"


def test_pruning_keeps_what_is_young_or_unfinished_and_never_reuses_a_number() -> None:
    listen(lambda event: None)
    with clock.at(MOMENT) as virtual:
        emit()
        events.drain()
        virtual.advance(timedelta(days=31))
        emit()
        emit()
        events.drain(limit=1)
        assert events.prune(batch=1) == 1
        virtual.advance(timedelta(days=31))
        assert events.prune() == 1, "the third is not delivered yet"
        events.drain()
        assert events.prune() == 1
        assert (OutboxEvent.objects.count(), Delivery.objects.count()) == (0, 0)
        emit()
        events.drain()
    assert OutboxEvent.objects.get().sequence == 4


def test_backoff_doubles_up_to_its_cap() -> None:
    wait = exponential(first=2, cap=30)
    assert [wait(n) for n in (1, 2, 3, 10, 1000)] == [2, 4, 8, 30, 30]
    with pytest.raises(ValueError):
        exponential(factor=0.5)


def test_long_reasons_keep_their_end() -> None:
    assert reason_of(ValueError("x" * 9000 + "the end")).endswith("the end\n")
    assert len(reason_of(ValueError("x" * 9000))) == 4001


def test_subscriptions_are_plain_values() -> None:
    one = Subscription("a.b", "*", print, 1, exponential())
    assert one.wants("x.y")


def test_handlers_of_a_drills_events_see_the_drills_time_in_any_process() -> None:
    seen: list[datetime] = []
    listen(lambda event: seen.append(clock.now()))
    with clock.at(MOMENT):
        emit()
    assert events.drain().delivered == 1
    assert seen == [MOMENT]
    assert events.Event.from_cloudevent(events.tail(0)[0].to_cloudevent()).virtual
