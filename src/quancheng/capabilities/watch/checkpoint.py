"""检查点: the engine's state together with the place in the log it belongs to, in one file.

A file is written whole beside the old one, synced and renamed: a crash leaves the old or the new one.
Reading goes on at the positions in the file, whatever the reader remembers, so nothing is evaluated
twice and nothing is left out. A damaged file is put aside, loudly; then the state starts empty.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

log = structlog.get_logger(__name__)
Arrays = dict[str, npt.NDArray[np.generic]]
NAME = "checkpoint.npz"
_FORM = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State by name, positions (file, byte) by writer, and the newest event time seen."""

    state: Arrays
    positions: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    newest: int = 0


def save(folder: Path, checkpoint: Checkpoint) -> int:
    """Write it durably; bytes written. Raises OSError (disk full): the old file stays."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"form": _FORM, "positions": dict(checkpoint.positions), "newest": checkpoint.newest}
    arrays: dict[str, Any] = {"_about": np.frombuffer(json.dumps(about).encode(), np.uint8)}
    fresh = folder / f"{NAME}.new"
    with fresh.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays, **checkpoint.state)
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    fresh.replace(folder / NAME)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return size


class Keeper:
    """Writes checkpoints beside the rules: syncing tens of megabytes takes seconds on a busy disk.

    One at a time; the state is copied before the rules go on, always into the same memory: fresh pages for
    the hundreds of megabytes of 10,000 rules took a second, copying itself takes a tenth of that.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watch-checkpoint")
        self._writing: tuple[Checkpoint, Future[int]] | None = None
        self._copies: Arrays = {}

    @property
    def busy(self) -> bool:
        """One is being written, or was written and not asked for."""
        return self._writing is not None

    def begin(self, checkpoint: Checkpoint) -> None:
        """Start writing; nothing else may be on its way."""
        self._copies = {name: self._copy(name, array) for name, array in checkpoint.state.items()}
        copied = replace(checkpoint, state=self._copies)
        self._writing = copied, self._thread.submit(save, self.folder, copied)

    def _copy(self, name: str, array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        kept = self._copies.get(name)
        if kept is None or kept.shape != array.shape or kept.dtype != array.dtype:
            return array.copy()
        np.copyto(kept, array)
        return kept

    def written(self, *, wait: bool = False) -> Checkpoint | None:
        """What is safe on disk since the last question. Raises OSError when it could not be written."""
        if self._writing is None or not (wait or self._writing[1].done()):
            return None
        (checkpoint, writing), self._writing = self._writing, None
        writing.result()
        return checkpoint

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown(wait=True)


def load(folder: Path) -> Checkpoint | None:
    """The last one; None when there is none or it is damaged (then it is kept aside)."""
    path = folder / NAME
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: Arrays = {name: file[name] for name in file.files}
        about = json.loads(arrays.pop("_about").tobytes())
        if about["form"] != _FORM:
            raise ValueError(f"form {about['form']}")
        positions = {str(name): (int(at[0]), int(at[1])) for name, at in about["positions"].items()}
        return Checkpoint(arrays, positions, int(about["newest"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as fault:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        log.error("watch.checkpoint.damaged", reason=repr(fault)[:300], kept=aside.name)
        return None
