"""The pool: a worker that dies is replaced, one that is late is killed, too many are refused."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quancheng.capabilities.models.pool import Died, Full, Late, Limits, Pool, Worker

EMBED = {"function": "quancheng.capabilities.models:embedding", "inputs": {"texts": ["趵突泉"]}}


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(Limits(seconds=20))
    yield made
    made.close()


def test_no_process_before_the_first_call_and_one_for_many(pool: Pool) -> None:
    assert pool.pids == []
    first = pool.call("embedding", EMBED)
    again = pool.call("embedding", EMBED)
    assert first == again
    assert len(first["outputs"]["vectors"][0]) == 256
    assert len(pool.pids) == 1


@pytest.mark.fault
def test_a_worker_killed_at_rest_or_in_a_call_is_replaced(pool: Pool) -> None:
    pool.call("embedding", EMBED)
    (first,) = pool.pids
    os.kill(first, 9)
    assert "outputs" in pool.call("embedding", EMBED)
    (second,) = pool.pids
    assert second != first


class Fragile:
    """A worker that dies as often as it is told, then answers."""

    left = 0

    def __init__(self, memory: int) -> None:
        self.real = Worker(memory)

    def ask(self, body: bytes, seconds: float) -> dict[str, Any]:
        if Fragile.left:
            Fragile.left -= 1
            os.kill(self.real.process.pid, 9)
        return self.real.ask(body, seconds)

    def is_alive(self) -> bool:
        return self.real.is_alive()

    def close(self) -> None:
        self.real.close()

    @property
    def process(self) -> Any:
        return self.real.process


@pytest.mark.fault
def test_killed_in_the_call_it_is_asked_once_more_and_no_more() -> None:
    pool = Pool(Limits(seconds=20), make=Fragile)  # type: ignore[arg-type]
    try:
        Fragile.left = 1
        assert "outputs" in pool.call("embedding", EMBED)
        Fragile.left = 2
        with pytest.raises(Died):
            pool.call("embedding", EMBED)
        assert "outputs" in pool.call("embedding", EMBED)
    finally:
        pool.close()


def room(folder: Any, body: str) -> str:
    """A package with an algorithm of this body, outside the city."""
    place = folder / "strange_room"
    place.mkdir()
    (place / "__init__.py").touch()
    (place / "algorithms.py").write_text(
        "import sys, time\nfrom types import SimpleNamespace\n"
        f"def run(**inputs):\n    {body}\n    return {{}}\n"
        "ALGORITHMS = (SimpleNamespace(id='x', function=run),)\n"
    )
    return "strange_room:x"


@pytest.fixture
def strange(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    from quancheng.capabilities.models import pool as module

    monkeypatch.setattr(module, "SOURCES", f"{module.SOURCES}{os.pathsep}{tmp_path}")
    return lambda body: {"function": room(tmp_path, body), "inputs": {}}


@pytest.mark.fault
def test_one_that_sleeps_is_killed_and_others_are_served_afterwards(strange: Any) -> None:
    pool = Pool(Limits(seconds=1.5))
    try:
        began = time.monotonic()
        with pytest.raises(Late):
            pool.call("sleeper", strange("time.sleep(60)"))
        assert time.monotonic() - began < 10
        assert pool.pids == []
    finally:
        pool.close()


@pytest.mark.fault
def test_one_that_eats_memory_only_loses_its_own_call(strange: Any) -> None:
    pool = Pool(Limits(seconds=20, memory=1024))
    try:
        told = pool.call("glutton", strange("kept = bytearray(3_000_000_000)"))
        assert told == {"failed": "out of memory"}
        assert "outputs" in pool.call("embedding", EMBED)
    finally:
        pool.close()


def test_what_an_algorithm_prints_does_not_disturb_the_answers(strange: Any) -> None:
    pool = Pool(Limits(seconds=20))
    try:
        assert pool.call("loud", strange("print('x' * 100000); sys.stdout.flush()")) == {"outputs": {}}
    finally:
        pool.close()


@pytest.mark.fault
def test_a_hundred_at_once_are_answered_or_told_to_wait() -> None:
    pool = Pool(Limits(seconds=20, waiting=40, each=200))
    ends: list[str] = []

    def ask() -> None:
        try:
            pool.call("embedding", EMBED)
            ends.append("answered")
        except Full:
            ends.append("full")

    threads = [threading.Thread(target=ask) for _ in range(100)]
    try:
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
        assert len(ends) == 100
        assert ends.count("answered") >= 40
        assert "full" in ends
        assert len(pool.pids) == 1
    finally:
        pool.close()


def test_no_more_of_one_algorithm_than_may(strange: Any) -> None:
    pool = Pool(Limits(seconds=20, each=1))
    body = strange("time.sleep(1)")
    first = threading.Thread(target=pool.call, args=("slow", body))
    try:
        first.start()
        time.sleep(0.3)
        with pytest.raises(Full):
            pool.call("slow", body)
    finally:
        first.join()
        pool.close()


def test_idle_workers_end() -> None:
    pool = Pool(Limits(seconds=20, idle=0.3))
    pool.call("embedding", EMBED)
    (pid,) = pool.pids
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    assert pool.pids == []
