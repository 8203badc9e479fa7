"""托儿所: components begin as forks of one process that has everything imported, and lose nothing by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quancheng.kernel.supervisor.nursery import Nursery
from quancheng.kernel.supervisor.process import Adopted, ManagedProcess

PARENT_CODE = """
import sys, time
from quancheng.kernel.supervisor.nursery import Nursery, reap_strangers
from quancheng.kernel.supervisor.process import ManagedProcess
nursery = Nursery()
one = ManagedProcess("x", [sys.executable, "-m", "quancheng.cli", *sys.argv[1:]], nursery=nursery)
while one.pid is None:
    one.tick(); time.sleep(0.02)
print("pid", one.pid, "nursery", nursery.pid, flush=True)
while one.is_running:
    time.sleep(0.02)
    reap_strangers({one.pid, nursery.pid})
one.tick()
nursery.close()
"""


def until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Supervisor:
    """A process that supervises one quancheng command."""

    def __init__(self, home: Path, *arguments: str) -> None:
        environment = os.environ | {"QUANCHENG_HOME": str(home), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT_CODE, *arguments],
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.lines: list[str] = []

    def line(self, start: str) -> list[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith(start):
                return line.split()
        raise AssertionError("".join(self.lines))

    def rest(self) -> str:
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        self.process.wait(30)
        return "".join(self.lines)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def start(*arguments: str) -> Supervisor:
        made.append(Supervisor(tmp_path, *arguments))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_a_command_runs_prints_under_its_name_and_ends_with_its_own_code(
    supervise: Callable[..., Supervisor],
) -> None:
    one = supervise("component", "nobody.knows")
    _, pid, _, nursery = one.line("pid")
    assert pid != nursery
    text = one.rest()
    assert "x         | " in text
    assert "没有组件 nobody.knows" in text
    assert "ended with exit code 1" in text


def test_it_is_a_fork_of_the_nursery_adopted_by_the_supervisor(supervise: Callable[..., Supervisor]) -> None:
    one = supervise("web", "--help")
    one.rest()
    assert one.process.returncode == 0
    other = supervise("component", "things.gateway")
    _, pid, _, nursery = other.line("pid")
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert stat[1] == str(other.process.pid), "the supervisor is its parent"
    assert stat[2] == pid, "a process group of its own"
    assert Path(f"/proc/{pid}/comm").read_text().startswith("qc component")
    other.process.kill()
    other.process.wait()
    assert until(lambda: not alive(int(pid)) and not alive(int(nursery)), 5), "nobody is left behind"


def test_a_dead_nursery_is_opened_again_and_after_three_the_city_does_without() -> None:
    nursery = Nursery()
    lines: list[str] = []
    command = [sys.executable, "-m", "quancheng.cli", "--version"]
    kinds = []
    try:
        for _ in range(4):
            one = ManagedProcess("x", command, write=lines.append, nursery=nursery)
            while one.pid is None:
                one.tick()
                time.sleep(0.02)
            kinds.append(isinstance(one._process, Adopted))
            assert until(lambda one=one: not one.is_running)
            one.tick()
            if nursery.pid is not None:
                os.kill(nursery.pid, signal.SIGKILL)
                assert nursery._process is not None
                nursery._process.wait()
                nursery._is_ready = nursery._is_ready and nursery.bear(["--version"], 1) is not None
    finally:
        nursery.close()
    assert kinds == [True, True, True, False]
    assert sum("exit code 0" in line for line in lines) == 4
    assert sum("quancheng" in line for line in lines) == 4


def test_other_commands_never_go_through_it() -> None:
    lines: list[str] = []
    nursery = Nursery()
    one = ManagedProcess("x", [sys.executable, "-c", "print('hi')"], write=lines.append, nursery=nursery)
    one.tick()
    assert nursery.pid is None
    assert until(lambda: not one.is_running)
    one.tick()
    assert "x         | hi" in lines
