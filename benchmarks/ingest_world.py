"""The city of ``ingest-load``: streams the readings belong to, ten thousand rules over them, dashboards that read."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from typing import Any
from urllib.parse import quote

CLASSES = 40
"""Rules over all streams; the others look at one stream each."""
LIMIT = 500.0
"""Ordinary readings of the generator stay below 100; marked ones are above this."""
PAGE = 50
EVERY = 5.0
"""Seconds between two looks of a dashboard."""


def make_streams(number: int) -> list[int]:
    """A thing with one stream for each device; ids in the order of the devices."""
    from quancheng.capabilities.sensorthings import actions
    from quancheng.capabilities.sensorthings.values import StreamRow, ThingRow
    from quancheng.kernel.actions import Call

    call, facts = Call.system("things"), {"simulated": True}
    prop = actions.upsert_observed_property(call, key="bench:v", name="level", definition="urn:bench")
    sensor = actions.upsert_sensor(call, key="bench:sensor", name="probe")
    made: dict[str, int] = {}
    for start in range(0, number, 2000):
        rows = [
            ThingRow(
                f"bench:{n}", f"bench {n}", "", facts, 117.0 + n % 100 / 500, 36.6 + n // 100 / 500,
                streams=(StreamRow(f"bench:{n}:v", f"level {n}", "", "m", "m", "", prop, sensor, properties=facts),),
            )
            for n in range(start, min(number, start + 2000))
        ]  # fmt: skip
        made |= actions.upsert_things(call, rows=rows)["streams"]
    return [made[f"bench:{n}:v"] for n in range(number)]


def make_rules(streams: list[int], number: int) -> None:
    """Rules in force, written as rows: what is measured is running them, not approving ten thousand."""
    from datetime import timedelta

    from django.utils import timezone

    from quancheng.capabilities.watch.models import RuleVersion, State, WatchRule
    from quancheng.capabilities.watch.values import Scope, spec_to_dict
    from quancheng.core.watch import Kind, Spec
    from quancheng.kernel.models import writing

    now = timezone.now() - timedelta(days=1)
    single = Spec(kind=Kind.THRESHOLD, limit=LIMIT)
    broad = (
        Spec(kind=Kind.HYSTERESIS, limit=98.0, clear=90.0, consecutive=3),
        Spec(kind=Kind.WINDOW, minutes=60, limit=99.0, clear=98.0, coverage=0.05),
        Spec(kind=Kind.ABSENCE, seconds=7 * 86_400),
    )
    rules = [
        WatchRule(code=f"bench-{n}", zh=f"基准{n}", en=f"bench {n}", created_at=now, simulated=True)
        for n in range(number)
    ]
    versions = []
    for n, rule in enumerate(rules):
        wide = n < CLASSES
        spec = broad[n % len(broad)] if wide else single
        scope = Scope(property="bench:v") if wide else Scope(streams=(streams[n % len(streams)],))
        versions.append(
            RuleVersion(
                rule=rule, number=1, state=State.IN_FORCE, kind=str(spec.kind), spec=spec_to_dict(spec),
                scope=scope.to_dict(), source="benchmark", level=4, incident_type="watch.water", written_by="bench",
                written_at=now, approved_by="bench2", approved_at=now, valid_from=now, changed_at=now,
            )
        )  # fmt: skip
    with writing("benchmark"):
        WatchRule.objects.bulk_create(rules, batch_size=1000)
        RuleVersion.objects.bulk_create(versions, batch_size=1000)


def look(port: int, number: int, ids: list[int], stop: threading.Event, took: list[float]) -> None:
    """One dashboard: 50 things with their latest values, and the last hour of one stream, again and again."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    latest = quote("Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc))", safe="$=;(),")
    things = f"/sta/v1.1/Things?$top={PAGE}&$skip={number * PAGE}&$expand={latest}"
    stop.wait(EVERY * number / 20)
    while not stop.is_set():
        stream = ids[(number * PAGE + len(took)) % len(ids)]
        series = f"/sta/v1.1/Datastreams({stream})/Observations?$top=60&$orderby=phenomenonTime%20desc"
        for path in (things, series):
            began = time.perf_counter()
            line.request("GET", path)
            answer = line.getresponse()
            body = answer.read()
            if answer.status != 200 or b'"value"' not in body:
                raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
            took.append(time.perf_counter() - began)
        stop.wait(EVERY)


def main() -> None:
    """``PORT DASHBOARDS IDS``: read until stdin closes, then say how long answers took."""
    port, dashboards, ids = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    stop, took = threading.Event(), [list[float]() for _ in range(dashboards)]
    threads = [
        threading.Thread(target=look, args=(port, n, ids, stop, took[n]), daemon=True)
        for n in range(dashboards)
    ]
    for one in threads:
        one.start()
    sys.stdin.read()
    stop.set()
    for one in threads:
        one.join(30)
    times = sorted(1000 * one for row in took for one in row)

    def share(one: float) -> float:
        return times[min(len(times) - 1, int(one * len(times)))] if times else 0.0

    told: dict[str, Any] = {"answers": len(times), "p50": share(0.5), "p95": share(0.95), "p99": share(0.99)}
    told["dashboards"] = sum(1 for row in took if row)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
