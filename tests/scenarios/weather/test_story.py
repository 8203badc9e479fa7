"""A storm from the first crossing to the cancellation; who may do what; nobody is second."""

from __future__ import annotations

from datetime import timedelta

import pytest

from quancheng.core.cap import check_chain, from_xml
from quancheng.kernel import clock, events
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn
from quancheng.scenarios.weather import actions, queries, steps
from quancheng.scenarios.weather.flow import State
from quancheng.scenarios.weather.models import Warning, WarningEvent
from tests.scenarios.weather.conftest import ANN, BOB, BOTH, CAT, DUTY, STORM, call, draft_of

SYSTEM = Actor.system("weather")


def _only() -> Warning:
    return Warning.objects.get()


def _published(kind: str = "weather.warning.published") -> list[dict]:
    events.drain()
    return [event.data for event in events.tail(0, [kind], 500)]


def _messages(exercise: str = "") -> list:
    return [from_xml(bytes(row.xml)) for row in Warning.objects.exclude(xml=None).filter(exercise=exercise)]


def test_rain_drafts_and_two_people_publish(rain, storm) -> None:
    rain(4)
    row = _only()
    assert (row.state, row.level, row.districts, row.drafted_by) == ("draft", 4, ["370102"], "system:weather")
    assert row.crossed_at == STORM
    assert "市政府" in row.description["zh"]
    assert row.basis[0]["evidence"] == "/work/things/alarms/1/"
    storm.advance(timedelta(minutes=2))
    actions.submit_warning(call(BOTH), warning=row)
    with pytest.raises(Forbidden):
        actions.approve_warning(call(BOTH), warning=row)
    done = actions.approve_warning(call(BOB), warning=row)
    assert done.state == State.PUBLISHED
    assert done.expires - done.effective == timedelta(hours=6)
    (told,) = _published()
    assert (told["number"], told["colour"], told["msg_type"], told["level"]) == (
        row.number,
        "blue",
        "alert",
        4,
    )
    assert told["crossed_at"] == STORM.isoformat()
    assert [each.verb for each in row.log.all()] == ["draft", "submit", "publish"]


def test_namesakes_are_two_people_and_one_user_is_one(storm) -> None:
    """Four eyes go by the user, not by the name: 崔敏 (11) drafted, another 崔敏 (14) approves."""
    made = actions.draft_warning(call(ANN), draft=draft_of())
    actions.submit_warning(call(ANN), warning=made)
    assert actions.approve_warning(call(BOTH), warning=made).state == State.PUBLISHED


def test_who_edited_may_not_approve(storm) -> None:
    made = actions.draft_warning(call(ANN), draft=draft_of())
    actions.edit_draft(call(BOTH), warning=made, draft=draft_of(2))
    actions.submit_warning(call(ANN), warning=made)
    with pytest.raises(Forbidden):
        actions.approve_warning(call(BOTH), warning=made)


def test_crossings_join_a_draft_and_a_submitted_one_comes_back(rain, storm) -> None:
    rain(4)
    actions.submit_warning(call(ANN), warning=_only())
    seen = _only().revision
    storm.advance(timedelta(minutes=1))
    rain(3, "370103", number=2)
    row = _only()
    assert (row.state, row.level, row.districts) == ("draft", 3, ["370102", "370103"])
    assert "发布暴雨黄色" in row.headline["zh"]
    assert "升级" not in row.headline["zh"]  # nothing was published before
    assert [one["alarm"]["alarm"] for one in row.basis] == [2, 1]
    actions.submit_warning(call(ANN), warning=row)
    with pytest.raises(Conflict):
        actions.approve_warning(call(BOB), warning=row, seen=seen)
    assert actions.approve_warning(call(BOB), warning=row, seen=_only().revision).state == State.PUBLISHED


def test_a_milder_crossing_widens_and_keeps_level_and_crossing(rain, storm) -> None:
    rain(2)
    storm.advance(timedelta(minutes=5))
    rain(4, "370104", number=2)
    row = _only()
    assert (row.level, row.districts, row.crossed_at) == (2, ["370102", "370104"], STORM)
    rain(4, "370104", number=3)
    assert len(_only().basis) == 2


def test_a_published_warning_is_followed_by_an_update(rain, storm) -> None:
    rain(4)
    first = _only()
    actions.submit_warning(call(ANN), warning=first)
    actions.approve_warning(call(BOB), warning=first)
    rain(1, number=2)
    second = Warning.objects.exclude(pk=first.pk).get()
    assert (second.msg_type, second.previous_id, second.level) == ("update", first.pk, 1)
    assert "升级发布暴雨红色" in second.headline["zh"]
    actions.submit_warning(call(ANN), warning=second)
    second = actions.approve_warning(call(CAT), warning=second)  # within the same second
    first.refresh_from_db()
    assert first.state == State.SUPERSEDED
    assert check_chain(_messages()) == ()
    assert list(queries.in_force()) == [second]
    ended = actions.cancel_warning(call(BOB), warning=second, reason="雨停")
    assert (ended.msg_type, ended.state) == ("cancel", "cancelled")
    assert check_chain(_messages()) == ()
    assert [told["msg_type"] for told in _published()] == ["alert", "update", "cancel"]
    assert not queries.in_force().exists()
    rain(3, number=3)
    assert queries.newest("", clock.now()).msg_type == "alert"


def test_an_alarm_told_twice_drafts_once_and_other_alarms_draft_nothing(rain, storm) -> None:
    rain(3)
    rain(3)
    assert Warning.objects.count() == 1
    rain(3, "999999", number=4)
    assert _only().districts == ["370102"]


def test_a_draft_of_an_earlier_storm_is_left_alone(rain, storm) -> None:
    rain(4)
    storm.advance(timedelta(days=2))
    rain(3, "370103", number=2)
    assert Warning.objects.count() == 2
    assert Warning.objects.get(level=3).districts == ["370103"]


def test_drills_are_apart(rain, publish, storm) -> None:
    publish(exercise="drill-1")
    rain(3)
    assert Warning.objects.filter(exercise="").get().state == State.DRAFT
    row = Warning.objects.get(exercise="drill-1")
    assert row.number == "YL-drill-1-001"
    assert row.simulated
    assert from_xml(bytes(row.xml)).status == "Exercise"
    assert not queries.in_force().exists()


def test_return_withdraw_and_reasons(storm) -> None:
    made = actions.draft_warning(call(ANN), draft=draft_of())
    with pytest.raises(Conflict):
        actions.return_warning(call(BOB), warning=made, reason="早了")
    actions.submit_warning(call(ANN), warning=made)
    with pytest.raises(InvalidInput):
        actions.return_warning(call(BOB), warning=made, reason=" \x00 ")
    actions.return_warning(call(BOB), warning=made, reason="区域不对")
    actions.withdraw_warning(call(ANN), warning=made, reason="雨停")
    made.refresh_from_db()
    assert made.state == State.WITHDRAWN
    with pytest.raises(Conflict, match="撤回"):
        actions.submit_warning(call(ANN), warning=made)
    assert not _published()


def test_the_second_of_two_approvers_is_told(storm) -> None:
    made = actions.draft_warning(call(ANN), draft=draft_of())
    actions.submit_warning(call(ANN), warning=made)
    stale = Warning.objects.get(pk=made.pk)
    actions.approve_warning(call(BOB), warning=made)
    with pytest.raises(Conflict, match="宋立新"):
        actions.approve_warning(call(CAT), warning=stale)
    assert len(_published()) == 1


def test_the_same_key_publishes_once(storm) -> None:
    made = actions.draft_warning(call(ANN, "k1"), draft=draft_of())
    assert actions.draft_warning(call(ANN, "k1"), draft=draft_of()).pk == made.pk
    with pytest.raises(Conflict):
        actions.draft_warning(call(ANN, "k1"), draft=draft_of(1))


def test_two_updates_of_one_warning_only_one_is_published(publish, storm) -> None:
    first = publish()
    one, two = (actions.draft_warning(call(ANN), draft=draft_of(2), previous=first) for _ in range(2))
    actions.submit_warning(call(ANN), warning=one)
    actions.submit_warning(call(ANN), warning=two)
    actions.approve_warning(call(BOB), warning=one)
    two.refresh_from_db()
    assert two.state == State.WITHDRAWN
    with pytest.raises(Conflict):
        actions.approve_warning(call(BOB), warning=two)
    with pytest.raises(Conflict):
        actions.draft_warning(call(ANN), draft=draft_of(1), previous=first)
    assert check_chain(_messages()) == ()


def test_expiry_ends_real_warnings_and_a_late_update_still_goes_out(publish, storm) -> None:
    first, drill = publish(), publish(exercise="drill-2")
    update = actions.draft_warning(call(ANN), draft=draft_of(2), previous=first)
    actions.submit_warning(call(ANN), warning=update)
    assert actions.expire_warnings(call(SYSTEM)) == 0
    storm.set(first.expires)
    assert not queries.in_force().exists()
    assert actions.expire_warnings(call(SYSTEM)) == 1
    first.refresh_from_db()
    drill.refresh_from_db()
    assert (first.state, drill.state) == (State.EXPIRED, State.PUBLISHED)
    assert actions.approve_warning(call(BOB), warning=update).state == State.PUBLISHED
    first.refresh_from_db()
    assert first.state == State.EXPIRED
    assert check_chain(_messages()) == ()
    with pytest.raises(Conflict):
        actions.cancel_warning(call(BOB), warning=first, reason="雨停")


@pytest.mark.parametrize(
    ("deed", "actor"),
    [
        (lambda c, w: actions.draft_warning(c, draft=draft_of()), BOB),
        (lambda c, w: actions.edit_draft(c, warning=w, draft=draft_of()), DUTY),
        (lambda c, w: actions.submit_warning(c, warning=w), BOB),
        (lambda c, w: actions.approve_warning(c, warning=w), ANN),
        (lambda c, w: actions.return_warning(c, warning=w, reason="x"), ANN),
        (lambda c, w: actions.cancel_warning(c, warning=w, reason="x"), DUTY),
        (lambda c, w: actions.expire_warnings(c), BOB),
    ],
)
def test_only_those_whose_work_it_is(storm, deed, actor) -> None:
    made = actions.draft_warning(call(ANN), draft=draft_of())
    entries = WarningEvent.objects.count()
    with pytest.raises(Forbidden):
        deed(call(actor), made)
    with pytest.raises((NotSignedIn, Forbidden)):
        deed(call(Actor.anonymous()), made)
    assert WarningEvent.objects.count() == entries


def test_a_stranger_sees_published_real_ones_only(publish, storm) -> None:
    real = publish()
    publish(exercise="drill-3")
    actions.draft_warning(call(ANN), draft=draft_of())
    assert list(queries.warnings(Actor.anonymous())) == [real]
    assert queries.warnings(DUTY).count() == 3


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (draft_of(5), "level"),
        (draft_of(True), "level"),
        (draft_of(districts=()), "districts"),
        (draft_of(districts=("000000",)), "districts"),
    ],
)
def test_a_bad_draft_names_its_field(storm, draft, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.draft_warning(call(ANN), draft=draft)
    assert field in refused.value.fields


@pytest.mark.parametrize("code", ["a/b", "with space", "x" * 41])
def test_a_bad_exercise_is_refused(storm, code) -> None:
    with pytest.raises(InvalidInput):
        actions.draft_warning(call(ANN), draft=draft_of(), exercise=code)


def test_history_is_written_but_not_announced(publish, storm) -> None:
    with steps.history():
        publish()
    assert Warning.objects.get().state == State.PUBLISHED
    assert not _published()
