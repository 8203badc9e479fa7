"""调阅: every play has a purpose, a rule it stands on, and a record; nobody decides for themselves."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.capabilities.video.conftest import APPROVER, NOON, OPERATOR, VIEWER, call, code, official

from quancheng.capabilities.video import actions, control_client, playing, queries
from quancheng.capabilities.video.models import PlayRequest, PlaySession
from quancheng.capabilities.video.signalling.tables import CityTables
from quancheng.capabilities.video.values import Change
from quancheng.kernel import access, clock, errors
from quancheng.kernel.actions import Call
from quancheng.kernel.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
SYSTEM = Call.system("video")
STRANGER = official(17, "video.viewer", "370103")
PURPOSE = "核实路面积水情况"


def ask(actor=VIEWER, camera: str = "", **other) -> PlayRequest:
    facts = {"camera": camera or code(1), "kind": "live", "purpose": PURPOSE} | other
    return actions.ask_play(call(actor), **facts)


def test_cameras_of_ones_own_area_at_once(cameras) -> None:
    made = ask()
    assert (made.rule, made.state) == (PlayRequest.Rule.OWN_AREA, PlayRequest.State.APPROVED)
    assert made.expires_at == NOON + timedelta(hours=24)


def test_cameras_of_others_after_approval(cameras) -> None:
    made = ask(camera=code(3, "370103"))
    assert (made.rule, made.state) == (PlayRequest.Rule.APPROVAL, PlayRequest.State.PENDING)
    with pytest.raises(errors.Forbidden):
        actions.open_session(call(VIEWER), request=made.pk)
    with pytest.raises(errors.Forbidden):
        actions.decide_request(call(VIEWER), request=made.pk, approve=True, note="")
    elsewhere = official(18, "video.approver", "370105")
    with pytest.raises(errors.Forbidden):
        actions.decide_request(call(elsewhere), request=made.pk, approve=True, note="")
    done = actions.decide_request(call(APPROVER), request=made.pk, approve=True, note="同意", hours=2)
    assert done.expires_at == NOON + timedelta(hours=2) and done.decided_by == "市局李处"
    with pytest.raises(errors.Conflict):
        actions.decide_request(call(APPROVER), request=made.pk, approve=False, note="改主意")
    assert actions.open_session(call(VIEWER), request=made.pk).until == NOON + timedelta(hours=1)
    with clock.at(NOON + timedelta(hours=3)), pytest.raises(errors.Expired):
        actions.open_session(call(VIEWER), request=made.pk)


@pytest.mark.parametrize("role", ["video.viewer", "video.approver", "video.operator"])
def test_a_role_without_region_and_department_watches_nothing_by_itself(cameras, role) -> None:
    nobody = official(21, role)
    for row in cameras:
        assert not access.allowed(nobody, "watch", row) and not access.allowed(nobody, "steer", row)
        with pytest.raises(errors.Forbidden):
            actions.steer_camera(call(nobody), camera=row.code, command="A50F0100000000B5", purpose=PURPOSE)
    assert not access.visible(nobody, PlayRequest, verb="decide").exists()
    if role != "video.viewer":
        with pytest.raises(errors.Forbidden):
            ask(nobody)
        return
    made = ask(nobody)
    assert (made.rule, made.state) == (PlayRequest.Rule.APPROVAL, PlayRequest.State.PENDING)
    with pytest.raises(errors.Forbidden):
        actions.open_session(call(nobody), request=made.pk)
    with pytest.raises(errors.Forbidden):
        actions.decide_request(call(official(22, "video.approver")), request=made.pk, approve=True, note="")
    actions.decide_request(call(APPROVER), request=made.pk, approve=True, note="同意")
    assert actions.open_session(call(nobody), request=made.pk).request_id == made.pk


def test_nobody_decides_on_their_own_request(cameras) -> None:
    both = official(8, "video.viewer", "370105")
    made = ask(both)
    with pytest.raises(errors.Forbidden):
        actions.decide_request(call(APPROVER), request=made.pk, approve=True, note="")
    with pytest.raises(errors.InvalidInput):
        actions.decide_request(
            call(official(88, "video.approver", "3701")), request=made.pk, approve=False, note=" "
        )


@pytest.mark.parametrize(
    ("other", "field"),
    [({"purpose": "看"}, "purpose"), ({"kind": "x"}, "kind"), ({"kind": "playback"}, "start"),
     ({"kind": "playback", "start": NOON, "end": NOON + timedelta(hours=1)}, "start"),
     ({"kind": "download", "start": NOON - timedelta(hours=30), "end": NOON}, "start")],
)  # fmt: skip
def test_a_request_without_sense_is_refused(cameras, other, field) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        ask(**other)
    assert field in refused.value.fields and not PlayRequest.objects.exists()


def test_who_may_not_even_ask(cameras) -> None:
    for actor in (APPROVER, OPERATOR):
        with pytest.raises(errors.Forbidden):
            ask(actor)
    with pytest.raises(errors.NotFound):
        ask(camera=code(99))


def test_a_request_is_only_for_its_asker(cameras) -> None:
    made = ask()
    with pytest.raises(errors.Forbidden):
        actions.open_session(call(STRANGER), request=made.pk)
    assert list(queries.requests(STRANGER)) == [] and list(queries.sessions(STRANGER)) == []
    with pytest.raises(errors.NotFound):
        queries.request(STRANGER, made.pk)


def test_a_play_from_beginning_to_end_with_its_record(cameras, monkeypatch) -> None:
    asked: list = []

    def signalling(what, **values):
        asked.append((what, values))
        return {"flv": "http://media/1.flv?token=t"} if what == "open" else True

    monkeypatch.setattr(control_client, "ask", signalling)
    session = playing.play(call(VIEWER), request=ask().pk)
    assert (session.state, session.urls["flv"]) == (PlaySession.State.PLAYING, "http://media/1.flv?token=t")
    facts = asked[0][1]["ask"]
    assert facts["watermark"] == "历下区王工 2026-07-18 12:00" and facts["peer"] == code(1)
    assert facts["until"] == (NOON + timedelta(hours=1)).timestamp()
    entry = AuditEntry.objects.filter(action="video.open_session").latest("pk")
    detail = json.loads(entry.detail)
    assert detail["purpose"] == PURPOSE and detail["viewer"] == "历下区王工"
    with pytest.raises(errors.Forbidden):
        playing.cut(call(STRANGER), session=session.pk, reason="?")
    ended = playing.cut(call(APPROVER), session=session.pk, reason="用途已满足")
    assert (ended.state, ended.urls, ended.end_reason) == (PlaySession.State.ENDED, {}, "用途已满足")
    assert asked[-1] == ("close", {"session": session.pk, "timeout": 10.0})
    assert actions.session_started(SYSTEM, session=session.pk, urls={"x": "y"}).urls == {}, (
        "an ended play stays ended"
    )
    assert actions.end_session(SYSTEM, session=session.pk, reason="again").end_reason == "用途已满足"


def test_a_camera_that_does_not_answer_leaves_a_failed_play(cameras, monkeypatch) -> None:
    def nothing(what, **values):
        raise errors.PartnerFailed()

    monkeypatch.setattr(control_client, "ask", nothing)
    with pytest.raises(errors.PartnerFailed):
        playing.play(call(VIEWER), request=ask().pk)
    assert PlaySession.objects.get().state == PlaySession.State.FAILED


def test_a_camera_that_is_off_is_not_asked(cameras) -> None:
    made = ask()
    actions.record_changes(SYSTEM, changes=[Change(code(1), False, NOON, "silence")])
    with pytest.raises(errors.Conflict):
        actions.open_session(call(VIEWER), request=made.pk)


def test_stale_plays_are_ended(cameras) -> None:
    session = actions.open_session(call(VIEWER), request=ask().pk)
    assert actions.end_stale_sessions(Call.system("video")) == 0
    with clock.at(NOON + timedelta(minutes=5)):
        assert actions.end_stale_sessions(Call.system("video")) == 1
    other = actions.open_session(call(VIEWER), request=ask().pk)
    assert CityTables().restarted() == 1
    assert {session.refresh().end_reason, other.refresh().end_reason} == {"未能建立", "信令服务重启"}


def test_steering_is_for_ones_own_area_and_recorded(cameras, monkeypatch) -> None:
    sent: list = []
    monkeypatch.setattr(control_client, "ask", lambda what, **values: sent.append((what, values["command"])))
    playing.steer(call(VIEWER), camera=code(1), direction="left", speed=31, purpose="查看积水")
    assert sent == [("ptz", "A50F01021F0000D6")]
    entry = AuditEntry.objects.filter(action="video.steer_camera").latest("pk")
    assert json.loads(entry.detail) == {
        "camera": code(1),
        "command": "A50F01021F0000D6",
        "purpose": "查看积水",
    }
    for wrong in ({"direction": "round"}, {"speed": 256}, {"purpose": " "}):
        facts = {"camera": code(1), "direction": "left", "speed": 1, "purpose": "查看"} | wrong
        with pytest.raises(errors.InvalidInput):
            playing.steer(call(VIEWER), **facts)
    with pytest.raises(errors.Forbidden):
        playing.steer(call(STRANGER), camera=code(1), direction="left", speed=1, purpose="查看")
    assert len(sent) == 1


def test_an_upper_platform_watches_within_its_permission(cameras) -> None:
    tables, upper = CityTables(), "37000000002000000001"
    actions.register_platform(
        SYSTEM, code=upper, name="省平台", direction="upper", region="370000", host="192.0.2.1", password="p",
        share_region="370102",
    )  # fmt: skip
    assert [one.code for one in tables.shared(upper)] == [code(1), code(2)]
    with pytest.raises(errors.Forbidden):
        tables.open_upper(upper, code(1), "live")
    with pytest.raises(errors.Forbidden):
        tables.upper_may(upper, code(1))
    with pytest.raises(errors.InvalidInput):
        actions.open_to_upper(
            call(OPERATOR), code=upper, share_region="370102", may_play_until=NOON, purpose=""
        )
    actions.open_to_upper(
        call(OPERATOR),
        code=upper,
        share_region="370102",
        may_play_until=NOON + timedelta(minutes=30),
        purpose="防汛会商",
    )
    session, peer, until = tables.open_upper(upper, code(1), "live")
    assert (peer, until) == (code(1), (NOON + timedelta(minutes=30)).timestamp())
    row = PlaySession.objects.get(pk=session)
    assert (row.purpose, row.viewer, row.viewer_id) == ("防汛会商", f"省平台 {upper}", None)
    assert tables.upper_may(upper, code(1)) == code(1)
    with pytest.raises(errors.NotFound):
        tables.open_upper(upper, code(3, "370103"), "live")
    tables.started(session, {})
    tables.ended(session, "上级平台结束", False)
    assert row.refresh().state == PlaySession.State.ENDED
    with clock.at(NOON + timedelta(hours=1)), pytest.raises(errors.Forbidden):
        tables.open_upper(upper, code(1), "live")
