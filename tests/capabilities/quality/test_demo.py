"""The demo: orders in every state, the same once, no page empty."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client
from tests.capabilities.quality.conftest import World

from quancheng.capabilities.people.actions import sync_departments
from quancheng.capabilities.people.models import User
from quancheng.capabilities.quality import indicators, queries, simulate
from quancheng.capabilities.quality.models import OPEN_STATES, Issue, Run, Sheet
from quancheng.kernel import events
from quancheng.kernel.actions import Call


@pytest.fixture
def demo(db: None) -> str:
    sync_departments(Call.system("people"))
    said = simulate.seed(None, np.random.default_rng(7))
    assert said is not None
    return said


def test_the_demo_has_orders_in_every_state_and_is_made_once(
    demo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = World.official("bureau", "quality.bureau", region="3701")
    assert simulate.seed(None, np.random.default_rng(7)) is None
    states = set(Issue.objects.values_list("state", flat=True))
    assert states >= {
        "found",
        "ordered",
        "repairing",
        "checking",
        "passed",
        "disputed",
        "withdrawn",
        "accepted",
    }
    assert Sheet.objects.count() == 10 and not Sheet.objects.exclude(fault={}).exists()
    assert all(sheet.simulated and sheet.score is not None for sheet in Sheet.objects.all())
    assert Run.objects.count() > 25 and Issue.objects.filter(state__in=OPEN_STATES).count() > 10
    assert {issue.origin for issue in Issue.objects.all()} == {"rule", "drift", "doubt"}
    lines = queries.board(bureau)
    assert len(lines) == 8 and any(line.rate.rate for line in lines)
    rate = indicators.repair_rate()
    assert 0 < rate["numerator"] < rate["denominator"]
    assert indicators.mean_score()["value"] > 90 and indicators.overdue()["value"] > 0
    monkeypatch.setattr("quancheng.kernel.middleware._loader", lambda: lambda who, request: bureau)
    client = Client()
    client.force_login(User.objects.get(pk=bureau.user_id))
    for path in ("", "tables/", "issues/", "rules/"):
        assert client.get(f"/work/quality/{path}").status_code == 200
    for sheet in Sheet.objects.all():
        assert client.get(sheet.get_absolute_url()).status_code == 200
    for issue in Issue.objects.all():
        assert client.get(issue.get_absolute_url()).status_code == 200
    events.drain(strict=True)
