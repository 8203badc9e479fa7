"""日志文件: names and order of the log's files.

``log/<writer>/<number>.log``; a writer is a slot that one process at a time holds by a file lock, so
there are never more folders than there were processes at once. A file is only ever appended to by the
process that made it; every start makes a new one. The newest file of a writer is never removed, so
numbers never come back.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

_LOCK = "lock"
_SLOTS = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far a log was read: all of the files before ``file``, and ``position`` bytes of it."""

    file: int = 0
    position: int = 0


def path_of(folder: Path, writer: str, number: int) -> Path:
    """Where a file of the log is."""
    return folder / writer / f"{number:012d}.log"


def numbers(folder: Path, writer: str) -> list[int]:
    """Numbers of the files of a writer, ascending."""
    try:
        names = os.listdir(folder / writer)
    except FileNotFoundError:
        return []
    return sorted(int(name[:-4]) for name in names if name.endswith(".log") and name[:-4].isdigit())


def writers(folder: Path) -> list[str]:
    """Names of all writers there ever were."""
    try:
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except FileNotFoundError:
        return []


def hold(folder: Path, name: str) -> tuple[str, int]:
    """Take a free slot ``name``, ``name-1``, …; returns it and the descriptor that holds its lock."""
    for number in range(_SLOTS):
        slot = name if number == 0 else f"{name}-{number}"
        place = folder / slot
        if not place.exists():
            place.mkdir(parents=True, exist_ok=True)
            sync_folder(folder)
        descriptor = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return slot, descriptor
    raise BlockingIOError(f"{name}: no free slot 没有空闲的写入位")


def sync_folder(place: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
