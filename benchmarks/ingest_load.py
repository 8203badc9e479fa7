"""A city's devices on one gateway: idle lines, then readings with QoS 1, with TLS on and off; counted in the store.

The gateway and the observation keeper are processes of the real product; the load comes from a lean raw-socket
generator in a process of its own (``benchmarks/ingest_client.py``). Nothing is taken for stored that a query
does not find.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from benchmarks.harness import benchmark, figure, fresh_home
from benchmarks.ingest_world import LIMIT, make_rules, make_streams
from benchmarks.watch_latency import wait_for_the_runner

DEVICES = 10_000
RULES = 10_000
DASHBOARDS = 20
RATE = 16_700
SECONDS = 60.0
IDLE = 10_000
SETTLE = 5.0
"""Seconds until what signing in and off left to do (presence) is done."""
ROOT = Path(__file__).parents[1]


@benchmark("ingest-load", "MQTT gateway: lines, acknowledgements, loss, CPU (1.0 = 16,700 obs/s for 60 s)")
def run(scale: float) -> None:
    """Idle lines, then load without and with TLS, with rules in force and dashboards reading.

    ``QUANCHENG_BENCH_IDLE``, ``_SECONDS``, ``_RATE``, ``_RULES``, ``_DASHBOARDS`` override; ``_LOAD=plain,tls``
    says which loads run.
    """
    idle = int(os.environ.get("QUANCHENG_BENCH_IDLE", max(200, IDLE * scale)))
    rate = int(os.environ.get("QUANCHENG_BENCH_RATE", max(500, RATE * scale)))
    seconds = float(os.environ.get("QUANCHENG_BENCH_SECONDS", max(3.0, SECONDS * min(1.0, scale))))
    devices = max(100, int(DEVICES * scale))
    rules = int(os.environ.get("QUANCHENG_BENCH_RULES", max(100, RULES * scale)))
    loads = os.environ.get("QUANCHENG_BENCH_LOAD", "plain,tls").split(",")
    home = fresh_home()
    secrets, streams = _prepare(home, devices, rules)
    for secure in (False, True):
        label = "tls" if secure else "plain"
        if label not in loads and (secure or not idle):
            continue
        with _Gateway(home, secure) as gateway:
            if not secure and idle:
                _idle(gateway, secrets, idle)
            if label in loads:
                with _Dashboards(gateway, streams, label):
                    _load(gateway, secrets, rate, seconds, label)
                _alarms(label)


def _prepare(home: Path, devices: int, rules: int) -> tuple[Path, list[int]]:
    """A migrated database with streams, rules and devices; secrets in a file for the generator, ids of streams."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")
    django.setup()
    from django.core.management import call_command

    from quancheng.capabilities.ingest.actions import register_devices
    from quancheng.capabilities.ingest.values import ChannelSpec, DeviceSpec
    from quancheng.kernel import registry
    from quancheng.kernel.actions import Call

    call_command("migrate", verbosity=0, interactive=False)
    registry.sync()
    streams = make_streams(devices)
    make_rules(streams, rules)
    rows = [
        DeviceSpec(
            f"bench-{n}", "mqtt", channels=(ChannelSpec("v", streams[n]),), rate=1000.0, simulated=True
        )
        for n in range(devices)
    ]
    made = [
        one
        for start in range(0, devices, 2000)
        for one in register_devices(Call.system("ingest"), rows=rows[start : start + 2000])
    ]
    path = home / "secrets.json"
    path.write_text(json.dumps([[one.code, one.secret] for one in made]), encoding="utf-8")
    return path, streams


class _Gateway:
    """The components ``ingest.gateway``, ``observations.keeper`` and ``watch.runner``, and the web server.

    ``alone``: the gateway only.
    """

    def __init__(self, home: Path, secure: bool, *, alone: bool = False) -> None:
        from quancheng.testing.ports import free_port

        self.home, self.secure, self.port, self.alone = home, secure, free_port(), alone
        self.environment = os.environ | {
            "QUANCHENG_HOME": str(home),
            "QUANCHENG_LOG_LEVEL": "ERROR",
            "QUANCHENG_INGEST_FAILURES_PER_MINUTE": "1000000",
            "QUANCHENG_INGEST_MQTT_PORT": "-1" if secure else str(self.port),
        }
        if secure:
            certificate = _certificate(home)
            self.environment |= {
                "QUANCHENG_INGEST_MQTTS_PORT": str(self.port),
                "QUANCHENG_INGEST_TLS_CERTIFICATE": str(certificate),
                "QUANCHENG_INGEST_TLS_KEY": str(certificate.with_suffix(".key")),
            }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.web = free_port()

    def __enter__(self) -> _Gateway:
        python = [sys.executable, "-m", "quancheng.cli"]
        names = (
            ("ingest.gateway",) if self.alone else ("ingest.gateway", "observations.keeper", "watch.runner")
        )
        started = {name: [*python, "component", name] for name in names}
        if not self.alone:
            started["web.server"] = [*python, "web", "--host", "127.0.0.1", "--port", str(self.web)]
        for name, command in started.items():
            self.processes[name] = subprocess.Popen(command, env=self.environment, cwd=ROOT)
        _wait_for(self.port)
        if not self.alone:
            _wait_for(self.web)
            wait_for_the_runner()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each process so far."""
        import psutil

        return {
            name: sum(psutil.Process(one.pid).cpu_times()[:2])
            for name, one in self.processes.items()
            if one.poll() is None
        }

    def memory(self) -> float:
        """MB of the gateway."""
        import psutil

        return float(psutil.Process(self.processes["ingest.gateway"].pid).memory_info().rss) / 2**20


class _Dashboards:
    """Dashboards in a process of their own for as long as a load runs; their figures at the end."""

    def __init__(self, gateway: _Gateway, streams: list[int], label: str) -> None:
        number = int(os.environ.get("QUANCHENG_BENCH_DASHBOARDS", DASHBOARDS))
        command = [sys.executable, "-m", "benchmarks.ingest_world", str(gateway.web), str(number)]
        command.append(json.dumps(streams[:1000]))
        pipe = subprocess.PIPE
        self.label, self.number = label, number
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        out, _errors = self.process.communicate(timeout=60)
        said = json.loads(out)
        figure(f"ingest_{self.label}_dashboards", said["dashboards"], "dashboards")
        figure(f"ingest_{self.label}_dashboard_answers", said["answers"], "answers")
        for share in ("p50", "p95", "p99"):
            figure(f"ingest_{self.label}_dashboard_{share}", said[share], "ms")


def _alarms(label: str) -> None:
    """Receipt to alarm, of the crossings the generator sent in this load."""
    from quancheng.capabilities.watch.models import Episode
    from quancheng.kernel.models import writing

    rows = sorted(Episode.objects.filter(limit=LIMIT).values_list("delay_ms", flat=True))
    figure(f"ingest_{label}_alarms", len(rows), "alarms")
    for share in (0.5, 0.95, 0.99) if rows else ():
        at = rows[min(len(rows) - 1, int(share * len(rows)))]
        figure(f"ingest_{label}_alarm_p{100 * share:.0f}", at, "ms")
    with writing("benchmark"):
        Episode.objects.all().delete()


def _start(gateway: _Gateway, *arguments: str) -> subprocess.Popen[str]:
    """The generator, in a process of its own; it says when its lines are open."""
    command = [sys.executable, "-m", "benchmarks.ingest_client", str(gateway.port), *arguments]
    if gateway.secure:
        command.append("--tls")
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, env=gateway.environment)


def _said(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The generator's next line."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the generator ended with {process.wait()}")
    found: dict[str, Any] = json.loads(line)
    return found


def _idle(gateway: _Gateway, secrets: Path, lines: int) -> None:
    """Lines that say nothing; as many gateways as it takes when a process may not hold that many."""
    with ExitStack() as stack:
        most = int(resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 0.9)
        gateways = [gateway]
        for number in range(1, -(-lines // most)):
            home = _twin(gateway.home, Path(stack.enter_context(tempfile.TemporaryDirectory())) / str(number))
            gateways.append(stack.enter_context(_Gateway(home, False, alone=True)))
        figure("ingest_idle_gateways", len(gateways), "processes")
        _hold(gateways, secrets, lines)
    time.sleep(SETTLE)


def _twin(home: Path, copy: Path) -> Path:
    """The same devices and keys for one more gateway, in a home of its own; the first one runs meanwhile."""
    name = "quancheng.sqlite3"
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns(f"{name}*", "observations", "watch", "*.sock"))
    with closing(sqlite3.connect(home / name)) as here, closing(sqlite3.connect(copy / name)) as there:
        here.backup(there)
    return copy


def _hold(gateways: list[_Gateway], secrets: Path, lines: int) -> None:
    def cpu() -> float:
        return sum(one.cpu()["ingest.gateway"] for one in gateways)

    def memory() -> float:
        return sum(one.memory() for one in gateways)

    worked, held, began = cpu(), memory(), time.perf_counter()
    share, opened, holders = -(-lines // len(gateways)), 0, []
    for one in gateways:
        holders.append(_start(one, "idle", str(secrets), str(min(share, lines - opened))))
        opened += int(_said(holders[-1]).get("lines", 0))
    figure("ingest_idle_lines", opened, "lines")
    figure("ingest_connect_rate", opened / (time.perf_counter() - began), "lines/s")
    figure("ingest_idle_memory", (memory() - held) * 1024 / max(1, opened), "KiB/line")
    figure("ingest_connect_cpu", 1e6 * (cpu() - worked) / max(1, opened), "us/line")
    calm = cpu()
    time.sleep(10)
    figure("ingest_idle_cpu", 100 * (cpu() - calm) / 10, "% of a core")
    for holder in holders:
        assert holder.stdin is not None
        holder.stdin.close()
    for holder in holders:
        holder.wait(60)


def _load(gateway: _Gateway, secrets: Path, rate: int, seconds: float, label: str) -> None:
    from quancheng.capabilities.observations import queries

    stored = queries.count()
    size = _bytes(gateway.home)
    generator = _start(gateway, "load", str(secrets), str(rate), str(seconds))
    _said(generator)
    time.sleep(SETTLE)
    before, began = gateway.cpu(), time.monotonic()
    assert generator.stdin is not None
    generator.stdin.write("go\n")
    generator.stdin.flush()
    said = _said(generator)
    wall, after = time.monotonic() - began, gateway.cpu()
    generator.wait(30)
    found = queries.count() - stored
    figure(f"ingest_{label}_crossings", said["crossings"], "readings above the limit")
    for name, used in after.items():
        figure(
            f"ingest_{label}_cpu_{name.split('.')[0]}",
            100 * (used - before.get(name, 0.0)) / wall,
            "% of a core",
        )
    figure(
        f"ingest_{label}_cpu_per_obs",
        1e6 * (after["ingest.gateway"] - before["ingest.gateway"]) / max(1, said["acked"]),
        "us",
    )
    figure(f"ingest_{label}_rate", said["acked"] / said["seconds"], "obs/s")
    figure(f"ingest_{label}_lost", said["acked"] - found, "obs")
    figure(f"ingest_{label}_unacked", said["sent"] - said["acked"], "obs")
    for share in ("p50", "p95", "p99"):
        figure(f"ingest_{label}_ack_{share}", said[share], "ms")
    figure(f"ingest_{label}_memory", gateway.memory(), "MB")
    figure(
        f"ingest_{label}_bytes",
        (_bytes(gateway.home) - size) / max(1, found),
        "B/obs on disk, log and segments",
    )


def _bytes(home: Path) -> int:
    folders = (home / "observations", home / "store")
    return sum(one.stat().st_size for folder in folders for one in folder.rglob("*") if one.is_file())


def _wait_for(port: int) -> None:
    import socket

    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the gateway does not listen")


def _certificate(home: Path) -> Path:
    """A self-signed certificate for the TLS half."""
    folder = Path(tempfile.mkdtemp(dir=home))
    path = folder / "server.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", str(path.with_suffix(".key")), "-out", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip
    return path
