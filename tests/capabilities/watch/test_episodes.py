"""Endings by the bulk: an alarm ends with the last of its episodes, whatever comes together."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from tests.capabilities.watch.conftest import NOW, SYSTEM

from quancheng.capabilities.things.models import Alarm, AlarmStep
from quancheng.capabilities.watch import actions, episodes
from quancheng.capabilities.watch.episodes import Key, Known
from quancheng.capabilities.watch.models import Episode, RuleVersion, State, WatchRule
from quancheng.capabilities.watch.values import micros, moment
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.models import writing

BEGAN = micros(NOW)


def one_by_one(
    endings: list[tuple[int, int, int, int]], known: dict[Key, Known]
) -> tuple[int, dict[int, int | None], dict[int, int]]:
    """The plain way: each ending looks at the table as the one before left it; alarms end once."""
    table = {one.id: one.ended for one in known.values()}
    alarms: dict[int, int] = {}
    changes = 0
    for version, stream, began, ended in endings:
        one = known.get((version, stream, began))
        if one is None:
            continue
        before = table[one.id]
        if before is not None and before >= ended:
            continue
        table[one.id], changes = max(ended, began), changes + 1
        if not any(table[other.id] is None for other in known.values() if other.alarm == one.alarm):
            alarms.setdefault(one.alarm, max(ended, began))
    return changes, table, alarms


SLOTS = [(version, stream, began) for version in (1, 2) for stream in (1, 2) for began in (10, 20)]
ENDINGS = st.lists(st.tuples(st.sampled_from([*SLOTS, (9, 9, 9)]), st.integers(5, 40)), max_size=30)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.none() | st.integers(20, 30)), min_size=8, max_size=8), ENDINGS
)
def test_settling_is_the_same_as_one_after_the_other(
    rows: list[tuple[int, int | None]], told: list[tuple[Key, int]]
) -> None:
    known = {key: Known(n, *row) for n, (key, row) in enumerate(zip(SLOTS, rows, strict=True), 1)}
    endings = [(*key, ended) for key, ended in told]
    going: dict[int, set[int]] = {}
    for one in known.values():
        if one.ended is None:
            going.setdefault(one.alarm, set()).add(one.id)
    done = episodes.settle(endings, known, going)
    changes, table, alarms = one_by_one(endings, known)
    first = dict(reversed(done.over))
    assert (done.changes, first) == (changes, alarms)
    assert {one.id: done.ended.get(one.id, one.ended) for one in known.values()} == table


@pytest.fixture
def version(now: Any) -> RuleVersion:
    """A rule in force, as a row."""
    with writing("test"):
        rule = WatchRule.objects.create(code="deep", zh="积水", en="Ponding", created_at=NOW)
        return RuleVersion.objects.create(
            rule=rule, number=1, state=State.IN_FORCE, kind="threshold", spec={}, scope={}, level=3,
            incident_type="watch.water", written_at=NOW, changed_at=NOW,
        )  # fmt: skip


def firing(version: RuleVersion, stream: int, key: str, began: int = BEGAN) -> dict[str, Any]:
    alarm = {
        "rule": "watch.deep", "rule_version": 1, "name": version.rule.text, "level": 3, "key": key, "stream": stream,
        "at": moment(began), "detected_at": NOW, "readings": [(stream, began, 0.5)], "finding": {"threshold": 0.3},
        "incident_type": "watch.water", "simulated": True,
    }  # fmt: skip
    episode = {"version_id": version.pk, "stream": stream, "key": key, "began": began, "value": 0.5, "limit": 0.3,
               "detected_at": NOW}  # fmt: skip
    return {"alarm": alarm, "episode": episode}


def test_the_same_told_twice_in_one_look_and_again_is_written_once(version: RuleVersion) -> None:
    rows = [firing(version, 1, "P-1"), firing(version, 2, "P-1"), firing(version, 1, "P-1")]
    assert actions.record(SYSTEM, firings=rows) == {"fired": 2, "ended": 0}
    assert actions.record(SYSTEM, firings=rows) == {"fired": 0, "ended": 0}
    assert (Episode.objects.count(), Alarm.objects.get().count) == (2, 2)


def test_an_alarm_ends_with_the_last_of_its_episodes(version: RuleVersion) -> None:
    actions.record(SYSTEM, firings=[firing(version, stream, "P-1") for stream in (1, 2)])
    first, second = ((version.pk, stream, BEGAN, BEGAN + 60_000_000 * stream) for stream in (1, 2))
    assert actions.record(SYSTEM, firings=[], endings=[first])["ended"] == 1
    assert Alarm.objects.get().ended_at is None
    unknown = (version.pk, 77, BEGAN, BEGAN + 1)
    assert actions.record(SYSTEM, firings=[], endings=[first, unknown, second])["ended"] == 1
    assert Alarm.objects.get().ended_at == NOW + timedelta(minutes=2)
    assert actions.record(SYSTEM, firings=[], endings=[second])["ended"] == 0


def test_six_hundred_at_once_cost_a_handful_of_questions(version: RuleVersion) -> None:
    """No question for each alarm: two bulks of alarms, their episodes, and the events."""
    rows = [firing(version, stream, f"P-{stream}") for stream in range(600)]
    random.Random(7).shuffle(rows)
    entries = AuditEntry.objects.count()
    with CaptureQueriesContext(connection) as fired:
        actions.record(SYSTEM, firings=rows)
    ends = [(version.pk, stream, BEGAN, BEGAN + 60_000_000) for stream in range(600)]
    with CaptureQueriesContext(connection) as ended:
        assert actions.record(SYSTEM, firings=[], endings=ends)["ended"] == 600
    for queries in (fired, ended):
        assert sum(one["sql"].lstrip().startswith(("SELECT", "WITH")) for one in queries) < 40
    assert AuditEntry.objects.count() == entries + 6, "each record, and two bulks of alarms in each"
    assert Alarm.objects.filter(ended_at=NOW + timedelta(minutes=1)).count() == 600
    assert AlarmStep.objects.filter(what="ended").count() == 600
