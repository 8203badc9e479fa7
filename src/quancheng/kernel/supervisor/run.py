"""``quancheng run``: the whole city, one command."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from django.conf import settings

from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.supervisor.nursery import Nursery, reap_strangers
from quancheng.kernel.supervisor.process import ManagedProcess, Write, print_line

KERNEL_COMPONENTS = ("web", "worker", "scheduler")
END_SECONDS = 10.0
GRACE_SECONDS = 8.0
TICK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Component:
    """A process a module brings along (``[[component]]`` in its module.toml)."""

    id: str
    function: str
    text: Text


def module_components() -> list[Component]:
    """Components listed by the modules, by id."""
    found: dict[str, Component] = {}
    for location in getattr(settings, "MODULES", ()):
        with location.manifest.open("rb") as file:
            manifest = tomllib.load(file)
        for row in manifest.get("component", ()):
            text = Text(row.get("zh", row["id"]), row.get("en", row["id"]))
            found[row["id"]] = Component(row["id"], row["function"], text)
    return [found[name] for name in sorted(found)]


def commands(components: Sequence[str] | None, host: str, port: int) -> dict[str, list[str]]:
    """The command of each component asked for; None means all there are.

    A module's component is asked for by its id or the part after the dot (``gateway``). Raises
    InvalidInput for a name nobody provides.
    """
    extra = [component.id for component in module_components()]
    names = list(components) if components is not None else [*KERNEL_COMPONENTS, *extra]
    python = [sys.executable, "-m", "quancheng.cli"]
    chosen: dict[str, list[str]] = {}
    for name in names:
        matches = [one for one in extra if name in {one, one.rpartition(".")[2]}]
        if name == "web":
            chosen[name] = [*python, "web", "--host", host, "--port", str(port)]
        elif name in KERNEL_COMPONENTS:
            chosen[name] = [*python, name]
        elif matches:
            chosen |= {one: [*python, "component", one] for one in matches}
        elif name != "gateway":  # a city without sensing has no gateway
            known = ", ".join([*KERNEL_COMPONENTS, *extra])
            raise InvalidInput(
                Text(f"没有组件 {name}。可用:{known}", f"No component {name}. There are: {known}")
            )
    return chosen


def run_city(
    components: Sequence[str] | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    ready_seconds: float = 60.0,
    on_ready: Callable[[], None] | None = None,
    write: Write = print_line,
) -> int:
    """Start the components and keep them running until SIGTERM or SIGINT; returns exit code 0.

    Crashed ones are started again with backoff. At the end every process group is asked to
    finish and, after eight seconds, killed. Raises Conflict when this home is already running.
    """
    wanted = commands(components, host, port)
    with _pid_file(Path(settings.HOME) / "run" / "quancheng.pid"), _stopping() as stop:
        if "web" in wanted:
            _refuse_taken_port(host, port)
        width = max(len(name) for name in [*wanted, "quancheng"])
        nursery = Nursery()
        processes = [
            ManagedProcess(name, command, width=width, write=write, nursery=nursery)
            for name, command in wanted.items()
        ]

        def say(text: str) -> None:
            write(f"{'quancheng':<{width}} | {text}")

        if "web" in wanted:
            announce = threading.Thread(
                target=_announce, args=(_url(host, port), ready_seconds, stop, on_ready, say)
            )
            announce.daemon = True
            announce.start()
        try:
            while not stop.is_set():
                for process in processes:
                    process.tick()
                reap_strangers({one for one in (nursery.pid, *(each.pid for each in processes)) if one})
                stop.wait(TICK_SECONDS)
        finally:
            say("stopping 正在停止")
            _end(processes)
            nursery.close()
            say("stopped 已停止")
    return 0


def _refuse_taken_port(host: str, port: int) -> None:
    """Another city (or program) on the port would answer in our place."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as taken:
            raise Conflict(
                Text(f"端口 {port} 已被占用。", f"Port {port} is taken."),
                todo=Text(
                    "请先停止占用它的程序，或用 --port 换一个端口。",
                    "Stop what uses it, or choose another with --port.",
                ),
            ) from taken


def _end(processes: Sequence[ManagedProcess]) -> None:
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        process.terminate()
    stubborn = [one for one in processes if not one.wait(deadline - time.monotonic())]
    for process in stubborn:
        process.say("did not finish in time, killed")
        process.terminate(signal.SIGKILL)
    for process in stubborn:
        process.wait(END_SECONDS - GRACE_SECONDS)


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    if ":" in reachable and not reachable.startswith("["):
        reachable = f"[{reachable}]"
    return f"http://{reachable}:{port}"


def _announce(
    url: str,
    seconds: float,
    stop: threading.Event,
    on_ready: Callable[[], None] | None,
    say: Callable[[str], None],
) -> None:
    until = time.monotonic() + seconds
    while not stop.is_set():
        if answers(f"{url}/healthz"):
            say(f"ready 就绪: {url}")
            if on_ready is not None:
                on_ready()
            return
        if time.monotonic() > until:
            say(f"not ready after {seconds:g} s; look at the lines of web above 未能就绪")
            return
        stop.wait(TICK_SECONDS)


def answers(url: str) -> bool:
    """Whether a GET of ``url`` succeeds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError, ValueError):
        return False


@contextmanager
def _pid_file(path: Path) -> Iterator[None]:
    """Hold the pid file's lock; the lock, not the file, says that a supervisor is running."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(descriptor, 20, 0).decode().strip()
            raise Conflict(
                Text(f"已在运行(进程 {other})。", f"Already running (process {other})."),
                todo=Text("先停止它，或换一个 QUANCHENG_HOME。", "Stop it, or use another QUANCHENG_HOME."),
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; the former handlers return afterwards."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    former = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
