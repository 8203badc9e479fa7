"""一条命令，一座城: ``quancheng run`` with the real components; what dies comes back, what ends leaves nothing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable

import psutil
import pytest

from quancheng.kernel.supervisor.run import module_components
from quancheng.testing.product import Product

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.xdist_group("supervisor")]

COMPONENTS = {"web", "worker", "scheduler", *(one.id for one in module_components())}
STARTED = re.compile(r"^(\S+)\s+\| started, pid (\d+)$", re.MULTILINE)

BEATS = """
from quancheng.kernel.supervisor.heartbeat import alive
answer = [name for name in ("worker", "scheduler") if alive(name)]
"""


def pids(city: Product) -> dict[str, int]:
    """Each component's newest process, as the supervisor said it."""
    return {name: int(pid) for name, pid in STARTED.findall(city.words())}


def until(condition: Callable[[], bool], seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def gateway_listens(city: Product) -> bool:
    address = ("127.0.0.1", int(city.environment["QUANCHENG_SL651_PORT"]))
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def everything_works(city: Product) -> None:
    assert until(city.answers), city.words()
    assert until(lambda: gateway_listens(city)), city.words()
    assert until(lambda: city.ask(BEATS) == ["worker", "scheduler"]), city.words()


def end(city: Product, how: signal.Signals = signal.SIGTERM) -> None:
    """Ended within ten seconds, with exit code 0 and no process left."""
    assert city.process is not None
    supervisor = psutil.Process(city.process.pid)
    family = [supervisor.pid, *(one.pid for one in supervisor.children(recursive=True))]
    assert len(family) >= 1 + len(COMPONENTS)
    started = time.monotonic()
    assert city.end(how) == 0, city.words()[-2000:]
    assert time.monotonic() - started < 10
    assert until(lambda: all(is_gone(pid) for pid in family), 1), [pid for pid in family if not is_gone(pid)]
    assert not city.answers()
    assert not gateway_listens(city)


def test_a_city_heals_ends_and_starts_again(product: Callable[..., Product]) -> None:
    city = product(QUANCHENG_SQLITE_SYNCHRONOUS="OFF")
    city.start("run")
    assert until(lambda: set(pids(city)) == COMPONENTS), pids(city)
    everything_works(city)
    for name in sorted(COMPONENTS):
        before = pids(city)
        os.kill(before[name], signal.SIGKILL)
        assert until(lambda name=name, old=before[name]: pids(city)[name] != old), f"{name} did not come back"
        others = {other: pid for other, pid in pids(city).items() if other != name}
        assert others == {other: pid for other, pid in before.items() if other != name}
    assert city.words().count("ended with SIGKILL; starting again in 0.5 s") == len(COMPONENTS)
    everything_works(city)
    with city.client("citizen-elder") as elder:
        assert elder.get("/").status_code == 200
    end(city)

    city.start("run")
    everything_works(city)
    end(city, signal.SIGINT)
    assert "Traceback" not in city.words(), city.words()
    assert city.command("audit", "verify", check=False).returncode == 0


def test_a_killed_supervisor_takes_its_components_along(product: Callable[..., Product]) -> None:
    city = product(QUANCHENG_SQLITE_SYNCHRONOUS="OFF")
    city.start("run")
    family = list(pids(city).values())
    city.kill()
    assert until(lambda: all(is_gone(pid) for pid in family), 5)
    city.start("run")
    assert city.answers()
    city.stop()


def refused(city: Product, seconds: float = 30) -> str:
    """What a ``quancheng run`` says that must end by itself with an error."""
    city.start("run", wait=False)
    assert city.process is not None
    try:
        code = city.process.wait(seconds)
    except subprocess.TimeoutExpired:
        pytest.fail(f"it went on running:\n{city.words()[-3000:]}")
    assert code != 0
    return city.words()


def test_a_second_run_of_the_same_home_is_refused(product: Callable[..., Product]) -> None:
    first = product(QUANCHENG_SQLITE_SYNCHRONOUS="OFF")
    first.start("run", "--only", "web")
    assert first.process is not None
    pid = first.process.pid
    done = first.command("run", "--port", str(first.port), check=False)
    assert done.returncode == 1
    assert f"已在运行(进程 {pid})" in done.stderr
    assert f"Already running (process {pid})" in done.stderr
    assert "Traceback" not in done.stderr
    assert first.answers()


def test_a_second_city_on_the_same_port_is_refused(product: Callable[..., Product]) -> None:
    first, second = product("first"), product("second")
    first.start("run", "--only", "web")
    second.port = first.port
    words = refused(second)
    assert str(first.port) in words
    assert "端口" in words
    assert "port" in words
    assert "就绪" not in words
    assert "Traceback" not in words
    assert first.answers()
