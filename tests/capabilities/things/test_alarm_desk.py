"""The alarm desk: raised by other modules' rules, one row a storm, muted, escalated, downgraded, closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.capabilities.things.conftest import NOON, OPERATOR, SLOT, Rain

from quancheng.capabilities.things import actions
from quancheng.capabilities.things.models import Alarm, AlarmOccurrence, AlarmRule
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from quancheng.kernel.events.models import OutboxEvent

pytestmark = pytest.mark.django_db
WATCH = Call.system("watch")


def crossing(**other: Any) -> dict[str, Any]:
    """PM2.5 above its limit at a micro station, as the rules module tells it."""
    return {
        "rule": "watch.pm25_high", "rule_version": 3, "name": {"zh": "细颗粒物偏高", "en": "PM2.5 high"},
        "level": 3, "key": "things:T-001", "stream": 41, "at": NOON, "detected_at": NOON + timedelta(seconds=20),
        "readings": [(41, int(NOON.timestamp()) * 1_000_000, 182.5)],
        "finding": {"threshold": 150, "unit": "μg/m³", "property": "pm25"},
        "incident_type": "watch.air", "simulated": True,
    } | other  # fmt: skip


def test_an_alarm_of_another_module_explains_itself(gauges) -> None:
    pk = actions.raise_alarm(WATCH, **crossing())
    alarm = Alarm.objects.select_related("rule", "station").get(pk=pk)
    assert (alarm.key, alarm.station.code, alarm.rule.code, alarm.rule.version) == (
        "T-001", "T-001", "watch.pm25_high", 3
    )  # fmt: skip
    assert (float(alarm.amount), float(alarm.threshold), alarm.unit) == (182.5, 150.0, "μg/m³")
    assert alarm.evidence == [{"time": "2026-07-18T12:00:00+08:00", "value": "182.5", "stream": 41}]
    assert not alarm.rule.active, "what others decide is never evaluated here"


def test_raising_again_is_the_same_alarm_and_a_storm_is_one_row(gauges) -> None:
    first = actions.raise_alarm(WATCH, **crossing())
    assert actions.raise_alarm(WATCH, **crossing()) == first
    assert actions.raise_alarm(WATCH, **crossing(key="T-001")) == first, "code and thing key are one place"
    assert Alarm.objects.get().count == 1
    for minute in range(1, 40):
        at = NOON + timedelta(minutes=minute)
        assert actions.raise_alarm(WATCH, **crossing(at=at, detected_at=at, level=2)) == first
    alarm = Alarm.objects.get()
    assert (alarm.count, alarm.level, alarm.last_at) == (40, 2, NOON + timedelta(minutes=39))
    assert AlarmOccurrence.objects.count() == 40
    assert actions.raise_alarm(WATCH, **crossing(key="T-002")) != first


def test_after_closing_the_next_crossing_is_a_new_alarm_but_the_old_one_is_remembered(gauges) -> None:
    first = actions.raise_alarm(WATCH, **crossing())
    actions.end_alarm(WATCH, alarm=first, at=NOON + timedelta(minutes=9))
    actions.close_alarm(Call(OPERATOR), alarm=first, note="洒水车作业", result="false")
    assert actions.raise_alarm(WATCH, **crossing()) == first, "the same crossing told again after a restart"
    second = actions.raise_alarm(WATCH, **crossing(at=NOON + timedelta(hours=1)))
    assert second != first
    assert Alarm.objects.get(pk=first).result == "false"


def test_ended_and_repeated(gauges) -> None:
    pk = actions.raise_alarm(WATCH, **crossing())
    actions.end_alarm(WATCH, alarm=pk, at=NOON + timedelta(minutes=9))
    actions.end_alarm(WATCH, alarm=pk, at=NOON + timedelta(minutes=10))
    assert Alarm.objects.get().ended_at == NOON + timedelta(minutes=9)
    actions.raise_alarm(WATCH, **crossing(at=NOON + timedelta(hours=1)))
    assert Alarm.objects.get().ended_at is None


def test_a_thing_without_a_station_has_its_own_place(gauges) -> None:
    place = {
        "zh": "经十路摄像机",
        "en": "Camera Jingshi Road",
        "lon": 117.02,
        "lat": 36.65,
        "region": "370102",
    }
    pk = actions.raise_alarm(
        Call.system("video"),
        **crossing(key="video:37010200001320000001", stream=None, finding={"place": place}),
    )
    alarm = Alarm.objects.get(pk=pk)
    assert (alarm.station, alarm.text.zh, alarm.where, alarm.region) == (None, "经十路摄像机", "", "370102")


@pytest.mark.parametrize(
    "wrong",
    [{"level": 0}, {"level": 5}, {"key": ""}, {"rule": "nodot"}, {"at": NOON.replace(tzinfo=None)},
     {"readings": [(1, 10**30, 1.0)]}],
)  # fmt: skip
def test_nonsense_is_refused_and_nothing_stays(gauges, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        actions.raise_alarm(WATCH, **crossing(**wrong))
    assert not Alarm.objects.exists()


def test_people_may_not_raise(gauges) -> None:
    with pytest.raises(Forbidden):
        actions.raise_alarm(Call(OPERATOR), **crossing())
    with pytest.raises(NotFound):
        actions.end_alarm(WATCH, alarm=999, at=NOON)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, True, "x", None])
def test_odd_figures_leave_the_amount_open(gauges, value: Any) -> None:
    pk = actions.raise_alarm(WATCH, **crossing(finding={"amount": value, "threshold": value}, readings=[]))
    assert Alarm.objects.get(pk=pk).amount is None


def test_many_at_once_are_all_or_none(gauges) -> None:
    rows = [crossing(key=f"T-00{number}") for number in (1, 2, 3)]
    assert len(set(actions.raise_alarms(WATCH, rows=rows))) == 3
    with pytest.raises(InvalidInput):
        actions.raise_alarms(WATCH, rows=[crossing(key="T-RIVER"), crossing(level=9)])
    assert Alarm.objects.count() == 3
    assert AlarmRule.objects.filter(code="watch.pm25_high").count() == 1


# -- people -----------------------------------------------------------------------------------
def told() -> list[str]:
    """Types of the events of alarms, in order."""
    rows = OutboxEvent.objects.filter(type__startswith="things.alarm.").order_by("pk")
    return [kind.removeprefix("things.alarm.") for kind in rows.values_list("type", flat=True)]


def _tick(minutes: int) -> dict[str, int]:
    with clock.at(NOON + timedelta(minutes=minutes)):
        return actions.escalate_due(Call.system("things"))


@pytest.fixture
def holders(monkeypatch) -> dict[str, list[int]]:
    """Who holds which role; nobody unless a test says so."""
    from quancheng.capabilities.things import escalation

    found: dict[str, list[int]] = {"things.operator": [7], "command.duty": [9]}
    monkeypatch.setattr(escalation, "_holders", lambda role, office: found.get(role, []))
    return found


def test_an_alarm_nobody_acknowledges_goes_up_step_by_step(gauges, holders) -> None:
    """Yellow: after 60 minutes and again after 120; a step where nobody stands is passed over."""
    pk = actions.raise_alarm(WATCH, **crossing())
    assert _tick(59)["escalated"] == 0
    assert _tick(61)["escalated"] == 1
    assert _tick(62)["escalated"] == 0
    assert Alarm.objects.get().step == 1
    assert _tick(121)["escalated"] == 1
    alarm = Alarm.objects.get(pk=pk)
    assert alarm.step == 3, "no supervisor: the duty officer is told at once"
    up = alarm.steps.filter(what="escalated").order_by("pk")
    assert [(one.to_role, one.detail["told"]) for one in up] == [
        ("things.operator", 1), ("things.supervisor", 0), ("command.duty", 1)
    ]  # fmt: skip
    assert _tick(600)["escalated"] == 0
    assert told() == ["raised", "escalated", "escalated", "escalated"]


def test_acknowledged_or_ended_alarms_do_not_go_up(gauges, holders) -> None:
    one = actions.raise_alarm(WATCH, **crossing(level=1))
    two = actions.raise_alarm(WATCH, **crossing(level=1, key="T-002"))
    actions.acknowledge_alarm(Call(OPERATOR), alarm=one)
    actions.end_alarm(WATCH, alarm=two, at=NOON)
    assert _tick(300)["escalated"] == 0


def test_a_person_may_escalate_until_the_top(gauges, holders) -> None:
    pk = actions.raise_alarm(WATCH, **crossing())
    actions.escalate_alarm(Call(OPERATOR), alarm=pk, note="请上级处置")
    actions.escalate_alarm(Call(OPERATOR), alarm=pk, note="仍在恶化")
    with pytest.raises(Conflict):
        actions.escalate_alarm(Call(OPERATOR), alarm=pk, note="再升")


def test_a_muted_rule_is_recorded_and_told_when_the_mute_is_over(gauges, holders) -> None:
    first = actions.raise_alarm(WATCH, **crossing())
    actions.mute_alarm(Call(OPERATOR), alarm=first, until=NOON + timedelta(hours=4), reason="道路施工")
    actions.close_alarm(Call(OPERATOR), alarm=first, note="施工扬尘", result="false")
    at = NOON + timedelta(hours=1)
    second = actions.raise_alarm(WATCH, **crossing(at=at, detected_at=at))
    other = actions.raise_alarm(WATCH, **crossing(at=at, detected_at=at, key="T-002"))
    assert Alarm.objects.get(pk=second).untold
    assert told() == ["raised", "muted", "closed", "raised"], "only the other place is told"
    assert _tick(130) == {"told": 0, "escalated": 1, "closed": 0}
    assert Alarm.objects.get(pk=second).step == 0
    assert _tick(241)["told"] == 1
    assert told()[-1] == "raised" or "raised" in told()[4:]
    assert not Alarm.objects.get(pk=second).untold
    assert other != second


@pytest.mark.parametrize("hours", [-1, 0, 24 * 31])
def test_a_mute_has_an_end_and_a_reason(gauges, hours: int) -> None:
    pk = actions.raise_alarm(WATCH, **crossing())
    with clock.at(NOON), pytest.raises(InvalidInput):
        actions.mute_alarm(Call(OPERATOR), alarm=pk, until=NOON + timedelta(hours=hours), reason="x")
    with clock.at(NOON), pytest.raises(InvalidInput):
        actions.mute_alarm(Call(OPERATOR), alarm=pk, until=NOON + timedelta(hours=1), reason=" ")


def test_downgrading_needs_a_lower_level_and_a_reason(gauges) -> None:
    pk = actions.raise_alarm(WATCH, **crossing(level=1))
    for level, note in ((1, "x"), (9, "x"), (3, " ")):
        with pytest.raises(InvalidInput):
            actions.downgrade_alarm(Call(OPERATOR), alarm=pk, level=level, note=note)
    actions.downgrade_alarm(Call(OPERATOR), alarm=pk, level=3, note="范围很小")
    alarm = Alarm.objects.get()
    assert alarm.level == 3
    assert alarm.steps.get(what="downgraded").detail == {"before": 1, "level": 3}


def test_many_are_acknowledged_at_once_and_the_rest_is_named(gauges) -> None:
    pks = [actions.raise_alarm(WATCH, **crossing(key=f"T-00{n}")) for n in (1, 2, 3)]
    actions.close_alarm(Call(OPERATOR), alarm=pks[2], note="x")
    done = actions.acknowledge_alarms(Call(OPERATOR), alarms=[*pks, 999])
    assert done["acknowledged"] == pks[:2]
    assert set(done["skipped"]) == {str(pks[2]), "999"}


def test_an_ended_alarm_that_was_seen_closes_itself_after_a_day(gauges) -> None:
    pk = actions.raise_alarm(WATCH, **crossing())
    actions.acknowledge_alarm(Call(OPERATOR), alarm=pk)
    actions.end_alarm(WATCH, alarm=pk, at=NOON)
    assert _tick(60 * 23)["closed"] == 0
    assert _tick(60 * 25)["closed"] == 1
    assert Alarm.objects.get().result == "ended"


def test_filters_find_what_is_muted_escalated_or_over(gauges, holders) -> None:
    from quancheng.capabilities.things import queries

    pk = actions.raise_alarm(WATCH, **crossing())
    actions.raise_alarm(WATCH, **crossing(key="T-002"))
    with clock.at(NOON):
        actions.mute_alarm(Call(OPERATOR), alarm=pk, until=NOON + timedelta(hours=1), reason="x")
        for name in ("muted", "escalated", "ended"):
            numbers = [queries.alarms(OPERATOR, **{name: value}).count() for value in ("yes", "no", "")]
            assert numbers == ([1, 1, 2] if name == "muted" else [0, 2, 2])
        assert queries.alarms(OPERATOR, rule="watch.pm25_high", department="jn-hydrology").count() == 2


def test_a_mute_holds_for_rules_over_sl651_readings_too(gauges, hour_rule, rain: Rain) -> None:
    rain({1: ["1.0"] * 11})
    first = Alarm.objects.get()
    with clock.at(NOON + 12 * SLOT):
        until = NOON + timedelta(days=3)
        actions.mute_alarm(Call(OPERATOR), alarm=first.pk, until=until, reason="雨量筒清洗")
    dry = NOON + timedelta(hours=4)
    rain({1: ["0.0"] * 12}, NOON + 11 * SLOT)
    rain({1: ["0.0"] * 12}, dry)
    rain({1: ["1.5"] * 8}, dry + 12 * SLOT)
    second = Alarm.objects.exclude(pk=first.pk).get()
    assert second.untold
    assert told().count("raised") == 1
