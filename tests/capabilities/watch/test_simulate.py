"""The demo city's rules: tried, approved by another, in force, with one alarm that explains itself as 模拟."""

from __future__ import annotations

import numpy as np
import pytest

from quancheng.capabilities.things import actions as things
from quancheng.capabilities.things.models import Alarm
from quancheng.capabilities.watch import queries, simulate
from quancheng.capabilities.watch.models import Episode, Trial
from quancheng.kernel.actions import Call

pytestmark = pytest.mark.django_db


def station(code: str, kind: str, protocol: str) -> dict:
    return {
        "code": code, "zh": f"{code}站", "en": f"Station {code}", "kind": kind, "lon": 117.02, "lat": 36.65,
        "region": "370102", "department": "jn-environment", "protocol": protocol, "status": "online",
        "simulated": True,
    }  # fmt: skip


def test_the_demo_has_rules_in_force_and_an_alarm_that_explains_itself(now, log, runner):
    rows = [station("JN-A-001", "air", "HJ212"), station("JN-W-001", "manhole", "NBIOT")]
    things.register_stations(Call.system("things", simulated=True), rows=rows)
    said = simulate.seed(None, np.random.default_rng(1))
    assert said.startswith("10 条规则生效")
    assert queries.in_force().count() == len(simulate.DEMO)
    assert all(one.written_by != one.approved_by for one in queries.in_force())
    trials = dict(Trial.objects.values_list("version__rule__code", "firings"))
    assert (trials["air-so2-hour"], trials["air-o3-hour"], trials["manhole-full"]) == (1, 0, 1)
    alarm = Alarm.objects.get()
    assert (alarm.rule.code, alarm.key, alarm.is_simulated) == ("watch.manhole-full", "JN-W-001", True)
    assert [row["value"] for row in alarm.evidence] == ["1.25", "1.31"]
    assert "不低于1.2 m连续2次" in alarm.finding["condition"]["zh"]
    runner().step()  # the component begins: it reads the same log and tells nothing twice
    assert (Alarm.objects.get().count, Episode.objects.count()) == (1, 1)
    assert simulate.seed(None, np.random.default_rng(1)) is None
