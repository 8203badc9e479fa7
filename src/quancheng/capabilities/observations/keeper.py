"""观测守护 observations.keeper: from the log to the lake, for ever.

Every half second it reads on in all logs and brings the latest values up to date; every minute (less
often when little comes) it seals; every few minutes it merges files, and once a day it applies
retention. Only one runs at a time. It may be killed at any moment: see ``sealing`` and ``latest``.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import structlog
from django.db import close_old_connections

from quancheng.capabilities.observations import lake
from quancheng.capabilities.observations.config import (
    Limits,
    cluster_limits,
    folder,
    limits,
    log_folder,
)
from quancheng.capabilities.observations.latest import LatestWriter
from quancheng.capabilities.observations.log import writer
from quancheng.capabilities.observations.log_files import Position, numbers, path_of, writers
from quancheng.capabilities.observations.log_reader import Follower, Piece, offsets
from quancheng.capabilities.observations.newest import newest_of
from quancheng.capabilities.observations.sealing import seal
from quancheng.capabilities.observations.state import state
from quancheng.capabilities.observations.tail import KEEPER
from quancheng.capabilities.observations.values import Batch

log = structlog.get_logger(__name__)
PAUSE = 0.5
MERGE_SECONDS = 120.0
_POLL_ROWS = 500_000


class Keeper:
    """One keeper; :meth:`step` does what is due and never waits."""

    def __init__(self, limits_: Limits | None = None) -> None:
        self._limits = limits_ or limits()
        self._folder = log_folder()
        self._follower = Follower(self._folder, offsets(KEEPER))
        self._waiting: list[Batch] = []
        self._since = 0.0
        self.latest = LatestWriter(folder())
        if not self.latest.whole:
            self.rebuild()
        self._catch_up()

    @property
    def waiting(self) -> int:
        """Rows read and not sealed yet."""
        return sum(len(batch) for batch in self._waiting)

    # -- latest values ------------------------------------------------------------------------
    def rebuild(self) -> None:
        """Make the latest values anew from what is sealed."""
        at = offsets(KEEPER)
        self.latest.reset(at)
        with state().connected() as connection:
            table = connection.execute(
                f"SELECT stream, {_NEWEST} FROM observations GROUP BY stream"  # noqa: S608
            ).to_arrow_table()
        rows = lake.batch_of(table.select(lake.NAMES))
        self.latest.apply([rows], at)

    def _catch_up(self) -> None:
        """The array may be behind or ahead of what is sealed: bring it to where reading begins."""
        behind = Follower(self._folder, dict(self.latest.positions))
        while pieces := list(behind.read(_POLL_ROWS)):
            self._take_in(pieces)

    def _take_in(self, pieces: Sequence[Piece]) -> None:
        positions = dict(self.latest.positions)
        for piece in pieces:
            positions[piece.writer] = max(piece.end, positions.get(piece.writer, Position()))
        batches = [piece.batch for piece in pieces]
        touched = _edited(batches)
        self.latest.apply(batches, positions)
        if touched:
            self.latest.replace(newest_of(touched))

    # -- reading and sealing ------------------------------------------------------------------
    def step(self, *, force: bool = False) -> int:
        """Read on, and seal when it is time (or ``force``); returns the rows sealed."""
        pieces = list(self._follower.read(_POLL_ROWS))
        if pieces:
            self._take_in(pieces)
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting += [piece.batch for piece in pieces]
        return self._seal() if force or self._due() else 0

    def _due(self) -> bool:
        rows, age = self.waiting, time.monotonic() - self._since
        if not rows:
            return False
        if rows >= self._limits.seal_rows:
            return True
        patience = (
            self._limits.seal_lazy_seconds if rows < self._limits.seal_few else self._limits.seal_seconds
        )
        return age >= patience

    def _seal(self) -> int:
        if not self._waiting:
            return 0
        began = time.monotonic()
        sealed = seal(self._waiting, self._follower.positions, writer().ids.mark())
        self._waiting = []
        remove_passed(self._folder)
        log.info("observations.sealed", rows=sealed, seconds=round(time.monotonic() - began, 3))
        return sealed


_NEWEST = ", ".join(
    f"arg_max({name}, (time, id)) AS {name}"
    if name in {"id", "time", "number", "quality"}
    else f"arg_max_null({name}, (time, id)) AS {name}"
    for name in lake.NAMES
    if name != "stream"
)


def _edited(batches: Sequence[Batch]) -> list[int]:
    """Streams of which something was changed or deleted."""
    streams = [batch.stream[batch.kind != 0] for batch in batches if batch.kind.any()]
    return np.unique(np.concatenate(streams)).tolist() if streams else []


def remove_passed(place: Path) -> int:
    """Remove log files that every consumer has read; the newest of each writer stays. Returns how many."""
    from quancheng.capabilities.observations.models import LogOffset

    consumers = set(LogOffset.objects.values_list("consumer", flat=True)) | {KEEPER}
    known = [offsets(one) for one in consumers]
    removed = 0
    for name in writers(place):
        passed = min(consumer.get(name, Position()).file for consumer in known)
        for number in numbers(place, name)[:-1]:
            if number < passed:
                path_of(place, name, number).unlink(missing_ok=True)
                removed += 1
    return removed


def hold_the_keep() -> int | None:
    """The descriptor that makes us the only keeper; None when there is another."""
    folder().mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder() / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def run_forever(stop: threading.Event) -> None:
    """Keep until told to stop; a full disk or a busy database only makes it wait."""
    from django.db import DatabaseError

    from quancheng.capabilities.observations import upkeep
    from quancheng.kernel.errors import QuanchengError

    held = hold_the_keep()
    while held is None:
        if stop.wait(PAUSE):
            return
        held = hold_the_keep()
    try:
        keeper, merged = Keeper(), time.monotonic()
        while not stop.is_set():
            try:
                close_old_connections()
                keeper.step()
                if time.monotonic() - merged >= MERGE_SECONDS:
                    merged = time.monotonic()
                    upkeep.run()
            except (QuanchengError, DatabaseError, OSError):
                log.exception("observations.keeper.waits")
                stop.wait(5.0)
                keeper = Keeper()
            stop.wait(PAUSE)
    finally:
        os.close(held)


def main() -> None:
    """The component ``observations.keeper``: runs until SIGTERM or SIGINT."""
    from quancheng.kernel.supervisor.components import run_loops

    loops: dict[str, Callable[[threading.Event], None]] = {"keeper": run_forever}
    if cluster_limits().url:
        from quancheng.capabilities.observations.cluster import shards

        loops["shards"] = shards.run_forever
    run_loops("observations.keeper", loops)
