"""做一次，大家用: what many tests copy is made once, however many worker processes want it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path


def once(shared: Path, name: str, make: Callable[[Path], None]) -> Path:
    """``shared/name``, made by ``make(folder)``; who comes meanwhile waits, who comes later finds it.

    A making that failed leaves nothing behind: the next one who asks tries again.
    """
    folder, done = shared / name, shared / f"{name}.done"
    shared.mkdir(parents=True, exist_ok=True)
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
