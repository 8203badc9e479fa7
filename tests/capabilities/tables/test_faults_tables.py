"""Writers killed, two at once, a full disk, a damaged file: nothing acknowledged is lost, nothing half is seen."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from quancheng.capabilities.tables import actions, packs, queries
from quancheng.capabilities.tables.models import DataTable
from quancheng.capabilities.tables.values import TableInfo
from quancheng.kernel.store import StoreDamaged, files

from .conftest import SYSTEM

pytestmark = pytest.mark.fault
PROCESSES = Path(__file__).with_name("processes.py")
KILLS = 2


class City:
    """Processes over one database and one store."""

    def __init__(self, home: Path) -> None:
        self.environment = {
            **os.environ,
            "QUANCHENG_HOME": str(home),
            "QUANCHENG_STORE": str(home / "store"),
            "QUANCHENG_DATABASE_URL": f"sqlite:///{home / 'city.db'}",
            "DJANGO_SETTINGS_MODULE": "quancheng.settings",
            "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parents[3])]),
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROCESSES), *words]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *words: str) -> list[str]:
        return self.finish(self.start(*words))

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> list[str]:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err[-3000:]
        return out.splitlines()

    def state(self) -> tuple[list[str], list[str], bool, bool]:
        found: Any = ast.literal_eval(self.run("state")[-1])
        return found  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """One for both tests: making its database takes longer than they do."""
    made = City(tmp_path_factory.mktemp("city"))
    made.run("init")
    return made


def test_two_writers_and_one_killed_again_and_again(city: City) -> None:
    steady = city.start("write", "steady", "0", "12")
    acknowledged: list[int] = []
    for turn in range(KILLS):
        victim = city.start("write", "victim", str(turn * 100), "40")
        assert victim.stdout is not None
        for _ in range(2 + turn):
            line = victim.stdout.readline()
            if line:
                acknowledged.append(int(line))
        time.sleep(0.01 * turn)
        victim.kill()
        acknowledged += [int(line) for line in victim.communicate()[0].splitlines()]
    assert [int(line) for line in city.finish(steady)] == list(range(12))
    rows, runs, sound, audited = city.state()
    assert sound and audited
    assert {f"steady-{n}-{at}" for n in range(12) for at in range(20)} <= set(rows)
    assert {f"victim-{n}-{at}" for n in acknowledged for at in range(20)} <= set(rows), (
        "acknowledged, then lost"
    )
    by_run = {row.rsplit("-", 1)[0] for row in rows} - {"first"}
    assert by_run == set(runs) - {"first"}, "each run is there whole or not at all"
    assert all(sum(row.startswith(f"{run}-") for row in rows) == 20 for run in by_run)


def test_a_full_disk_refuses_and_leaves_nothing(city: City) -> None:
    assert city.run("full") == ["refused"]
    assert city.run("write", "after", "0", "1") == ["0"]
    rows, runs, sound, audited = city.state()
    assert sound and audited and "after-0" in runs and "full" not in runs
    assert not [row for row in rows if row.startswith("full")]


def test_a_damaged_file_is_no_answer(people: TableInfo) -> None:
    actions.apply_changes(SYSTEM, table_id=people.table_id, upserts=[{"id": "1", "age": 7}], run="")
    packs.forget()
    [path] = (files.folder() / DataTable.objects.get().store_name).rglob("*.parquet")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(StoreDamaged):
        queries.view(people.table_id).search()
    path.unlink()
    packs.forget()
    with pytest.raises(StoreDamaged):
        queries.view(people.table_id)


def test_a_transaction_that_fails_after_the_file_leaves_the_version(
    people: TableInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between file and manifest: the file is removed, the version stands, the next write goes on."""
    actions.apply_changes(SYSTEM, table_id=people.table_id, upserts=[{"id": "1"}], run="")

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr("quancheng.capabilities.tables.actions.events.emit", broken)
        with pytest.raises(RuntimeError):
            actions.apply_changes(SYSTEM, table_id=people.table_id, upserts=[{"id": "2"}], run="")
    assert [row["id"] for row in queries.view(people.table_id).search().rows] == ["1"]
    folder = files.folder() / DataTable.objects.get().store_name
    assert len(list(folder.rglob("*.parquet"))) == 1
    assert actions.apply_changes(SYSTEM, table_id=people.table_id, upserts=[{"id": "2"}], run="").version == 2
