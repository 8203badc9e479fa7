"""Two at once: one wins, the other hears who did it; reports of one thing stay one incident."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from quancheng.capabilities.command import actions
from quancheng.capabilities.command.models import Incident, IncidentReport, Task
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict
from tests.capabilities.command.conftest import AFTERNOON, DUTY, PLAN, SECOND, report

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_reports_at_once_open_one_incident(organisation: None) -> None:
    results = together(*[lambda n=n: report(f"r{n}", lon=117 + n / 10_000) for n in range(6)])
    assert not [one for one in results if isinstance(one, Exception)]
    assert Incident.objects.count() == 1
    assert IncidentReport.objects.count() == Incident.objects.get().reports_count == 6


def test_proposals_at_once_are_one_activation(organisation: None) -> None:
    actions.register_plan(Call.system("command"), document=PLAN)
    results = together(
        *[
            lambda: actions.propose_activation(Call(DUTY), plan_code="test-flood", inputs={"warning": "yellow"})
            for _ in range(4)
        ]
    )
    assert len({one.pk for one in results}) == 1
