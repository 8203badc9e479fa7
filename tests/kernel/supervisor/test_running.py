"""运行: one command starts the city, keeps it running and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.supervisor import child, process, run
from quancheng.kernel.supervisor.process import ManagedProcess, _describe, print_line
from quancheng.testing.ports import free_port

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def notes(home: Path) -> list[str]:
    file = home / "notes"
    return file.read_text().splitlines() if file.exists() else []


def pids(home: Path) -> list[int]:
    return [int(line.split()[-1]) for line in notes(home)]


def exists(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class City:
    """A supervisor in a process of its own, with stand-ins for components."""

    def __init__(self, home: Path, *roles: str) -> None:
        self.home, self.port = home, free_port()
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "driver.py"), str(home), str(self.port), *roles],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )

    def output(self) -> str:
        data, _ = self.process.communicate(timeout=30)
        return data.decode()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Callable[..., City]]:
    made: list[City] = []

    def start(*roles: str) -> City:
        made.append(City(tmp_path, *roles))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()
    for pid in pids(tmp_path):
        with contextlib.suppress(ProcessLookupError):
            if exists(pid) and b"stand_in" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def test_the_city_starts_says_ready_restarts_what_crashes_and_ends_on_sigterm(
    city: Callable[..., City], tmp_path: Path
) -> None:
    one = city("web", "crashing", "worker")
    assert until(lambda: sum(line.startswith("crashing") for line in notes(tmp_path)) >= 2)
    assert until(lambda: run.answers(f"http://127.0.0.1:{one.port}/healthz"))
    assert not run.answers(f"http://127.0.0.1:{one.port}/elsewhere")
    assert (tmp_path / "run" / "quancheng.pid").read_text() == f"{one.process.pid}\n"
    time.sleep(0.6)
    one.process.terminate()
    text = one.output()
    assert one.process.returncode == 0
    assert f"quancheng | ready 就绪: http://127.0.0.1:{one.port}" in text
    assert "worker    | worker 在运行" in text
    assert "crashing  | about to crash" in text
    assert "ended with exit code 3; starting again in 0.5 s" in text
    assert not any(exists(pid) for pid in pids(tmp_path))
    assert (tmp_path / "run" / "quancheng.pid").read_text() == ""


@pytest.mark.fault
def test_a_killed_supervisor_leaves_no_orphans(city: Callable[..., City], tmp_path: Path) -> None:
    one = city("web", "stubborn")
    assert until(lambda: len(pids(tmp_path)) == 2)
    one.process.kill()
    one.process.wait()
    assert until(lambda: not any(exists(pid) for pid in pids(tmp_path)), 5)


@pytest.mark.fault
@pytest.mark.slow
def test_what_does_not_listen_is_killed_with_its_children_within_ten_seconds(
    city: Callable[..., City], tmp_path: Path
) -> None:
    one = city("stubborn", "parent")
    assert until(lambda: len(pids(tmp_path)) == 4 and notes(tmp_path)[-1].startswith(("stub", "grand")))
    started = time.monotonic()
    one.process.send_signal(signal.SIGINT)
    text = one.output()
    assert time.monotonic() - started < 10.5
    assert "stubborn  | did not finish in time, killed" in text
    assert until(lambda: not any(exists(pid) for pid in pids(tmp_path)), 2)


def test_a_second_city_in_the_same_home_is_refused(city: Callable[..., City], tmp_path: Path) -> None:
    one = city("worker")
    assert until(lambda: len(pids(tmp_path)) == 1)
    with (
        pytest.raises(Conflict, match=str(one.process.pid)),
        run._pid_file(tmp_path / "run" / "quancheng.pid"),
    ):
        pass


def test_run_city_in_this_process(tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    port, lines = free_port(), []
    here = [sys.executable, str(HERE / "stand_in.py")]
    monkeypatch.setattr(
        run,
        "commands",
        lambda *_: {
            "web": [*here, "web", str(tmp_path), str(port)],
            "crashing": [*here, "crashing", str(tmp_path)],
        },
    )
    before = signal.getsignal(signal.SIGTERM)
    assert (
        run.run_city(port=port, on_ready=lambda: os.kill(os.getpid(), signal.SIGTERM), write=lines.append)
        == 0
    )
    assert signal.getsignal(signal.SIGTERM) is before
    assert any("ready" in line for line in lines)
    assert lines[-1].endswith("stopped 已停止")
    assert not any(exists(pid) for pid in pids(tmp_path))


def test_readiness_that_never_comes_is_said_once() -> None:
    lines: list[str] = []
    url = f"http://127.0.0.1:{free_port()}"
    run._announce(url, 0.0, threading.Event(), None, lines.append)
    assert "not ready" in lines[0]
    stopped = threading.Event()
    stopped.set()
    run._announce(url, 0.0, stopped, None, lines.append)
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::", "http://[::1]:1"),
        ("::1", "http://[::1]:1"),
        ("city.example", "http://city.example:1"),
    ],
)
def test_the_address_to_ask(host: str, url: str) -> None:
    assert run._url(host, 1) == url


class Location:
    def __init__(self, folder: Path, text: str) -> None:
        self.dotted = "tests.module"
        self.manifest = folder / "module.toml"
        self.manifest.write_text(text, encoding="utf-8")


def test_components_of_modules_are_found_and_named(tmp_path: Path, settings: object) -> None:
    text = '[[component]]\nid = "things.gateway"\nfunction = "x.y:main"\nzh = "接入网关"\nen = "Gateway"\n'
    settings.MODULES = [Location(tmp_path, text)]  # type: ignore[attr-defined]
    everything = run.commands(None, "127.0.0.1", 8000)
    assert list(everything) == ["web", "worker", "scheduler", "things.gateway"]
    assert everything["web"][-5:] == ["web", "--host", "127.0.0.1", "--port", "8000"]
    assert everything["things.gateway"][-2:] == ["component", "things.gateway"]
    assert list(run.commands(["worker", "gateway"], "h", 1)) == ["worker", "things.gateway"]
    with pytest.raises(InvalidInput, match=r"things\.gateway"):
        run.commands(["nonsense"], "h", 1)
    settings.MODULES = []  # type: ignore[attr-defined]
    assert run.commands(["gateway"], "h", 1) == {}


def test_a_process_that_ran_long_is_restarted_without_old_penalties(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    one = ManagedProcess("x", [sys.executable, "-c", "print('hi')"], write=lines.append)
    assert one.pid is None
    assert not one.is_running
    assert one.wait(0)
    one.terminate()
    one.tick()
    assert one.pid
    assert until(lambda: not one.is_running)
    one.tick()
    one.tick()  # not due yet
    assert one.pid is None
    one._start_at = 0
    one.tick()
    monkeypatch.setattr(process, "STEADY_SECONDS", -1.0)
    assert until(lambda: not one.is_running)
    one.tick()
    assert one.restarts == 2
    assert [line for line in lines if "0.5 s" in line] == [lines[-1]] * 2 or "0.5 s" in lines[-1]
    assert any(line.endswith("| hi") for line in lines)


def test_how_an_end_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert [_describe(code) for code in (0, 3, -9, -200)] == [
        "exit code 0",
        "exit code 3",
        "SIGKILL",
        "signal 200",
    ]
    print_line("a line")
    assert capsys.readouterr().out == "a line\n"


def test_a_child_whose_parent_is_gone_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(child.os, "execvp", lambda _file, arguments: started.append(arguments))
    monkeypatch.setattr(child.sys, "platform", "elsewhere")
    monkeypatch.setenv(child.PARENT, "1")
    child.main(["command"])
    assert started == [["command"]]
    code = (
        "from quancheng.kernel.supervisor.child import die_with_parent\n"
        "die_with_parent(999999999)\nprint('alive')"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, b"")


def test_off_the_main_thread_signals_are_left_alone() -> None:
    seen: list[bool] = []

    def elsewhere() -> None:
        with run._stopping() as stop:
            seen.append(stop.is_set())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [False]
