"""The outbox on SQLite: events told and delivered a second, CPU time for each."""

from __future__ import annotations

from typing import Any

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

EVENTS = 5000
SUBJECTS = 500
IN_ONE_DEED = 50


@benchmark("events", "emit and deliver events on SQLite, synchronous=FULL")
def run(scale: float) -> None:
    """One subscriber that does nothing: what remains is the cost of the machinery."""
    django_on_fresh_database()
    from quancheng.kernel import events

    count = max(500, int(EVENTS * scale))
    seen: list[Any] = []
    events.subscribe("bench.thing.happened", "bench.listener")(seen.append)
    events.drain()

    alone = count // 5
    with spent() as used:
        _emit(alone, 1)
    figure("events_emitted_one_a_transaction", alone / used.wall, "events/s")
    figure("events_emitted_one_a_transaction_cpu", 1e6 * used.cpu / alone, "us")
    with spent() as used:
        _emit(count - alone, IN_ONE_DEED)
    figure("events_emitted_fifty_a_transaction", (count - alone) / used.wall, "events/s")
    figure("events_emitted_fifty_a_transaction_cpu", 1e6 * used.cpu / (count - alone), "us")
    with spent() as used:
        result = events.drain(strict=True)
    if len(seen) != count or result.delivered < count:
        raise RuntimeError(f"{len(seen)} of {count} events were delivered")
    figure("events_delivered", count / used.wall, "events/s")
    figure("events_delivered_cpu", 1e6 * used.cpu / count, "us")


def _emit(count: int, together: int) -> None:
    from django.db import transaction

    from quancheng.kernel import events

    for start in range(0, count, together):
        with transaction.atomic():
            for number in range(start, min(start + together, count)):
                subject = f"thing-{number % SUBJECTS}"
                events.emit("bench.thing.happened", subject, {"number": number, "text": "春江水暖"})
