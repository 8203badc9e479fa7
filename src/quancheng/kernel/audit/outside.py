"""The copy of every checkpoint outside the database: ``HOME/checkpoints/<stream>.log``.

One JSON line a checkpoint (``{"note": …, "time": …}``), only ever appended, fsynced. Put the
folder on another disk or machine; whoever rewrites the database cannot rewrite this too.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

TAIL = 64 * 1024
"""Bytes at the end of a file that surely hold its last line."""


@dataclass(frozen=True, slots=True)
class OutsideLog:
    """What a checkpoint file holds: its notes in order, and how many lines were torn."""

    notes: tuple[str, ...] = ()
    torn: int = 0


def folder() -> Path:
    """Where checkpoint files are."""
    return Path(settings.HOME) / "checkpoints"


def log_file(stream: str) -> Path:
    """The file of one stream."""
    return folder() / f"{stream}.log"


def known_streams() -> set[str]:
    """Streams that have a file, whether the database still knows them or not."""
    return {path.stem for path in folder().glob("*.log")}


def read(stream: str) -> OutsideLog:
    """All notes of a stream; lines a crash tore are counted, not hidden."""
    try:
        lines = log_file(stream).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return OutsideLog()
    notes, torn = [], 0
    for line in filter(None, lines):
        try:
            notes.append(str(json.loads(line)["note"]))
        except (ValueError, KeyError, TypeError):
            torn += 1
    return OutsideLog(tuple(notes), torn)


def append(stream: str, later_than: Callable[[int], Iterable[tuple[str, str]]]) -> int:
    """Append the notes the file has not got yet; returns how many.

    ``later_than(size)`` gives the (time, note) pairs of checkpoints beyond ``size``, in order; it
    is asked under the file's lock, so that several processes never write one twice.
    """
    path = log_file(stream)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        tail = _tail(file)
        lines = [
            json.dumps({"note": note, "time": time}, ensure_ascii=False)
            for time, note in later_than(_last_size(tail))
        ]
        if lines:
            opening = b"" if not tail or tail.endswith(b"\n") else b"\n"
            file.write(opening + ("\n".join(lines) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
    if fresh:
        _sync_folder(path.parent)
    return len(lines)


def _tail(file: BinaryIO) -> bytes:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - TAIL))
    return file.read()


def _last_size(tail: bytes) -> int:
    """Size said by the last whole line, 0 when there is none."""
    for line in reversed(tail.split(b"\n")):
        try:
            return int(json.loads(line)["note"].split("\n")[1])
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            continue
    return 0


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
