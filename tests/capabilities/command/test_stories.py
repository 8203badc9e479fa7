"""What people do: report, verify, propose, activate, accept, prove, check, close; who may and who may not."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from tests.capabilities.command.conftest import AFTERNOON, COMMANDER, DUTY, PLAN, SECOND, report, responder

from quancheng.capabilities.command import actions, queries
from quancheng.capabilities.command.models import Incident, IncidentEvent, PlanActivation, Task
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn
from quancheng.kernel.events.models import OutboxEvent

pytestmark = pytest.mark.django_db


def told(type: str) -> list[dict[str, Any]]:
    return [row.data for row in OutboxEvent.objects.filter(type=type).order_by("id")]


def picture() -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "blue").save(stream, "PNG")
    return SimpleUploadedFile("现场.png", stream.getvalue(), "image/png")


def test_reports_of_one_thing_are_one_incident(afternoon: datetime, organisation: None) -> None:
    first = report("a", level=3)
    assert first.number == "SJ20260718-0001"
    assert first.lead.code == "jn-water"
    second = report("b", lon=117.002, level=2, source_kind="person")
    assert second.pk == first.pk
    assert (second.reports_count, second.level) == (2, 2)
    assert report("b", lon=117.002, level=2, source_kind="person").reports_count == 2
    assert report("c", lon=117.2).pk != first.pk
    assert report("d", exercise="drill").pk != first.pk
    assert [one["number"] for one in told("command.incident.opened")][:1] == [first.number]
    assert told("command.incident.level_changed")[0]["before"] == 3


def test_unlocated_reports_are_never_merged(afternoon: datetime, organisation: None) -> None:
    assert report("a", located=False).pk != report("b", located=False).pk
    assert report("c").pk not in set(Incident.objects.filter(located=False).values_list("pk", flat=True))


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "nothing.at_all"}, {"level": 5}, {"level": True}, {"lon": 181}, {"lat": float("nan")}, {"region": "３７０１０２"},
        {"region": "37"}, {"title": ""}, {"title": "x" * 200}, {"title": 3}, {"source_kind": "rumour"}, {"source_ref": ""},
        {"occurred_at": AFTERNOON + timedelta(days=1)}, {"exercise": "a b"}, {"text": "x" * 501},
        {"photo": SimpleUploadedFile("x.png", b"not a picture")},
    ],
)  # fmt: skip
def test_odd_reports_are_refused(afternoon: datetime, organisation: None, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        report("a", **wrong)
    assert not Incident.objects.exists()


def test_an_incident_from_report_to_close(afternoon: datetime, plan: Any) -> None:
    incident = report("a")
    actions.verify_incident(Call(DUTY), incident=incident, note="视频核实")
    task = actions.issue_task(
        Call(DUTY), incident=incident, title="抽排", department="jn-water", due_minutes=30
    )
    crew = responder()
    actions.accept_task(Call(crew), task=task)
    assert incident.refresh().state == "responding"
    actions.arrive(Call(crew), task=task, lon=117.0, lat=36.67)
    with pytest.raises(Conflict) as refused:
        actions.close_incident(Call(DUTY), incident=incident, note="完")
    assert refused.value.extra["open_tasks"] == [task.number]
    assert task.number in refused.value.detail.zh
    actions.prove_task(Call(crew), task=task, text="积水已排", photo=picture())
    actions.return_task(Call(DUTY), task=task, reason="照片看不清")
    actions.prove_task(Call(crew), task=task, text="已补照片", photo=picture())
    done = actions.verify_task(Call(DUTY), task=task)
    assert (done.state, done.minutes) == ("closed", 0.0)
    actions.control_incident(Call(DUTY), incident=incident)
    closed = actions.close_incident(Call(DUTY), incident=incident, note="恢复通行")
    assert closed.state == "closed"
    found = queries.after_action(COMMANDER, incident=closed)
    verbs = [step.verb for step in found.steps]
    assert verbs == [
        "report",
        "verify",
        "issue",
        "accept",
        "arrive",
        "prove",
        "return",
        "prove",
        "verify",
        "control",
        "close",
    ]
    assert all(step.evidence for step in found.steps)
    assert found.totals["closed"] == found.totals["tasks"] == found.totals["on_time"] == 1
    assert found.durations["to_close"] == 0.0
    for name in ("issued", "accepted", "proved", "returned", "verified", "closed"):
        assert told(f"command.task.{name}")[0]["number"] == task.number, name


def test_the_handler_does_not_check_himself(afternoon: datetime, organisation: None) -> None:
    task = actions.issue_task(Call(DUTY), title="巡查", department="jn-water", exercise="drill")
    both = Actor(ActorKind.OFFICIAL, "兼任", user_id=55, grants=(*responder().grants, *DUTY.grants))
    actions.accept_task(Call(both), task=task)
    actions.prove_task(Call(responder()), task=task, text="完成")
    with pytest.raises(Forbidden) as refused:
        actions.verify_task(Call(both), task=task)
    assert "经办人" in refused.value.detail.zh
    assert actions.verify_task(Call(SECOND), task=task).state == "closed"


def test_rights(afternoon: datetime, plan: Any) -> None:
    incident, citizen = report("a"), Actor(ActorKind.PERSON, "市民甲", user_id=77)
    task = actions.issue_task(Call(DUTY), incident=incident, title="抽排", department="jn-water")
    with pytest.raises(NotSignedIn):
        report("x", call=Call(Actor.anonymous()))
    for deed in (
        lambda: actions.verify_incident(Call(citizen), incident=incident),
        lambda: actions.verify_incident(Call(responder()), incident=incident),
        lambda: actions.accept_task(Call(responder("jn-fire", 66)), task=task),
        lambda: actions.accept_task(Call(citizen), task=task),
        lambda: actions.verify_task(Call(responder()), task=task),
        lambda: actions.open_exercise(Call(citizen), code="x", title="x", starts_at=AFTERNOON),
        lambda: actions.register_plan(Call(COMMANDER), document=PLAN),
    ):
        with pytest.raises(Forbidden):
            deed()
    assert list(queries.incidents(citizen)) == []
    with pytest.raises(NotFound):
        queries.task(responder("jn-fire", 66), task.number)
    report("citizen", call=Call(citizen), lon=117.3, source_kind="person")
    assert IncidentEvent.objects.order_by("id").last().actor == "市民"


def test_a_plan_is_proposed_explained_and_started(afternoon: datetime, plan: Any) -> None:
    rain = Call(Actor.system("weather"))
    assert actions.propose_activation(rain, plan_code="test-flood", inputs={"warning": "blue"}) is None
    found = actions.propose_activation(
        rain, plan_code="test-flood", inputs={"warning": "yellow"}, districts=["370102"]
    )
    assert (found.state, found.level) == ("proposed", 4)
    again = actions.propose_activation(
        rain, plan_code="test-flood", inputs={"warning": "yellow"}, districts=["370103"]
    )
    assert (again.pk, again.level, again.districts) == (found.pk, 3, ["370102", "370103"])
    assert again.reasons["rows"] == ["III-1"]
    assert [one["level"] for one in told("command.plan.proposed")] == [4, 3]
    running = actions.activate_plan(Call(DUTY), activation=found)
    assert running.state == "active"
    offices = sorted(task.department.region_code for task in Task.objects.filter(template="patrol"))
    assert len(offices) == 2
    assert queries.plan_level(DUTY) == 3
    worse = actions.propose_activation(rain, plan_code="test-flood", inputs={"warning": "red"})
    assert (worse.level, worse.proposed_level) == (3, 1)
    with pytest.raises(Forbidden):
        actions.raise_level(Call(DUTY), activation=running, level=1)
    raised = actions.raise_level(Call(COMMANDER), activation=running, level=1)
    assert (raised.state, raised.proposed_level) == ("raised", None)
    assert Task.objects.count() == 3
    with pytest.raises(Conflict):
        actions.end_activation(Call(COMMANDER), activation=running, note="雨停")
    for task in Task.objects.all():
        actions.withdraw_task(Call(COMMANDER), task=task, reason="演示")
    assert actions.end_activation(Call(COMMANDER), activation=running, note="雨停").state == "ended"
    later = actions.propose_activation(rain, plan_code="test-flood", inputs={"warning": "yellow"})
    assert later.pk != found.pk


def test_lowering_needs_a_reason(afternoon: datetime, plan: Any) -> None:
    found = actions.propose_activation(Call(DUTY), plan_code="test-flood", inputs={"warning": "red"})
    running = actions.activate_plan(Call(COMMANDER), activation=found)
    with pytest.raises(InvalidInput):
        actions.raise_level(Call(COMMANDER), activation=running, level=4)
    assert (
        actions.raise_level(Call(COMMANDER), activation=running, level=4, note="雨势减弱").state == "lowered"
    )


def test_the_second_to_decide_hears_who_was_first(afternoon: datetime, plan: Any) -> None:
    found = actions.propose_activation(Call(DUTY), plan_code="test-flood", inputs={"warning": "yellow"})
    stale = PlanActivation.objects.get(pk=found.pk)
    actions.activate_plan(Call(DUTY), activation=found)
    with pytest.raises(Conflict) as refused:
        actions.activate_plan(Call(SECOND), activation=stale)
    assert "韩涛" in refused.value.detail.zh
    assert "韩涛" in refused.value.detail.en
    assert Task.objects.count() == 1


def test_the_same_key_does_it_once(afternoon: datetime, plan: Any) -> None:
    first = actions.issue_task(Call(DUTY, key="k"), title="抽排", department="jn-water")
    assert actions.issue_task(Call(DUTY, key="k"), title="抽排", department="jn-water").pk == first.pk
    with pytest.raises(Conflict):
        actions.issue_task(Call(DUTY, key="k"), title="另一件", department="jn-water")


def test_a_started_version_of_a_plan_cannot_change(afternoon: datetime, plan: Any) -> None:
    actions.propose_activation(Call(DUTY), plan_code="test-flood", inputs={"warning": "yellow"})
    with pytest.raises(Conflict):
        actions.register_plan(Call.system("command"), document=PLAN | {"authority": "改"})
    newer = actions.register_plan(Call.system("command"), document=PLAN | {"version": "2", "authority": "改"})
    assert (newer.current, plan.refresh().current) == (True, False)


def test_late_tasks_are_escalated_once(afternoon: datetime, organisation: None) -> None:
    task = actions.issue_task(Call(DUTY), title="抽排", department="jn-water", due_minutes=10)
    with clock.at(afternoon + timedelta(minutes=9)):
        assert actions.escalate_overdue(Call.system("command")) == []
    with clock.at(afternoon + timedelta(minutes=11)):
        assert actions.escalate_overdue(Call.system("command")) == [task.number]
        assert actions.escalate_overdue(Call.system("command")) == []
        assert queries.task_counts(DUTY)["late"] == 1


def test_incidents_can_be_merged_by_hand(afternoon: datetime, organisation: None) -> None:
    one, two = report("a", level=3), report("b", lon=117.1, level=2)
    actions.issue_task(Call(DUTY), incident=two, title="抽排", department="jn-water")
    kept = actions.merge_incidents(Call(DUTY), source=two, target=one.number, reason="同一处")
    assert (kept.reports_count, kept.level, kept.tasks.count()) == (2, 2, 1)
    assert two.refresh().state == "merged"
    with pytest.raises(InvalidInput):
        actions.merge_incidents(Call(DUTY), source=kept, target=kept, reason="x")
    with pytest.raises(Conflict):
        actions.merge_incidents(Call(DUTY), source=kept, target=two, reason="x")


def test_deeds_in_a_drill_are_dated_by_its_clock(organisation: None) -> None:
    start = datetime(2007, 7, 18, 17, 0, tzinfo=clock.LOCAL)
    with clock.at(start):
        actions.open_exercise(Call(DUTY), code="D1", title="演练", starts_at=start, speed=60)
        report("a", exercise="D1")
    actions.tick_exercise(Call(DUTY), code="D1", virtual_at=start + timedelta(minutes=30), fraction=0.5)
    incident = Incident.objects.get(exercise="D1")
    actions.verify_incident(Call(DUTY), incident=incident)
    at = incident.refresh().changed_at
    assert start + timedelta(minutes=30) <= at <= start + timedelta(minutes=61)
    assert incident.number.startswith("YL20070718-")
    assert actions.close_exercise(Call(DUTY), code="D1").state == "ended"
    assert actions.clear_exercise(Call(DUTY), code="D1") > 0
    assert not Incident.objects.exists()
    with pytest.raises(InvalidInput):
        actions.clear_exercise(Call(DUTY), code="")


def test_an_alarm_becomes_a_report_and_a_task_a_message(afternoon: datetime, organisation: None) -> None:
    from django.db import transaction
    from tests.capabilities.command.conftest import account

    from quancheng.capabilities.command import subscriptions  # noqa: F401
    from quancheng.capabilities.messages.models import Message

    user = account("crew", "command.responder", "jn-water")
    alarm = {
        "alarm": 12, "rule": "weather.rain_red", "name": {"zh": "积水超限", "en": "Ponding"}, "level": 2,
        "incident_type": "command.flooding", "amount": "0.4", "threshold": "0.3", "unit": "m",
        "raised_at": afternoon.isoformat(), "evidence": "/work/things/alarms/12/", "exercise": "", "simulated": True,
        "station": {"code": "P1", "zh": "北园", "en": "Beiyuan", "lon": 117.0, "lat": 36.67, "region": "370105"},
    }  # fmt: skip
    with transaction.atomic():
        events.emit("things.alarm.raised", "P1", alarm)
        events.emit("things.alarm.raised", "P1", alarm | {"incident_type": ""})
    events.drain(strict=True)
    incident = Incident.objects.get()
    assert (incident.level, incident.source, incident.reports.get().source_ref) == (2, "sensor", "alarm:12")
    actions.issue_task(Call(DUTY), incident=incident, title="抽排", department="jn-water")
    events.drain(strict=True)
    assert Message.objects.filter(user_id=user.pk, source__endswith=":issued").count() == 1
