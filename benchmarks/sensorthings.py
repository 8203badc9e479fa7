"""SensorThings: CPU of one observation, posted alone and in data arrays, with full semantics.

In one process, through the whole Django stack (middleware, JSON, rights, facts of the stream, feature,
durable append): what an observation costs this server. istSOS4's figures on this machine, server and
database: 6,300 µs a single POST, 260 µs an observation in its bulk call (notes of the project).
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.harness import benchmark, figure, fresh_home, spent

SINGLE, ROWS, STREAMS = 2_000, 1_000, 10
SERVED = 500


@benchmark(
    "sensorthings",
    "SensorThings: CPU of an observation, single POST and CreateObservations; latest of things",
)
def run(scale: float) -> None:
    """In child processes with homes of their own."""
    for part in ("measure", "scaled"):
        _child(part, scale)
    _served(max(100, int(SERVED * scale)))


def _child(part: str, scale: float) -> None:
    with tempfile.TemporaryDirectory(prefix="quancheng-bench-") as home:
        environment = os.environ | {
            "QUANCHENG_HOME": home,
            "QUANCHENG_DATABASE_URL": f"sqlite:///{home}/city.sqlite3",
            "QUANCHENG_STORE": f"{home}/store",
            "QUANCHENG_DEMO": "1",
            "QUANCHENG_LOG_LEVEL": "ERROR",
        }
        code = f"from benchmarks.sensorthings import {part}; {part}({scale!r})"
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def _served(number: int) -> None:
    """Single POSTs over one connection to a server of its own: CPU of its process, socket and all."""
    import psutil

    from quancheng.testing.ports import free_port

    home, port = fresh_home(), free_port()
    command = [sys.executable, "-m", "quancheng.cli", "sensorthings", "serve", "--port", str(port)]
    server = subprocess.Popen(
        command, env=os.environ | {"QUANCHENG_HOME": str(home)}, stdout=subprocess.DEVNULL
    )
    try:
        line = _first_answer(port)
        thing = _sent(line, "Things", _THING)
        line.request("GET", f"/sta/v1.1/Things({thing})/Datastreams")
        stream = json.loads(line.getresponse().read())["value"][0]["@iot.id"]
        children = psutil.Process(server.pid).children(recursive=True)
        processes = [psutil.Process(server.pid), *children]

        def cpu() -> float:
            return sum(sum(one.cpu_times()[:2]) for one in processes)

        before = 0.0
        for n in range(number + 50):
            if n == 50:  # what is loaded at the first requests is no cost of a POST
                before = cpu()
            _sent(
                line,
                "Observations",
                {"phenomenonTime": _time(n), "result": n / 7, "Datastream": {"@iot.id": stream}},
            )
        figure("sta_served_post", 1e3 * (cpu() - before) / number, "ms CPU of the server")
    finally:
        server.terminate()
        server.wait(20)


_THING = {
    "name": "n", "description": "",
    "Locations": [{"name": "l", "description": "", "encodingType": "application/geo+json",
                   "location": {"type": "Point", "coordinates": [117, 36]}}],
    "Datastreams": [{"name": "s", "description": "", "observationType": "http://example.org/measurement",
                     "unitOfMeasurement": {"name": "mm", "symbol": "mm", "definition": "urn:ucum:mm"},
                     "Sensor": {"name": "g", "description": "", "encodingType": "text/html", "metadata": ""},
                     "ObservedProperty": {"name": "r", "definition": "http://example.org/r", "description": ""}}],
}  # fmt: skip


def _first_answer(port: int) -> http.client.HTTPConnection:
    for _ in range(300):
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            line.request("GET", "/sta/v1.1/")
            line.getresponse().read()
            return line
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the service did not start")


def _sent(line: http.client.HTTPConnection, path: str, body: dict[str, Any]) -> int:
    line.request("POST", f"/sta/v1.1/{path}", json.dumps(body), {"Content-Type": "application/json"})
    answer = line.getresponse()
    found = json.loads(answer.read() or b"{}")
    if answer.status != 201:
        raise RuntimeError(f"{answer.status} {found}")
    return int(found["@iot.id"])


def measure(scale: float) -> None:
    """Make ten streams, then measure."""
    from quancheng.cli import start_django

    start_django()
    from django.core.management import call_command
    from django.test import Client

    from quancheng.kernel import collector
    from quancheng.kernel.observability import logs

    collector.look_rarely(keep=True)  # as every long-running process does
    logs.configure("benchmark")
    call_command("migrate", interactive=False, verbosity=0)
    client = Client()
    streams = [_stream(client, number) for number in range(STREAMS)]
    single = max(100, int(SINGLE * scale))
    bodies = [
        json.dumps(
            {"phenomenonTime": _time(n), "result": n / 7, "Datastream": {"@iot.id": streams[n % STREAMS]}}
        )
        for n in range(single)
    ]
    _figure("sta_single_post", lambda: [_post(client, "Observations", one) for one in bodies], single)
    rows = [[_time(n), n / 7] for n in range(ROWS)]
    groups = [
        {"Datastream": {"@iot.id": one}, "components": ["phenomenonTime", "result"], "dataArray": rows}
        for one in streams
    ]
    arrays, rounds = json.dumps(groups), max(1, int(10 * scale))
    _figure(
        "sta_create_observations",
        lambda: [_post(client, "CreateObservations", arrays) for _ in range(rounds)],
        rounds * ROWS * STREAMS,
    )
    newest = "Things?$expand=Datastreams($expand=Observations($top=1;$orderby=phenomenonTime%20desc))"
    _figure("sta_latest_of_ten_things", lambda: [_get(client, newest) for _ in range(20)], 20)
    _figure(
        "sta_count_of_observations",
        lambda: [_get(client, "Observations?$count=true&$top=0") for _ in range(20)],
        20,
    )


def scaled(scale: float) -> None:
    """A registry written at once, a million observations in a thousand streams, then count and latest."""
    from quancheng.cli import start_django

    start_django()
    from django.core.management import call_command
    from django.test import Client

    from quancheng.kernel import collector
    from quancheng.kernel.observability import logs

    collector.look_rarely(keep=True)  # as every long-running process does
    logs.configure("benchmark")
    call_command("migrate", interactive=False, verbosity=0)
    streams = _registry(int(1_000 * min(1.0, scale * 10)))
    _history(streams, int(1_000 * scale))
    client = Client()
    paths = {
        "sta_count_of_million": "Observations?$count=true&$top=0",
        "sta_count_of_million_with_page": "Observations?$count=true&$top=1",
        "sta_latest_of_thousand_things": "Things?$top=1000&$expand=Datastreams($expand=Observations"
        "($top=1;$orderby=phenomenonTime%20desc))",
        "sta_latest_of_thousand_lean": "Things?$top=1000&$select=id&$expand=Datastreams($select=id;$expand="
        "Observations($top=1;$orderby=phenomenonTime%20desc;$select=result,phenomenonTime))",
        "sta_latest_of_hundred_things": "Things?$expand=Datastreams($expand=Observations"
        "($top=1;$orderby=phenomenonTime%20desc))",
    }
    for name, path in paths.items():
        _get(client, path)
        _figure(name, lambda path=path: [_get(client, path) for _ in range(10)], 10)  # type: ignore[misc]


def _registry(count: int) -> list[int]:
    """Things with a place and a stream each, by one upsert; ids of the streams."""
    from quancheng.capabilities.sensorthings import actions
    from quancheng.capabilities.sensorthings.values import StreamRow, ThingRow
    from quancheng.kernel.actions import Call

    call = Call.system("benchmark")
    rain = actions.upsert_observed_property(call, key="rain", name="r", definition="http://example.org/r")
    gauge = actions.upsert_sensor(call, key="gauge", name="g")
    rows = [
        ThingRow(
            key=f"s:{n}", name=f"n{n}", description="", properties={"n": n}, lon=117 + n / 1e4, lat=36.6,
            streams=(StreamRow(f"s:{n}:rain", "r", "", "mm", "mm", "ucum:mm", rain, gauge),),
        )
        for n in range(count)
    ]  # fmt: skip
    made: dict[str, dict[str, int]] = {}
    for name in ("sta_upsert_things_new", "sta_upsert_things_same"):
        _figure(name, lambda: made.update(actions.upsert_things(call, rows=rows)), count)
    return list(made["streams"].values())


def _history(streams: list[int], each: int) -> None:
    """So many observations a stream, five minutes apart, sealed into files."""
    import numpy as np

    from quancheng.capabilities.observations import actions as store
    from quancheng.capabilities.observations.keeper import Keeper
    from quancheng.capabilities.observations.values import Batch

    begin = int(datetime(2026, 7, 18, tzinfo=UTC).timestamp() * 1e6)
    times = begin + np.arange(each, dtype=np.int64) * 300_000_000
    for part in range(0, len(streams), 100):
        some = np.array(streams[part : part + 100], dtype=np.int64)
        values = np.random.default_rng(1).random(len(some) * each)
        store.append(Batch.numbers(np.repeat(some, each), np.tile(times, len(some)), values))
    keeper = Keeper()
    while keeper.step(force=True):
        pass


def _figure(name: str, work: Callable[[], Any], count: int) -> None:
    with spent() as used:
        work()
    figure(name, used.cpu / count * 1e6, "µs CPU")


def _time(n: int) -> str:
    moment = datetime(2026, 7, 18, tzinfo=UTC) + timedelta(seconds=n)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _post(client: Any, path: str, body: str) -> Any:
    answer = client.generic("POST", f"/sta/v1.1/{path}", body.encode(), content_type="application/json")
    if answer.status_code != 201:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.content[:300]!r}")
    return answer


def _get(client: Any, path: str) -> Any:
    answer = client.get(f"/sta/v1.1/{path}")
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.content[:300]!r}")
    return answer


def _stream(client: Any, number: int) -> int:
    """A thing with a place and a stream; the stream's id."""
    place = {"type": "Point", "coordinates": [117 + number / 100, 36.6]}
    geo = "application/geo+json"
    body = {
        "name": f"n{number}",
        "description": "",
        "Locations": [{"name": "l", "description": "", "encodingType": geo, "location": place}],
        "Datastreams": [
            {
                "name": "s",
                "description": "",
                "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                "unitOfMeasurement": {"name": "mm", "symbol": "mm", "definition": "ucum:mm"},
                "Sensor": {"name": "g", "description": "", "encodingType": "text/html", "metadata": ""},
                "ObservedProperty": {
                    "name": "rain",
                    "definition": "http://example.org/rain",
                    "description": "",
                },
            }
        ],
    }
    made = _post(client, "Things", json.dumps(body)).json()["@iot.id"]
    return int(_get(client, f"Things({made})/Datastreams").json()["value"][0]["@iot.id"])
