"""故障: killed writers and keepers, torn and altered logs, full disks, clocks that jump."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from quancheng.capabilities.observations import actions, frames, lake, queries
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.log import LogFull, LogReader, LogWriter, writer
from quancheng.capabilities.observations.log_files import numbers, path_of
from quancheng.capabilities.observations.log_reader import Follower
from quancheng.capabilities.observations.models import Damage
from quancheng.capabilities.observations.values import Batch
from quancheng.kernel import clock

pytestmark = pytest.mark.django_db
NOON = 1_780_286_400_000_000


def rows(count: int, first: int = 0) -> Batch:
    return Batch.numbers(np.ones(count), NOON + first + np.arange(count), np.arange(count) + first)


@pytest.mark.fault
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_twenty_times_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    script = Path(__file__).with_name("crashing.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "20", str(seed)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    said = json.loads(done.stdout.strip().splitlines()[-1])
    assert said.pop("acknowledged") > 20, done.stderr[-2000:]
    assert said == {
        "lost": [], "partial": [], "the same after sealing": True, "counted": True, "latest": True, "store": True,
    }, done.stderr[-2000:]  # fmt: skip


def test_a_torn_last_write_is_cut_and_everything_before_it_kept(observation_folder: Path) -> None:
    place = observation_folder / "log"
    for cut in (1, 7, 40, 100):
        log = LogWriter("torn", place)
        log.append(rows(10, cut))
        log.close()
        path = path_of(place, "torn", numbers(place, "torn")[-1])
        whole = path.read_bytes()
        path.write_bytes(whole + bytes(frames.encode(rows(10)))[:-cut])
        LogWriter("torn", place).close()
        assert path.read_bytes() == whole
    found = [piece.batch.number[0] for piece in Follower(place).read(10**9)]
    assert found == [1, 7, 40, 100]
    assert not Damage.objects.exists()


def test_a_frame_finished_while_it_is_read_is_not_damage(
    observation_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader saw half of a frame; before it looked again the writer had finished that one and the next."""
    for first in (1, 2, 3):
        writer().append(rows(5, first))
    whole, half = Follower._chunk, frames.HEADER + 8
    frame = len(frames.encode(rows(5)))
    for seen in (frame + 4, frame + half, 2 * frame + half):
        early = iter([seen])

        def chunk(path: Path, at: int, early: Iterator[int] = early) -> memoryview:
            return whole(path, at)[: next(early, None)]

        monkeypatch.setattr(Follower, "_chunk", staticmethod(chunk))
        found = [piece.batch.number[0] for piece in Follower(observation_folder / "log").read(10**9)]
        assert found == [1, 2, 3]
    assert not Damage.objects.exists()


def test_an_unfinished_frame_is_waited_for(observation_folder: Path) -> None:
    writer().append(rows(3))
    path = path_of(observation_folder / "log", writer().name, 1)
    whole = path.read_bytes()
    frame = bytes(frames.encode(rows(5), 1))
    reader = LogReader("watch")
    assert len(reader.poll()) == 1
    for end in (10, 40, len(frame) - 1):
        path.write_bytes(whole + frame[:end])
        assert reader.poll() == []
    path.write_bytes(whole + frame)
    assert [len(batch) for batch in reader.poll()] == [5]


@pytest.mark.parametrize("where", ["header", "payload"])
def test_a_flipped_bit_in_the_middle_is_set_aside_and_reported(observation_folder: Path, where: str) -> None:
    for first in (0, 100, 200):
        actions.append(rows(10, first))
    path = path_of(observation_folder / "log", writer().name, 1)
    data = bytearray(path.read_bytes())
    length = len(data) // 3
    data[length + (9 if where == "header" else 60)] ^= 4
    path.write_bytes(data)
    assert sorted({int(row.result) // 100 for row in queries.find(streams=[1], limit=99)}) == [0, 2]  # type: ignore[arg-type]
    Keeper().step(force=True)
    assert queries.count() == 20
    [damage] = Damage.objects.all()
    assert (damage.start, damage.end) == (length, 2 * length)
    kept = observation_folder / "quarantine" / damage.kept_as
    assert kept.read_bytes() == bytes(data[length : 2 * length])


@pytest.mark.parametrize("call", ["writev", "fdatasync"])
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO])
def test_a_full_or_failing_disk_acknowledges_nothing(
    monkeypatch: pytest.MonkeyPatch, call: str, reason: int
) -> None:
    actions.append(rows(1))
    real = getattr(os, call)

    def fail(*given: object) -> None:
        if call == "writev":
            os.write(given[0], bytes(given[1][0])[:20])  # type: ignore[arg-type,index]
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, call, fail)
    for _ in range(3):
        with pytest.raises(LogFull if reason == errno.ENOSPC else Exception) as caught:
            actions.append(rows(10, 50))
        assert caught.value.detail.zh.endswith("。") or caught.value.todo  # type: ignore[attr-defined]
    monkeypatch.setattr(os, call, real)
    actions.append(rows(1, 99))
    assert [row.result for row in queries.find(streams=[1], limit=9)] == [99, 0]
    Keeper().step(force=True)
    assert queries.count() == 2
    assert len(numbers(writer()._folder, writer().name)) <= 3


def test_a_file_size_limit_is_a_full_disk(observation_folder: Path) -> None:
    def child(pipe: multiprocessing.connection.Connection) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
        log = LogWriter("limited", observation_folder / "log")
        said = []
        for first in range(5):
            try:
                log.append(rows(100, first * 1000))
                said.append("ok")
            except LogFull:
                said.append("full")
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        pipe.send(said)

    writer()  # ids are taken from the file, not from the database, in the child
    writer().ids.take(1)
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(theirs,))
    process.start()
    assert ours.poll(30)
    assert ours.recv() == ["ok", "full", "ok", "ok", "ok"]
    process.join()
    assert queries.count() == 400


def test_a_clock_that_jumps_back_loses_and_reorders_nothing(fixed_time: object) -> None:
    actions.append(rows(5))
    with clock.at(clock.now() - timedelta(days=400)):
        actions.append(rows(5, 10))
        Keeper().step(force=True)
    actions.append(rows(5, 20))
    Keeper().step(force=True)
    assert [row.result for row in queries.find(streams=[1], limit=99, descending=False)] == [
        *range(5), *range(10, 15), *range(20, 25),
    ]  # fmt: skip
    assert queries.latest([1])[1].result == 24


def test_two_processes_write_at_once(observation_folder: Path) -> None:
    actions.append(rows(1))

    def child(number: int) -> None:
        log = LogWriter("w", observation_folder / "log")
        for first in range(20):
            log.append(Batch.numbers(np.full(10, number), NOON + first * 10 + np.arange(10), np.arange(10)))
        os._exit(0)

    context = multiprocessing.get_context("fork")
    children = [context.Process(target=child, args=(number,)) for number in (2, 3)]
    for process in children:
        process.start()
    for process in children:
        process.join()
        assert process.exitcode == 0
    assert queries.count() == 401
    with queries.view() as connection:
        assert connection.execute("SELECT count(DISTINCT id) FROM observations").fetchone() == (401,)
    Keeper().step(force=True)
    assert queries.count() == 401


def test_noise_is_never_a_frame() -> None:
    chance = random.Random(7)
    frame = bytes(frames.encode(rows(50)))
    for _ in range(300):
        damaged = bytearray(frame)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)
        if damaged != frame:
            with pytest.raises((frames.Broken, frames.Torn)):
                frames.decode(memoryview(damaged))
    assert frames.resume(memoryview(chance.randbytes(5000) + frame), 0) == 5000
    assert lake.HOUR_US == 3_600_000_000
