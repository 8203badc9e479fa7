"""Compaction, expiry, damage, full disks."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from tests.kernel.store.conftest import DAY, START, rows

from quancheng.kernel import clock, store
from quancheng.kernel.store import commands, files, reading, upkeep
from quancheng.kernel.store.checking import Trouble
from quancheng.kernel.store.models import Segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(readings: str) -> str:
    """Five files of one day."""
    with clock.at(START):
        for number in range(5):
            store.append(readings, rows("b", "a", first=number * 10), partition=DAY, key=f"k{number}")
    return readings


def test_compaction_keeps_rows_and_old_versions(filled: str) -> None:
    old = store.snapshot(filled)
    before = old.sql("SELECT * FROM t ORDER BY ALL")
    made = store.compact(filled, DAY)
    assert made is not None
    assert (made.rows, made.added_version, made.run) == (100, 6, "compact")
    assert made.bounds["stream"] == ["a", "b"]
    new = store.snapshot(filled)
    assert (len(new.entries), len(old.entries)) == (1, 5)
    assert new.sql("SELECT * FROM t ORDER BY ALL").equals(before)
    assert new.arrow().sort_by([("stream", "ascending"), ("time", "ascending")]).equals(new.arrow())
    assert store.snapshot(filled, 3).rows == 60
    assert old.sql("SELECT count(*) AS n FROM t").to_pylist() == [{"n": 100}]
    assert store.compact(filled, DAY) is None
    first = store.append(filled, rows("b", "a"), partition=DAY, key="k0")  # the key is still known
    assert first.added_version == 1


def test_compacting_while_another_compacts(
    filled: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = upkeep.lock_head

    def late(spec: Any) -> Any:
        monkeypatch.setattr(upkeep, "lock_head", real)
        assert store.compact(filled, DAY) is not None
        return real(spec)

    monkeypatch.setattr(upkeep, "lock_head", late)
    assert store.compact(filled, DAY) is None
    assert store.snapshot(filled).rows == 100
    assert len(list(folder.rglob("*.parquet"))) == 6


def test_expiry_ends_old_versions(
    filled: str, folder: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    old = store.snapshot(filled, 3)
    with clock.at(START + timedelta(days=1)):
        store.compact(filled, DAY)
    with clock.at(START + timedelta(days=5)), django_capture_on_commit_callbacks(execute=True):
        assert store.expire(7) == 0
        assert store.expire(3, "other") == 0
        assert store.expire(3, filled) == 5
        assert store.expire(3) == 0
    assert len(list(folder.rglob("*.parquet"))) == 1
    assert store.snapshot(filled).rows == 100
    for attempt in (lambda: store.snapshot(filled, 3), lambda: old.sql("SELECT 1"), lambda: old.arrow()):
        with pytest.raises(store.SnapshotExpired, match="expired"):
            attempt()
    assert store.verify().ok
    assert store.append(filled, rows("b", "a"), partition=DAY, key="k0").added_version == 1


def damage(path: Path, how: str, seed: int) -> None:
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
        return
    if how == "truncated":
        del content[random.Random(seed).randrange(len(content)) :]
    else:
        content[random.Random(seed).randrange(len(content))] ^= 1 << seed % 8
    path.write_bytes(content)
    os.utime(path, (seed + 1, seed + 1))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("how", ["missing", "truncated", "altered"])
def test_damage_is_said_never_read(filled: str, folder: Path, how: str, seed: int) -> None:
    shot = store.snapshot(filled)
    assert shot.sql("SELECT count(*) AS n FROM t").to_pylist() == [{"n": 100}]
    victim = Segment.objects.order_by("id")[seed % 5]
    damage(folder / victim.path, how, seed)
    for attempt in (lambda: shot.sql("SELECT 1"), shot.arrow, lambda: store.compact(filled, DAY)):
        with pytest.raises(store.StoreDamaged, match=victim.path):
            attempt()
    report = store.verify(filled)
    assert not report.ok
    assert [(f.path, f.trouble) for f in report.findings] == [(victim.path, Trouble(how))]
    said: list[str] = []
    assert commands.verify(said.append) == 1
    assert said[0].startswith(f"✗ {how}: {victim.path}")


def test_readers_complaints_become_damage(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a file change between our check and the reader."""
    path = files.folder() / Segment.objects.order_by("id")[0].path
    path.write_bytes(b"PAR1 not a parquet file PAR1")
    monkeypatch.setattr(reading.files, "checked", lambda path, *_: files.folder() / path)
    shot = store.snapshot(filled)
    for attempt in (lambda: shot.sql("SELECT * FROM t"), shot.arrow):
        with pytest.raises(store.StoreDamaged, match=r"cannot be read"):
            attempt()
    with pytest.raises(duckdb.InvalidInputException), reading._duckdb_reading():
        raise duckdb.InvalidInputException("wrong number of parameters")


class FullDisk:
    """A disk that takes so many bytes and no more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, sink: Any, data: bytes) -> int:
        self.room -= len(memoryview(data))
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sink.digest.update(data)
        sink.size += len(memoryview(data))
        return int(sink.file.write(data))


@pytest.mark.parametrize("room", [0, 4, 100, 500, 1000])
def test_full_disk_leaves_nothing(
    filled: str, folder: Path, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(room)
    with monkeypatch.context() as patch:
        patch.setattr(files._HashingSink, "write", lambda sink, data: disk.write(sink, data))
        with pytest.raises(store.StoreUnavailable, match="No space left"):
            store.append(filled, rows("a", count=5000), partition=DAY, key="new")
        disk.room = room
        with pytest.raises(store.StoreUnavailable):
            store.compact(filled, DAY)
    assert store.snapshot(filled).version == 5
    assert not store.verify().findings
    assert store.append(filled, rows("a", count=5000), partition=DAY, key="new").added_version == 6


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_disk_that_fails_late(
    readings: str, step: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(*((files.os, "fsync") if step == "fsync" else (Path, "rename")), fail)
        with pytest.raises(store.StoreUnavailable, match="Input/output"):
            store.append(readings, rows("a"), partition=DAY)
    assert list(folder.rglob("*.parquet")) == []


def test_an_interrupted_write_leaves_nothing(
    readings: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_write_parquet", stop)
    with pytest.raises(KeyboardInterrupt):
        store.append(readings, rows("a"), partition=DAY)
    assert list(folder.rglob("*.parquet")) == []


def test_cleaning_removes_only_what_is_nobodys(filled: str, folder: Path) -> None:
    day = folder / filled / DAY
    for name in (".tmp-1.parquet", "orphan.parquet", "young.parquet"):
        (day / name).write_bytes(b"x")
    for path in day.iterdir():
        if path.name != "young.parquet":
            os.utime(path, (1, 1))
    troubles = {Path(f.path).name: f.trouble for f in store.verify().findings}
    assert troubles == {".tmp-1.parquet": "stray", "orphan.parquet": "orphan", "young.parquet": "orphan"}
    assert store.clean(table="nothing") == 0
    assert store.clean() == 2
    assert store.snapshot(filled).sql("SELECT count(*) AS n FROM t").to_pylist() == [{"n": 100}]
    assert [Path(f.path).name for f in store.verify().findings] == ["young.parquet"]


def test_commands(filled: str, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    said: list[str] = []
    assert commands.compact(said.append) == 0  # five files are too few
    assert Segment.objects.count() == 5
    assert commands.compact(said.append, least=3) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert commands.expire(said.append, keep_days=0) == 0
    assert commands.clean(said.append) == 0
    assert commands.verify(said.append) == 0
    assert said[-1] == "数据湖完好 intact"
    assert "5 个文件 files expired" in said[2]


def test_tables_that_keep_themselves_are_passed_by(filled: str) -> None:
    store.define("own", readings_schema(), upkeep=False)
    for number in range(5):
        store.append("own", rows("b", "a", first=number * 10), partition=DAY)
    assert [made.table for made in store.compact_all(least=3)] == [filled]
    assert Segment.objects.filter(table="own", removed_version__isnull=True).count() == 5
    with pytest.raises(ValueError, match="declared differently"):
        store.define("own", readings_schema())


def test_files_gone_meanwhile_are_no_alarm(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from quancheng.kernel.store import checking

    segment = Segment.objects.order_by("id")[0]
    Segment.objects.filter(pk=segment.pk).update(file_removed=True)
    (files.folder() / segment.path).unlink()
    assert checking._check(segment) is None
    monkeypatch.setattr(checking, "_files_on_disk", lambda _table: iter(["readings/gone.parquet"]))
    assert store.clean() == 0


def test_many_rows_come_in_row_groups(readings: str, folder: Path) -> None:
    import pyarrow.parquet as pq

    count = files.ROW_GROUP + 10
    times = pa.array([START] * count, pa.timestamp("us", tz="UTC"))
    data = pa.table(
        {"stream": ["a"] * count, "time": times, "value": [0.5] * count}, schema=readings_schema()
    )
    segment = store.append(readings, data, partition=DAY)
    assert pq.read_metadata(folder / segment.path).num_row_groups == 2


def readings_schema() -> pa.Schema:
    return store.spec_of("readings").schema
