"""视频事件: rows, observations in SensorThings streams, alarms for smoke and fire; the same event once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.capabilities.video.conftest import NOON, OPERATOR, VIEWER, call, code

from quancheng.capabilities.observations import mapping
from quancheng.capabilities.observations import queries as store
from quancheng.capabilities.sensorthings import queries as sensorthings
from quancheng.capabilities.things.models import Alarm as ThingsAlarm
from quancheng.capabilities.video import actions
from quancheng.capabilities.video.models import Camera, VideoEvent
from quancheng.capabilities.video.values import Sighting
from quancheng.core.gb28181.manscdp import Alarm, Position
from quancheng.kernel import errors
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

pytestmark = pytest.mark.django_db
SOURCE = Actor(ActorKind.DEVICE, "分析系统", grants=(RoleGrant("video.source"),))


def seen(number: int = 1, **other: Any) -> Sighting:
    one = Sighting(f"ev-2026-{number:05d}", code(1), "crowd", NOON - timedelta(seconds=number), 0.9, count=37)
    return replace(one, **other)


def send(*events: Sighting, actor: Actor = SOURCE) -> list:
    return actions.receive_events(call(actor), events_in=events)


def test_a_crowd_becomes_an_observation(cameras) -> None:
    (one,) = send(seen(box=(0.1, 0.2, 0.6, 0.9), picture="a" * 64))
    assert one.status == "accepted" and one.alarm is None
    fact = sensorthings.stream(one.stream)
    assert (fact.key, fact.thing_key, fact.public) == (f"video:{code(1)}:crowd", f"video:{code(1)}", False)
    (kept,) = store.find(streams=[one.stream], limit=10)
    assert (kept.result, kept.time) == (37, int((NOON - timedelta(seconds=1)).timestamp() * 1e6))
    assert kept.extra["parameters"]["event"] == "ev-2026-00001"


def test_the_same_event_again_is_one_and_other_content_a_conflict(cameras) -> None:
    first, second = send(seen()), send(seen(), seen())
    assert [one.status for one in second] == ["duplicate", "duplicate"] and second[0].stream == first[
        0
    ].stream
    assert len(store.find(streams=[first[0].stream], limit=10)) == 1
    with pytest.raises(errors.Conflict):
        send(seen(2), seen(count=38))
    assert VideoEvent.objects.count() == 1, "all of a batch or nothing"


def test_smoke_raises_an_alarm_when_it_is_sure_enough(cameras) -> None:
    unsure, sure = send(seen(kind="smoke", confidence=0.4), seen(2, kind="fire", confidence=0.95))
    assert unsure.alarm is None and sure.alarm is not None
    alarm = ThingsAlarm.objects.get(pk=sure.alarm)
    assert alarm.level == 1
    assert VideoEvent.objects.get(event_id="ev-2026-00002").alarm == alarm.pk


@pytest.mark.parametrize(
    ("other", "field"),
    [({"event_id": "x"}, "event_id"), ({"kind": "face"}, "kind"), ({"kind": "device-alarm"}, "kind"),
     ({"confidence": float("nan")}, "confidence"), ({"count": -1}, "count"), ({"box": (0.5, 0, 0.2, 1)}, "box"),
     ({"picture": "/etc/passwd"}, "picture"), ({"at": NOON + timedelta(hours=1)}, "at"), ({"detail": "\x00"}, "detail")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_place(cameras, other, field) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        send(seen(), seen(2, **other))
    assert f"1.{field}" in refused.value.fields and not VideoEvent.objects.exists()


def test_unknown_cameras_and_people_without_the_right(cameras) -> None:
    with pytest.raises(errors.NotFound):
        send(seen(camera=code(99)))
    for actor in (VIEWER, OPERATOR):
        with pytest.raises(errors.Forbidden):
            send(seen(), actor=actor)
    with pytest.raises(errors.TooLarge):
        send(*[seen(number) for number in range(501)])


def test_an_alarm_of_a_device_once(cameras) -> None:
    one = Alarm(code(1), 2, 5, NOON, "移动侦测", 2)
    first = actions.receive_alarm(Call.system("video"), peer=code(1), alarm=one)
    assert first is not None and ThingsAlarm.objects.get(pk=first).level == 2
    assert actions.receive_alarm(Call.system("video"), peer=code(1), alarm=one) == first
    assert VideoEvent.objects.get().kind == VideoEvent.Kind.DEVICE_ALARM
    assert actions.receive_alarm(Call.system("video"), peer="37010200001180000009", alarm=one) is None


def test_where_a_device_is_becomes_an_observation_once(cameras: list[Camera]) -> None:
    here = Position(code(1), NOON, 117.0244, 36.6683, 31.5, 90.0)
    stream = actions.receive_position(Call.system("video"), peer=code(1), position=here)
    assert stream is not None
    assert actions.receive_position(Call.system("video"), peer=code(1), position=here) == stream
    (seen,) = store.find(streams=[stream], limit=10)
    assert seen.result == {"type": "Point", "coordinates": [117.0244, 36.6683]}
    assert seen.extra["parameters"] == {"speed": 31.5, "direction": 90.0}
    assert actions.receive_position(Call.system("video"), peer=code(2), position=here) is None, (
        "not the peer's camera"
    )
    ahead = replace(here, at=NOON + timedelta(hours=1))
    assert actions.receive_position(Call.system("video"), peer=code(1), position=ahead) is None, (
        "a clock that is ahead"
    )


def test_what_is_seen_is_kept_for_videos_own_time(cameras) -> None:
    before = mapping.version()
    (one,) = send(seen())
    assert mapping.places([one.stream, 10**9]) == {one.stream: mapping.Place(keep="video")}
    assert mapping.version() not in {before, None}
