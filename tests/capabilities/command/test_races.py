"""Two at once: one wins, the other hears who did it; reports of one thing stay one incident."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from tests.capabilities.command.conftest import AFTERNOON, DUTY, PLAN, SECOND, report

from quancheng.capabilities.command import actions
from quancheng.capabilities.command.models import Incident, IncidentReport, Task
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict

FILE = "QUANCHENG_TEST_SQLITE"
ROOT = Path(__file__).parents[3]
in_memory = connection.vendor == "sqlite" and FILE not in os.environ
races = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(in_memory, reason="threads need a database in a file: see test_races_in_a_file"),
]


@pytest.mark.skipif(not in_memory, reason="the races below run by themselves")
def test_races_in_a_file(tmp_path: Path) -> None:
    """The races below, in a process whose test database is a file."""
    place = {FILE: str(tmp_path / "race.sqlite3"), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__))]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | place
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "...s" in done.stdout, "three races ran, this test did not"


def _race(function: Any) -> Any:
    for mark in races:
        function = mark(function)
    return function


def together(*deeds: Callable[[], Any]) -> list[Any]:
    """Run deeds in threads that start at the same moment; results or refusals."""
    gate, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int, deed: Callable[[], Any]) -> None:
        try:
            gate.wait()
            with clock.at(AFTERNOON):
                results[place] = deed()
        except Exception as failure:
            results[place] = failure
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, deed)) for n, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@_race
def test_two_officers_start_a_plan_at_once(organisation: None) -> None:
    actions.register_plan(Call.system("command"), document=PLAN)
    found = actions.propose_activation(Call(DUTY), plan_code="test-flood", inputs={"warning": "yellow"})
    results = together(
        lambda: actions.activate_plan(Call(DUTY), activation=found.pk),
        lambda: actions.activate_plan(Call(SECOND), activation=found.pk),
    )
    refused = [one for one in results if isinstance(one, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], Conflict)
    assert any(name in refused[0].detail.zh for name in ("韩涛", "李敏"))
    assert Task.objects.count() == 1


@_race
def test_reports_at_once_open_one_incident(organisation: None) -> None:
    results = together(*[lambda n=n: report(f"r{n}", lon=117 + n / 10_000) for n in range(6)])
    assert not [one for one in results if isinstance(one, Exception)]
    assert Incident.objects.count() == 1
    assert IncidentReport.objects.count() == Incident.objects.get().reports_count == 6


@_race
def test_proposals_at_once_are_one_activation(organisation: None) -> None:
    actions.register_plan(Call.system("command"), document=PLAN)
    results = together(
        *[
            lambda: actions.propose_activation(
                Call(DUTY), plan_code="test-flood", inputs={"warning": "yellow"}
            )
            for _ in range(4)
        ]
    )
    assert len({one.pk for one in results}) == 1
