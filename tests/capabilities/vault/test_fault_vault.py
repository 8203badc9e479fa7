"""Races and faults: one use wins, a withdrawal that was acknowledged is the last word, half a use is none."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from tests.capabilities.vault.conftest import ITEMS, NOW, PURPOSE, SYSTEM, World, official

from quancheng.capabilities.chain.models import Entry as ChainEntry
from quancheng.capabilities.vault import actions, readers, tasks, threads
from quancheng.capabilities.vault.models import DataRequest, EntryRow, ReceiptRow, Recipient, Use
from quancheng.kernel import clock
from quancheng.kernel.errors import Conflict, Forbidden
from quancheng.kernel.events.models import OutboxEvent

FILE = "QUANCHENG_TEST_SQLITE"
ROOT = Path(__file__).parents[3]
in_memory = connection.vendor == "sqlite" and FILE not in os.environ
pytestmark = [pytest.mark.fault]
races = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.serial,
    pytest.mark.skipif(in_memory, reason="threads need a database in a file: see test_races_in_a_file"),
]


@pytest.mark.serial
@pytest.mark.skipif(not in_memory, reason="the races below run by themselves")
def test_races_in_a_file(tmp_path: Path) -> None:
    """The races below, in a process whose test database is a file."""
    place = {FILE: str(tmp_path / "race.sqlite3"), "PYTHONPATH": str(ROOT / "src")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-k",
        "race",
        str(Path(__file__)),
    ]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | place
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "....s" in done.stdout, "four races ran, this test did not"


def _race(function: Any) -> Any:
    for mark in races:
        function = mark(function)
    return function


def together(*deeds: Callable[[], Any]) -> list[Any]:
    """Run deeds in threads that start at the same moment; results or refusals."""
    gate, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int, deed: Callable[[], Any]) -> None:
        try:
            gate.wait()
            with clock.at(NOW):
                results[place] = deed()
        except Exception as failure:
            results[place] = failure
        finally:
            connection.close()

    running = [threading.Thread(target=run, args=(n, deed)) for n, deed in enumerate(deeds)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return results


def use(world: World, row: DataRequest, key: str) -> Use:
    """The bank uses the grant, as its program would."""
    fresh = DataRequest.objects.select_related("grant").get(pk=row.pk)
    body = hashlib.sha256(b"use").hexdigest()
    asking = actions.Asking(PURPOSE, ITEMS, key, body, bytes(32))
    return actions.use_grant(SYSTEM, request=fresh, recipient=world.bank, asking=asking)


def in_order(row: DataRequest) -> list[str]:
    """Kinds of entries as they stand in the log."""
    return list(row.entries.order_by("seq").values_list("kind", flat=True))


@_race
def test_race_of_six_uses_of_a_grant_for_one(world: World) -> None:
    with clock.at(NOW):
        row = world.granted("once")
    found = together(*[lambda n=n: use(world, row, f"k{n}") for n in range(6)])
    won = [one for one in found if isinstance(one, Use)]
    lost = [one for one in found if isinstance(one, Conflict)]
    assert (len(won), len(lost)) == (1, 5), found
    assert {one.extra["reason"] for one in lost} <= {"USED_UP", "STALE"}
    assert in_order(row) == ["asked", "granted", "used"]
    assert ChainEntry.objects.filter(scene="vault-use").count() == 1


@_race
def test_race_of_one_use_asked_six_times(world: World) -> None:
    with clock.at(NOW):
        row = world.granted("period")
    found = together(*[lambda: use(world, row, "same") for _ in range(6)])
    assert len({one.pk for one in found}) == 1, found
    assert in_order(row) == ["asked", "granted", "used"]


@_race
def test_race_of_uses_with_a_withdrawal(world: World) -> None:
    for turn in range(4):
        with clock.at(NOW):
            row = world.granted("period", f"ask-{turn}")
        acknowledged: list[int] = []

        def withdraw(row: DataRequest = row, told: list[int] = acknowledged) -> None:
            actions.withdraw_grant(world.call, request=row)
            told.append(Use.objects.filter(request=row).count())

        found = together(withdraw, *[lambda n=n, r=row, t=turn: use(world, r, f"{t}-{n}") for n in range(5)])
        assert found[0] is None, found[0]
        uses = [one for one in found[1:] if isinstance(one, Use)]
        refused = [one for one in found[1:] if isinstance(one, Conflict)]
        assert len(uses) + len(refused) == 5, found
        assert {one.extra["reason"] for one in refused} <= {"WITHDRAWN", "STALE"}
        assert in_order(row) == ["asked", "granted", *["used"] * len(uses), "withdrawn"]
        assert acknowledged == [len(uses)], "nothing was used after the withdrawal had been acknowledged"
    with clock.at(NOW):
        assert tasks.audit()["checked"] == 4


@_race
def test_race_of_uses_with_a_suspension(world: World) -> None:
    with clock.at(NOW):
        row = world.granted("period")
    registrar = official("vault.registrar", user_id=91)
    after: list[int] = []

    def suspend() -> None:
        actions.suspend_recipient(registrar, recipient=world.bank, reason="核查")
        after.append(Use.objects.count())

    found = together(suspend, *[lambda n=n: use(world, row, f"k{n}") for n in range(5)])
    uses = [one for one in found[1:] if isinstance(one, Use)]
    assert all(isinstance(one, Use | Forbidden) for one in found[1:]), found
    assert after == [len(uses)]


@pytest.mark.parametrize("place", ["append", "seal"])
def test_what_cannot_be_written_was_not_used(
    world: World, at: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    row = world.granted("once")
    before = OutboxEvent.objects.count()

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(threads.chain if place == "append" else threads, place, full)
    with pytest.raises(OSError, match="No space"):
        use(world, row, "k1")
    assert (Use.objects.count(), ReceiptRow.objects.count(), OutboxEvent.objects.count()) == (0, 0, before)
    assert in_order(row) == ["asked", "granted"]
    monkeypatch.undo()
    assert use(world, row, "k1").number == f"{row.number}-U1"


@pytest.mark.parametrize("what", ["withdrawn", "suspended", "expired"])
def test_what_changes_while_facts_are_read_counts(
    world: World, at: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    row = world.granted("period")
    read = readers.facts

    def slow(*args: Any) -> Any:
        found = read(*args)
        if what == "withdrawn":
            actions.withdraw_grant(world.call, request=row)
        elif what == "suspended":
            actions.suspend_recipient(
                official("vault.registrar", user_id=91), recipient=world.bank, reason="核查"
            )
        else:
            monkeypatch.setattr(clock, "now", lambda: row.grant.until)
        return found

    monkeypatch.setattr(readers, "facts", slow)
    with pytest.raises((Conflict, Forbidden)) as refused:
        use(world, row, "k1")
    assert refused.value.extra["reason"] == what.upper()
    assert Use.objects.count() == EntryRow.objects.filter(kind="used").count() == 0
    assert Recipient.objects.count() == 1
