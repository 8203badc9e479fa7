"""A duty officer writes a rule, tries it on last month, another approves it; readings fire it, late ones too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.capabilities.watch.conftest import MINUTE, NOW, deep

from quancheng.capabilities.things import queries as things
from quancheng.capabilities.things.models import Alarm
from quancheng.capabilities.watch import actions, queries
from quancheng.capabilities.watch.models import Episode, RuleVersion, State
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden

pytestmark = pytest.mark.django_db


def in_force(author, approver, code="deep", draft=None) -> RuleVersion:
    actions.write_rule(author, code=code, zh="道路积水过深", en="Deep water", draft=draft or deep())
    actions.simulate(author, code=code, days=31)
    return actions.approve(approver, code=code)


def test_from_the_first_draft_to_the_alarm_and_late_data(now, streams, author, approver, send, runner):
    place = streams["P-1:ponding_depth"]
    for day in (3, 9, 20):  # three wet days of last month
        send(place, NOW - timedelta(days=day), [0.1, 0.3, 0.3, 0.4, 0.1])
    version = actions.write_rule(author, code="deep", zh="道路积水过深", en="Deep water", draft=deep())
    assert (version.state, version.number) == (State.DRAFT, 1)
    with pytest.raises(Conflict):
        actions.approve(approver, code="deep")
    trial = actions.simulate(author, code="deep", days=31)
    assert (trial.firings, trial.readings, trial.streams) == (3, 15, 3)
    assert [one["ended"] is not None for one in trial.episodes] == [True] * 3
    with pytest.raises(Forbidden):
        actions.approve(author, code="deep")
    assert actions.approve(approver, code="deep").state == State.IN_FORCE

    running = runner()
    now.advance(timedelta(minutes=10))
    send(place, NOW + MINUTE, [0.2, 0.3, 0.31, 0.5])
    assert running.step() > 0
    episode = Episode.objects.get()
    assert (episode.began_at, episode.ended, episode.limit) == (NOW + 3 * MINUTE, None, 0.27)
    alarm = Alarm.objects.get(pk=episode.alarm)
    assert (alarm.rule.code, alarm.rule.version, alarm.key, alarm.stream) == ("watch.deep", 1, "P-1", place)
    assert [row["value"] for row in alarm.evidence] == ["0.3", "0.31"]
    assert alarm.finding["citation"] == "测试依据"
    assert alarm.finding["condition"]["zh"] == (
        "积水深度不低于0.27 m连续2次，发出橙色告警；回落到0.15 m以下解除。"
    )
    assert things.alarm(Actor.system("watch"), alarm.pk).is_simulated

    now.advance(timedelta(minutes=10))
    send(place, NOW + 12 * MINUTE, [0.1])
    running.step()
    assert Episode.objects.get().ended_at == NOW + 12 * MINUTE
    assert Alarm.objects.get().ended_at == NOW + 12 * MINUTE

    send(place, NOW + 7 * MINUTE + MINUTE / 2, [0.4])  # late, inside the known episode: nothing new
    running.step()
    assert Episode.objects.count() == 1
    send(place, NOW + 15 * MINUTE, [0.1])
    send(place, NOW + 13 * MINUTE, [0.3, 0.3])  # late, a crossing of its own
    running.step()
    late = Episode.objects.get(late=True)
    assert (late.began_at, late.ended_at) == (NOW + 14 * MINUTE, NOW + 15 * MINUTE)
    assert Alarm.objects.get().count == 2


def test_a_restart_at_any_moment_loses_and_doubles_nothing(now, streams, author, approver, send, runner):
    in_force(author, approver)
    place = streams["P-1:ponding_depth"]
    now.advance(timedelta(hours=1))
    first = runner()
    send(place, NOW + MINUTE, [0.3])
    first.step()
    first.save()
    send(place, NOW + 2 * MINUTE, [0.3])
    first.step()  # fires; killed before the next checkpoint
    again = runner()
    again.step()  # reads the same again
    assert Episode.objects.count() == 1
    again.save()
    third = runner()
    send(place, NOW + 3 * MINUTE, [0.1])
    third.step()
    assert Episode.objects.get().ended_at == NOW + 3 * MINUTE
    third.close()
    (third.place / "checkpoint.npz").write_bytes(b"torn")
    fourth = runner()
    send(place, NOW + 4 * MINUTE, [0.3, 0.3])
    fourth.step()
    assert Episode.objects.count() == 2
    assert (fourth.place / "checkpoint.damaged").exists()


def test_a_lost_checkpoint_does_not_tell_an_open_episode_twice(now, streams, author, approver, send, runner):
    in_force(author, approver)
    place = streams["P-1:ponding_depth"]
    now.advance(timedelta(hours=1))
    first = runner()
    send(place, NOW + MINUTE, [0.3, 0.3])
    first.step()
    first.save()
    (first.place / "checkpoint.npz").unlink()
    again = runner()
    send(place, NOW + 5 * MINUTE, [0.4, 0.4, 0.1])
    again.step()
    assert Episode.objects.get().ended_at == NOW + 7 * MINUTE


def test_readings_older_than_memory_are_judged_from_the_store(now, streams, author, approver, send, runner):
    in_force(author, approver)
    place = streams["P-1:ponding_depth"]
    now.advance(timedelta(hours=3))
    running = runner()
    send(place, NOW + 60 * MINUTE, [0.0] * 20)
    running.step()
    send(place, NOW + 10 * MINUTE, [0.3, 0.4, 0.1])
    running.step()
    late = Episode.objects.get()
    assert (late.began_at, late.ended_at, late.late) == (NOW + 11 * MINUTE, NOW + 12 * MINUTE, True)
    running.step()
    assert Episode.objects.count() == 1


def test_a_new_version_takes_over_and_history_stays(now, streams, author, approver, send, runner):
    in_force(author, approver)
    place = streams["P-1:ponding_depth"]
    now.advance(timedelta(minutes=30))
    running = runner()
    send(place, NOW + MINUTE, [0.3, 0.3])
    running.step()
    second = actions.write_version(Call(author.actor), code="deep", draft=deep(level=1))
    assert second.number == 2
    actions.simulate(Call(author.actor), code="deep")
    actions.approve(Call(approver.actor), code="deep")
    running.step()
    assert [one.state for one in queries.history(author.actor, "deep")] == [State.IN_FORCE, State.RETIRED]
    assert Episode.objects.get().ended is not None
    now.advance(timedelta(minutes=30))
    send(place, NOW + 50 * MINUTE, [0.3, 0.3])
    running.step()
    assert list(Episode.objects.order_by("pk").values_list("version__number", flat=True)) == [1, 2]
    actions.retire(Call(approver.actor), code="deep", note="不再需要")
    running.step()
    assert not running.compiled
    assert not Episode.objects.filter(ended=None).exists()


def test_smoke_then_heat_at_one_site_and_a_silent_sensor(now, streams, author, approver, send, runner):
    from quancheng.capabilities.watch import packs

    drafts = {row["code"]: draft for row, draft in packs.drafts()}
    in_force(author, approver, "fire", drafts["smoke-then-heat"])
    from quancheng.capabilities.watch.values import Scope
    from quancheng.core.watch import Kind, Spec

    silent = deep(spec=Spec(kind=Kind.ABSENCE, seconds=600), scope=Scope(property="things:smoke"))
    in_force(author, approver, "silent", silent)
    running = runner()
    now.advance(timedelta(minutes=2))
    send(streams["K-1:smoke"], NOW + MINUTE, [6.0])
    send(streams["K-1:air_temperature"], NOW + MINUTE * 1.5, [60.0])
    running.step()
    fire = Episode.objects.get(version__rule__code="fire")
    assert (fire.key, fire.value, len(fire.readings)) == ("K-1", 30.0, 2)
    assert Alarm.objects.get(pk=fire.alarm).finding["rule"]["id"] == "watch.smoke"
    for _ in range(6):  # the street goes on reporting, the kitchen does not
        now.advance(2 * MINUTE)
        send(streams["P-1:ponding_depth"], NOW + 2 * MINUTE, [0.0])
        running.step()
    quiet = Episode.objects.get(version__rule__code="silent")
    assert quiet.began_at == NOW + 11 * MINUTE
    send(streams["K-1:smoke"], NOW + 13 * MINUTE, [0.0])
    running.step()
    assert quiet.refresh().ended_at == NOW + 13 * MINUTE


def test_smoke_of_yesterday_that_comes_today_is_judged_from_the_store(
    now, streams, author, approver, send, runner
):
    """The kitchen's own memory is full of newer smoke; the store still knows yesterday's heat."""
    from quancheng.capabilities.watch import packs

    drafts = {row["code"]: draft for row, draft in packs.drafts()}
    in_force(author, approver, "fire", drafts["smoke-then-heat"])
    smoke, heat = streams["K-1:smoke"], streams["K-1:air_temperature"]
    running = runner()
    now.advance(timedelta(hours=26))
    send(heat, NOW + 10 * MINUTE, [60.0])
    send(smoke, NOW + 20 * 60 * MINUTE, [6.0] * 70)
    running.step()
    assert not Episode.objects.exists()
    send(smoke, NOW + 9.5 * MINUTE, [7.0])
    running.step()
    fire = Episode.objects.get()
    assert (fire.stream, fire.began_at, fire.value, fire.late) == (heat, NOW + 10 * MINUTE, 30.0, True)
    running.step()
    assert Episode.objects.count() == 1


def test_a_neighbour_reading_older_than_memory_is_judged_from_the_store(
    now, streams, author, approver, send, runner
):
    from quancheng.core.watch import Direction, Kind, Spec

    spec = Spec(kind=Kind.NEIGHBOUR, direction=Direction.EITHER, limit=2.0, minutes=1, neighbours=2)
    in_force(author, approver, "near", deep(spec=spec))
    places = [streams[f"P-{number}:ponding_depth"] for number in (1, 2, 3)]
    running = runner()
    now.advance(timedelta(hours=6))
    for place in places[1:]:
        send(place, NOW + MINUTE, [0.0, 0.0, 0.0])
    for place in places:
        send(place, NOW + 2 * 60 * MINUTE, [0.0] * 40)
    running.step()
    assert not Episode.objects.exists()
    send(places[0], NOW + 2 * MINUTE, [3.0])
    running.step()
    found = Episode.objects.get()
    assert (found.stream, found.began_at, found.value, found.late) == (
        places[0], NOW + 2 * MINUTE, 3.0, True,
    )  # fmt: skip
