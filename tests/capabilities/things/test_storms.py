"""A storm: hundreds of rules at once are read, decided and written together, and nothing is different for it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.capabilities.things import oracle
from tests.capabilities.things.conftest import NOON, OPERATOR
from tests.capabilities.things.test_alarm_desk import WATCH, crossing

from quancheng.capabilities.things import actions
from quancheng.capabilities.things.counting import silence
from quancheng.capabilities.things.models import (
    Alarm,
    AlarmMute,
    AlarmOccurrence,
    AlarmRule,
    AlarmStep,
    Level,
)
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, TooLarge
from quancheng.kernel.events.models import OutboxEvent

RULES, KEYS = ("watch.one", "watch.two", "video.three"), ("T-001", "things:T-002", "camera:9", "T-RIVER")
FILE = "QUANCHENG_TEST_SQLITE"
ROOT = Path(__file__).parents[3]
in_memory = connection.vendor == "sqlite" and FILE not in os.environ


# -- the same as one by one ---------------------------------------------------------------------
Deed = tuple[str, Any]


def story(seed: int, length: int = 70) -> list[Deed]:
    """Crossings (some told twice, some of long ago), ends, mutes and closings of a few places, at random."""
    chance, deeds = random.Random(seed), []
    for _ in range(length):
        what = chance.choices(["cross", "end", "mute", "close", "unmute"], [30, 8, 3, 4, 1])[0]
        if what == "mute":  # and closed: what comes next is raised untold
            rule, key = chance.choice(RULES), chance.choice(KEYS)
            deeds += [(one, (rule, key, chance.random())) for one in ("mute", "close")]
            continue
        for _ in range(chance.randint(1, 6) if what in {"cross", "end"} else 1):
            rule, key = chance.choice(RULES), chance.choice(KEYS)
            deeds.append(
                (what, _crossing(chance, rule, key) if what == "cross" else (rule, key, chance.random()))
            )
    return deeds


def _crossing(chance: random.Random, rule: str, key: str) -> dict[str, Any]:
    at = NOON + timedelta(minutes=chance.randint(-600, 30))
    stream, simulated = chance.choice([None, 1, 2]), chance.random() < 0.3
    facts = {"threshold": 150, "unit": "m", "place": {"zh": "某处", "en": "Place", "region": "370102"}}
    return crossing(
        rule=rule, rule_version=chance.randint(1, 2), key=key, level=chance.choice(Level.values), stream=stream,
        at=at, detected_at=NOON + timedelta(minutes=chance.randint(0, 90)), simulated=simulated,
        readings=[(stream or 0, 10**15 + chance.randint(0, 9), chance.random() * 200)], finding=facts,
    )  # fmt: skip


def newest(rule: str, key: str) -> int | None:
    place = key.removeprefix("things:")
    rows = Alarm.objects.filter(rule__code=rule, key=place).order_by("-pk")
    return rows.values_list("pk", flat=True).first()


def by_a_person(what: str, rule: str, key: str, share: float) -> None:
    pk, call = newest(rule, key), Call(OPERATOR, at=NOON)
    if pk is None:
        return
    if what == "mute":
        actions.mute_alarm(call, alarm=pk, until=NOON + timedelta(minutes=1 + int(80 * share)), reason="施工")
    elif what == "close" and Alarm.objects.get(pk=pk).state != Alarm.State.CLOSED:
        actions.close_alarm(call, alarm=pk, note="查过")
    elif what == "unmute" and AlarmMute.objects.filter(rule=rule, key=key, until__gt=NOON).exists():
        actions.unmute_alarm(call, alarm=pk)


def ends(deeds: list[Deed]) -> list[tuple[int, datetime]]:
    found = [(newest(rule, key), share) for _, (rule, key, share) in deeds]
    return [(pk, NOON + timedelta(minutes=int(60 * share))) for pk, share in found if pk is not None]


def told_one_by_one(deeds: list[Deed]) -> list[int]:
    made = []
    for what, row in deeds:
        if what == "cross":
            made.append(oracle.raise_one(row))
        elif what == "end":
            for pk, at in ends([(what, row)]):
                oracle.end_one(WATCH, pk, at)
        else:
            by_a_person(what, *row)
    return made


def told_in_bulks(deeds: list[Deed], seed: int) -> list[int]:
    chance, made = random.Random(seed), []
    for what, rows in groupby(deeds, key=lambda deed: deed[0]):
        rest = list(rows)
        while rest:
            size = chance.randint(1, len(rest)) if what in {"cross", "end"} else 1
            part, rest = rest[:size], rest[size:]
            if what == "cross":
                made += actions.raise_alarms(WATCH, rows=[row for _, row in part])
            elif what == "end":
                actions.end_alarms(WATCH, rows=ends(part))
            else:
                by_a_person(what, *part[0][1])
    return made


def tables(made: list[int]) -> dict[str, Any]:
    """All rows without ids; alarms by their order."""
    places = {pk: n for n, pk in enumerate(Alarm.objects.order_by("pk").values_list("pk", flat=True))}
    rules = {one.pk: (one.code, one.version) for one in AlarmRule.objects.all()}

    def rows(model: Any, *without: str, order: str = "pk") -> list[dict[str, Any]]:
        names = [one.attname for one in model._meta.concrete_fields if one.attname not in {"id", *without}]
        found = list(model.objects.order_by(order).values(*names))
        return [one | {"alarm_id": places.get(one.get("alarm_id"))} for one in found]

    told = [
        (one.type, one.subject, one.data | {"alarm": places[one.data["alarm"]], "evidence": ""})
        for one in OutboxEvent.objects.order_by("pk")
        if one.type.startswith("things.alarm.")
    ]
    return {
        "made": [places[pk] for pk in made],
        "alarms": [one | {"rule_id": rules[one["rule_id"]]} for one in rows(Alarm)],
        "rules": sorted(rows(AlarmRule), key=lambda one: (one["code"], one["version"])),
        "occurrences": rows(AlarmOccurrence),
        "steps": rows(AlarmStep),
        "events": told,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(10))
def test_bulks_of_any_size_leave_what_one_after_the_other_leaves(gauges, seed: int) -> None:
    deeds, outcomes = story(seed), []
    for world in (
        told_one_by_one,
        lambda deeds: told_in_bulks(deeds, seed),
        lambda deeds: told_in_bulks(deeds, seed + 100),
    ):
        with transaction.atomic():
            outcomes.append(tables(world(deeds)))
            transaction.set_rollback(True)
    expected, *others = outcomes
    assert len(expected["alarms"]) > 5
    assert {one["what"] for one in expected["steps"]} >= {"raised", "repeated", "ended"}
    for found in others:
        for name, rows in expected.items():
            assert found[name] == rows, name


@pytest.mark.django_db
def test_what_is_in_one_bulk_twice_counts_once_and_what_repeats_is_counted(gauges) -> None:
    later = NOON + timedelta(minutes=1)
    rows = [crossing(), crossing(key="T-001"), crossing(at=later, level=1), crossing(at=later, level=1)]
    assert len(set(actions.raise_alarms(WATCH, rows=rows))) == 1
    alarm = Alarm.objects.get()
    assert (alarm.count, alarm.level, alarm.last_at) == (2, 1, later)
    raised, repeated = OutboxEvent.objects.filter(type__startswith="things.alarm.").order_by("pk")
    assert (raised.type, raised.data["level"]) == ("things.alarm.raised", 3), "told as it was then"
    assert (repeated.data["level"], repeated.data["count"], repeated.data["level_before"]) == (1, 2, 3)


# -- ending ---------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_many_end_at_once_with_one_entry_and_all_or_none(gauges) -> None:
    pks = actions.raise_alarms(WATCH, rows=[crossing(key=f"T-00{number}") for number in (1, 2, 3)])
    at = NOON + timedelta(minutes=5)
    entries = AuditEntry.objects.count()
    for wrong, refusal in (((999, at), NotFound), ((pks[2], at.replace(tzinfo=None)), InvalidInput)):
        with pytest.raises(refusal):
            actions.end_alarms(WATCH, rows=[(pks[0], at), wrong])
    assert not Alarm.objects.exclude(ended_at=None).exists()
    assert AuditEntry.objects.count() == entries
    later = at + timedelta(minutes=1)
    assert actions.end_alarms(WATCH, rows=[(pks[1], at), (pks[0], at), (pks[1], later)]) == [pks[1], pks[0]]
    assert actions.end_alarms(WATCH, rows=[(pks[1], later)]) == []
    assert [one.ended_at for one in Alarm.objects.order_by("pk")] == [at, at, None]
    assert AuditEntry.objects.count() == entries + 2
    assert AlarmStep.objects.filter(what="ended").count() == 2


@pytest.mark.django_db
def test_who_may_not_raise_may_not_end(gauges) -> None:
    pk = actions.raise_alarm(WATCH, **crossing())
    with pytest.raises(Forbidden):
        actions.end_alarms(Call(OPERATOR), rows=[(pk, NOON)])
    with pytest.raises(Forbidden):
        actions.end_alarms(Call(OPERATOR), rows=[])
    with pytest.raises(TooLarge):
        actions.end_alarms(WATCH, rows=[(pk, NOON)] * 501)
    assert Alarm.objects.get().ended_at is None


# -- the cost -------------------------------------------------------------------------------------
def _reads(queries: CaptureQueriesContext) -> int:
    return sum(one["sql"].lstrip().startswith(("SELECT", "WITH")) for one in queries)


def _writes(queries: CaptureQueriesContext) -> list[str]:
    rows = (one["sql"] for one in queries if one["sql"].startswith(("INSERT", "UPDATE")))
    return [one for one in rows if "events_outboxevent" not in one]


@pytest.mark.django_db
def test_five_hundred_alarms_cost_a_handful_of_questions(gauges) -> None:
    """Reading grows by the chunk, writing by the batch; only events are told one by one."""
    rows = [crossing(rule=f"watch.r{number}", key=f"bench:{number}") for number in range(500)]
    with CaptureQueriesContext(
        connection,
    ) as raising:
        pks = actions.raise_alarms(WATCH, rows=rows)
    with CaptureQueriesContext(connection) as again:
        actions.raise_alarms(WATCH, rows=[row | {"at": NOON + timedelta(minutes=1)} for row in rows])
    with CaptureQueriesContext(connection) as ending:
        assert len(actions.end_alarms(WATCH, rows=[(pk, NOON) for pk in pks])) == 500
    assert [_reads(one) < 25 for one in (raising, again, ending)] == [True] * 3
    assert [len(_writes(one)) < 60 for one in (raising, again, ending)] == [True] * 3
    assert OutboxEvent.objects.filter(type__startswith="things.alarm.").count() == 1500


# -- at once --------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.skipif(not in_memory, reason="the race below runs by itself")
def test_the_race_in_a_file(tmp_path: Path) -> None:
    """The race below, in a process whose test database is a file."""
    place = {FILE: str(tmp_path / "race.sqlite3"), "PYTHONPATH": str(ROOT / "src")}
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | place
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(Path(__file__)),
        "-k",
        "at_once_are",
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.startswith(".  "), "the race ran, this test did not"


@pytest.mark.skipif(in_memory, reason="threads need a database in a file: see test_the_race_in_a_file")
@pytest.mark.django_db(transaction=True)
def test_two_who_raise_the_same_at_once_are_one(transactional_db: None) -> None:
    """Three tell the same forty crossings of new rules, each in another order."""
    rows = [crossing(rule=f"watch.r{number % 7}", key=f"bench:{number}") for number in range(40)]
    gate, failures = threading.Barrier(3), []

    def tell(seed: int) -> None:
        mine = random.Random(seed).sample(rows, len(rows))
        try:
            gate.wait()
            with clock.at(NOON):
                actions.raise_alarms(WATCH, rows=mine)
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell, args=(seed,)) for seed in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []
    assert (Alarm.objects.count(), AlarmOccurrence.objects.count(), AlarmRule.objects.count()) == (40, 40, 7)
    assert set(Alarm.objects.values_list("count", flat=True)) == {1}
    assert OutboxEvent.objects.filter(type="things.alarm.raised").count() == 40


SPANS: list[tuple[list[tuple[int, int]], int | None]] = [
    ([], None), ([(0, 5)], 5), ([(2, 5)], None), ([(0, 1)], None), ([(0, 3), (1, 9), (0, 4)], 9),
]  # fmt: skip


@pytest.mark.parametrize(("spans", "until"), SPANS)
def test_the_longest_mute_that_was_written_holds(spans: list[tuple[int, int]], until: int | None) -> None:
    """At minute one; a mute that ends then is over."""

    def minute(number: int) -> datetime:
        return NOON + timedelta(minutes=number)

    found = silence([(minute(a), minute(b)) for a, b in spans], minute(1))
    assert found == (None if until is None else minute(until))
