"""Backups to another place, restored and proved there; disks that fill up, processes that die half-way."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from quancheng.capabilities.security import actions, backing_up, queries, repository, restoring, vault
from quancheng.capabilities.security.models import BackupRecord, RestoreDrill
from quancheng.kernel import audit
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import InvalidInput, NotFound, QuanchengError, Unavailable

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]
PASSPHRASE = "correct horse battery staple"
SYSTEM = Call.system("security")


@pytest.fixture
def home(city: None, tmp_path: Path, settings: Any) -> Path:
    """A city with keys, documents, a store and signed checkpoints."""
    settings.HOME = tmp_path / "home"
    settings.STORE_FOLDER = settings.HOME / "store"
    for name, size in (
        ("files/a/photo.jpg", 3_000_000),
        ("files/b.pdf", 10),
        ("store/x/part.parquet", 2_097_152),
    ):
        path = settings.HOME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    (settings.HOME / "secret.key").write_text("s" * 64)
    (settings.HOME / "files" / ".tmp-unfinished").write_bytes(b"x")
    queries.forget()
    queries.signer("code.issuer").sign(b"x")
    audit.checkpoint_all()
    return settings.HOME  # type: ignore[no-any-return]


@pytest.fixture
def place(home: Path, tmp_path: Path) -> repository.Repository:
    made = repository.create(tmp_path / "elsewhere", passphrase=PASSPHRASE)
    backing_up.remember(made)
    return made


def test_a_restored_city_is_proved_by_a_fresh_process(
    place: repository.Repository, home: Path, tmp_path: Path
) -> None:
    made = backing_up.back_up(place)
    into = tmp_path / "restored"
    found = restoring.drill(repository.open_with(place.root, passphrase=PASSPHRASE), into, number=made.number)
    assert found.good, found.findings
    assert found.figures["rows"] > 100 and found.figures["audit"]["main"] == made.audit["main"]["size"]
    for name in ("files/a/photo.jpg", "files/b.pdf", "store/x/part.parquet", "secret.key"):
        assert (into / name).read_bytes() == (home / name).read_bytes()
    assert not (into / "files" / ".tmp-unfinished").exists()
    assert (into / "keys" / vault.master_path().name).stat().st_mode & 0o077 == 0
    row = actions.record_drill(
        SYSTEM,
        number=found.number,
        good=found.good,
        figures=found.figures,
        findings=[],
        seconds=found.seconds,
    )
    assert RestoreDrill.objects.get() == row


def test_a_second_backup_writes_only_what_is_new(place: repository.Repository, home: Path) -> None:
    first = backing_up.back_up(place)
    (home / "files" / "new").write_bytes(b"new")
    again = backing_up.open_here(place.root)
    second = backing_up.back_up(again)
    assert second.files == first.files + 1
    assert second.written < first.written - 5_000_000
    assert place.numbers() == sorted([first.number, second.number])


def test_nothing_of_the_city_is_readable_on_the_medium(place: repository.Repository, home: Path) -> None:
    backing_up.back_up(place)
    kept = b"".join(path.read_bytes() for path in place.root.rglob("*") if path.is_file())
    for plain in (
        b"SQLite format 3",
        b"security-master",
        (home / "files/a/photo.jpg").read_bytes()[:64],
        b"code.issuer",
    ):
        assert plain not in kept
    assert not list(home.glob(".backup-*"))


def test_a_full_disk_leaves_the_last_good_backup(
    place: repository.Repository, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = backing_up.back_up(place)
    (home / "files" / "large").write_bytes(os.urandom(5_000_000))
    real = os.fsync

    def full(descriptor: int) -> None:
        if os.fstat(descriptor).st_size > 4_000_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable) as caught:
        backing_up.back_up(place)
    assert "No space" in caught.value.detail.en and "Earlier backups are intact" in caught.value.todo.en
    monkeypatch.setattr(os, "fsync", real)
    assert place.numbers() == [good.number] and not list(place.root.rglob(".tmp-*"))
    restoring.restore(place, tmp_path / "restored")
    # room was made: the same command goes on and does not write again what is there
    later = backing_up.back_up(repository.open_with(place.root, passphrase=PASSPHRASE))
    assert later.number in place.numbers() and (later.files, len(place.numbers())) == (good.files + 1, 2)


def test_a_real_limit_of_the_system_is_said_and_survived(place: repository.Repository, home: Path) -> None:
    """A process of its own that may write no file over 1 MiB (RLIMIT_FSIZE)."""
    good = backing_up.back_up(place)
    large = home / "files" / "large"
    large.write_bytes(os.urandom(5_000_000))
    script = (
        "import sys; from pathlib import Path; from quancheng.capabilities.security import repository as r;"
        "from quancheng.kernel.errors import Unavailable\n"
        "place = r.open_with(Path(sys.argv[1]), passphrase=sys.argv[2])\n"
        "try: place.add(Path(sys.argv[3]), 'files/large')\n"
        "except Unavailable as wrong: print(wrong.detail.en); sys.exit(7)\n"
    )

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = _process(script, place, large, preexec_fn=limited)
    said, _ = done.communicate(timeout=60)
    assert done.returncode == 7 and "File too large" in said
    assert place.numbers() == [good.number] and not list(place.root.rglob(".tmp-*"))


def test_a_killed_backup_leaves_the_last_good_one_and_goes_on(
    place: repository.Repository, home: Path, tmp_path: Path
) -> None:
    good = backing_up.back_up(place)
    for number in range(30):
        (home / "files" / f"{number:02}").write_bytes(os.urandom(2_000_000))
    script = (
        "import sys; from pathlib import Path; from quancheng.capabilities.security import repository as r\n"
        "place = r.open_with(Path(sys.argv[1]), passphrase=sys.argv[2])\n"
        "print('go', flush=True)\n"
        "for one in sorted(Path(sys.argv[3]).iterdir()): place.add(one, one.name)\n"
    )
    before = len(list((place.root / "objects").rglob("*")))
    process = _process(script, place, home / "files")
    assert process.stdout is not None and process.stdout.readline() == "go\n"
    deadline = time.monotonic() + 30
    while len(list((place.root / "objects").rglob("*"))) < before + 6 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    kept = [
        one for one in (place.root / "objects").rglob("*") if one.is_file() and not one.name.startswith(".")
    ]
    assert place.numbers() == [good.number] and len(kept) < 30 + good.files
    restoring.restore(place, tmp_path / "restored")
    again = repository.open_with(place.root, passphrase=PASSPHRASE)
    later = backing_up.back_up(again)
    assert later.files == good.files + 30
    # what the killed process had finished was not written again
    assert again.written < 30 * 2_000_000 + 20_000_000
    assert [entry["path"] for entry in again.manifest()[1]["files"]].count("files/07") == 1


def _process(script: str, place: repository.Repository, target: Path, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(place.root), PASSPHRASE, str(target)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "DJANGO_SETTINGS_MODULE": "quancheng.settings"}, **more,
    )  # fmt: skip


def test_damage_is_found_and_named(place: repository.Repository, tmp_path: Path) -> None:
    backing_up.back_up(place)
    row = next(one for one in place.manifest()[1]["files"] if one["path"] == "files/b.pdf")
    path = place.root / "objects" / row["object"][:2] / row["object"]
    whole = path.read_bytes()
    for number, damage in enumerate((whole[:-1], whole + b"x", bytes([whole[0] ^ 1]) + whole[1:], b"")):
        path.write_bytes(damage)
        with pytest.raises(Unavailable) as caught:
            restoring.restore(place, tmp_path / f"r{number}")
        assert "files/b.pdf" in caught.value.detail.en
    path.unlink()
    with pytest.raises(Unavailable):
        restoring.restore(place, tmp_path / "r9")
    snapshot = place.root / "snapshots" / place.numbers()[0]
    snapshot.write_bytes(snapshot.read_bytes()[:-1])
    with pytest.raises(Unavailable):
        place.manifest()


def test_a_restore_that_fails_leaves_nothing_behind(place: repository.Repository, tmp_path: Path) -> None:
    backing_up.back_up(place)
    largest = max(place.root.glob("objects/*/*"), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1])
    into = tmp_path / "restored"
    with pytest.raises(repository.Damaged):
        restoring.restore(place, into)
    assert list(into.iterdir()) == []  # and the next try, from another medium, is not refused as "not empty"


@pytest.mark.parametrize(
    "head", ["[]", "{}", '{"format": 1, "id": 7}', '{"format": 1, "id": "x", "wraps": [{"kind": "passphrase"}]}',
             '{"format": 1, "id": "x", "wraps": [{"kind": "passphrase", "salt": "zz", "key": "zz"}]}', "\x00"],
)  # fmt: skip
def test_a_damaged_head_is_said_in_words(place: repository.Repository, head: str) -> None:
    (place.root / "repository.json").write_text(head)
    with pytest.raises(QuanchengError):
        repository.open_with(place.root, passphrase=PASSPHRASE)


def test_chunks_cannot_be_dropped_or_swapped(
    place: repository.Repository, home: Path, tmp_path: Path
) -> None:
    backing_up.back_up(place)
    row = next(one for one in place.manifest()[1]["files"] if one["path"] == "files/a/photo.jpg")
    path = place.root / "objects" / row["object"][:2] / row["object"]
    whole, size = path.read_bytes(), repository.CHUNK + 16
    for number, damage in enumerate(
        (whole[size:], whole[:size], whole[size : 2 * size] + whole[:size] + whole[2 * size :])
    ):
        path.write_bytes(damage)
        with pytest.raises(Unavailable):
            restoring.restore(place, tmp_path / f"r{number}")


def test_who_may_open_a_repository(
    place: repository.Repository, home: Path, tmp_path: Path, settings: Any
) -> None:
    backing_up.back_up(place)
    for wrong in ({"passphrase": "wrong passphrase"}, {"secret": bytes(32)}, {"key": bytes(32)}, {}):
        with pytest.raises(InvalidInput):
            repository.open_with(place.root, **wrong)  # type: ignore[arg-type]
    settings.HOME = tmp_path / "another-machine"
    with pytest.raises(NotFound):
        backing_up.open_here(place.root)
    for bad in ({}, {"passphrase": "short"}):
        with pytest.raises(InvalidInput):
            repository.create(tmp_path / "new", **bad)
    with pytest.raises(InvalidInput):
        repository.create(home, passphrase=PASSPHRASE)
    with pytest.raises(NotFound):
        repository.open_with(tmp_path, passphrase=PASSPHRASE)
    with pytest.raises(NotFound):
        place.manifest("no-such")


def test_custodians_open_what_was_locked_to_their_ceremony(home: Path, tmp_path: Path) -> None:
    secret = os.urandom(32)
    public = repository.ceremony_keys(secret).public_key().public_bytes_raw()
    made = repository.create(tmp_path / "locked", ceremony=("1", public))
    backing_up.back_up(made)
    opened = repository.open_with(made.root, secret=secret)
    restoring.restore(opened, tmp_path / "restored")
    assert (tmp_path / "restored" / "secret.key").exists()


def test_the_drill_tells_of_rows_that_are_not_there(
    place: repository.Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = backing_up.sqlite_facts

    def more(database: Any) -> Any:
        facts = real(database)
        facts["counts"]["security_key"] += 1
        facts["audit"]["main"]["hash"] = "0" * 64
        return facts

    monkeypatch.setattr(backing_up, "sqlite_facts", more)
    backing_up.back_up(place)
    monkeypatch.setattr(restoring, "STEPS", ())
    found = restoring.drill(place, tmp_path / "restored")
    assert not found.good
    assert [one.en.split(":")[0] for one in found.findings] == [
        "Table security_key",
        "The head of the audit stream main differs",
    ]


def test_what_was_made_is_kept(place: repository.Repository) -> None:
    from quancheng.capabilities.security.commands import _facts

    made = backing_up.back_up(place)
    row = actions.record_backup(SYSTEM, place=str(place.root), made=_facts(made))
    assert BackupRecord.objects.get() == row
    assert (row.audit_size, row.audit_head) == (made.audit["main"]["size"], made.audit["main"]["hash"])
