"""断电在每一步: a case whose process dies at every step of its life, and is taken up again each time.

A restaurant's licence goes all the way: joint opinions, a failed visit, a correction, a refusal, an
appeal, the licence, the printed decision. Each step is taken three times under one idempotency key:
killed right before its commit (nothing may be there), killed right after it, before anybody was told
(everything must be there), and once more by a fresh process (nothing may change). The whole life must
be the same, row for row, as that of a case that nobody disturbed.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from quancheng.testing.postgres import Postgres, PostgresMissing
from quancheng.testing.product import Product
from tests.faults.case_steps import STEPS

CHILD = Path(__file__).with_name("case_steps.py")
SIZE = ("--persons", "60", "--firms", "10")
ONCE_EACH = ["acceptance", "refusal", "review", "approval"]

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.xdist_group("case-crash")]


class Hand:
    """Takes steps of the case in a city, each in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.digests: list[str] = []
        """Of the documents printed so far, as last seen; no two printings have the same."""

    def order(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert "failed" not in answer, (order, answer)
        return answer

    def step(self, name: str, die: str = "") -> None:
        killed = self.order(step=name, die=die)["killed"]
        assert killed == (signal.SIGKILL if die else 0), f"{name}: the child was to die {die or 'not at all'}"

    def look(self) -> dict[str, Any]:
        found = self.order(look=True)
        self.digests = found.pop("digests", [])
        return found


@contextmanager
def hand_in(city: Product) -> Iterator[Hand]:
    process = subprocess.Popen(
        [sys.executable, str(CHILD)], env=city.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # fmt: skip
    try:
        assert process.stdout is not None
        while '"ready"' not in (line := process.stdout.readline()):
            assert line, "the child did not start"
        yield Hand(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def undisturbed(city: Product) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """How the case stands after each step when nothing happens, and after everything was delivered."""
    with hand_in(city) as hand:
        stands = []
        for name in STEPS:
            hand.step(name)
            stands.append(hand.look())
        assert hand.order(deliver=True) == {"killed": 0, "waiting": 0, "undelivered": 0, "unprinted": []}
        return stands, hand.look()


def killed_at_every_step(city: Product, stands: list[dict[str, Any]]) -> dict[str, Any]:
    """Two deaths a step; returns how the case stands in the end."""
    with hand_in(city) as hand:
        before = hand.look()
        for name, expected in zip(STEPS, stands, strict=True):
            hand.step(name, die="before")
            assert hand.look() == before, f"{name}: died before its commit, yet something is there"
            hand.step(name, die="after")
            found = hand.look()
            assert found == expected, f"{name}: died after its commit, yet not all is there"
            assert found.get("timers_open") == found.get("engine_timers"), f"{name}: timers"
            printed = hand.digests
            hand.step(name)
            assert hand.look() == expected, f"{name}: repeated under its key, it was done again"
            assert hand.digests == printed, f"{name}: printed again"
            before = expected
        assert hand.order(deliver=True) == {"killed": 0, "waiting": 0, "undelivered": 0, "unprinted": []}
        return hand.look()


def nothing_lost_nothing_twice(city: Product, found: dict[str, Any]) -> None:
    assert (found["state"], found["cases"], found["licences"]) == ("completed", 1, 1)
    assert [kind for kind, _ in found["documents"]] == ONCE_EACH
    assert sorted(found["printed"]) == sorted(ONCE_EACH), "each was printed"
    assert len({number for _, number in found["documents"]}) == len(ONCE_EACH)
    assert found["timers_open"] == found["engine_timers"] == [], "nothing ticks after the end"
    assert not [task for task in found["tasks"] if task[1] == "open" and not task[0].startswith("verify:")]
    assert found["keys"] == sorted(f"case-{name}" for name in STEPS if name != "print")
    verified = city.command("audit", "verify", check=False)
    assert verified.returncode == 0, verified.stdout


def tell(label: str, began: float) -> None:
    """What ``pytest -s`` shows."""
    print(
        f"\n{label}: {2 * len(STEPS)} kills at {len(STEPS)} steps, nothing lost, {time.monotonic() - began:.0f} s"
    )


@pytest.fixture(scope="module")
def calm(
    small_city: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The life of a case that nobody disturbs, on SQLite; both databases must give the same."""
    home = tmp_path_factory.mktemp("calm") / "home"
    shutil.copytree(small_city, home)
    return undisturbed(Product(home))


def test_on_sqlite_a_case_survives_a_death_at_every_step(calm: Any, product: Callable[..., Product]) -> None:
    began, (stands, end) = time.monotonic(), calm
    city = product(QUANCHENG_SQLITE_SYNCHRONOUS="FULL")
    found = killed_at_every_step(city, stands)
    nothing_lost_nothing_twice(city, found)
    assert found == end, "the same end as that of the undisturbed case"
    tell("SQLite", began)


@pytest.mark.postgres
def test_on_postgresql_a_case_survives_a_death_at_every_step(calm: Any, tmp_path: Path) -> None:
    began, (stands, end) = time.monotonic(), calm
    try:
        with Postgres(fsync=True) as server, Product(tmp_path, QUANCHENG_DATABASE_URL=server.url) as city:
            city.command("setup", *SIZE)
            found = killed_at_every_step(city, stands)
            nothing_lost_nothing_twice(city, found)
            assert found == end, "the same end as that of the undisturbed case on SQLite"
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    tell("PostgreSQL", began)
