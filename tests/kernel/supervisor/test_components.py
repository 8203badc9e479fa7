"""进程: worker and scheduler live as long as all their loops do, and show that they live."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import types
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.db import DatabaseError
from tests.kernel.drill.stage import ROOT, Stage

from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.events.retry import real_now
from quancheng.kernel.jobs.models import Beat
from quancheng.kernel.supervisor import components, heartbeat
from quancheng.kernel.supervisor.heartbeat import Heart, ages, alive


@pytest.fixture(autouse=True)
def _signals_as_before() -> object:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Heart, "run_forever", lambda self, stop: stop.wait())
    monkeypatch.setattr(components, "_close_connections", lambda: None)


@pytest.mark.django_db
def test_a_heartbeat_shows_life_and_old_ones_are_forgotten() -> None:
    heart = Heart("worker")
    Beat.objects.create(
        id="old", component="worker", started_at=real_now(), seen_at=real_now() - timedelta(days=2)
    )
    assert not alive("worker")
    heart.beat(jobs=2)
    heart.beat(jobs=3)
    row = Beat.objects.get()
    assert (str(row), row.detail) == (heart.id, {"jobs": 3})
    assert alive("worker")
    assert 0 <= ages()["worker"] < 5
    Beat.objects.update(seen_at=real_now() - timedelta(minutes=1))
    assert not alive("worker")
    heart.stop()
    assert ages() == {}


@pytest.mark.django_db
def test_the_heart_beats_through_outages_and_says_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, beats = threading.Event(), []

    def beat(self: Heart) -> None:
        beats.append(1)
        if len(beats) == 1:
            raise DatabaseError("gone")
        stop.set()

    monkeypatch.setattr(Heart, "beat", beat)
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(heartbeat, "close_old_connections", lambda: None)
    Heart("scheduler").run_forever(stop)
    assert len(beats) == 2


@pytest.mark.usefixtures("no_database")
def test_loops_end_together_when_told() -> None:
    stop, ended = threading.Event(), []

    def loop(name: str) -> components.Loop:
        def run(signal_to_stop: threading.Event) -> None:
            signal_to_stop.wait()
            ended.append(name)

        return run

    threading.Timer(0.1, stop.set).start()
    components.run_loops("worker", {"a": loop("a"), "b": loop("b")}, stop=stop)
    assert sorted(ended) == ["a", "b"]


@pytest.mark.usefixtures("no_database")
def test_a_dead_loop_ends_the_process_so_that_it_is_started_afresh() -> None:
    def dying(stop: threading.Event) -> None:
        raise LookupError

    with pytest.raises(SystemExit) as ended:
        components.run_loops("worker", {"dying": dying, "living": lambda stop: stop.wait() and None})
    assert ended.value.code == 1


@pytest.mark.usefixtures("no_database")
def test_work_that_does_not_end_in_time_is_handed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "LEAVE_SECONDS", 0.1)
    stop, release, handed = threading.Event(), threading.Event(), []
    stop.set()
    components.run_loops(
        "worker", {"long": lambda _: release.wait() and None}, at_end=lambda: handed.append(1), stop=stop
    )
    release.set()
    assert handed == [1]


def test_worker_and_scheduler_run_their_loops(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: dict[str, list[str]] = {}

    def run_loops(name: str, loops: dict[str, components.Loop], at_end: object = None) -> None:
        ran[name] = list(loops)
        if callable(at_end):
            at_end()

    monkeypatch.setattr(components, "run_loops", run_loops)
    settings.BUS_URL = ""  # type: ignore[attr-defined]
    components.worker()
    components.scheduler()
    assert ran == {"worker": ["events", "jobs-1", "jobs-2"], "scheduler": ["schedules", "pruning"]}
    settings.BUS_URL = "nats://127.0.0.1:1"  # type: ignore[attr-defined]
    components.worker()
    assert ran["worker"][-2:] == ["bus-publish", "bus-receive"]
    stopped = threading.Event()
    stopped.set()
    components._bus("publish")(stopped)


def test_signals_stop_the_loops() -> None:
    stop = threading.Event()
    components._stop_on_signals(stop)
    signal.raise_signal(signal.SIGTERM)
    assert stop.is_set()


@pytest.mark.django_db
def test_pruning_goes_on_after_a_database_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "PRUNE_SECONDS", 0.01)
    stop, rounds = threading.Event(), []

    def prune() -> int:
        rounds.append(1)
        if len(rounds) == 1:
            raise DatabaseError("gone")
        stop.set()
        return 0

    with mock.patch("quancheng.kernel.events.prune", prune), mock.patch("django.db.close_old_connections"):
        components.prune_forever(stop)
    assert len(rounds) == 2


def test_a_modules_component_runs_by_its_id(
    settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    module = types.ModuleType("a_gateway")
    module.main = lambda: ran.append(1)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_gateway", module)
    manifest = tmp_path / "module.toml"
    manifest.write_text('[[component]]\nid = "x.gate"\nfunction = "a_gateway:main"\n')
    settings.MODULES = [types.SimpleNamespace(manifest=manifest, dotted="x")]  # type: ignore[attr-defined]
    components.component("x.gate")
    assert ran == [1]
    with pytest.raises(InvalidInput):
        components.component("x.unknown")


@pytest.mark.parametrize("started", [True, False])
def test_web_serves_with_uvicorn(monkeypatch: pytest.MonkeyPatch, started: bool) -> None:
    import uvicorn

    seen: list[uvicorn.Config] = []

    class Server:
        def __init__(self, config: uvicorn.Config) -> None:
            seen.append(config)
            self.started = started

        def run(self) -> None: ...

    monkeypatch.setattr(uvicorn, "Server", Server)
    if started:
        components.web("127.0.0.1", 8123)
    else:
        with pytest.raises(SystemExit):
            components.web("127.0.0.1", 8123)
    (config,) = seen
    assert (config.app, config.host, config.port) == ("quancheng.asgi:application", "127.0.0.1", 8123)
    assert (config.loop, config.http, config.proxy_headers) == ("uvloop", "httptools", False)


@pytest.mark.fault
@pytest.mark.parametrize("name", ["worker", "scheduler"])
def test_a_fresh_process_starts_beats_and_says_goodbye(tmp_path: Path, name: str) -> None:
    """Nothing may import models before Django is set up: only a new process shows it."""
    stage = Stage(tmp_path, f"sqlite:///{tmp_path / 'drill.sqlite3'}")
    code = f"from quancheng.kernel.supervisor.components import {name}; {name}()"
    running = subprocess.Popen([sys.executable, "-c", code], env=stage.environment, cwd=ROOT)
    try:
        until = time.monotonic() + 20
        while name not in stage.report()["beats"] and time.monotonic() < until:
            assert running.poll() is None
        assert stage.report()["beats"] == [name]
        running.terminate()
        assert running.wait(10) == 0
        assert stage.report()["beats"] == []
    finally:
        running.kill()
        running.wait()
        stage.close()
