"""What a drill's process does: ``python -m tests.kernel.drill.main COMMAND …``."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import django


def migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)


def emit(count: str, subjects: str, seed: str) -> None:
    """Emit in transactions of 1–5 events; now and then one is rolled back."""
    from django.db import transaction

    from quancheng.kernel import events

    chance, n, total = random.Random(int(seed)), 0, int(count)
    while n < total:
        size = min(chance.randint(1, 5), total - n)
        lost = chance.random() < 0.1
        with transaction.atomic():
            for place in range(n, n + size):
                subject = f"{seed}-{chance.randrange(int(subjects))}"
                events.emit("drill.counted", subject, {"n": place + 1_000_000 * int(seed)})
            if lost:
                transaction.set_rollback(True)
        n += 0 if lost else size


def emit_one(event_type: str) -> None:
    from django.db import transaction

    from quancheng.kernel import events

    with transaction.atomic():
        events.emit(event_type, "one", {"n": 1})


def dispatch(lease: str, expected: str) -> None:
    """Dispatch until as many effects exist as expected and nothing waits."""
    from tests.kernel.drill.models import Effect

    from quancheng.kernel.events.dispatcher import EventDispatcher
    from quancheng.kernel.events.models import Delivery

    _until(
        EventDispatcher(lease_seconds=float(lease), batch=20).run_forever,
        lambda: (
            Effect.objects.count() >= int(expected) and not Delivery.objects.filter(state="pending").exists()
        ),
    )


def enqueue(count: str) -> None:
    from django.db import transaction

    from quancheng.kernel import jobs

    with transaction.atomic():
        for n in range(int(count)):
            jobs.enqueue("drill.add", {"n": n}, key=f"add-{n}")


def enqueue_long() -> None:
    from quancheng.kernel import jobs

    jobs.enqueue("drill.long", {"n": 1})


def work(expected: str) -> None:
    """Run jobs until as many are done as expected."""
    from quancheng.kernel.jobs.models import Job
    from quancheng.kernel.jobs.worker import JobWorker

    _until(
        JobWorker().run_forever,
        lambda: Job.objects.filter(state=Job.State.DONE).count() >= int(expected),
    )


def schedule(seconds: str) -> None:
    from quancheng.kernel.jobs.scheduler import Scheduler

    until = time.monotonic() + float(seconds)
    _until(lambda stop: Scheduler().run_forever(stop, 0.05), lambda: time.monotonic() > until)


def bus(role: str, expected: str) -> None:
    from quancheng.kernel.events.models import InboxEvent, OutboxEvent
    from quancheng.kernel.events.nats_bus import NatsBus

    done = {
        "publish": OutboxEvent.objects.filter(published_at__isnull=False),
        "receive": InboxEvent.objects.all(),
    }[role]
    _until(
        lambda stop: NatsBus(ack_wait=2.0).run_forever(stop, role),
        lambda: done.count() >= int(expected),
    )


def report() -> None:
    """Print what there is, as JSON."""
    from django.db.models import Count
    from tests.kernel.drill.models import Effect

    from quancheng.kernel.events.models import Delivery, InboxEvent, OutboxEvent
    from quancheng.kernel.jobs.models import Beat, Job, JobAttempt

    tries = JobAttempt.objects.order_by("job", "number")
    facts: dict[str, Any] = {
        "effects": list(Effect.objects.order_by("id").values_list("name", "subject", "number", "process")),
        "events": OutboxEvent.objects.count(),
        "sequences": list(
            OutboxEvent.objects.filter(sequence__isnull=False)
            .order_by("sequence")
            .values_list("sequence", flat=True)
        ),
        "published": OutboxEvent.objects.filter(published_at__isnull=False).count(),
        "inbox": InboxEvent.objects.count(),
        "deliveries": dict(Delivery.objects.values_list("state").annotate(n=Count("id"))),
        "errors": list(Delivery.objects.exclude(last_error="").values_list("last_error", flat=True)),
        "jobs": dict(Job.objects.values_list("state").annotate(n=Count("pk"))),
        "beats": list(Beat.objects.values_list("component", flat=True)),
        "keys": list(Job.objects.order_by("key").values_list("key", flat=True)),
        "tries": list(tries.values_list("number", "outcome", "reason", "log")),
    }
    print(json.dumps(facts))


def _until(loop: Callable[[threading.Event], None], finished: Callable[[], bool]) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=loop, args=(stop,))
    thread.start()
    until = time.monotonic() + float(os.environ.get("DRILL_SECONDS", "60"))
    while not finished() and time.monotonic() < until and thread.is_alive():
        time.sleep(0.1)
    stop.set()
    thread.join(20)
    sys.exit(0 if finished() else 1)


if __name__ == "__main__":
    django.setup()
    globals()[sys.argv[1]](*sys.argv[2:])
