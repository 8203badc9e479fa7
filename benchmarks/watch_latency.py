"""How long an alarm takes: readings appended durably → ``watch.runner`` in a process of its own → the alarm's row.

A producer appends a batch of one reading of every stream each second, in which a few streams cross the
limit; the time of receipt travels as ``result_time``. Beside what the runner itself keeps (receipt to the
writing of the alarm) a watcher looks for committed episodes every few milliseconds, from outside.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from benchmarks.harness import benchmark, django_on_fresh_database, figure

STREAMS, RULES, SECONDS, CROSSING = 400, 40, 30, 5
RUNNER = "import django; django.setup()\nfrom quancheng.capabilities.watch.runner import main\nmain()"
MICRO = 1_000_000


@benchmark("watch-latency", "From a reading's receipt to its alarm: log, runner process, database", "numpy")
def run(scale: float) -> None:
    """Append for a while; percentiles of what the runner kept and of what was seen from outside."""
    django_on_fresh_database()
    streams = make_city()
    environment = os.environ | {"QUANCHENG_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen([sys.executable, "-c", RUNNER], env=environment)
    try:
        wait_for_the_runner()
        seen = send(streams, max(5, int(SECONDS * scale)))
    finally:
        process.terminate()
        process.wait(60)
    report(seen)


def make_city() -> list[int]:
    """Streams of one property, each with one of the rules over it in force."""
    from quancheng.capabilities.sensorthings import actions as sta
    from quancheng.capabilities.watch import actions
    from quancheng.capabilities.watch.values import Draft, Scope
    from quancheng.core.watch import Kind, Spec
    from quancheng.kernel import registry
    from quancheng.kernel.actions import Call
    from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

    registry.sync()
    call, facts, streams = Call.system("things"), {"simulated": True}, []
    prop = sta.upsert_observed_property(call, key="bench:level", name="level", definition="urn:bench")
    sensor = sta.upsert_sensor(call, key="bench:sensor", name="probe")
    for number in range(STREAMS):
        name = f"B-{number}"
        thing = sta.upsert_thing(call, key=f"bench:{name}", name=name, description="", properties=facts)
        made = sta.upsert_stream(
            call, key=f"bench:{name}:level", thing=thing, name=name, description="", unit_name="m", unit_symbol="m",
            unit_definition="", observed_property=prop, sensor=sensor, properties=facts,
        )  # fmt: skip
        streams.append(made)
    writer = Call(Actor(ActorKind.OFFICIAL, "a", user_id=1, grants=(RoleGrant("watch.writer"),)))
    approver = Call(Actor(ActorKind.OFFICIAL, "b", user_id=2, grants=(RoleGrant("watch.approver"),)))
    share = STREAMS // RULES
    for number in range(RULES):
        draft = Draft(
            spec=Spec(kind=Kind.THRESHOLD, limit=1.0), level=4, incident_type="watch.water", source="benchmark",
            scope=Scope(streams=tuple(streams[number * share : (number + 1) * share])),
        )  # fmt: skip
        code = f"bench-{number}"
        actions.write_rule(writer, code=code, zh=code, en=code, draft=draft)
        actions.simulate(writer, code=code, days=1)
        actions.approve(approver, code=code)
    return streams


def wait_for_the_runner() -> None:
    """Until it has written its first checkpoint."""
    from quancheng.capabilities.watch.checkpoint import NAME
    from quancheng.capabilities.watch.config import folder

    for _ in range(1200):
        if (folder() / NAME).exists():
            return
        time.sleep(0.1)
    raise RuntimeError("the runner did not start")


def send(streams: list[int], seconds: int) -> list[float]:
    """A batch a second; milliseconds from the append of each crossing to its committed episode."""
    import numpy as np

    from quancheng.capabilities.observations.log import writer
    from quancheng.capabilities.observations.values import Batch

    sent: dict[int, int] = {}
    delays: list[float] = []
    known = 0
    for second in range(seconds):
        now = time.time_ns() // 1000
        values = np.zeros(len(streams))
        values[second * CROSSING : (second + 1) * CROSSING] = 2.0
        batch = Batch.numbers(streams, np.full(len(streams), now), values)
        batch.result_time[:] = now
        writer().append(batch)
        sent |= {streams[place]: now for place in range(second * CROSSING, (second + 1) * CROSSING)}
        until = now + MICRO
        while (at := time.time_ns() // 1000) < until:
            fresh = _episodes(known)
            known = max([known, *(row[0] for row in fresh)])
            delays += [(at - sent[stream]) / 1000 for _, stream in fresh if stream in sent]
            time.sleep(0.01)
    return delays


def _episodes(known: int) -> list[Any]:
    from quancheng.capabilities.watch.models import Episode

    return list(Episode.objects.filter(pk__gt=known).values_list("pk", "stream"))


def report(seen: list[float]) -> None:
    """Print the percentiles."""
    from quancheng.capabilities.watch import delays

    kept = delays.percentiles() or {}
    outside = delays.of([round(one) for one in sorted(seen)]) or {}
    figure("watch_latency_alarms", len(seen), "alarms")
    for share, value in kept.items():
        figure(f"watch_latency_kept_p{share}", value, "ms")
    for share, value in outside.items():
        figure(f"watch_latency_committed_p{share}", value, "ms")
